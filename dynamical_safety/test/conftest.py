"""The robot that the tests put behind the gate, built once."""

import os
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

import pytest

os.environ.setdefault("ROS_AUTOMATIC_DISCOVERY_RANGE", "LOCALHOST")

from dynamical_control.simulation.assets import ensure_robot_model
from dynamical_interfaces.joints import JointLimits, load_urdf
from dynamical_safety.gate import SafetyGate
from dynamical_safety.kinematics import RobotKinematics
from dynamical_safety.limits import GateLimits, gate_limits
from dynamical_safety.parameters import SafetyGateParameters


class Robot(NamedTuple):
    """Everything about the robot that a test needs."""

    urdf: JointLimits
    kinematics: RobotKinematics
    urdf_path: Path
    mjcf_path: Path
    limits: GateLimits
    parameters: SafetyGateParameters

    def gate(self, **changes: object) -> SafetyGate:
        """A fresh gate, with some parameters changed."""
        return SafetyGate(
            self.urdf,
            mjcf=self.mjcf_path,
            # Where the watchdog is not the matter there is none.
            parameters=replace(self.parameters, require_supervision=False, **changes),
        )


@pytest.fixture(scope="session")
def robot() -> Robot:
    """The default robot."""
    model = ensure_robot_model()
    urdf = load_urdf(Path(model.urdf))
    parameters = SafetyGateParameters()
    return Robot(
        urdf,
        RobotKinematics(Path(model.mjcf), urdf.names),
        Path(model.urdf),
        Path(model.mjcf),
        gate_limits(urdf, parameters),
        parameters,
    )
