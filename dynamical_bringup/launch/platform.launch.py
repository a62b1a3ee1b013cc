"""Bring the platform up under ``ros2 launch``: the same graph description as the local runner.

ros2 launch dynamical_bringup platform.launch.py --show-args
"""

import tempfile
from pathlib import Path

import yaml
from ament_index_python.packages import get_packages_with_prefixes
from launch import LaunchDescription
from launch.actions import DeclareLaunchArgument, LogInfo, OpaqueFunction
from launch.substitutions import LaunchConfiguration
from launch_ros.actions import Node

from dynamical_bringup.description import DEFAULT_WORKSPACE, default_config_dir, load
from dynamical_bringup.runner.state import state_dir
from dynamical_control.simulation.assets import ensure_robot_model
from dynamical_interfaces import seal

ARGUMENTS = {
    "namespace": ("", "Robot id and namespace; empty = the one in platform.yaml"),
    "config_dir": ("", "Folder with platform.yaml and the site's data; empty = the installed one"),
    "only": ("", "Comma-separated names of the nodes to start; empty = all"),
    "workspace": (DEFAULT_WORKSPACE, "Place of workspaces.yaml where the robot stands"),
    "port": ("8080", "Port of the REST bridge; 0 = any free one"),
    "recording": ("", "Folder for a recording of the run; empty = none"),
    "use_sim_time": ("false", "Take the time from /clock, for replay"),
    "log_level": ("info", "debug, info, warn, error or fatal"),
    "rviz": ("false", "Start rviz2 with the platform's view"),
}


def start(context):
    """Nodes of the description as launch actions."""
    given = {name: LaunchConfiguration(name).perform(context) for name in ARGUMENTS}
    config_dir = Path(given["config_dir"]) if given["config_dir"] else default_config_dir()
    model = ensure_robot_model()
    values = {
        "robot_mjcf": str(model.mjcf),
        "robot_urdf": str(model.urdf),
        "state_dir": str(state_dir()),
        "port": int(given["port"]),
        "workspace": given["workspace"],
        "recording": given["recording"],
    }
    description = load(config_dir, values, robot_id=given["namespace"] or None)
    key = seal.new_key_file(Path(tempfile.mkdtemp(prefix="dynamical-")) / "seal.key")
    only = {name for name in given["only"].split(",") if name}
    use_sim_time = given["use_sim_time"].lower() == "true"
    actions = []
    for node in description.nodes:
        if not node.is_wanted(only, recording=given["recording"]):
            continue
        environment = dict(node.environment)
        if node.sealed:
            environment[seal.KEY_FILE_VARIABLE] = str(key)
        actions.append(
            Node(
                package=node.package,
                executable=node.name,
                name=node.name,
                namespace=description.namespace,
                parameters=[dict(node.parameters), {"use_sim_time": use_sim_time}],
                additional_env=environment,
                arguments=["--ros-args", "--log-level", given["log_level"]],
                respawn=True,
                respawn_delay=0.5,
                output="both",
            )
        )
    actions += transforms(description, config_dir, model.urdf.read_text())
    if given["rviz"].lower() == "true":
        view = config_dir.parent / "rviz" / "platform.rviz"
        actions.append(Node(package="rviz2", executable="rviz2", arguments=["-d", str(view)]))
    return actions


def transforms(description, config_dir, urdf):
    """The robot's links and the cameras in tf, by ROS 2's own nodes where they are installed."""
    missing = {"robot_state_publisher", "tf2_ros"} - set(get_packages_with_prefixes())
    if missing:
        return [
            LogInfo(msg=f"no transforms for rviz2: packages {sorted(missing)} are not installed")
        ]
    publisher = Node(
        package="robot_state_publisher",
        executable="robot_state_publisher",
        namespace=description.namespace,
        parameters=[{"robot_description": urdf}],
    )
    static = []
    for name, mount in yaml.safe_load((config_dir / "cameras.yaml").read_text())[
        "cameras"
    ].items():
        values = (*mount["position"], *mount["quaternion"])
        flags = ("--x", "--y", "--z", "--qw", "--qx", "--qy", "--qz")
        pose = [word for pair in zip(flags, values, strict=True) for word in pair]
        child = "head_camera_optical" if name == "head" else f"{name}_optical"
        frames = ["--frame-id", mount["parent"], "--child-frame-id", child]
        static.append(
            Node(
                package="tf2_ros",
                executable="static_transform_publisher",
                name=f"{name}_mount",
                arguments=[str(word) for word in (*pose, *frames)],
            )
        )
    return [publisher, *static]


def generate_launch_description():
    """Arguments, then the nodes."""
    declared = [
        DeclareLaunchArgument(name, default_value=default, description=text)
        for name, (default, text) in ARGUMENTS.items()
    ]
    return LaunchDescription([*declared, OpaqueFunction(function=start)])
