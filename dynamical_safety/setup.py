"""Build description of the safety gate."""

from setuptools import find_packages, setup

NAME = "dynamical_safety"

setup(
    name=NAME,
    version="0.1.0",
    packages=find_packages(exclude=["test", "test.*"]),
    package_data={"": ["py.typed", "data/*"]},
    data_files=[
        ("share/ament_index/resource_index/packages", [f"resource/{NAME}"]),
        (f"share/{NAME}", ["package.xml"]),
    ],
    install_requires=["setuptools"],
    extras_require={"test": ["pytest"]},
    zip_safe=True,
    maintainer="Dynamical maintainers",
    maintainer_email="maintainers@dynamical.dev",
    description="The 1 kHz safety gate.",
    license="Apache-2.0",
    entry_points={
        "console_scripts": [
            "safety_forecaster = dynamical_safety.nodes.safety_forecaster_node:main",
            "safety_gate = dynamical_safety.nodes.safety_gate_node:main",
            "safety_watchdog = dynamical_safety.nodes.safety_watchdog_node:main",
        ]
    },
)
