"""The running graph is the contract, and the contract is the running graph."""

import pytest

from dynamical_interfaces import graph
from dynamical_interfaces.runtime.endpoints import qos_profile

pytestmark = pytest.mark.system
# ROS 2's own: every node has them.
INFRASTRUCTURE = ("/rosout", "/parameter_events", "/clock")
ENDINGS = ("/transition_event", "/_action/feedback", "/_action/status")
RUNNING = (*graph.CORE_NODES, graph.GRADER)


def full(platform, name):
    return name if name.startswith("/") else f"{platform.here.namespace}/{name}"


def own(platform, infos):
    return {info.node_name: info for info in infos if info.node_name in graph.NODES}


@pytest.mark.parametrize("topic", graph.TOPICS, ids=lambda topic: topic.name)
def test_writers_readers_types_and_qos_of_a_topic_are_those_of_the_contract(
    platform, topic, eventually
):
    node, name = platform.grader.node, full(platform, topic.name)
    want_writers = set(topic.writers) & set(RUNNING)
    want_readers = set(topic.readers) & set(RUNNING)

    def matches():
        writers = own(platform, node.get_publishers_info_by_topic(name))
        readers = own(platform, node.get_subscriptions_info_by_topic(name))
        return set(writers) == want_writers and set(readers) == want_readers and (writers, readers)

    writers, readers = eventually(matches, within=15.0)
    profile = qos_profile(topic.profile)
    for info in (*writers.values(), *readers.values()):
        assert info.topic_type == topic.type
        assert info.qos_profile.reliability == profile.reliability, info.node_name
        assert info.qos_profile.durability == profile.durability, info.node_name
        assert info.qos_profile.deadline == profile.deadline or not topic.profile.deadline
        if info.node_name in topic.writers and topic.profile.lifespan:
            assert info.qos_profile.lifespan == profile.lifespan, info.node_name


def test_there_is_no_topic_beside_the_contract(platform):
    known = {full(platform, topic.name) for topic in graph.TOPICS}
    there = {name for name, _ in platform.grader.node.get_topic_names_and_types()}
    beside = {
        name for name in there - known if name not in INFRASTRUCTURE and not name.endswith(ENDINGS)
    }
    assert not beside


def test_services_and_actions_are_served_by_the_nodes_of_the_contract(platform):
    node = platform.grader.node
    for name in graph.CORE_NODES:
        offered = dict(node.get_service_names_and_types_by_node(name, platform.here.namespace))
        want = {full(platform, s.name): s.type for s in graph.SERVICES if s.server == name} | {
            f"{full(platform, a.name)}/_action/send_goal": f"{a.type}_SendGoal"
            for a in graph.ACTIONS
            if a.server == name
        }
        for service, kind in want.items():
            assert offered.get(service) == [kind], (name, service)
        own_services = {
            service
            for service in offered
            if not service.startswith(f"{platform.here.namespace}/{name}/")
            and "/_action/" not in service
        }
        assert own_services == {s for s in want if "/_action/" not in s}


def test_the_gate_is_the_only_writer_of_the_safe_command(platform, eventually):
    def writers():
        infos = platform.grader.node.get_publishers_info_by_topic(full(platform, "safe_command"))
        return [info.node_name for info in infos] == [graph.SAFETY_GATE]

    # A killed gate, as in other tests here, stays in DDS discovery for 20 s.
    eventually(writers, within=30.0)
