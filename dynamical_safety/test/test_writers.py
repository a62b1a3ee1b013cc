"""Who writes what safety rests on."""

import pytest

from dynamical_interfaces import graph
from dynamical_interfaces.errors import ErrorCode
from dynamical_safety.findings import Demand
from dynamical_safety.writers import WATCHED, WriterWatch

ROBOT = "/thor_001"
TRUE = {topic.name: [f"{ROBOT}/{name}" for name in topic.writers] for topic in WATCHED}


def look(watch: WriterWatch, topic: str, *strangers: str, times: int = 2) -> list[str]:
    for _ in range(times):
        watch.take({**TRUE, topic: [*TRUE[topic], *strangers]})
    return [finding.reason.text for finding in watch.findings]


def test_the_writers_of_the_contract_are_no_finding() -> None:
    watch = WriterWatch(ROBOT)
    assert look(watch, "tracks") == []


@pytest.mark.parametrize(
    "topic",
    ["requested_command", "joint_states", "tracks", "forecast", "people/forecast", "action_chunk",
     "safety/supervision", "heartbeat", "cameras/head/depth/image_raw"],
)  # fmt: skip
def test_a_stranger_stops_the_robot_as_long_as_it_is_there(topic: str) -> None:
    watch = WriterWatch(ROBOT)
    assert look(watch, topic, f"{ROBOT}/visitor")
    (finding,) = watch.findings
    assert finding.demand is Demand.PROTECTIVE_STOP
    assert finding.reason.code == ErrorCode.UNKNOWN_WRITER
    assert topic in finding.reason.text
    assert "visitor" in finding.reason.text
    assert look(watch, topic) == []


def test_a_true_name_in_another_namespace_is_a_stranger() -> None:
    assert look(WriterWatch(ROBOT), "tracks", "/thor_002/perception")


def test_a_node_that_writes_a_topic_of_another_node_is_a_stranger() -> None:
    assert look(WriterWatch(ROBOT), "tracks", f"{ROBOT}/{graph.SKILL_SERVER}")


def test_one_look_is_no_proof_as_discovery_may_not_know_the_name_yet() -> None:
    assert look(WriterWatch(ROBOT), "tracks", "/_NODE_NAME_UNKNOWN_", times=1) == []


def test_a_trusted_player_of_recordings_may_write() -> None:
    watch = WriterWatch(ROBOT, trusted=("rosbag2_player",))
    assert look(watch, "tracks", f"{ROBOT}/rosbag2_player") == []
    assert look(watch, "tracks", f"{ROBOT}/other")


def test_what_carries_a_seal_and_what_nobody_of_safety_reads_is_not_watched() -> None:
    names = {topic.name for topic in WATCHED}
    assert not names & {"safe_command", "safety/permit", "skill_status", "/diagnostics"}
