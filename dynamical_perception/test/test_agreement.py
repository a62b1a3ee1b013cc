"""What it means for the place of a person when cameras do not agree."""

import numpy as np
import pytest

from dynamical_perception.agreement import BODY, FRESH, Agreement

STILL = np.zeros(3)


def seen(x: float, y: float = 0.0) -> np.ndarray:
    return np.array([[x, y, z] for z in np.linspace(0.2, 1.7, 20)])


def test_cameras_that_see_two_sides_of_one_body_agree() -> None:
    agreement = Agreement()
    agreement.see("left", seen(2.0), 1.0)
    agreement.see("right", seen(2.0 + BODY), 1.05)
    assert agreement.doubt(STILL) == 0.0


def test_what_lies_farther_apart_is_doubt_about_the_place() -> None:
    agreement = Agreement()
    agreement.see("left", seen(2.0), 1.0)
    agreement.see("right", seen(3.0), 1.05)
    assert agreement.doubt(STILL) == pytest.approx(1.0 - BODY)


def test_a_walking_person_is_not_taken_for_disagreement() -> None:
    agreement = Agreement()
    agreement.see("left", seen(2.0), 1.0)
    agreement.see("right", seen(2.6), 1.3)
    assert agreement.doubt(np.array([2.0, 0.0, 0.0])) == 0.0


def test_a_camera_that_has_not_seen_the_person_for_a_while_does_not_disagree() -> None:
    agreement = Agreement()
    agreement.see("left", seen(0.0), 1.0)
    agreement.see("right", seen(3.0), 1.1 + FRESH)
    assert agreement.doubt(STILL) == 0.0
