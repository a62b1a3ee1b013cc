"""Layer 7, WHEN: tier, order and deadline of each step."""

from collections.abc import Sequence
from dataclasses import replace

from dynamical_skills.library.skill import SkillDescriptor
from dynamical_skills.plan import ExecutionTier, SkillStep

# A step may take this much longer than expected: speed scaling near people, one try more.
_PATIENCE = 4.0
_MARGIN_MS = 15_000.0


class Scheduler:
    """One after the other on one robot, each step with a deadline."""

    def schedule(
        self, steps: Sequence[SkillStep], skills: Sequence[SkillDescriptor], *, tier: ExecutionTier
    ) -> tuple[SkillStep, ...]:
        """The steps with order, tier, expected duration and deadline set.

        Args:
            steps: In the order of the sub-tasks.
            skills: Descriptor of the first skill of each step.
            tier: Tier asked for.
        """
        result: list[SkillStep] = []
        for step, skill in zip(steps, skills, strict=True):
            expected = (
                skill.estimated_duration * 1000.0 / float(step.location_params.get("speed", 1.0))
            )
            result.append(
                replace(
                    step,
                    tier=tier,
                    depends_on=(result[-1].step_id,) if result else (),
                    estimated_duration_ms=expected,
                    deadline_ms=_PATIENCE * expected + _MARGIN_MS,
                )
            )
        return tuple(result)
