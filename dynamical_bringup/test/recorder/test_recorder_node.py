import sys

from rosbags.highlevel import AnyReader


def start(process_class, folder, *parameters):
    arguments = ["-r", "__ns:=/thor_001", "-p", f"folder:={folder}"]
    for parameter in parameters:
        arguments += ["-p", parameter]
    return process_class(
        sys.executable, "-m", "dynamical_bringup.nodes.recorder_node", "--ros-args", *arguments
    )


def test_a_run_is_kept_and_the_bag_is_finished_when_the_node_ends(
    scripted_graph, process_class, tmp_path, until
):
    node = start(process_class, tmp_path / "bag", "chunk_size:=4096")
    node.wait_for("recording")
    # A chunk reaches the file once enough has come: by then messages of all topics have.
    until(lambda: (tmp_path / "bag" / "bag_0.mcap").stat().st_size > 120_000)
    assert node.stop() == 0
    with AnyReader([tmp_path / "bag"]) as reader:
        counts = {item.topic: item.msgcount for item in reader.connections}
        times = [time for _, time, _ in reader.messages()]
        for connection, _, raw in reader.messages():
            reader.deserialize(raw, connection.msgtype)
    assert counts["/thor_001/joint_states"] > 5
    assert counts["/thor_001/tracks"] > 3
    assert counts["/thor_001/safety/zones"] == 1
    assert times == sorted(times)


def test_a_disk_without_room_is_reported_and_the_node_lives_on(process_class, tmp_path):
    node = start(process_class, tmp_path / "bag", "reserve:=1000000")
    node.wait_for("recording stopped: the disk is full")
    node.wait_for("activate: done")
    assert node.popen.poll() is None
    assert node.stop() == 0


def test_an_unknown_topic_is_refused_by_name(process_class, tmp_path):
    node = start(process_class, tmp_path / "bag", "topics:=['gossip']")
    node.wait_for("'gossip' is not recorded")
    assert node.popen.wait(10) == 1
