from glob import glob

from setuptools import find_packages, setup

package_name = "dynamical_bringup"

setup(
    name=package_name,
    version="0.1.0",
    packages=find_packages(exclude=["test", "test.*"]),
    package_data={"": ["py.typed"], "dynamical_bringup.rest": ["static/*"]},
    data_files=[
        ("share/ament_index/resource_index/packages", [f"resource/{package_name}"]),
        (f"share/{package_name}", ["package.xml"]),
        (f"share/{package_name}/launch", glob("launch/*.py")),
        (f"share/{package_name}/config", glob("config/*.yaml") + glob("config/*.xml")),
        (f"share/{package_name}/config/robots", glob("config/robots/*.yaml")),
        (f"share/{package_name}/rviz", glob("rviz/*.rviz")),
        ("bin", ["bin/dynamical"]),
    ],
    install_requires=["setuptools"],
    extras_require={"test": ["pytest"]},
    zip_safe=True,
    maintainer="Dynamical",
    maintainer_email="maintainers@dynamical.dev",
    description="Everything a user starts: runner, launch files, REST bridge, command line, demo.",
    license="Apache-2.0",
    entry_points={
        "console_scripts": [
            "rest_bridge = dynamical_bringup.nodes.rest_bridge_node:main",
            "recorder = dynamical_bringup.nodes.recorder_node:main",
        ]
    },
)
