"""What perception would tell of scripted people.

A Kalman filter over noisy, biased, sometimes missing positions; a box that grows and shrinks with
what is seen of the body; hands that are seen when they are stretched out, and not always.
"""

import numpy as np

from dynamical_safety.backup_features import PAST, Sighting
from dynamical_safety.training.arm_motions import STEP
from dynamical_safety.training.scripted_people import ARM_RADIUS, MOMENTS, People

LOOK = 2  # moments between two pictures: 10 Hz

_ASSUMED_NOISE = 0.03  # of one measured position, what the tracker takes it to be [m]
_ASSUMED_BIAS = 0.02
_ACCELERATION = 2.5  # of the tracker's model [m/s^2]


class SimulatedTracks:
    """What perception tells of every person at every other moment.

    Attributes:
        born: Shape (e,), moment of the first picture that shows the person.
    """

    def __init__(self, people: People, rng: np.random.Generator) -> None:
        count = len(people.place)
        self._rng = rng
        late = rng.random(count) < 0.4
        self.born = LOOK * np.where(late, rng.integers(0, 50, count), rng.integers(0, 3, count))
        self._noise = rng.uniform(0.008, 0.05, count)
        bias = rng.normal(0.0, 0.02, (count, 2))
        blend = rng.uniform(0.0, 0.6, count)[:, None]
        loss = rng.choice((0.02, 0.1, 0.35), size=count, p=(0.6, 0.3, 0.1))
        gone = rng.uniform(0.0, 6.0, count)
        gone_for = np.where(rng.random(count) < 0.25, rng.uniform(0.2, 0.9, count), 0.0)
        shape = (count, MOMENTS)
        self.position, self.velocity = np.zeros((*shape, 2)), np.zeros((*shape, 2))
        self.deviation, self.unseen = np.zeros(shape), np.zeros(shape)
        self.size, self.hands = np.zeros((*shape, 3)), np.full((*shape, 2, 3), np.nan)
        state, covariance = np.zeros((count, 2, 2)), np.zeros((count, 2, 2))
        seen_at, size = np.zeros(count), np.zeros((count, 3))
        dt = LOOK * STEP
        move = np.array([[1.0, dt], [0.0, 1.0]])
        drift = _ACCELERATION**2 * np.array([[dt**4 / 4, dt**3 / 2], [dt**3 / 2, dt**2]])
        for t in range(0, MOMENTS, LOOK):
            low, high = self._extent(people, t)
            middle = (1.0 - blend) * people.place[:, t] + blend * (low + high)[:, :2] / 2
            looked = middle + bias + self._noise[:, None] * rng.normal(size=(count, 2))
            extent = high - low + rng.normal(0.0, 0.02, (count, 3))
            hidden = (t * STEP >= gone) & (t * STEP < gone + gone_for)
            seen = (rng.random(count) >= loss) & ~hidden
            new = self.born == t
            state = np.einsum("ij,ejk->eik", move, state)
            covariance = move @ covariance @ move.T + drift
            gain = covariance[:, :, 0] / (covariance[:, 0, 0] + _ASSUMED_NOISE**2)[:, None]
            fresh = seen & ~new
            surprise = (looked - state[:, 0]) * fresh[:, None]
            state = state + gain[:, :, None] * surprise[:, None, :]
            covariance = covariance - (fresh[:, None] * gain)[:, :, None] * covariance[:, :1]
            state[new, 0], state[new, 1] = looked[new], 0.0
            covariance[new] = np.diag([_ASSUMED_NOISE**2, 1.0])
            share = np.where(extent > size, 0.3, 0.08) * fresh[:, None]
            size = np.where(new[:, None], extent, size + share * (extent - size))
            seen_at = np.where(seen | new, t * STEP, seen_at)
            self.position[:, t], self.velocity[:, t] = state[:, 0], state[:, 1]
            self.deviation[:, t] = np.sqrt(covariance[:, 0, 0] + _ASSUMED_BIAS**2)
            self.unseen[:, t] = t * STEP - seen_at
            self.size[:, t] = size
            self._see_hands(people, t, seen)

    def _extent(self, people: People, t: int) -> tuple[np.ndarray, np.ndarray]:
        """Corners of the box around each figure, (e, 3) [m]."""
        count = len(people.place)
        body, hands = people.radius[:, None], people.hands[:, t]
        low, high = np.zeros((count, 3)), np.zeros((count, 3))
        low[:, :2] = np.minimum(people.place[:, t] - body, hands[:, :, :2].min(1) - ARM_RADIUS)
        high[:, :2] = np.maximum(people.place[:, t] + body, hands[:, :, :2].max(1) + ARM_RADIUS)
        high[:, 2] = people.height
        return low, high

    def _see_hands(self, people: People, t: int, seen: np.ndarray) -> None:
        out = people.hands[:, t, :, :2] - people.place[:, None, t]
        far = np.linalg.norm(out, axis=2) > 0.34
        told = far & seen[:, None] & (self._rng.random(far.shape) < 0.8)
        noisy = people.hands[:, t] + self._rng.normal(0.0, 0.03, (len(far), 2, 3))
        self.hands[:, t] = np.where(told[..., None], noisy, np.nan)

    def sighting(self, rows: np.ndarray, t: int, latency: np.ndarray) -> Sighting:
        """What is known at moment ``t``; before the first picture the person is where it was."""
        times = t - np.round(np.array(PAST) / STEP).astype(int)
        past = np.maximum(times[None], self.born[rows, None])
        size = self.size[rows, t]
        centre = np.column_stack([self.position[rows, t], size[:, 2] / 2])
        return Sighting(
            centre=centre,
            size=size,
            velocity=np.column_stack([self.velocity[rows, t], np.zeros(len(rows))]),
            deviation=self.deviation[rows, t],
            unseen=self.unseen[rows, t],
            latency=latency,
            past=np.concatenate(
                [self.position[rows[:, None], past], self.size[rows[:, None], past, :2]], axis=2
            ),
            hands=self.hands[rows, t],
        )
