"""What a sentence asks for, apart from what it is asked of: wording for the router.

A sentence model puts "grasp the red cup" nearer to "look at the red cup" than to "grab that
bottle". So the router reads every sentence, of the library or of a user, with things that can be
named, their colours and courtesies taken out: "could you grab the crimson mug, please" is read as
"grab the object".
"""

import re
from collections.abc import Iterable

from dynamical_skills.grounding import COLORS, FILLERS, MOVABLE_NOUNS

_OBJECT = "the object"
_MORE_NOUNS = ("tin", "crate", "item", "thing")
_VERB_TOO = {"can"}  # "what you can see" names no tin


def _any_of(words: Iterable[str]) -> str:
    return "|".join(sorted(map(re.escape, words), key=lambda word: (-len(word), word)))


# These say which of several is meant; they matter to no skill but may matter to its parameters.
_ADJECTIVES = _any_of((*COLORS, *(FILLERS - {"left", "right", "first", "second"})))
_DETERMINER = r"(?:(?:the|a|an|that|this|my|your|our|some)\s+)?"
_THING = re.compile(
    rf"\b{_DETERMINER}(?:(?:{_ADJECTIVES})\s+)*(?:{_any_of({*MOVABLE_NOUNS, *_MORE_NOUNS} - _VERB_TOO)})\b"
)
_COLORED_ONE = re.compile(rf"\b(?:the|that|this)\s+(?:{_any_of(COLORS)})\s+(?:one|object)\b")
_COURTESY = re.compile(
    r"^(?:please|now|robot|hey|okay|ok|could you|can you|would you(?: mind)?|will you|kindly|just"
    r"|i want you to|i need you to|i would like you to)\b[ ,]*"
)
_AT_THE_END = re.compile(r"[ ,]*(?:\bplease|\bnow|\bfor me|\bthanks|\bthank you)$")
# Ways to say the same task that reading neutrally leaves in place.
_TEMPLATES = (
    "{} carefully",
    "slowly {}",
    "go ahead and {}",
    "{} once more",
    "{} if you can",
    "i think you should {}",
    "{} right away",
    "it would be nice if you could {}",
)


def neutral(sentence: str) -> str:
    """The sentence in lower case, without courtesy, every movable thing as "the object"."""
    text = " ".join(sentence.lower().replace("\u2019", "'").split()).strip(" .!?")
    before = ""
    while text != before:
        before = text
        text = _AT_THE_END.sub("", _COURTESY.sub("", text)).strip(" ,")
    text = text or sentence.strip().lower()
    return _COLORED_ONE.sub(_OBJECT, _THING.sub(_OBJECT, text))


def neutral_all(phrases: Iterable[str]) -> list[str]:
    """Each phrase as ``neutral`` reads it; no duplicates, in order."""
    return list(dict.fromkeys(neutral(phrase) for phrase in phrases))


def paraphrases(phrases: Iterable[str]) -> list[str]:
    """Each phrase and one paraphrase of it by template; no duplicates, the same at every call."""
    result: dict[str, None] = {}
    for place, phrase in enumerate(phrases):
        result[phrase] = None
        result[_TEMPLATES[place % len(_TEMPLATES)].format(phrase)] = None
    return list(result)
