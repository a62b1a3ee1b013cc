"""Figures of merit of a forecaster: how well it ranks, how honest its numbers are, how early."""

import itertools

import numpy as np

BINS = 15


def auroc(score: np.ndarray, truth: np.ndarray) -> float:
    """Area under the receiver operating characteristic (Mann and Whitney 1947); NaN = one class.

    Args:
        score: Shape (m,), higher = more likely.
        truth: Shape (m,), bool.
    """
    positive = int(truth.sum())
    negative = len(truth) - positive
    if not positive or not negative:
        return float("nan")
    _, inverse, counts = np.unique(score, return_inverse=True, return_counts=True)
    # Equal scores share the mean of their ranks.
    rank = np.cumsum(counts) - (counts - 1) / 2.0
    total = float(rank[inverse][truth].sum())
    return (total - positive * (positive + 1) / 2.0) / (positive * negative)


def calibration_error(probability: np.ndarray, truth: np.ndarray) -> float:
    """Expected calibration error over equal bins (Naeini, Cooper and Hauskrecht 2015)."""
    place = np.minimum((probability * BINS).astype(int), BINS - 1)
    count = np.bincount(place, minlength=BINS)
    gap = np.bincount(place, weights=probability - truth, minlength=BINS)
    used = count > 0
    return float(np.abs(gap[used]).sum() / len(truth))


def threshold(score: np.ndarray, calm: np.ndarray, *, rate: float) -> float:
    """Smallest level above which at most ``rate`` of the calm frames lie."""
    return float(np.nextafter(np.quantile(score[calm], 1.0 - rate, method="higher"), np.inf))


def warning_times(
    alarm: np.ndarray,
    episode: np.ndarray,
    time: np.ndarray,
    latency: np.ndarray,
    touch: np.ndarray,
) -> np.ndarray:
    """How long before each contact its alarm stood, without a gap, shape (contacts,) [s].

    The alarm counts from when it could be told; a contact whose last frame had none gets 0.

    Args:
        alarm: Shape (m,), bool, by frame.
        episode: Shape (m,), scene of each frame.
        time: Shape (m,), of the observation [s].
        latency: Shape (m,), until it is told [s].
        touch: Shape (m,), when the next contact comes [s]; inf = none.
    """
    found = []
    coming = np.isfinite(touch)
    key = np.stack([episode[coming], touch[coming]], axis=1)
    events, which = np.unique(key, axis=0, return_inverse=True)
    order = np.lexsort((time[coming], which))
    alarm, told = alarm[coming][order], (time + latency)[coming][order]
    edges = np.searchsorted(which[order], np.arange(len(events) + 1))
    for event, (begin, end) in enumerate(itertools.pairwise(edges)):
        quiet = np.flatnonzero(~alarm[begin:end])
        first = begin + (quiet[-1] + 1 if quiet.size else 0)
        found.append(max(0.0, round(events[event, 1] - told[first], 6)) if first < end else 0.0)
    return np.array(found)
