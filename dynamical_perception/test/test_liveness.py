"""Pictures that do not show what is there now."""

import numpy as np

from dynamical_perception.cameras.liveness import FROZEN, Liveness

COLOR = np.full((4, 6, 3), 90, np.uint8)


def depth(seed: int) -> np.ndarray:
    return np.random.default_rng(seed).uniform(0.5, 3.0, (4, 6)).astype(np.float32)


def test_a_picture_that_changes_is_used() -> None:
    liveness = Liveness()
    assert not any(liveness.problem(COLOR, depth(i), 0.1 * i) for i in range(20))


def test_a_picture_that_comes_again_and_again_with_fresh_stamps_is_frozen() -> None:
    liveness, same = Liveness(), depth(1)
    told = [liveness.problem(COLOR, same.copy(), 0.1 * i) for i in range(10)]
    assert not any(told[: int(FROZEN / 0.1) + 1])
    assert all("frozen" in text for text in told[int(FROZEN / 0.1) + 1 :])
    assert liveness.problem(COLOR, depth(2), 2.0) == "", "it goes on once the picture changes"


def test_a_black_picture_or_one_without_depth_is_not_used() -> None:
    assert "black" in Liveness().problem(np.zeros_like(COLOR), depth(1), 0.0)
    assert "black" in Liveness().problem(COLOR, np.zeros((4, 6), np.float32), 0.0)
    assert "black" in Liveness().problem(COLOR, np.full((4, 6), np.nan, np.float32), 0.0)
