"""Layer 3, which sub-tasks: a sentence to sub-tasks in words, with grounded parameters."""

import re
from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from dynamical_interfaces.errors import ErrorCode
from dynamical_skills import grammar
from dynamical_skills.errors import GOAL_LIMIT, GoalError
from dynamical_skills.grammar import Frame
from dynamical_skills.grounding import Grounding, ObjectReference

_PRONOUNS = (
    "it",
    "that",
    "this",
    "them",
    "the object",
    "the thing",
    "what you are holding",
    "what you hold",
)
_PLACE_PRONOUNS = ("there", "it", "that", "here")
# After these the hands are free and in the way: the robot goes home at the end.
_ENDS_AT_HOME = ("place", "give", "push")
_NUMBER = re.compile(r"(?<![\w.])-?\d+(?:\.\d+)?")


@dataclass(frozen=True, slots=True, kw_only=True)
class SubTask:
    """One thing to do, in words, with the parameters that the words carry.

    Attributes:
        text: Routed to a skill by the router.
        parameters: ``"object"`` and ``"target"`` as mappings with ``"class_id"`` and ``"color"``;
            ``"side"``, ``"direction"``, ``"distance"`` [m], ``"height"`` [m].
        after: Places of the sub-tasks it comes after, from 0; ``None`` = the one before it.
        skill_id: The skill, where the decomposer has named one; empty = the router's to find.
    """

    text: str
    parameters: dict[str, Any] = field(default_factory=dict)
    after: tuple[int, ...] | None = None
    skill_id: str = ""


class Decomposer(ABC):
    """Turns a sentence into sub-tasks; a grammar or a language model can stand behind it."""

    @abstractmethod
    def decompose(self, sentence: str) -> tuple[SubTask, ...]:
        """Sub-tasks in the order of execution, at least one.

        Raises:
            GoalError: If the sentence is empty, too long or cannot be understood.
        """

    @property
    def degraded(self) -> str:
        """Why the last sentence was not taken apart as configured; empty = it was."""
        return ""


class GrammarDecomposer(Decomposer):
    """Rules for English imperatives; what they do not cover is one sub-task, left to the router.

    Args:
        grounding: Resolves noun phrases.
    """

    def __init__(self, grounding: Grounding) -> None:
        self._grounding = grounding

    def decompose(self, sentence: str) -> tuple[SubTask, ...]:
        """See ``Decomposer.decompose``."""
        if not sentence.strip():
            raise GoalError.empty()
        if len(sentence) > GOAL_LIMIT:
            raise GoalError.too_long(len(sentence))
        reading = _Reading(self._grounding)
        for clause in grammar.clauses(sentence):
            reading.read_together(grammar.branches(clause))
        return reading.finish(sentence)


class _Reading:
    """What has been understood so far: the things named, the thing in the hand, the sub-tasks."""

    def __init__(self, grounding: Grounding) -> None:
        self._grounding = grounding
        self._steps: list[SubTask] = []
        self._ends: tuple[int, ...] = ()  # the last sub-task of each branch read last
        self._verb = ""
        self._object: ObjectReference | None = None
        self._place: ObjectReference | None = None
        self._held: ObjectReference | None = None

    def read_together(self, branches: Sequence[str]) -> None:
        """Add the sub-tasks of clauses that are to be carried out at the same time."""
        before, ends = self._ends, []
        for branch in branches:
            first = len(self._steps)
            self.read(branch)
            if len(self._steps) > first:
                if before != (first - 1,) and (before or first):
                    self._steps[first] = replace(self._steps[first], after=before)
                ends.append(len(self._steps) - 1)
        self._ends = tuple(ends) or before

    def read(self, clause: str) -> None:
        """Add the sub-tasks of one clause."""
        if grammar.is_negated(clause):
            raise GoalError(
                ErrorCode.NOT_UNDERSTOOD,
                f"{clause[:80]!r} says what not to do; say only what the robot shall do",
            )
        relation = grammar.relation_not_offered(clause)
        if relation:
            raise GoalError(
                ErrorCode.NOT_UNDERSTOOD,
                f"{clause[:80]!r}: things can be placed on something, not {relation!r} it",
            )
        frame = grammar.parse(clause, names_a_thing=self._names_a_thing)
        if frame is None and self._verb and self._names_a_thing(clause):
            frame = Frame(verb=self._verb, object=clause)  # "look at the cup and the cube"
        if frame is None:
            self._leave_to_router(clause)
        else:
            self._carry_out(frame)

    def finish(self, sentence: str) -> tuple[SubTask, ...]:
        """All sub-tasks, going home at the end where that is fitting."""
        if not self._steps:
            return (SubTask(text=sentence.strip()),)
        if self._verb in _ENDS_AT_HOME:
            self._add("go home")
            if len(self._ends) > 1:
                self._steps[-1] = replace(self._steps[-1], after=self._ends)
        return tuple(self._steps)

    def _names_a_thing(self, words: str) -> bool:
        return (
            words in (*_PRONOUNS, *_PLACE_PRONOUNS) or self._grounding.resolve(words) is not None
        )

    def _leave_to_router(self, clause: str) -> None:
        parameters: dict[str, Any] = {}
        mentions = self._grounding.mentions(clause)
        for name, mention in zip(("object", "target"), mentions, strict=False):
            parameters[name] = mention.as_parameter()
        numbers = [float(number) for number in _NUMBER.findall(clause)]
        if len(numbers) == 3:
            parameters["position"] = numbers
        self._verb = ""
        self._steps.append(SubTask(text=clause, parameters=parameters))

    def _thing(self, words: str) -> ObjectReference | None:
        """The object named; ``None`` = whatever is in the hand."""
        if not words or words in _PRONOUNS:
            return self._object
        self._object = self._grounding.resolve(words)
        return self._object

    def _where(self, words: str, otherwise: str) -> ObjectReference:
        if words and words not in _PLACE_PRONOUNS:
            self._place = self._grounding.resolve(words)
        return self._place or ObjectReference(class_id=otherwise)

    def _carry_out(self, frame: Frame) -> None:
        self._verb = frame.verb
        thing = self._thing(frame.object)
        side = {"side": frame.side} if frame.side else {}
        name = thing.words if thing else "it"
        match frame.verb:
            case "home":
                self._add("go home")
            case "wave":
                self._add("wave your hand", **side)
            case "nod":
                self._add("nod your head")
            case "open" | "close":
                self._add(f"{frame.verb} your hand", **side)
            case "point":
                self._add(f"point at {name}", thing, **side)
            case "look":
                self._place = thing
                self._add(f"look at {name}", thing)
            case "reach":
                self._add(f"reach for {name}", thing, **side)
            case "push":
                self._push(frame, thing, name, side)
            case "pick":
                self._pick(thing, name, side)
            case "lift":
                self._lift(frame, thing, name, side)
            case "release":
                self._add(f"release {name}" if thing else "let go of it", thing, **side)
                self._held = None
            case _:
                self._deliver(frame, thing, name, side)

    def _push(
        self, frame: Frame, thing: ObjectReference | None, name: str, side: dict[str, str]
    ) -> None:
        extra: dict[str, Any] = dict(side)
        if frame.direction:
            extra["direction"] = frame.direction
        if frame.amount is not None:
            extra["distance"] = frame.amount
        self._add(f"push {name}", thing, **extra)

    def _pick(self, thing: ObjectReference | None, name: str, side: dict[str, str]) -> None:
        self._add(f"look at {name}", thing)
        self._add(f"reach for {name}", thing, **side)
        self._add(f"grasp {name}", thing, **side)
        self._add(f"lift {name}", thing)
        self._held = thing

    def _lift(
        self, frame: Frame, thing: ObjectReference | None, name: str, side: dict[str, str]
    ) -> None:
        extra = {} if frame.amount is None else {"height": frame.amount}
        if thing is not None and thing != self._held:
            self._pick(thing, name, side)
            last = self._steps.pop()
            self._steps.append(SubTask(text=last.text, parameters={**last.parameters, **extra}))
        else:
            self._add(f"lift {name}", thing, **extra)

    def _deliver(
        self, frame: Frame, thing: ObjectReference | None, name: str, side: dict[str, str]
    ) -> None:
        """Place, carry or give: first have the thing in the hand."""
        if thing is not None and thing != self._held:
            self._pick(thing, name, side)
        if frame.verb == "give":
            target = self._where(frame.target, "person")
            self._add(f"hand over {name} to {target.words}", thing, target)
            self._held = None
            return
        target = self._where(frame.target, "table")
        self._add(f"carry {name} to {target.words}", thing, target)
        if frame.verb == "place":
            self._add(f"place {name} on {target.words}", thing, target)
            self._held = None

    def _add(
        self,
        text: str,
        thing: ObjectReference | None = None,
        target: ObjectReference | None = None,
        /,
        **extra: Any,
    ) -> None:
        parameters: dict[str, Any] = {}
        if thing is not None:
            parameters["object"] = thing.as_parameter()
        if target is not None:
            parameters["target"] = target.as_parameter()
        step = SubTask(text=text, parameters={**parameters, **extra})
        last = self._steps[-1] if self._steps else None
        # "grasp it and lift it": lifted once
        if last is None or (last.text, last.parameters) != (step.text, step.parameters):
            self._steps.append(step)
