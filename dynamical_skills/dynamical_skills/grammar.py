"""Clauses of an instruction: which of the robot's verbs, of what, to where.

A small grammar of English imperatives. It knows words, not the world: what it cannot place it
leaves alone.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

_DIRECTIONS = {
    "left": "left", "right": "right", "forward": "forward", "forwards": "forward",
    "ahead": "forward", "away": "forward", "away from you": "forward",
    "away from yourself": "forward",
}  # fmt: skip
_ON = r"(?:on top of|onto|on to|upon|on|over to|across to|into|to|in)"
_RECEIVER = (
    r"(?:me|him|her|us|them|the (?:person|human|man|woman|operator|user|visitor|guest|worker))"
)
_PICK = (
    r"(?:pick up|pick|grab hold of|take hold of|get hold of|get a hold of|grab|grasp|take|get"
    r"|seize|collect|fetch|clutch|grip|snatch)"
)
_AMOUNT = (
    r"(?: (?:by )?(?P<amount>\d+(?:\.\d+)?)"
    r" ?(?P<unit>cm|centimet(?:er|re)s?|m|met(?:er|re)s?))?"
)
# Verb and how a clause of it is said; the first that matches wins, so the narrow ones come first.
_SIMPLE: tuple[tuple[str, str], ...] = (
    ("home", r"(?:go|return|move|get|come|head)(?: back)?(?: to)?(?: your| the)? ?"
             r"(?:home|rest|neutral|ready|default|starting|initial)"
             r"(?: (?:position|posture|pose|configuration))?"),
    ("home", r"(?:home|rest|relax|stand at ease|lower your arms?|put your arms? down"
             r"|tuck your arms? in)"),
    ("wave", r"wave(?: your (?:hand|arm))?(?: hello| goodbye)?(?: (?:at|to) .+)?"),
    ("wave", r"(?:say (?:hello|hi|goodbye|bye)|greet|welcome|hello|hi)(?: .+)?"),
    ("point", r"point(?: your (?:hand|finger|arm))? (?:at|to|towards?|out) (?P<object>.+)"),
    ("point", r"(?:indicate|gesture (?:at|to|towards?)) (?P<object>.+)"),
    ("point", r"show me where (?P<object>.+) (?:is|stands)"),
    ("look", r"(?:look|glance|gaze|have a look|take a look)(?: over)? (?:at|towards?|for)"
             r" (?P<object>.+)"),
    ("look", r"(?:face|watch|observe|inspect|find|locate|search for) (?P<object>.+)"),
    ("reach", r"reach(?: out)? (?:for|to|towards?) (?P<object>.+)"),
    ("release", r"(?:let go|let it go|let go of it|release it|drop it)"),
    ("open", r"open (?:your|the) (?:(?:left|right) )?(?:hand|gripper|fingers)"),
    ("close", r"close (?:your|the) (?:(?:left|right) )?(?:hand|gripper|fist|fingers)|make a fist"),
    ("nod", r"nod(?: your head)?(?: .+)?"),
    ("push", r"(?:push|shove|nudge|slide) (?P<object>.+?)(?: a (?:bit|little))?"
             r"(?: (?:to the |to your )?"
             r"(?P<direction>left|right|forwards?|ahead|away(?: from you(?:rself)?)?))?"
             + _AMOUNT),
    ("give", rf"(?:give|hand|pass|offer|bring|fetch|get) (?P<target>{_RECEIVER}) (?P<object>.+)"),
    ("give", r"(?:give|hand over|hand|pass|offer|bring|deliver|take|present)(?: over)?"
             rf" (?P<object>.+?)(?: over)? to (?P<target>{_RECEIVER})"),
    ("give", r"(?:hand over (?P<object>.+)|hand (?P<object_2>.+) over)"),
)  # fmt: skip
_AFTER: tuple[tuple[str, str], ...] = (
    ("place", r"(?:put|set|lay|place) "
              r"(?:(?:back )?down (?P<object>.+)|(?P<object_2>.+?) (?:back )?down)"),
    ("lift", r"(?:lift|raise|hoist)(?: up)? (?P<object>.+?)(?: up)?(?: into the air| higher)?"
             + _AMOUNT),
    ("pick", rf"{_PICK} (?P<object>.+?)(?: up)?"),
    ("release", r"(?:release|let go of|drop) (?P<object>.+)"),
)  # fmt: skip
_PLACE_HEAD = re.compile(
    r"^(?P<verb>put|place|set|lay|rest|stand|deposit|drop|stow|store|leave|stack|move|bring|transfer|take|return"
    r"|carry|transport)(?: down)? "
)
_PLACE_CUT = re.compile(rf"(?: back| down| over)? {_ON} ")
_BESIDE = re.compile(
    r"\b(?:next to|beside|near|behind|in front of|under|underneath|below|between)\b"
)
_COMPILED = [(verb, re.compile(f"^{text}$")) for verb, text in _SIMPLE]
_COMPILED_AFTER = [(verb, re.compile(f"^{text}$")) for verb, text in _AFTER]

_POLITE = re.compile(
    r"^(?:(?:please|kindly|now|first|finally|next|ok|okay|hey|hi robot|hello robot|robot|also|just"
    r"|(?:could|can|would|will) you|(?:i want|i would like|i'd like|i need) you to|you should"
    r"|go and|then|and)[, ]+)+"
)
_POLITE_END = re.compile(
    r"(?:[, ]+(?:please|now|for me|thanks|thank you|again|robot|gently|carefully|slowly))+$"
)
_COURTESY = ("please", "thanks", "thank you", "robot", "now", "ok", "okay", "hey")
_SIDE = re.compile(r"\b(?:with|using) (?:your |the )?(?P<side>left|right) (?:hand|arm|gripper)\b")

_ANY_SIDE = re.compile(r"\b(?P<side>left|right) (?:hand|arm)\b")
_CUT = re.compile(
    r"\s*(?:[.;!?]+|(?<!\d),|,(?!\s*-?\d))\s*(?:and then|then|and|after that|afterwards)?\s+"
    r"|\s+(?:and then|then|and|after that|afterwards)\s+"
)
# What is said to happen at the same time, brought to "X || Y".
_TOGETHER_MARK = " || "
_TOGETHER: tuple[tuple[re.Pattern[str], str], ...] = (
    (re.compile(r"^(?:while|whilst) ([^,;.]+), (?:please )?(.+)$"), r"\2 || \1"),
    (re.compile(r"[,;]? (?:and|then) ([^,;.|]+?) (?:at the same time|simultaneously)(?=$|[,;.])"),
     r" || \1"),
    (re.compile(r"[,;.]? (?:and )?(?:at the same time|simultaneously|meanwhile),? "), " || "),
    (re.compile(r",? (?:and )?(?:while|whilst) "), " || "),
)  # fmt: skip
_SUBJECT = re.compile(r"^(?:you(?:'re| are)? |also |still )+")
_VERBS = frozenset(
    (
        "beckon", "bow", "carry", "cheer", "close", "drop", "face", "fetch", "follow", "get",
        "give", "go", "grab", "grasp", "greet", "grip", "hand", "hold", "inspect", "keep",
        "lay", "lift", "look", "make", "move", "nod", "observe", "offer", "open", "pass",
        "pick", "place", "point", "pour", "present", "pull", "push", "put", "raise", "reach",
        "release", "rest", "return", "salute", "scan", "set", "shake", "show", "shrug",
        "stack", "stand", "stretch", "take", "tilt", "touch", "turn", "watch", "wave",
        "welcome",
    )
)  # fmt: skip
_WHERE_IT_IS = re.compile(
    r" (?:from|off|off of|out of|on|that is on|which is on|standing on) (?:the|your) .+$"
)
_NEGATION = re.compile(r"\b(?:don't|dont|do not|never|not|without)\b")


@dataclass(frozen=True, slots=True, kw_only=True)
class Frame:
    """One understood clause.

    Attributes:
        verb: ``pick``, ``lift``, ``place``, ``carry``, ``give``, ``push``, ``point``, ``look``,
            ``reach``, ``release``, ``open``, ``close``, ``wave``, ``nod`` or ``home``.
        object: Words that name the object, or ``""``.
        target: Words that name where to or to whom, or ``""``.
        side: ``"left"``, ``"right"`` or ``""``.
        direction: ``"left"``, ``"right"``, ``"forward"`` or ``""``.
        amount: Distance [m], or ``None``.
    """

    verb: str
    object: str = ""
    target: str = ""
    side: str = ""
    direction: str = ""
    amount: float | None = None


def clauses(sentence: str) -> list[str]:
    """The sentence's clauses, lower-case, without politeness; see ``branches`` for what they hold."""
    text = " ".join(sentence.lower().replace("\u2019", "'").split()).strip(" .!?")
    for pattern, together in _TOGETHER:
        text = pattern.sub(together, text)
    parts = (
        _TOGETHER_MARK.join(filter(None, map(_bare, part.split(_TOGETHER_MARK.strip()))))
        for part in _CUT.split(text + " ")
    )
    return [part for part in parts if part and part not in _COURTESY]


def branches(clause: str) -> list[str]:
    """The clauses within a clause that are to be carried out at the same time, as imperatives."""
    first, *others = clause.split(_TOGETHER_MARK)
    return [first, *(_imperative(other) for other in others)]


def _imperative(clause: str) -> str:
    """``"you are looking at it"`` as ``"look at it"``."""
    verb, space, rest = _SUBJECT.sub("", clause).partition(" ")
    if verb.endswith("ing"):
        stem = verb[:-3]
        for word in (stem, f"{stem}e", stem[:-1]):
            if word in _VERBS:
                return f"{word}{space}{rest}"
    return f"{verb}{space}{rest}"


def _bare(clause: str) -> str:
    return _POLITE_END.sub("", _POLITE.sub("", clause.strip(" ,.!?"))).strip(" ,.!?")


def is_negated(clause: str) -> bool:
    """Whether the clause says what not to do."""
    return bool(_NEGATION.search(clause))


def relation_not_offered(clause: str) -> str:
    """A spatial relation other than "on" in a clause about placing, or ``""``."""
    found = _BESIDE.search(clause)
    return found[0] if found and _PLACE_HEAD.match(clause) else ""


def without_place(words: str) -> str:
    """``"the cup from the table"`` without where the thing is now."""
    return _WHERE_IT_IS.sub("", words)


def parse(clause: str, *, names_a_thing: Callable[[str], bool]) -> Frame | None:
    """Understand one clause.

    Args:
        clause: As ``clauses`` gives it.
        names_a_thing: Whether words name a thing or stand for one; decides between readings.
    """
    side = _SIDE.search(clause)
    said = _SIDE.sub("", clause).strip()
    frames = _frames(said)
    named = side or (
        _ANY_SIDE.search(said) if said.startswith(("wave", "open", "close")) else None
    )
    for frame in frames:
        if all(not words or names_a_thing(words) for words in (frame.object, frame.target)):
            return Frame(
                verb=frame.verb,
                object=frame.object,
                target=frame.target,
                side=named["side"] if named else "",
                direction=frame.direction,
                amount=frame.amount,
            )
    return None


def _frames(said: str) -> Iterator[Frame]:
    said = (
        re.sub(r"\b(?:left|right) (hand|arm)\b", r"\1", said) if said.startswith("wave") else said
    )
    for verb, pattern in _COMPILED:
        found = pattern.match(said)
        if found:
            yield _frame(verb, found)
    yield from _places(said)
    for verb, pattern in _COMPILED_AFTER:
        found = pattern.match(said)
        if found:
            yield _frame(verb, found)


def _places(said: str) -> Iterator[Frame]:
    head = _PLACE_HEAD.match(said)
    if head is None:
        return
    rest = said[head.end() :]
    verb = "carry" if head["verb"] in ("carry", "transport") else "place"
    # "the cup on the table on the shelf": the last "on" that leaves two things is where it goes.
    for cut in reversed(list(_PLACE_CUT.finditer(rest))):
        yield Frame(verb=verb, object=without_place(rest[: cut.start()]), target=rest[cut.end() :])
    if rest.endswith(" there"):
        yield Frame(verb=verb, object=rest.removesuffix(" there"), target="there")


def _frame(verb: str, found: re.Match[str]) -> Frame:
    groups = {name: value for name, value in found.groupdict().items() if value}
    words = groups.get("object") or groups.get("object_2", "")
    amount = float(groups["amount"]) if "amount" in groups else None
    if amount is not None and groups["unit"].startswith("c"):
        amount /= 100.0
    return Frame(
        verb=verb,
        object=without_place(words),
        target=groups.get("target", ""),
        direction=_DIRECTIONS.get(groups.get("direction", ""), ""),
        amount=amount,
    )
