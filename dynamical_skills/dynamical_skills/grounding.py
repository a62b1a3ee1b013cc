"""Object references: "the crimson mug" to ``{"class_id": "cup", "color": "red"}``.

Synonyms first, then similarity of the words' embeddings to what perception can name. A thing that
nobody can name here stays unresolved: "take the train" is not about a thing on the table.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

CLASSES = ("cup", "cube", "bottle", "table", "shelf", "person")

_CLASS_SYNONYMS: Mapping[str, str] = {
    **dict.fromkeys(("cup", "mug", "tumbler", "beaker", "teacup", "coffee cup", "goblet"), "cup"),
    **dict.fromkeys(("cube", "block", "brick", "dice", "die", "building block"), "cube"),
    **dict.fromkeys(("bottle", "flask", "water bottle", "wine bottle", "vial"), "bottle"),
    **dict.fromkeys(("table", "desk", "tabletop", "table top", "workbench", "counter"), "table"),
    **dict.fromkeys(("shelf", "rack", "bookshelf", "ledge", "shelving", "shelf board"), "shelf"),
    **dict.fromkeys(
        (
            "person", "human", "man", "woman", "operator", "user", "visitor",
            "visitors", "guest", "guests", "worker", "somebody", "someone", "people",
            "colleague", "lady", "gentleman", "child", "kid", "boy", "girl", "student",
            "customer",
        ),
        "person",
    ),
}  # fmt: skip
_PERSON_PRONOUNS = ("me", "him", "her", "us", "them", "everyone", "everybody")
# Things of a household that perception may not know: understood, and then not seen.
_THINGS = (
    "apple", "ball", "banana", "basket", "book", "bowl", "box", "can", "carrot", "chair",
    "cloth", "fork", "glass", "hammer", "jar", "key", "knife", "lemon", "orange", "pan",
    "pen", "pencil", "phone", "plate", "pot", "remote", "scissors", "screwdriver", "spoon",
    "sponge", "toy", "tray", "vase",
)  # fmt: skip
_COLOR_SYNONYMS: Mapping[str, str] = {
    **dict.fromkeys(("red", "crimson", "scarlet", "ruby", "cherry", "maroon", "vermilion"), "red"),
    **dict.fromkeys(("blue", "navy", "azure", "cobalt", "cyan", "sapphire", "turquoise"), "blue"),
    **dict.fromkeys(("green", "emerald", "lime", "olive", "jade", "mint"), "green"),
    **dict.fromkeys(("yellow", "golden", "lemon-coloured"), "yellow"),
    **dict.fromkeys(("orange", "amber"), "orange"),
    **dict.fromkeys(("purple", "violet", "lilac", "magenta"), "purple"),
    **dict.fromkeys(("black", "ebony"), "black"),
    **dict.fromkeys(("white", "ivory"), "white"),
    **dict.fromkeys(("grey", "gray", "silver"), "grey"),
    **dict.fromkeys(("brown", "tan"), "brown"),
    "pink": "pink",
}
_DETERMINERS = {
    "the",
    "a",
    "an",
    "that",
    "this",
    "those",
    "these",
    "my",
    "your",
    "our",
    "some",
    "one",
    "any",
}
_FILLERS = {
    "small", "big", "large", "little", "tall", "short", "tiny", "coloured", "colored",
    "colour", "color", "nice", "other", "plastic", "empty", "nearest", "closest", "first",
    "second", "left", "right", "old", "new", "shiny", "wooden", "metal", "ceramic", "whole",
}  # fmt: skip
# For whoever reads sentences apart from the things in them.
MOVABLE_NOUNS = (
    *(noun for noun, name in _CLASS_SYNONYMS.items() if name in ("cup", "cube", "bottle")),
    *_THINGS,
)
COLORS = tuple(_COLOR_SYNONYMS)
FILLERS = frozenset(_FILLERS)
_WORD = re.compile(r"[a-z][a-z-]*")
# People are found by synonym alone: too many abstract words are said "of a person".
_MIN_SIMILARITY = 0.70
_TEMPLATE = "a photo of a {}"


class Embedder(Protocol):
    """What grounding needs of the sentence model."""

    def embed(self, sentence: str) -> np.ndarray:
        """Unit vector of a sentence."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ObjectReference:
    """An object as words describe it; either field may be empty, not both."""

    class_id: str = ""
    color: str = ""

    @property
    def words(self) -> str:
        """For sentences: ``"the red cup"``."""
        return " ".join(part for part in ("the", self.color, self.class_id or "one") if part)

    def as_parameter(self) -> dict[str, Any]:
        """As skills take it."""
        parts = (("class_id", self.class_id), ("color", self.color))
        return {name: value for name, value in parts if value}


class Grounding:
    """Resolves noun phrases against the classes that perception can name.

    Args:
        embedder: Sentence model for words that no synonym covers; ``None`` = synonyms alone.
        classes: Classes that perception can name.
    """

    def __init__(
        self, embedder: Embedder | None = None, *, classes: Sequence[str] = CLASSES
    ) -> None:
        self._embedder = embedder
        self._things = tuple(name for name in classes if name != "person")
        self._nouns = {**_CLASS_SYNONYMS, **{name: name for name in (*_THINGS, *classes)}}
        self._longest = max(len(noun.split()) for noun in self._nouns)
        self._vectors: np.ndarray | None = None

    def resolve(self, phrase: str) -> ObjectReference | None:
        """The object a whole noun phrase names, or ``None`` if it names none known here."""
        words = [word for word in _WORD.findall(phrase.lower()) if word not in _DETERMINERS]
        if len(words) == 1 and words[0] in _PERSON_PRONOUNS:
            return ObjectReference(class_id="person")
        found = self._find(words)
        if found is not None:
            reference, rest = found
            return reference if not rest else None
        color, nouns = self._split_color([word for word in words if word not in _FILLERS])
        if not nouns:
            return ObjectReference(color=color) if color else None
        if color and nouns in (["one"], ["thing"], ["object"], ["item"]):
            return ObjectReference(color=color)
        if len(nouns) > 2:
            return None
        class_id = self._similar(" ".join(nouns))
        return ObjectReference(class_id=class_id, color=color) if class_id else None

    def mentions(self, sentence: str) -> tuple[ObjectReference, ...]:
        """Every object that a sentence names by a known noun, in order."""
        words = _WORD.findall(sentence.lower())
        result: list[ObjectReference] = []
        color, place = "", 0
        while place < len(words):
            noun, length = self._noun_at(words, place)
            if noun:
                result.append(ObjectReference(class_id=noun, color=color))
            found_color = "" if noun else _COLOR_SYNONYMS.get(words[place], "")
            keep = words[place] in _FILLERS and not noun
            color = found_color or (color if keep else "")
            place += length
        return tuple(result)

    def _noun_at(self, words: Sequence[str], place: int) -> tuple[str, int]:
        for length in range(min(self._longest, len(words) - place), 0, -1):
            text = " ".join(words[place : place + length])
            # "orange" is a colour before a noun and a fruit elsewhere.
            if (
                length == 1
                and text in _COLOR_SYNONYMS
                and place + 1 < len(words)
                and (self._noun_at(words, place + 1)[0])
            ):
                continue
            for candidate in (text, text.removesuffix("s")):
                if candidate in self._nouns:
                    return self._nouns[candidate], length
        return "", 1

    def _find(self, words: Sequence[str]) -> tuple[ObjectReference, list[str]] | None:
        """A known noun among the words, and the words that are neither noun, colour nor filler."""
        color, noun = "", ""
        rest: list[str] = []
        place = 0
        while place < len(words):
            found, length = self._noun_at(words, place)
            if found and not noun:
                noun = found
            elif words[place] in _COLOR_SYNONYMS and not color:
                color = _COLOR_SYNONYMS[words[place]]
            elif words[place] not in _FILLERS:
                rest.append(words[place])
            place += length
        return (ObjectReference(class_id=noun, color=color), rest) if noun else None

    @staticmethod
    def _split_color(words: Sequence[str]) -> tuple[str, list[str]]:
        color = next((_COLOR_SYNONYMS[word] for word in words if word in _COLOR_SYNONYMS), "")
        return color, [word for word in words if word not in _COLOR_SYNONYMS]

    def _similar(self, noun: str) -> str:
        if self._embedder is None:
            return ""
        if self._vectors is None:
            self._vectors = np.stack(
                [self._embedder.embed(_TEMPLATE.format(name)) for name in self._things]
            )
        similarity = self._vectors @ self._embedder.embed(_TEMPLATE.format(noun))
        best = int(np.argmax(similarity))
        return self._things[best] if similarity[best] >= _MIN_SIMILARITY else ""
