"""Sentences for the routing figure, all different so that no cache helps."""

_ACTS = ("grab", "take", "pick up", "lift", "push", "point at", "look at", "hand me", "reach for")
_THINGS = ("red cup", "crimson mug", "blue cube", "green bottle", "small box", "glass on the left")
_MANNERS = ("", "please ", "now ", "carefully ")

SENTENCES = tuple(
    f"{manner}{act} the {thing}" for manner in _MANNERS for act in _ACTS for thing in _THINGS
)
