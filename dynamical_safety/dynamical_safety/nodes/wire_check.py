"""Start-up check that the fast encoder still writes the message that everybody reads."""

from rclpy.serialization import deserialize_message

from dynamical_interfaces.msg import JointCommand
from dynamical_safety.errors import WireError
from dynamical_safety.wire import CommandEncoder


def check_wire(encode: CommandEncoder, names: tuple[str, ...]) -> None:
    """Hold the fast encoder against the generated message class.

    Raises:
        WireError: If they differ: the message definition was changed, the encoder was not.
    """
    tag = bytes(range(16))
    raw = encode(
        stamp_ns=7_000_000_009,
        sequence=3,
        trajectory_id=5,
        request_stamp=11.0,
        stiffness_scale=0.25,
        damping_scale=2.0,
        tag=tag,
    )
    message = deserialize_message(raw, JointCommand)
    same = (
        (message.sequence, message.trajectory_id) == (3, 5)
        and (message.stiffness_scale, message.damping_scale) == (0.25, 2.0)
        and tuple(message.joint_names) == names
        and (message.header.stamp.sec, message.header.stamp.nanosec) == (7, 9)
        and message.request_stamp.sec == 11
        and len(message.position) == len(message.velocity) == len(message.effort) == len(names)
        and bytes(message.authentication_tag) == tag
    )
    if not same:
        raise WireError("encoded by wire.CommandEncoder is not a JointCommand any more")
