"""Messages and values survive the way there and back."""

import numpy as np
import pytest

pytest.importorskip("dynamical_interfaces.msg")

from sensor_msgs.msg import JointState

from dynamical_interfaces.srv import Orchestrate
from dynamical_skills import conversions
from dynamical_skills.errors import ParameterError
from dynamical_skills.plan import SkillExecutionPlan, SkillStep
from dynamical_skills.streaming import ActionChunk, ChunkStream


def test_descriptors_survive(store):
    for skill in store.query():
        assert conversions.descriptor_from_msg(conversions.descriptor_to_msg(skill)) == skill


def test_plans_survive():
    step = SkillStep(
        step_id=1,
        task="t",
        skill_ids=("a", "b"),
        weights=(0.75, 0.25),
        robot_id="r",
        location_params={"object": {"class_id": "cup"}, "speed": 0.5},
        depends_on=(3,),
        estimated_duration_ms=1000.0,
        deadline_ms=2000.0,
    )
    plan = SkillExecutionPlan(
        plan_id="p", task_description="t", steps=(step,), total_estimated_duration_ms=1000.0
    )
    assert conversions.plan_from_msg(conversions.plan_to_msg(plan)) == plan


def test_a_chunk_carries_every_point_and_its_stamps(motion):
    chunk = ChunkStream(motion(60), trajectory_id=2**62, start_time=1234.5).due(0.0)
    message = conversions.chunk_to_msg(
        chunk, skill_id="wave", execution_id="e", now=1235.0, observed=1234.0
    )
    assert message.trajectory_id == 2**62
    assert len(message.trajectory.points) == len(chunk.position)
    assert np.allclose([point.positions for point in message.trajectory.points], chunk.position)
    assert conversions.time_from_msg(message.start_time) == pytest.approx(1234.5)
    assert conversions.time_from_msg(message.observation_stamp) == pytest.approx(1234.0)
    brake = conversions.chunk_to_msg(
        ActionChunk(trajectory_id=1, start_time=0.0, abort=True),
        skill_id="wave",
        execution_id="e",
        now=1.0,
        observed=0.0,
    )
    assert brake.abort
    assert not brake.trajectory.points


def test_joints_are_put_in_robot_order():
    message = JointState(name=["b", "a"], position=[2.0, 1.0], velocity=[0.2, 0.1])
    reading = conversions.joints_from_msg(message, ("a", "b"))
    assert reading.position.tolist() == [1.0, 2.0]
    assert reading.velocity.tolist() == [0.1, 0.2]
    with pytest.raises(ValueError, match="'c'"):
        conversions.joints_from_msg(message, ("a", "c"))


@pytest.mark.parametrize(
    ("fields", "word"),
    [
        ({"assignment_strategy": "BEST"}, "BEST"),
        ({"tier": 9}, "tier"),
        ({"target_position": [1.0]}, "metres"),
        ({"target_position": [1.0, float("nan"), 0.0]}, "metres"),
        ({"parameters": "{"}, "JSON"),
        ({"parameters": "[" * 10000}, "JSON"),
    ],
)
def test_a_bad_request_message_is_refused(fields, word):
    with pytest.raises(ParameterError, match=word):
        conversions.request_from_msg(Orchestrate.Request(**fields))
