"""Build script of the package."""

from setuptools import find_packages, setup

setup(
    name="dynamical_skills",
    version="0.1.0",
    packages=find_packages(exclude=["test", "test.*"]),
    package_data={"": ["py.typed", "*.yaml", "*.safetensors"]},
    data_files=[
        ("share/ament_index/resource_index/packages", ["resource/dynamical_skills"]),
        ("share/dynamical_skills", ["package.xml"]),
    ],
    install_requires=["setuptools"],
    extras_require={"test": ["pytest"]},
    zip_safe=False,
    maintainer="Dynamical maintainers",
    maintainer_email="maintainers@dynamical.dev",
    description="From a sentence to skills to joint motion: plan, route, assign, adapt, run.",
    license="Apache-2.0",
    entry_points={
        "console_scripts": [
            "skill_router = dynamical_skills.nodes.skill_router_node:main",
            "skill_server = dynamical_skills.nodes.skill_server_node:main",
        ]
    },
)
