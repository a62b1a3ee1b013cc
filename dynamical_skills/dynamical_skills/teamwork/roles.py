"""What each role means for a robot's part: who moves, who waits for what."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Conduct:
    """One role.

    Attributes:
        moves: It carries out its plan; else it only watches until the leader ends.
        at_barriers: It meets the others before each of its steps, as the sync mode says.
        when_asked: It begins a step only once the leader has asked for its skill.
    """

    moves: bool = True
    at_barriers: bool = False
    when_asked: bool = False


CONDUCT = {
    "leader": Conduct(at_barriers=True),
    "follower": Conduct(at_barriers=True),
    "assistant": Conduct(when_asked=True),
    "observer": Conduct(moves=False),
    "independent": Conduct(),
}


def asked(skill_id: str) -> str:
    """The barrier by which a leader asks its assistants to carry out a skill."""
    return f"ask:{skill_id}"


def before(number: int) -> str:
    """The barrier before the step of that number."""
    return f"step {number}"
