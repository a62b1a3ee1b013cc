"""Simulated scenes of people around a moving robot: what is known at each moment, what comes true."""

from dataclasses import dataclass

import numpy as np

from dynamical_safety.backup_features import (
    HORIZONS,
    PREDICTED,
    Body,
    FeatureMaker,
    spread,
)
from dynamical_safety.training.arm_motions import STEP, Clips
from dynamical_safety.training.scripted_people import ARM_RADIUS, MOMENTS, People, random_people
from dynamical_safety.training.simulated_tracks import LOOK, SimulatedTracks

CONTACT = 0.15  # a link nearer than this to the person counts as contact [m]
_MEET = 0.02  # nearer than this is touching [m]
_JUST_BEFORE = 5  # moments over which closing is told
_LATENCY = 5  # longest time from picture to forecast, in moments
_AHEAD = round(HORIZONS[-1] / STEP)
_DECISIONS = np.arange(12, MOMENTS - _AHEAD - _LATENCY, LOOK)


@dataclass(frozen=True, slots=True)
class Samples:
    """Moments at which a forecast is made.

    Attributes:
        features: Shape (m, features).
        contact: Shape (m, horizons), whether contact came true up to each horizon.
        distance: Shape (m,), true distance now [m].
        episode: Shape (m,), scene it is from.
        time: Shape (m,), of the tracks' stamp within the scene [s].
        latency: Shape (m,), from then to the forecast [s].
        touch: Shape (m,), when the next contact of the scene begins [s]; inf = none comes.
        by_trunk: Shape (m,), whether that contact is with the trunk rather than an arm.
        closing: Shape (m,), mean speed at which the bodies come together just before it [m/s].
        standing: Shape (m, horizons), smallest distance up to each horizon if the person goes on
            at constant velocity and the robot stands still [m].
        deviation: Shape (m, horizons), standard deviation of such a distance [m].
    """

    features: np.ndarray
    contact: np.ndarray
    distance: np.ndarray
    episode: np.ndarray
    time: np.ndarray
    latency: np.ndarray
    touch: np.ndarray
    by_trunk: np.ndarray
    closing: np.ndarray
    standing: np.ndarray
    deviation: np.ndarray


def simulate(
    make_features: FeatureMaker,
    clips: Clips,
    radius: np.ndarray,
    rng: np.random.Generator,
    *,
    episodes: int,
) -> Samples:
    """Play scenes and collect every moment at which a person is followed.

    Args:
        make_features: For the same spheres as the clips.
        clips: The robot's motions.
        radius: Shape (s,), of the spheres [m].
        rng: Source of all chance.
        episodes: How many scenes.
    """
    clip = rng.integers(len(clips.centres), size=episodes)
    spheres = rng.integers(clips.centres.shape[2], size=episodes)
    people = random_people(clips.centres[clip, MOMENTS // 2, spheres].astype(float), rng)
    figures = [_distances(clips.centres[clip, t], radius, people, t) for t in range(MOMENTS)]
    trunk, arms = (np.stack(part, axis=1) for part in zip(*figures, strict=True))
    distance = np.minimum(trunk, arms)
    met = distance < _MEET
    over = np.where(met.any(axis=1), met.argmax(axis=1), MOMENTS)
    tracks = SimulatedTracks(people, rng)
    parts = []
    for t in _DECISIONS:
        # A scene ends where bodies meet: what would follow is not what people do.
        rows = np.flatnonzero((tracks.born <= t) & (over > t))
        late = rng.integers(1, _LATENCY + 1, size=len(rows))
        body = Body(
            clips.centres[clip[rows], t + late].astype(float),
            clips.velocity[clip[rows], t + late].astype(float),
        )
        sighting = tracks.sighting(rows, int(t), late * STEP)
        features = make_features(body, sighting).astype(np.float32)
        still = Body(body.centres, np.zeros_like(body.velocity))
        standing = make_features(still, sighting)[:, PREDICTED]
        future = distance[rows, t + 1 : t + 1 + _AHEAD]
        ends = [round(horizon / STEP) for horizon in HORIZONS]
        contact = np.stack([(future[:, :end] < CONTACT).any(axis=1) for end in ends], axis=1)
        later = distance[rows, t + 1 :] < CONTACT
        at = t + 1 + later.argmax(axis=1)
        touch = np.where(later.any(axis=1), at * STEP, np.inf)
        before = distance[rows, np.maximum(at - _JUST_BEFORE, 0)]
        parts.append(
            (
                features, contact, distance[rows, t], rows, np.full(len(rows), t * STEP),
                late * STEP, touch, trunk[rows, at] < CONTACT,
                (before - distance[rows, at]) / (_JUST_BEFORE * STEP), standing,
                spread(sighting.deviation),
            )
        )  # fmt: skip
    return Samples(*(np.concatenate(part) for part in zip(*parts, strict=True)))


def _distances(
    links: np.ndarray, radius: np.ndarray, people: People, t: int
) -> tuple[np.ndarray, np.ndarray]:
    """True smallest distances of any link to the trunk and to the arms, both (e,) [m], >= 0."""
    links = links.astype(np.float32)
    flat = links[..., :2] - people.place[:, None, t].astype(np.float32)
    over = np.maximum(links[..., 2] - (people.height - people.radius)[:, None], 0.0)
    trunk = np.sqrt(np.einsum("esk,esk->es", flat, flat) + over**2) - people.radius[:, None]
    to_trunk = (trunk - radius).min(axis=1)
    to_arms = np.full(len(links), np.inf, np.float32)
    for arm in range(2):
        start = people.shoulders[:, None, t, arm].astype(np.float32)
        along = people.hands[:, None, t, arm].astype(np.float32) - start
        way = links - start
        part = np.einsum("esk,esk->es", way, along) / np.einsum("esk,esk->es", along, along)
        way -= np.clip(part, 0.0, 1.0)[..., None] * along
        gap = np.sqrt(np.einsum("esk,esk->es", way, way)) - radius - ARM_RADIUS
        to_arms = np.minimum(to_arms, gap.min(axis=1))
    return np.maximum(to_trunk, 0.0), np.maximum(to_arms, 0.0)
