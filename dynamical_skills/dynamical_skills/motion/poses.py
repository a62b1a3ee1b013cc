"""Named postures of waist and arms, joint name -> position [rad]; joints left out are zero."""

from collections.abc import Mapping

# Forearms raised: hands above a table's edge, beside the head camera's view of what lies on it.
HOME: Mapping[str, float] = {
    "left_shoulder_roll_joint": 0.3,
    "left_elbow_joint": -0.4,
    "right_shoulder_roll_joint": -0.3,
    "right_elbow_joint": -0.4,
}

# The hands pass over what stands on the table.
FOREARMS_UP: Mapping[str, float] = {"left_elbow_joint": -0.95, "right_elbow_joint": -0.95}

# Right arm; the left one mirrors roll and yaw. Upper arm out, forearm straight up, palm forward.
WAVE_RIGHT: Mapping[str, float] = {
    "shoulder_pitch": -0.25,
    "shoulder_roll": -0.85,
    "shoulder_yaw": 0.0,
    "elbow": -0.95,
    "wrist_roll": -1.2,
    "wrist_pitch": -0.4,
    "wrist_yaw": 0.0,
}


def mirrored(name: str, value: float, side: str) -> float:
    """Position of a joint of one arm from the right arm's: rolls and yaws change sign."""
    return -value if side == "left" and ("roll" in name or "yaw" in name) else value
