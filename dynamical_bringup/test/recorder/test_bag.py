import errno
import subprocess
import sys
import textwrap
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest
import yaml
from rosbags.highlevel import AnyReader
from rosbags.typesys import Stores, get_typestore

from dynamical_bringup import recorder
from dynamical_bringup.recorder import (
    BagWriter,
    RecordedTopic,
    StorageFullError,
    header_stamp,
    is_finished,
    message_definition,
    recover,
    type_hash,
)
from dynamical_interfaces import qos

STORE = get_typestore(Stores.ROS2_JAZZY)
TYPE = "sensor_msgs/msg/JointState"
JointState = STORE.types[TYPE]
Header = STORE.types["std_msgs/msg/Header"]
Time = STORE.types["builtin_interfaces/msg/Time"]


def share(package: str) -> Path:
    return Path(find_spec(package).origin).parents[4] / "share" / package


def topic(name: str = "/thor_001/joint_states") -> RecordedTopic:
    return RecordedTopic(
        name, TYPE, qos.CONTROL, message_definition(TYPE, share), type_hash(TYPE, share)
    )


def message(index: int) -> bytes:
    stamp = Time(sec=1000 + index, nanosec=index)
    value = JointState(
        header=Header(stamp=stamp, frame_id="odom"),
        name=["a", "b"],
        position=np.array([0.5 * index, 1.0]),
        velocity=np.zeros(2),
        effort=np.zeros(0),
    )
    return bytes(STORE.serialize_cdr(value, TYPE))


def write(folder: Path, count: int, **arguments) -> BagWriter:
    bag = BagWriter(folder, [topic(), topic("/thor_001/other")], reserve=0, **arguments)
    for index in range(count):
        data = message(index)
        stamp = header_stamp(data)
        bag.write("/thor_001/joint_states", data, log_time=stamp, publish_time=stamp)
    return bag


def read(folder: Path):
    with AnyReader([folder]) as reader:
        return [
            (connection.topic, time, reader.deserialize(raw, connection.msgtype))
            for connection, time, raw in reader.messages()
        ]


def test_what_is_written_is_read_back_by_another_implementation(tmp_path):
    write(tmp_path / "bag", 500, chunk_size=8192).finish()
    found = read(tmp_path / "bag")
    assert len(found) == 500
    name, time, last = found[-1]
    assert name == "/thor_001/joint_states"
    assert time == 1499 * 10**9 + 499
    assert last.position[0] == 249.5
    assert last.name == ["a", "b"]


def test_the_metadata_says_what_ros2_bag_wants_to_know(tmp_path):
    write(tmp_path / "bag", 10).finish()
    text = (tmp_path / "bag" / "metadata.yaml").read_text()
    information = yaml.safe_load(text)["rosbag2_bagfile_information"]
    assert information["version"] == 9
    assert information["storage_identifier"] == "mcap"
    assert information["message_count"] == 10
    assert information["relative_file_paths"] == ["bag_0.mcap"]
    assert information["duration"]["nanoseconds"] == 9 * 10**9 + 9
    first = information["topics_with_message_count"][0]["topic_metadata"]
    assert first["serialization_format"] == "cdr"
    assert first["offered_qos_profiles"][0]["reliability"] == "best_effort"
    assert first["type_description_hash"].startswith("RIHS01_")


def test_a_definition_holds_all_it_is_made_of(tmp_path):
    text = message_definition("dynamical_interfaces/msg/SafetyStatus", share)
    for part in (
        "dynamical_interfaces/SafetyReason",
        "std_msgs/Header",
        "builtin_interfaces/Time",
    ):
        assert text.count(f"MSG: {part}\n") == 1
    for contract in recorded_types():
        assert "MSG:" in message_definition(contract, share)


def recorded_types():
    from dynamical_interfaces import graph

    return sorted({topic.type for topic in graph.TOPICS if graph.RECORDER in topic.readers})


def test_a_killed_writer_leaves_a_bag_that_can_be_repaired(tmp_path):
    script = textwrap.dedent(
        f"""
        import os, signal, sys
        sys.path.insert(0, {str(Path(__file__).parent)!r})
        from pathlib import Path
        import test_bag
        bag = test_bag.write(Path({str(tmp_path / "bag")!r}), 2000, chunk_size=4096)
        os.kill(os.getpid(), signal.SIGKILL)
        """
    )
    subprocess.run([sys.executable, "-c", script], timeout=60)
    file = tmp_path / "bag" / "bag_0.mcap"
    assert not is_finished(file)
    saved = recover(tmp_path / "bag")
    assert 1900 <= saved < 2000
    found = read(tmp_path / "bag")
    assert len(found) == saved
    assert found[-1][2].header.stamp.sec == 1000 + saved - 1
    assert recover(tmp_path / "bag") == -1


def test_a_full_disk_ends_a_bag_that_can_still_be_read(tmp_path):
    # A file that may not grow beyond 64 kB refuses as a full disk does, at the same place.
    script = textwrap.dedent(
        f"""
        import resource, signal, sys
        sys.path.insert(0, {str(Path(__file__).parent)!r})
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (65536, 65536))
        from pathlib import Path
        import test_bag
        from dynamical_bringup.recorder import StorageFullError
        try:
            test_bag.write(Path({str(tmp_path / "bag")!r}), 100000, chunk_size=4096)
        except StorageFullError as error:
            print("full:", error.strerror)
        """
    )
    told = subprocess.run(
        [sys.executable, "-c", script], timeout=60, capture_output=True, text=True
    )
    assert told.stdout.startswith("full:"), told.stderr
    assert recover(tmp_path / "bag") > 1000
    assert len(read(tmp_path / "bag")) > 1000


def test_a_disk_with_less_than_the_reserve_is_full_before_anything_is_made(tmp_path):
    with pytest.raises(StorageFullError, match="kept free for others") as caught:
        BagWriter(tmp_path / "bag", [topic()], reserve=10**18)
    assert caught.value.errno == errno.ENOSPC
    assert not (tmp_path / "bag").exists()


def test_a_bag_is_never_written_over(tmp_path):
    write(tmp_path / "bag", 1).finish()
    with pytest.raises(FileExistsError):
        write(tmp_path / "bag", 1)


def test_a_bag_that_is_finished_twice_is_finished_once(tmp_path):
    bag = write(tmp_path / "bag", 3)
    bag.finish()
    bag.finish()
    assert len(read(tmp_path / "bag")) == 3
    assert recorder.is_finished(tmp_path / "bag" / "bag_0.mcap")
