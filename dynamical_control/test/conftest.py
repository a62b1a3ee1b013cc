"""The robot's model, made once for all tests."""

import pytest

from dynamical_control.simulation.assets import RobotModel, ensure_robot_model


@pytest.fixture(scope="session")
def robot_model() -> RobotModel:
    return ensure_robot_model()
