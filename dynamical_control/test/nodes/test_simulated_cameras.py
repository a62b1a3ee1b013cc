"""The camera node as a real process: pictures stamped alike, and a label table."""

import numpy as np
import pytest

from dynamical_interfaces import graph
from dynamical_interfaces.msg import SupervisionStatus
from dynamical_interfaces.runtime.endpoints import qos_profile

KINDS = ("color/image_raw", "depth/image_raw", "labels/image_raw", "camera_info")


@pytest.fixture(scope="module", autouse=True)
def nodes(probe):
    probe.start("robot_driver")
    probe.start("simulated_cameras")
    probe.listen(
        "timing", "cameras/labels", *(f"cameras/{c}/{k}" for c in graph.CAMERAS for k in KINDS)
    )


def stamps(probe, camera):
    found = [probe.newest.get(f"cameras/{camera}/{kind}") for kind in KINDS]
    return [(m.header.stamp.sec, m.header.stamp.nanosec) for m in found if m is not None]


@pytest.mark.parametrize("camera", graph.CAMERAS)
def test_the_four_messages_of_a_picture_carry_one_stamp_and_frame(probe, camera):
    probe.wait(
        lambda: len(s := stamps(probe, camera)) == 4 and len(set(s)) == 1, f"pictures of {camera}"
    )
    with probe.heard:
        messages = [probe.newest[f"cameras/{camera}/{kind}"] for kind in KINDS]
    color, depth, labels, info = messages
    assert {m.header.frame_id for m in messages} == {info.header.frame_id}
    assert info.header.frame_id.endswith("_optical")
    assert {(m.width, m.height) for m in messages} == {(320, 240)}
    assert (color.encoding, depth.encoding, labels.encoding) == ("rgb8", "32FC1", "mono16")
    assert len(color.data) == 320 * 240 * 3
    assert info.k[0] == info.k[4] > 0.0
    metres = np.frombuffer(depth.data, np.float32)
    assert 0.1 < np.median(metres[np.isfinite(metres)]) < 5.0


def test_the_label_table_reaches_a_late_listener_and_explains_the_pixels(probe):
    table = probe.wait(lambda: probe.newest.get("cameras/labels"), "the label table")
    meaning = dict(zip(table.label, table.instance, strict=True))
    assert set(table.class_id) >= {"cup", "cube", "bottle", "table", "shelf", "person"}
    picture = probe.wait(lambda: probe.newest.get("cameras/head/labels/image_raw"), "labels")
    seen = {meaning[value] for value in np.unique(np.frombuffer(picture.data, np.uint16)) if value}
    assert {"red_cup", "blue_cube", "green_bottle", "table"} <= seen


def test_the_watchdogs_throttle_slows_the_pictures_down_and_lets_them_go_again(probe):
    topic = graph.topic("safety/supervision")
    watchdog = probe.node.create_publisher(
        SupervisionStatus, topic.name, qos_profile(topic.profile)
    )

    def period():
        message = probe.newest.get("timing")
        return message.period if message and message.loop == "simulated_cameras" else None

    for throttle, wanted in ((3, 0.2), (1, 1.0 / 15.0), (0, 0.05)):
        watchdog.publish(SupervisionStatus(throttle=throttle))
        probe.wait(
            lambda wanted=wanted: period() == pytest.approx(wanted), f"a period of {wanted} s"
        )
    probe.node.destroy_publisher(watchdog)
