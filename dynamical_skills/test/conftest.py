"""The sentence model, the library and the router, loaded once for all tests."""

import numpy as np
import pytest

from dynamical_skills.embedding import SentenceEmbedder
from dynamical_skills.grounding import Grounding
from dynamical_skills.library.store import SkillStore, load_background
from dynamical_skills.policies.policy import Trajectory
from dynamical_skills.routing import MoESkillRouter
from dynamical_skills.streaming import PERIOD


@pytest.fixture(scope="session")
def embedder() -> SentenceEmbedder:
    return SentenceEmbedder()


@pytest.fixture(scope="session")
def store() -> SkillStore:
    return SkillStore()


@pytest.fixture(scope="session")
def router(embedder, store) -> MoESkillRouter:
    return MoESkillRouter(embedder, store.query(), background=load_background())


@pytest.fixture(scope="session")
def grounding(embedder) -> Grounding:
    return Grounding(embedder)


def rest_to_rest(count: int, period: float = PERIOD, **fields) -> Trajectory:
    """A sine of two joints from rest to rest."""
    phase = np.linspace(0.0, np.pi, count)[:, None]
    duration = max(period * (count - 1), 1e-9)
    position = np.hstack([1 - np.cos(phase), 0.5 * (1 - np.cos(phase))])
    velocity = np.hstack([np.sin(phase), 0.5 * np.sin(phase)]) * np.pi / duration
    velocity[-1] = 0.0
    return Trajectory(
        joint_names=("a", "b"), period=period, position=position, velocity=velocity, **fields
    )


@pytest.fixture(scope="session")
def motion():
    """Makes trajectories of two joints."""
    return rest_to_rest
