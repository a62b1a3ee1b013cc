"""The rviz2 configuration shows what the graph publishes."""

from pathlib import Path

import pytest
import yaml

from dynamical_interfaces import graph

ROOT = Path(__file__).resolve().parents[3]
RVIZ = yaml.safe_load((ROOT / "dynamical_bringup/rviz/platform.rviz").read_text())
DISPLAYS = RVIZ["Visualization Manager"]["Displays"]
# Published by nodes of ROS, not by ours.
FOREIGN = {"robot_description"}


def _topic(display):
    return display.get("Topic") or display.get("Description Topic")


@pytest.mark.parametrize("display", [d for d in DISPLAYS if _topic(d)], ids=lambda d: d["Name"])
def test_every_display_reads_a_topic_of_the_graph_with_its_qos(display):
    topic = _topic(display)
    name = topic["Value"].removeprefix("/thor_001/")
    if name in FOREIGN:
        return
    profile = graph.topic(name).profile
    assert topic["Reliability Policy"] == ("Reliable" if profile.reliable else "Best Effort")
    assert topic["Durability Policy"] == ("Transient Local" if profile.latched else "Volatile")


def test_everything_the_gate_draws_is_switched_on():
    (safety,) = [display for display in DISPLAYS if display["Name"] == "Safety"]
    source = (ROOT / "dynamical_safety/dynamical_safety/markers.py").read_text()
    for namespace, shown in safety["Namespaces"].items():
        assert shown is True
        assert f'"{namespace}"' in source
    drawn = {part.split('"')[1] for part in source.split("_marker(")[1:] if part[0] == '"'}
    drawn |= {part.split('"')[1] for part in source.split("_text(")[1:] if part[0] == '"'}
    assert drawn - {""} <= set(safety["Namespaces"])
