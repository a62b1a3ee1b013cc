"""Gestures as data: a posture to take up and beats to repeat in it.

Written for the right arm, joints by their short name [rad]; the left one mirrors rolls and yaws.
``waist_yaw`` and ``waist_pitch`` are offsets from where the waist is. ``fingers`` is the share by
which the two fingers are closed and ``thumb`` that of the thumb, 0 open to 1 shut.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from dynamical_skills.motion import hands, poses

Posture = Mapping[str, float]

_WAIST = ("waist_yaw", "waist_pitch")
_HAND = ("fingers", "thumb")


@dataclass(frozen=True, slots=True, kw_only=True)
class Gesture:
    """One gesture.

    Attributes:
        arms: ``"one"`` (a free arm), ``"both"`` (every free arm) or ``"none"``.
        posture: Taken up first.
        beats: Changes of that posture, gone through one after the other; the gesture's pulse.
        times: How often the beats are repeated unless asked for otherwise.
        most: How often they may be at most.
        hold: How long the last beat is held [s].
        returns: Whether the body goes back to where it was.
        faces_person: The waist turns to the nearest person seen, if there is one.
    """

    arms: str = "one"
    posture: Posture = field(default_factory=dict)
    beats: tuple[Posture, ...] = ()
    times: int = 1
    most: int = 10
    hold: float = 0.0
    returns: bool = True
    faces_person: bool = False

    def strokes(self, times: int) -> list[Posture]:
        """The posture and all beats, in order."""
        beats = [{**self.posture, **beat} for beat in self.beats * times]
        return ([self.posture] if self.posture else []) + beats


def joints_of(
    posture: Posture, sides: Sequence[str], waist: Mapping[str, float], *, share: float = 1.0
) -> dict[str, float]:
    """Joint positions of a posture [rad].

    Args:
        posture: With short names.
        sides: Arms that take it up.
        waist: Position of the waist joints from which offsets are counted [rad].
        share: Share of the waist's offsets, 0..1.
    """
    joints = {
        f"{name}_joint": waist[f"{name}_joint"] + share * posture[name]
        for name in _WAIST
        if name in posture
    }
    for side in sides:
        for name, value in posture.items():
            if name not in _WAIST and name not in _HAND:
                joints[f"{side}_{name}_joint"] = poses.mirrored(name, value, side)
        joints.update(_hand(posture, side))
    return joints


def _hand(posture: Posture, side: str) -> dict[str, float]:
    result = {}
    if "fingers" in posture:
        closed = hands.posture(side, posture["fingers"])
        result.update({name: value for name, value in closed.items() if "thumb" not in name})
    if "thumb" in posture:
        closed = hands.posture(side, posture["thumb"])
        result.update({name: value for name, value in closed.items() if "thumb" in name})
    return result


# Upper arm out, forearm straight up, palm forward; the forearm swings.
WAVE = Gesture(
    posture=poses.WAVE_RIGHT,
    beats=({"shoulder_yaw": 0.35}, {"shoulder_yaw": -0.35}),
    times=3,
    most=20,
)
NOD = Gesture(arms="none", beats=({"waist_pitch": 0.16}, {"waist_pitch": 0.0}), times=2)
SHAKE_HEAD = Gesture(
    arms="none",
    beats=({"waist_yaw": 0.28}, {"waist_yaw": -0.28}),
    times=2,
)
# Forearms up against the upper arms, so that bowing does not bring the hands down on a table.
BOW = Gesture(
    arms="both",
    posture={"shoulder_pitch": 0.25, "shoulder_roll": -0.35, "elbow": -0.95},
    beats=({"waist_pitch": 0.42},),
    hold=0.5,
)
# Fingertips beside the brow, the palm down.
SALUTE = Gesture(
    posture={
        "shoulder_pitch": -0.77,
        "shoulder_roll": -1.02,
        "shoulder_yaw": -0.43,
        "elbow": -0.69,
        "wrist_roll": 0.34,
        "wrist_pitch": -0.09,
        "wrist_yaw": 0.32,
        "fingers": 0.0,
    },
    hold=1.0,
)
# Hand before the shoulder, fingers up, palm towards the robot.
BECKON = Gesture(
    posture={
        "shoulder_pitch": -0.5,
        "shoulder_roll": -0.3,
        "elbow": -0.5,
        "wrist_roll": 1.5,
        "fingers": 0.0,
    },
    beats=({"fingers": 0.5}, {"fingers": 0.0}),
    times=3,
)
THUMBS_UP = Gesture(
    posture={
        "shoulder_pitch": -0.55,
        "shoulder_roll": -0.25,
        "elbow": -0.15,
        "wrist_roll": 0.0,
        "fingers": 0.95,
        "thumb": 0.0,
    },
    hold=1.5,
)
# Upper arm forward and up, forearm straight up beside the head, palm forward.
RAISE_HAND = Gesture(
    posture={
        "shoulder_pitch": -2.1,
        "shoulder_roll": -0.45,
        "elbow": 0.45,
        "wrist_roll": -1.2,
        "fingers": 0.0,
    },
    returns=False,
)
# Forearms forward and outward, palms up.
SHRUG = Gesture(
    arms="both",
    posture={
        "shoulder_pitch": 0.05,
        "shoulder_roll": -0.4,
        "shoulder_yaw": -0.5,
        "elbow": -0.25,
        "wrist_roll": 1.5,
        "fingers": 0.0,
    },
    beats=({"shoulder_roll": -0.65}, {}),
)
CHEER = Gesture(
    arms="both",
    posture={"shoulder_pitch": -1.9, "shoulder_roll": -0.6, "elbow": 0.1, "wrist_roll": -1.0},
    beats=({"shoulder_pitch": -2.5, "elbow": 0.6}, {}),
    times=2,
)
# Hand held out at the height of the elbow, palm inward.
SHAKE_HANDS = Gesture(
    posture={
        "shoulder_pitch": -0.85,
        "shoulder_roll": -0.15,
        "elbow": 0.55,
        "wrist_roll": 0.0,
        "fingers": 0.25,
        "thumb": 0.0,
    },
    beats=({"elbow": 0.35}, {"elbow": 0.65}),
    times=3,
    faces_person=True,
)
