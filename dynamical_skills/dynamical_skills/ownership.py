"""Which joints a skill has to itself while it runs, and which skills therefore may run together.

A robot's joints fall into five groups. A skill owns some of them, and nobody else may move those
meanwhile. A group it only *shares* may be blended with what another skill wants of it. A group it
*follows* is not its own, but what it does depends on it: a hand that is held level has to know how
the waist turns. So a skill that follows a group runs beside one that moves it only as a blend.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

SIDES = ("left", "right")
GROUPS = ("left_arm", "right_arm", "left_hand", "right_hand", "waist")
# Of the side in the parameters; of both sides where none is said, as the skill may choose either.
_OF_A_SIDE = ("arm", "hand")
_SHARED = "shared "
_FOLLOWED = "follows "
NOTHING = "none"
WORDS = (
    *GROUPS,
    *_OF_A_SIDE,
    *(f"{_SHARED}{group}" for group in GROUPS),
    *(f"{_FOLLOWED}{group}" for group in GROUPS),
    NOTHING,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Ownership:
    """Joint groups of one step.

    Attributes:
        groups: All of them.
        shared: Those among them that it lets others have a say in.
        follows: Groups of others that its own motion depends on.
    """

    groups: frozenset[str] = frozenset(GROUPS)
    shared: frozenset[str] = frozenset()
    follows: frozenset[str] = frozenset()

    def contended(self, other: "Ownership", *, blended: bool = False) -> frozenset[str]:
        """Groups that both want, so that one has to wait for the other.

        Args:
            other: Of another step.
            blended: The two are blended into one motion: what both share is no contention.
        """
        both = self.groups & other.groups
        if blended:
            return both - (self.shared & other.shared)
        return both | (self.follows & other.groups) | (other.follows & self.groups)

    def entangled(self, other: "Ownership") -> bool:
        """Whether the two can run together only as one blended motion."""
        return bool(self.contended(other)) and not self.contended(other, blended=True)

    def joined(self, other: "Ownership") -> "Ownership":
        """Of a blend of both; a group is shared only if all that want it share it."""
        owned = (self.groups - self.shared) | (other.groups - other.shared)
        groups = self.groups | other.groups
        return Ownership(
            groups=groups,
            shared=groups - owned,
            follows=(self.follows | other.follows) - groups,
        )

    def words(self) -> tuple[str, ...]:
        """As in a plan: ``("left_arm", "shared waist")``; ``("none",)`` for no joints at all."""
        said = tuple(
            f"{_SHARED}{group}" if group in self.shared else group
            for group in GROUPS
            if group in self.groups
        )
        said += tuple(f"{_FOLLOWED}{group}" for group in GROUPS if group in self.follows)
        return said or (NOTHING,)


def ownership(words: Iterable[str], parameters: Mapping[str, Any] | None = None) -> Ownership:
    """What a descriptor's ``joint_groups`` mean with these parameters; no words mean all joints.

    Raises:
        ValueError: If a word is none of ``WORDS``.
    """
    said = tuple(words)
    if not said:
        return Ownership()
    side = str((parameters or {}).get("side") or "")
    sides = (side,) if side in SIDES else SIDES
    groups: set[str] = set()
    shared: set[str] = set()
    follows: set[str] = set()
    for word in said:
        if word not in WORDS:
            raise ValueError(f"joint group {word!r}; allowed: {', '.join(WORDS)}")
        if word == NOTHING:
            continue
        if word.startswith(_FOLLOWED):
            follows.add(word.removeprefix(_FOLLOWED))
            continue
        group = word.removeprefix(_SHARED)
        found = [f"{one}_{group}" for one in sides] if group in _OF_A_SIDE else [group]
        groups.update(found)
        if word.startswith(_SHARED):
            shared.update(found)
    return Ownership(
        groups=frozenset(groups), shared=frozenset(shared), follows=frozenset(follows)
    )


def group_of(joint: str) -> str:
    """The group of a joint by its name; ``""`` for legs and whatever else no skill owns."""
    if joint.startswith("waist"):
        return "waist"
    for side in SIDES:
        if joint.startswith(f"{side}_hand_"):
            return f"{side}_hand"
        if joint.startswith(tuple(f"{side}_{part}" for part in ("shoulder", "elbow", "wrist"))):
            return f"{side}_arm"
    return ""
