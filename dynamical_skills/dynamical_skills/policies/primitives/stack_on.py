"""Stack what a hand holds on top of another object."""

from collections.abc import Generator, Mapping
from typing import Any

from dynamical_interfaces.errors import ErrorCode
from dynamical_skills.motion import obstacles
from dynamical_skills.policies.policy import Memory, Observation, SkillError, Trajectory
from dynamical_skills.policies.primitives.place_on import PlaceOn
from dynamical_skills.policies.primitives.primitive import find, held_side, named

_LARGER = 1.6  # what is stacked may be this many times as wide as what bears it


class StackOn(PlaceOn):
    """Place on an object instead of on furniture: over its middle, as there is no other spot."""

    id = "stack_on"

    def run(
        self, first: Observation, parameters: Mapping[str, Any], memory: Memory
    ) -> Generator[Trajectory, Observation, None]:
        """See ``Skill.run``.

        Raises:
            SkillError: PARAMETER_INVALID if the target bears nothing, and as ``PlaceOn``.
        """
        _, held = held_side(self.kinematics, first, memory)
        target = find(first, parameters, memory, key="target")
        wide, bearing = float(max(held.size[:2])), float(min(target.size[:2]))
        if obstacles.is_furniture(target) or target.class_id in ("person", "place", "bottle"):
            raise SkillError(
                ErrorCode.PARAMETER_INVALID,
                f"nothing is stacked on a {target.class_id}; name a cube or a cup",
            )
        if target.id == held.id or wide > _LARGER * bearing:
            raise SkillError(
                ErrorCode.PARAMETER_INVALID,
                f"the {named(held)}, {wide:.3f} m wide, does not stand on the {named(target)}, "
                f"{bearing:.3f} m wide; at most {_LARGER} times as wide",
            )
        yield from super().run(first, parameters, memory)
