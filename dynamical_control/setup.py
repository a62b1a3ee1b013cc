from setuptools import find_packages, setup

NAME = "dynamical_control"

setup(
    name=NAME,
    version="0.1.0",
    packages=find_packages(exclude=["test", "test.*"]),
    package_data={"": ["py.typed"]},
    data_files=[
        ("share/ament_index/resource_index/packages", [f"resource/{NAME}"]),
        (f"share/{NAME}", ["package.xml"]),
    ],
    install_requires=["setuptools"],
    extras_require={"test": ["pytest"]},
    zip_safe=True,
    maintainer="Dynamical",
    maintainer_email="maintainers@dynamical.dev",
    description="Joint control, robot drivers and the simulated robot with its cameras.",
    license="Apache-2.0",
    entry_points={
        "console_scripts": [
            "control = dynamical_control.nodes.control_node:main",
            "robot_driver = dynamical_control.nodes.robot_driver_node:main",
            "simulated_cameras = dynamical_control.nodes.simulated_cameras_node:main",
        ]
    },
)
