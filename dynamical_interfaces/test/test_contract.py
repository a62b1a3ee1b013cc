"""The contract table is consistent in itself, and with the interface files."""

from pathlib import Path

import pytest

from dynamical_interfaces import graph
from dynamical_interfaces.errors import OWNERS, ErrorCode
from dynamical_interfaces.runtime.endpoints import interface_class

PACKAGE = Path(__file__).resolve().parents[1]
INTERFACES = sorted(
    path for kind in ("msg", "srv", "action") for path in (PACKAGE / kind).glob("*.*")
)


def test_every_topic_service_and_action_type_can_be_imported():
    for edge in (*graph.TOPICS, *graph.SERVICES, *graph.ACTIONS):
        assert interface_class(edge.type) is not None


def test_names_are_unique_and_every_party_is_a_node_of_the_graph():
    names = [edge.name for edge in (*graph.TOPICS, *graph.SERVICES, *graph.ACTIONS)]
    assert len(names) == len(set(names))
    for topic in graph.TOPICS:
        assert set(topic.writers) | set(topic.readers) <= set(graph.NODES), topic.name
    for service in (*graph.SERVICES, *graph.ACTIONS):
        assert {service.server, *service.clients} <= set(graph.NODES), service.name


def test_the_safety_gate_is_the_only_writer_of_the_safe_command():
    assert graph.topic("safe_command").writers == (graph.SAFETY_GATE,)


def test_no_skill_reads_the_simulations_truth():
    for name in ("simulation/state", "simulation/objects"):
        readers = set(graph.topic(name).readers)
        assert readers <= {graph.SIMULATED_CAMERAS, graph.RECORDER, graph.GRADER}


def test_an_unknown_name_is_refused_with_a_sentence():
    with pytest.raises(KeyError, match="no topic 'nope'"):
        graph.topic("nope")


def test_error_codes_lie_in_the_block_of_an_owner():
    for code in ErrorCode:
        assert code == ErrorCode.NONE or code // 100 * 100 in OWNERS


@pytest.mark.parametrize("path", INTERFACES, ids=lambda path: path.name)
def test_every_field_of_every_interface_says_what_it_means(path):
    bare = [
        line
        for line in path.read_text().splitlines()
        if line.strip()
        and not line.startswith(("#", "---"))
        and "#" not in line
        and "=" not in line
    ]
    plain = {"string error_msg", "string message", "bool success", "string name", "string id"}
    documented_elsewhere = ("error", "message", "success", "id", "name", "response_time")
    left = [
        line
        for line in bare
        if line.strip() not in plain and not line.split()[-1].startswith(documented_elsewhere)
    ]
    if path.suffix == ".msg":
        assert not left, left
    assert path.read_text().startswith("#")
