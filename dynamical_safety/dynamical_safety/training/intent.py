"""Fits and grades the forecast of people: ``python -m dynamical_safety.training.intent``.

Numbers of the motion models by random search, the correction by gradient descent, the deviations
by counting; each on seeds of its own, and graded on seeds that none of them saw. Writes
``data/intent.npz`` and ``data/intent_metrics.json``.
"""

import argparse
import json
from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise, product
from pathlib import Path
from typing import Any

import numpy as np

from dynamical_safety.intent import AHEAD
from dynamical_safety.intent_numbers import (
    DATA,
    Certainty,
    IntentNumbers,
    PartNumbers,
    intent_arrays,
)
from dynamical_safety.motion_models import MotionNumbers
from dynamical_safety.motion_residual import KNOTS, Net
from dynamical_safety.training.intent_grading import (
    ANY,
    RADII,
    SHARES,
    coverage,
    grade,
    ratios,
    reach_held,
    score,
)
from dynamical_safety.training.intent_rivals import (
    bound,
    constant_velocity,
    corrected,
    models_alone,
    reach_hypotheses,
    replay,
    seen_by_net,
    standing,
    steady_alone,
)
from dynamical_safety.training.people_motion import WALKS, Observations, reaches, walks

FIT, LEARN, CALIBRATE, HELD_OUT = 1, 2, 3, (101, 102, 103)  # seeds
HIDDEN = 48
EPOCHS = 20

RANGES = {
    "steady": (0.02, 3.0),
    "turning": (0.5, 15.0),
    "turning_time": (0.1, 1.0),
    "stopping": (0.3, 6.0),
    "stopping_time": (0.1, 0.8),
    "change": (0.1, 5.0),
    "start_speed": (0.8, 2.5),
    "noise": (0.02, 0.08),
}


def search(
    seen: Sequence[Observations], start: MotionNumbers, *, tries: int, seed: int
) -> MotionNumbers:
    """Random search from a start, within ``RANGES``."""
    rng = np.random.default_rng(seed)
    best, least = start, score(grade(seen, start, models_alone(start)))
    for _ in range(tries):
        changes = {}
        for name, (low, high) in RANGES.items():
            factor = float(np.exp(rng.normal(0.0, 0.5))) if rng.random() < 0.4 else 1.0
            changes[name] = min(max(getattr(best, name) * factor, low), high)
        trial = replace(best, **changes)
        value = score(grade(seen, trial, models_alone(trial)))
        if value < least:
            best, least = trial, value
    return best


def learn(seen: Sequence[Observations], motion: MotionNumbers, *, seed: int) -> Net:
    """The correction, by Adam (Kingma and Ba 2015) on a distance that forgives outliers."""
    features, wanted = [], []
    alone = models_alone(motion)
    largest = 0.0
    for item in seen:
        for frame in replay(item, motion, ANY):
            found, turn = seen_by_net(frame)
            largest = bound(turn)
            at_knots = frame.truth[:, [round(knot / 0.1) - 1 for knot in KNOTS]]
            off = at_knots - alone(frame, np.array(KNOTS))
            features.append(found)
            wanted.append(off @ turn.swapaxes(-1, -2))
    x, y = np.concatenate(features), np.concatenate(wanted)
    rng = np.random.default_rng(seed)
    sizes = (x.shape[1], HIDDEN, HIDDEN, y.shape[1] * y.shape[2])
    weights = [rng.normal(0.0, 1.0 / np.sqrt(a), (a, b)) for a, b in pairwise(sizes)]
    weights[-1] *= 0.0
    biases = [np.zeros(size) for size in sizes[1:]]
    centre, scale = x.mean(axis=0), x.std(axis=0) + 1e-6
    inputs = np.clip((x - centre) / scale, -5.0, 5.0)
    limit = np.repeat(largest * np.array(KNOTS), y.shape[2])
    _descend(inputs, y, [*weights, *biases], limit=limit, rng=rng)
    return Net(centre, scale, tuple(weights), tuple(biases))


def _descend(
    x: np.ndarray,
    y: np.ndarray,
    numbers: list[np.ndarray],
    *,
    limit: np.ndarray,
    rng: np.random.Generator,
) -> None:
    """Change the weights and biases of a net in place."""
    w1, w2, w3, b1, b2, b3 = numbers
    first = [np.zeros_like(item) for item in numbers]
    second = [np.zeros_like(item) for item in numbers]
    count = 0
    for epoch in range(EPOCHS):
        order = rng.permutation(len(x))
        rate = 2e-3 * (1.0 - epoch / EPOCHS)
        for begin in range(0, len(order), 256):
            rows = order[begin : begin + 256]
            one = np.tanh(x[rows] @ w1 + b1)
            two = np.tanh(one @ w2 + b2)
            bent = np.tanh((two @ w3 + b3) / limit)
            off = (limit * bent).reshape(y[rows].shape) - y[rows]
            size = np.sqrt((off * off).sum(axis=-1, keepdims=True) + 0.05**2)
            down = (off / size).reshape(len(rows), -1) * (1.0 - bent**2) / len(rows)
            at_two = (down @ w3.T) * (1.0 - two**2)
            at_one = (at_two @ w2.T) * (1.0 - one**2)
            slopes = (
                x[rows].T @ at_one,
                one.T @ at_two,
                two.T @ down,
                at_one.sum(axis=0),
                at_two.sum(axis=0),
                down.sum(axis=0),
            )
            count += 1
            for item, slope, m, v in zip(numbers, slopes, first, second, strict=True):
                m += 0.1 * (slope - m)
                v += 0.001 * (slope**2 - v)
                item -= rate * (m / (1 - 0.9**count)) / (np.sqrt(v / (1 - 0.999**count)) + 1e-8)


# What the variances of ``Certainty`` are tried with.
ACCELERATIONS = (0.03, 0.1, 0.3, 0.6, 1.0)
START_SPEEDS = (0.05, 0.15, 0.3, 0.6, 1.0)
NOISES = (0.03, 0.08)


def calibrate(
    few: Sequence[Observations], many: Sequence[Observations], numbers: PartNumbers
) -> Certainty:
    """How fast a deviation grows by likelihood; then its scale by counting.

    No less than the stated 90 % and 95 % lie within. Of hands, which rest most of the time, those
    that move count alone.

    Args:
        few: To choose the growth by.
        many: To count.
        numbers: Motion models and correction.
    """
    choices = [
        _scaled(few, replace(numbers, certainty=Certainty(q, speed, noise, (1.0, 1.0, 1.0))))
        for q, speed, noise in product(ACCELERATIONS, START_SPEEDS, NOISES)
    ]
    certainty = min(choices, key=lambda choice: choice[1])[0]
    unscaled = replace(certainty, scale=(1.0, 1.0, 1.0))
    return _scaled(many, replace(numbers, certainty=unscaled))[0]


def _scaled(seen: Sequence[Observations], numbers: PartNumbers) -> tuple[Certainty, float]:
    """Certainty with its scale, and the mean negative log-likelihood it then has."""
    found, moving, deviation = ratios(seen, numbers, np.array(AHEAD))
    axes = len(seen[0].truth[0, 0])
    if axes == 3:
        found, deviation = found[moving], deviation[moving]
    wanted = [
        max(
            float(np.quantile(found[:, i], share)) / radius
            for share, radius in zip(SHARES[1:], RADII[axes][1:], strict=True)
        )
        for i in range(len(AHEAD))
    ]
    scale = np.maximum.accumulate(wanted)
    surprise = 0.5 * (found / scale) ** 2 + axes * np.log(scale * deviation)
    a, b, c = (float(value) for value in scale)
    return replace(numbers.certainty, scale=(a, b, c)), float(surprise.mean())


def fit_body() -> tuple[PartNumbers, MotionNumbers]:
    """Everything for bodies, and the best constant-velocity filter."""
    few = [walks(kind, 120, seed=FIT) for kind in WALKS]
    start = MotionNumbers(
        steady=0.1,
        turning=1.5,
        turning_time=0.3,
        stopping=1.5,
        stopping_time=0.4,
        change=0.5,
        start_speed=1.0,
        noise=0.035,
    )
    motion = search(few, start, tries=80, seed=FIT)
    net = learn([walks(kind, 600, seed=LEARN) for kind in WALKS], motion, seed=LEARN)
    numbers = PartNumbers(motion, Certainty(1.2, 1.0, 0.03, (1.0, 1.0, 1.0)), net)
    certainty = calibrate(
        [walks(kind, 60, seed=FIT) for kind in WALKS],
        [walks(kind, 300, seed=CALIBRATE) for kind in WALKS],
        numbers,
    )
    return replace(numbers, certainty=certainty), _best_constant_velocity(few, 1.0)


def fit_hand() -> tuple[PartNumbers, MotionNumbers]:
    """Everything for hands, and the best constant-velocity filter."""
    few = [reaches(500, seed=FIT)]
    start = MotionNumbers(
        steady=0.5,
        turning=4.0,
        turning_time=0.3,
        stopping=2.0,
        stopping_time=0.2,
        change=1.0,
        start_speed=1.5,
        noise=0.03,
    )
    motion = search(few, start, tries=120, seed=FIT)
    net = learn([reaches(4000, seed=LEARN)], motion, seed=LEARN)
    numbers = PartNumbers(motion, Certainty(3.0, 1.5, 0.03, (1.0, 1.0, 1.0)), net)
    certainty = calibrate([reaches(300, seed=FIT)], [reaches(2000, seed=CALIBRATE)], numbers)
    return replace(numbers, certainty=certainty), _best_constant_velocity(few, 1.5)


def _best_constant_velocity(seen: Sequence[Observations], start: float) -> MotionNumbers:
    trials = [constant_velocity(q, start) for q in (0.2, 0.35, 0.5, 0.8, 1.2, 1.8, 2.5, 4.0)]
    return min(trials, key=lambda trial: score(grade(seen, trial, steady_alone)))


def report(numbers: IntentNumbers, baselines: Sequence[MotionNumbers]) -> dict[str, object]:
    """Every figure on held-out seeds."""
    rows: dict[str, object] = {}
    ahead = np.array(KNOTS)
    cases = {kind: [walks(kind, 150, seed=s) for s in HELD_OUT] for kind in WALKS}
    cases["walks"] = [item for kind in WALKS for item in cases[kind]]
    cases["reaches"] = [reaches(700, seed=s) for s in HELD_OUT]
    for name, seen in cases.items():
        hand = name == "reaches"
        part, steady = (numbers.hand, baselines[1]) if hand else (numbers.body, baselines[0])
        rivals = {
            "standing": (part.motion, standing),
            "constant_velocity": (steady, steady_alone),
            "motion_models": (part.motion, models_alone(part.motion)),
            "corrected": (part.motion, corrected(part)),
        }
        if hand:
            rivals["reach_hypotheses"] = (
                part.motion,
                reach_hypotheses(part.motion, sharp=8.0, prior=1.0),
            )
        grades = {rival: grade(seen, *how) for rival, how in rivals.items()}
        row: dict[str, object] = {rival: g.table() for rival, g in grades.items()}
        found, moving, deviation = ratios(seen, part, ahead)
        row["coverage"] = coverage(found, 3 if hand else 2)
        row["human_reach"] = reach_held(seen, part)
        row["deviation"] = [round(float(value), 3) for value in np.median(deviation, axis=0)]
        if hand:
            row["while_moving"] = {r: g.table(moving=True) for r, g in grades.items()}
            row["coverage_while_moving"] = coverage(found[moving], 3)
        rows[name] = row
    return rows


def _save(path: Path, arrays: dict[str, np.ndarray]) -> None:
    # Single precision is far finer than what was fitted.
    small: dict[str, Any] = {name: array.astype(np.float32) for name, array in arrays.items()}
    np.savez_compressed(path, **small)


def main() -> None:
    """Fit, grade, write."""
    parser = argparse.ArgumentParser(description=__doc__)
    here = Path(__file__).resolve().parents[1] / "data"
    parser.add_argument("--out", type=Path, default=here, help="folder to write to")
    out = parser.parse_args().out
    body, body_steady = fit_body()
    hand, hand_steady = fit_hand()
    numbers = IntentNumbers(body, hand)
    _save(out / DATA, intent_arrays(numbers))
    metrics = {
        "seeds": {"fit": FIT, "learn": LEARN, "calibrate": CALIBRATE, "held_out": list(HELD_OUT)},
        "unit": "m",
        "coverage_at": list(KNOTS),
        "rows": report(numbers, (body_steady, hand_steady)),
    }
    text = json.dumps(metrics, indent=1)
    (out / "intent_metrics.json").write_text(text + "\n")
    print(text)  # noqa: T201


if __name__ == "__main__":
    main()
