"""Where the robot is said to stand, and by whom."""

import numpy as np
from test_shape import view

from dynamical_perception.robot_locations import RobotLocationTracker
from dynamical_perception.transforms import Transform
from dynamical_perception.workspaces import Workspace

BASE = Transform(np.eye(3), np.array([0.0, 0.0, 0.8]))
LINKS = np.array([[0.0, 0.0, 0.8], [0.0, 0.0, 1.2]])
CELL = Workspace("cell", np.array([-1.0, -1.0, 0.0]), np.array([1.0, 1.0, 2.0]))


def test_a_robot_never_heard_of_has_no_location():
    assert RobotLocationTracker().location("thor_001", 0.0) is None


def test_a_robot_stands_in_the_workspace_that_holds_its_base():
    tracker = RobotLocationTracker([CELL])
    tracker.place("thor_001", BASE, 10.0)
    tracker.place("thor_002", Transform(np.eye(3), np.array([5.0, 0.0, 0.8])), 10.0)
    first, second = (tracker.location(name, 10.0) for name in ("thor_001", "thor_002"))
    assert first is not None
    assert second is not None
    assert (first.workspace_id, second.workspace_id) == ("cell", "")


def test_a_camera_that_sees_it_elsewhere_does_not_confirm():
    tracker = RobotLocationTracker([CELL])
    tracker.place("thor_001", BASE, 10.0)
    far = np.random.default_rng(0).normal((2.0, 0, 1.0), 0.05, (100, 3))
    assert not tracker.confirm("thor_001", view(far, np.ones(3), stamp=10.0), LINKS)
    near = np.random.default_rng(0).normal((0.0, 0, 1.2), 0.05, (100, 3))
    assert tracker.confirm("thor_001", view(near, np.ones(3), stamp=10.0), LINKS)
    seen = tracker.location("thor_001", 10.5)
    assert seen is not None
    assert seen.cameras == ("left",)
    later = tracker.location("thor_001", 12.0)
    assert later is not None
    assert later.cameras == ()
    assert later.covariance[0, 0] > seen.covariance[0, 0]
