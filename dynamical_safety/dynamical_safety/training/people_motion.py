"""Simulated walks and reaches of people, and how perception would have told of them.

What a person may do is drawn from a seed; what is seen has the noise, delay and gaps that
perception's tracks have. Everything is vectorised over many people at once.
"""

from dataclasses import dataclass

import numpy as np

STEP = 0.02  # of the simulated motion [s]
FRAME = 0.1  # between two tracks [s]
FRAME_STEPS = round(FRAME / STEP)
WALKS = ("straight", "turns", "stop_and_go", "curved", "corners")
SHOULDER = 1.40  # height [m]
ARM = 0.62  # from shoulder to the middle of the hand [m]
SEEN_FROM = 0.34  # perception tells a hand that is farther than this from the body's axis [m]


@dataclass(frozen=True, slots=True)
class Observations:
    """What was seen of n points, frame by frame.

    Attributes:
        truth: Shape (n, steps, d), at every ``STEP`` [m].
        seen: Shape (n, frames, d), noisy positions [m].
        there: Shape (n, frames), whether the frame holds one.
        deviation: Shape (n,), noise the track claims [m].
        delay: Shape (n,), from the picture to its use [s].
        targets: Shape (n, k, 3), points that hands are likely to go to [m]; NaN = not known.
        body: Shape (n, frames, 2), centre of the box of the hand's person [m].
    """

    truth: np.ndarray
    seen: np.ndarray
    there: np.ndarray
    deviation: np.ndarray
    delay: np.ndarray
    targets: np.ndarray
    body: np.ndarray


def walks(kind: str, count: int, *, seed: int, duration: float = 7.0) -> Observations:
    """People who walk.

    Args:
        kind: One of ``WALKS``; "corners" turns on the spot as the simulation's person does.
        count: How many.
        seed: Draws all of it.
        duration: [s].
    """
    rng = np.random.default_rng([seed, WALKS.index(kind)])
    steps = round(duration / STEP)
    place = rng.uniform(-1.0, 1.0, (count, 2))
    heading = rng.uniform(-np.pi, np.pi, count)
    pace = rng.uniform(0.4, 1.7, count)
    speed = np.where(rng.random(count) < 0.7, pace, 0.0)
    wanted = pace.copy()
    push = rng.uniform(1.2, 4.0, count)  # how fast speed changes [m/s^2]
    yaw_rate = rng.uniform(1.2, 4.0, count)  # how fast a turn is made [rad/s]
    curve = np.zeros(count)
    turn = np.zeros(count)
    change = rng.uniform(0.5, 2.5, count)
    truth = np.empty((count, steps, 2))
    for step in range(steps):
        truth[:, step] = place
        now = step * STEP >= change
        change = np.where(now, change + rng.uniform(0.8, 2.5, count), change)
        if kind == "turns":
            angle = rng.uniform(0.4, 2.0, count) * rng.choice((-1.0, 1.0), count)
            turn = np.where(now, angle, turn)
        elif kind == "corners":
            heading = np.where(now, heading + rng.uniform(-2.2, 2.2, count), heading)
        elif kind == "curved":
            curve = np.where(now, rng.uniform(-1.2, 1.2, count), curve)
        elif kind == "stop_and_go":
            wanted = np.where(now, np.where(wanted > 0.0, 0.0, pace), wanted)
        speed = speed + np.clip(wanted - speed, -push * STEP, push * STEP)
        part = np.clip(turn, -yaw_rate * STEP, yaw_rate * STEP)
        turn = turn - part
        heading = heading + part + curve * STEP
        place = place + speed[:, None] * STEP * np.stack((np.cos(heading), np.sin(heading)), 1)
    return _observe(truth, np.ones(truth.shape[:2], bool), np.zeros((count, 0, 3)), rng=rng)


def reaches(count: int, *, seed: int, duration: float = 6.0) -> Observations:
    """Hands of people who stand beside the robot and reach for things.

    Three in four go to one of a few known points (within some centimetres), the others anywhere
    in front; they take 0.5 to 0.8 s, stay a while and then go back or on to another point.
    """
    rng = np.random.default_rng([seed, len(WALKS)])
    steps = round(duration / STEP)
    facing = rng.uniform(-np.pi, np.pi, count)
    ahead = np.stack((np.cos(facing), np.sin(facing)), 1)
    left = np.stack((-ahead[:, 1], ahead[:, 0]), 1) * rng.choice((-1.0, 1.0), count)[:, None]
    rest = np.concatenate((0.05 * ahead + 0.235 * left, np.full((count, 1), 0.81)), 1)
    shoulder = np.concatenate((0.215 * left, np.full((count, 1), SHOULDER)), 1)

    def in_front() -> np.ndarray:
        flat = (
            rng.uniform(0.25, 0.75, (count, 1)) * ahead + rng.uniform(-0.5, 0.5, (count, 1)) * left
        )
        point = np.concatenate((flat, rng.uniform(0.75, 1.35, (count, 1))), 1)
        out = point - shoulder
        length = np.linalg.norm(out, axis=1, keepdims=True)
        return shoulder + out * np.minimum(1.0, ARM / length)

    targets = np.stack([in_front() for _ in range(5)], 1)
    truth = np.empty((count, steps, 3))
    start, begin = rest.copy(), rng.uniform(0.2, 1.2, count)
    goal, out = rest.copy(), np.zeros(count, bool)
    lasts = np.ones(count)
    change = begin
    rows = np.arange(count)
    for step in range(steps):
        now = step * STEP >= change
        known = targets[rows, rng.integers(0, 5, count)] + rng.normal(0.0, 0.04, (count, 3))
        free = in_front()
        back = out & (rng.random(count) < 0.5)
        fresh = np.where((rng.random(count) < 0.75)[:, None], known, free)
        fresh = np.where(back[:, None], rest, fresh)
        here = truth[:, step - 1] if step else rest
        start = np.where(now[:, None], here, start)
        goal = np.where(now[:, None], fresh, goal)
        out = np.where(now, ~back, out)
        begin = np.where(now, step * STEP, begin)
        lasts = np.where(now, rng.uniform(0.5, 0.8, count), lasts)
        change = np.where(now, begin + lasts + rng.uniform(0.2, 2.5, count), change)
        t = np.clip((step * STEP - begin) / lasts, 0.0, 1.0)[:, None]
        share = t**3 * (10.0 - 15.0 * t + 6.0 * t**2)
        truth[:, step] = start + share * (goal - start) if step else rest
    visible = np.linalg.norm(truth[:, :, :2], axis=2) > SEEN_FROM
    # Not everywhere are objects known; then a hand must be forecast without.
    targets[rng.random(count) < 0.3] = np.nan
    return _observe(truth, visible, targets, rng=rng)


def _observe(
    truth: np.ndarray, visible: np.ndarray, targets: np.ndarray, *, rng: np.random.Generator
) -> Observations:
    """Perception's view: white noise, a slow bias, single misses and gaps, a delay."""
    exact = truth[:, ::FRAME_STEPS]
    shape = count, frames, axes = exact.shape
    deviation = np.asarray(rng.uniform(0.02, 0.04, count))
    bias = np.empty(shape)
    bias[:, 0] = rng.normal(0.0, 0.02, (count, axes))
    for frame in range(1, frames):
        kick = rng.normal(0.0, 0.02 * np.sqrt(1.0 - 0.8**2), (count, axes))
        bias[:, frame] = 0.8 * bias[:, frame - 1] + kick
    noise = rng.normal(0.0, 1.0, shape) * deviation[:, None, None]
    there = rng.random((count, frames)) > 0.08
    gap = np.asarray(rng.integers(0, frames, count))[:, None]
    numbers = np.arange(frames)
    there &= ~((numbers >= gap) & (numbers < gap + 4))
    there &= visible[:, ::FRAME_STEPS]
    return Observations(
        truth=truth,
        seen=exact + bias + noise,
        there=there,
        deviation=deviation,
        delay=np.asarray(rng.uniform(0.04, 0.14, count)),
        targets=targets,
        # A box grows with the arm that leaves it, and its centre goes with it.
        body=0.3 * exact[:, :, :2] + rng.normal(0.0, 0.03, (count, frames, 2)),
    )
