"""Package set-up for colcon and pip."""

from setuptools import find_packages, setup

setup(
    name="dynamical_perception",
    version="0.1.0",
    packages=find_packages(exclude=["test", "test.*"]),
    package_data={"": ["py.typed", "*.yaml"]},
    data_files=[
        ("share/ament_index/resource_index/packages", ["resource/dynamical_perception"]),
        ("share/dynamical_perception", ["package.xml"]),
    ],
    install_requires=["setuptools"],
    extras_require={"test": ["pytest"]},
    zip_safe=True,
    maintainer="Dynamical maintainers",
    maintainer_email="maintainers@dynamical.dev",
    description="From pictures of several cameras to objects and people in the world.",
    license="Apache-2.0",
    entry_points={
        "console_scripts": [
            "perception = dynamical_perception.nodes.perception_node:main",
            "world_model = dynamical_perception.nodes.world_model_node:main",
        ],
    },
)
