"""Names of colours, measured from pixels."""

import numpy as np

NAMES = (
    "red",
    "orange",
    "yellow",
    "green",
    "cyan",
    "blue",
    "purple",
    "pink",
    "brown",
    "white",
    "gray",
    "black",
)
_INDEX = {name: i for i, name in enumerate(NAMES)}
# Upper ends of hue ranges [degree] and their names, after the eleven basic colour terms of Berlin
# and
# Kay (1969) with cyan put in between green and blue.
_HUE_ENDS = np.array([18.0, 42.0, 68.0, 165.0, 195.0, 260.0, 300.0, 340.0, 360.1])
_HUE_NAMES = np.array(
    [
        _INDEX[name]
        for name in ("red", "orange", "yellow", "green", "cyan", "blue", "purple", "pink", "red")
    ]
)
_BLACK_BELOW = 0.16  # value
_GRAY_BELOW = 0.22  # saturation
_WHITE_ABOVE = 0.72  # value
_BROWN_BELOW = 0.62  # value of an orange
_BROWN_PALE = 0.6  # or its saturation
_CLEAR = 0.5  # share of the pixels that one name needs


def histogram(rgb: np.ndarray) -> np.ndarray:
    """Pixels per colour name (12,), in the order of ``NAMES``, of RGB pixels (n, 3) 0..255."""
    scaled = rgb.astype(np.float32) / 255.0
    value = scaled.max(axis=1)
    chroma = value - scaled.min(axis=1)
    safe = np.where(chroma > 0, chroma, 1.0)
    red, green, blue = scaled.T
    hue = np.where(
        value == red,
        (green - blue) / safe,
        np.where(value == green, 2.0 + (blue - red) / safe, 4.0 + (red - green) / safe),
    )
    hue = (60.0 * hue) % 360.0
    names = _HUE_NAMES[np.searchsorted(_HUE_ENDS, hue, side="right")]
    dull = (value < _BROWN_BELOW) | (chroma < _BROWN_PALE * value)
    names[(names == _INDEX["orange"]) & dull] = _INDEX["brown"]
    unsaturated = chroma < _GRAY_BELOW * np.maximum(value, 1e-6)
    names[unsaturated] = _INDEX["gray"]
    names[unsaturated & (value > _WHITE_ABOVE)] = _INDEX["white"]
    names[value < _BLACK_BELOW] = _INDEX["black"]
    return np.bincount(names, minlength=len(NAMES)).astype(float)


def name(counts: np.ndarray) -> str:
    """The colour that most pixels have; empty if none has half of them."""
    total = float(counts.sum())
    best = int(counts.argmax())
    return NAMES[best] if total > 0 and counts[best] >= _CLEAR * total else ""
