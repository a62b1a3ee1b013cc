"""Paraphrases by template: the phrases of the library said of other things and in other tones."""

import re
from collections.abc import Iterable

_NOUNS = ("cup", "bottle", "cube", "mug", "block", "box", "ball", "can", "apple", "tin")
_COLORS = ("red", "blue", "green", "yellow", "black", "white", "crimson", "orange")
_TONES = ("please {}", "could you {}", "robot, {}", "{} please", "i want you to {}", "now {}")
_NOUN = re.compile(rf"\b({'|'.join(_NOUNS)})\b")
_COLOR = re.compile(rf"\b({'|'.join(_COLORS)})\b")


def _other(choices: tuple[str, ...], word: str, place: int) -> str:
    """Another word of the list, chosen by place so that it is the same at every start."""
    return choices[(choices.index(word) + 1 + place % (len(choices) - 1)) % len(choices)]


def _said_of_another_thing(phrase: str, place: int) -> str:
    swapped = _NOUN.sub(lambda match: _other(_NOUNS, match[1], place), phrase)
    if _COLOR.search(swapped):
        return _COLOR.sub(lambda match: _other(_COLORS, match[1], place), swapped)
    color = _COLORS[place % len(_COLORS)]
    return re.sub(rf"\b(the|a) ({'|'.join(_NOUNS)})\b", rf"\1 {color} \2", swapped)


def paraphrases(phrases: Iterable[str]) -> list[str]:
    """Each phrase, and said of another thing and in another tone; no duplicates, fixed order."""
    result: dict[str, None] = {}
    for place, phrase in enumerate(phrases):
        other = _said_of_another_thing(phrase, place)
        for sentence in (phrase, other, _TONES[place % len(_TONES)].format(other)):
            result[sentence] = None
    return list(result)
