"""Gestures: one way to carry them out, and the gestures of ``motion/gestures.py`` as skills."""

from collections.abc import Generator, Iterator, Mapping, Sequence
from typing import Any, ClassVar

import numpy as np

from dynamical_interfaces.errors import ErrorCode
from dynamical_skills.motion import gestures, model
from dynamical_skills.motion.gestures import Gesture
from dynamical_skills.policies.policy import Memory, Observation, SkillError, Trajectory
from dynamical_skills.policies.primitives.home import go_home
from dynamical_skills.policies.primitives.primitive import Primitive, held_by, number, side_of

_PERSON_LIMIT = 0.7  # the waist turns no further than this to a person [rad]
_HALVED = 0.5  # share of the waist's movement that is tried if the whole of it is not clear

Strokes = list[dict[str, float]]


class Gesticulation(Primitive):
    """Take up a posture, go through its beats, and return; an arm that holds something rests."""

    gesture: ClassVar[Gesture]

    def run(
        self, first: Observation, parameters: Mapping[str, Any], memory: Memory
    ) -> Generator[Trajectory, Observation, None]:
        """See ``Skill.run``; results: ``gesture_strokes``, ``gesture_error`` (measured) [rad].

        Raises:
            SkillError: PARAMETER_INVALID, or PLANNING_FAILED if no free arm has a clear way.
        """
        times = round(number(parameters, "times", self.gesture.times, 1, self.gesture.most))
        hold = number(parameters, "hold", self.gesture.hold, 0.0, 60.0)
        wanted = side_of(parameters)
        memory.results.pop("gesture_error", None)
        strokes, seen = self._clear(first, wanted, memory, times), first
        if strokes is None:
            seen = yield from go_home(self.kinematics, first, memory)
            strokes = self._clear(seen, wanted, memory, times)
        if strokes is None:
            arm = {"one": wanted or "right or left", "both": "right and left"}
            words = f"the {arm[self.gesture.arms]} arm" if self.gesture.arms in arm else "the body"
            raise SkillError(
                ErrorCode.PLANNING_FAILED,
                f"{words} cannot {self.id.replace('_', ' ')}: "
                "it holds something or has no clear way, even from home",
            )
        yield from self._perform(seen, strokes, memory, hold=hold)

    def _perform(
        self, first: Observation, strokes: Strokes, memory: Memory, *, hold: float
    ) -> Generator[Trajectory, Observation, None]:
        """The strokes one by one, each compared with what the joints then measure."""
        seen, error = first, 0.0
        way = [*strokes, self._back(first, strokes)] if self.gesture.returns else strokes
        for done, stroke in enumerate(way, start=1):
            phase = self.id if done <= len(strokes) else "lower"
            seen = yield self.planner.joint_path(seen.joint_position, [stroke], phase=phase)
            if done == len(strokes) and hold > 0.0:
                seen = yield self.planner.hold(seen.joint_position, "", hold, phase=phase)
            columns = [self.kinematics.index[name] for name in stroke]
            away = np.abs(seen.joint_position[columns] - list(stroke.values()))
            error = max(error, float(away.max()))
        memory.results["gesture_strokes"] = len(way)
        memory.results["gesture_error"] = error

    def _clear(self, seen: Observation, wanted: str, memory: Memory, times: int) -> Strokes | None:
        """Joint positions of every stroke, the first choice of arm that has a clear way."""
        self.avoid(seen, memory)
        for sides in self._sides(seen, wanted, memory):
            for share in (1.0, _HALVED):
                strokes = self._strokes(seen, sides, times, share)
                # Once through the beats is enough to look at: the others repeat them.
                shown = strokes[: len(self.gesture.strokes(1))]
                if self._is_clear(seen, [*shown, self._back(seen, strokes)]):
                    return strokes
        return None

    def _sides(self, seen: Observation, wanted: str, memory: Memory) -> Iterator[Sequence[str]]:
        """Arms that may be used, best first."""
        if self.gesture.arms == "none":
            yield ()
            return
        sides = (wanted,) if wanted else ("right", "left")
        free = [s for s in sides if held_by(self.kinematics, seen, memory, s) is None]
        if self.gesture.arms == "both" and free:
            yield free
        elif self.gesture.arms == "one":
            yield from ((side,) for side in free)

    def _strokes(
        self, seen: Observation, sides: Sequence[str], times: int, share: float
    ) -> Strokes:
        index = self.kinematics.index
        waist = {name: float(seen.joint_position[index[name]]) for name in model.WAIST_JOINTS}
        people = [other.position for other in seen.objects if other.class_id == "person"]
        turned: dict[str, float] = {}
        if self.gesture.faces_person and people:
            x, y, _ = min(people, key=lambda place: float(np.hypot(place[0], place[1])))
            yaw = float(np.clip(np.arctan2(y, x), -_PERSON_LIMIT, _PERSON_LIMIT))
            turned = {"waist_yaw_joint": yaw}
        return [
            {**turned, **self._within(gestures.joints_of(posture, sides, waist, share=share))}
            for posture in self.gesture.strokes(times)
        ]

    def _within(self, posture: Mapping[str, float]) -> dict[str, float]:
        """The posture inside the joints' range."""
        inside = {}
        for name, value in posture.items():
            if name in self.kinematics.planning.joint_names:
                low, high = self.kinematics.range_of(name)
                value = float(np.clip(value, low + 0.02, high - 0.02))
            inside[name] = value
        return inside

    def _back(self, seen: Observation, strokes: Strokes) -> dict[str, float]:
        """Where all joints of the strokes are now."""
        names = {name for stroke in strokes for name in stroke}
        return {name: float(seen.joint_position[self.kinematics.index[name]]) for name in names}

    def _is_clear(self, seen: Observation, strokes: Strokes) -> bool:
        now = seen.joint_position
        for stroke in strokes:
            motion = self.planner.joint_path(now, [stroke])
            if not self.planner.is_clear(now, motion):
                return False
            now = self.planner.end(now, motion)
        return True


class Wave(Gesticulation):
    """Raise an arm, swing the forearm from side to side, and return to where the arm was."""

    id, gesture = "wave", gestures.WAVE


class Nod(Gesticulation):
    """Bend the upper body slightly and come up again; the G1 has no neck."""

    id, gesture = "nod", gestures.NOD


class ShakeHead(Gesticulation):
    """Turn the upper body from side to side."""

    id, gesture = "shake_head", gestures.SHAKE_HEAD


class Bow(Gesticulation):
    """Bow with the forearms drawn up."""

    id, gesture = "bow", gestures.BOW


class Salute(Gesticulation):
    """Fingertips to the brow."""

    id, gesture = "salute", gestures.SALUTE


class Beckon(Gesticulation):
    """Curl the fingers of a raised hand."""

    id, gesture = "beckon", gestures.BECKON


class ThumbsUp(Gesticulation):
    """A fist with the thumb up."""

    id, gesture = "thumbs_up", gestures.THUMBS_UP


class RaiseHand(Gesticulation):
    """A hand beside the head, which stays there."""

    id, gesture = "raise_hand", gestures.RAISE_HAND


class Shrug(Gesticulation):
    """Forearms outward, palms up."""

    id, gesture = "shrug", gestures.SHRUG


class Cheer(Gesticulation):
    """Both arms up, twice."""

    id, gesture = "cheer", gestures.CHEER


class ShakeHands(Gesticulation):
    """A hand held out to the nearest person and moved up and down."""

    id, gesture = "shake_hands", gestures.SHAKE_HANDS
