"""Writes a rosbag2 bag (MCAP) from serialised messages, so that a run can be replayed.

The file is valid for ``ros2 bag play``, Foxglove, Rerun and PlotJuggler: profile ``ros2``, schemas
``ros2msg`` with all dependencies, messages as they came (CDR). Each chunk reaches the file whole,
so that a process that is killed loses less than one; ``recover`` gives such a file its index.

Source: MCAP specification and its well-known profiles; rosbag2 metadata version 9 (Jazzy).
"""

import errno
import json
import os
import re
import struct
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

import yaml
from mcap.exceptions import McapError
from mcap.records import Channel, Message, Schema
from mcap.stream_reader import StreamReader
from mcap.writer import CompressionType, Writer

from dynamical_interfaces.qos import Profile

_MAGIC = b"\x89MCAP0\r\n"
_FIELD = re.compile(r"^\s*([A-Za-z][\w/]*)(?:<=\d+)?(?:\[[^\]]*\])?\s+[a-z]\w*")
_PRIMITIVES = frozenset(
    [
        "bool",
        "byte",
        "char",
        "float32",
        "float64",
        "string",
        "wstring",
        "int8",
        "uint8",
        "int16",
        "uint16",
        "int32",
        "uint32",
        "int64",
        "uint64",
    ]
)
_NANOSECONDS = 1_000_000_000
_FOREVER = {"sec": 9223372036, "nsec": 854775807}


class StorageFullError(OSError):
    """There is no room for more of the bag; what was written is complete."""


@dataclass(frozen=True, slots=True)
class RecordedTopic:
    """One topic of a bag.

    Attributes:
        name: Full name, with a leading ``/``.
        type: Interface type, e.g. ``"sensor_msgs/msg/JointState"``.
        profile: QoS its writers use.
        schema: Message definition with its dependencies.
        type_hash: ``RIHS01_...``; empty = unknown.
    """

    name: str
    type: str
    profile: Profile
    schema: str
    type_hash: str = ""


def message_definition(type_name: str, share: Callable[[str], Path]) -> str:
    """The definition of a type with those it is made of, in the ``ros2msg`` format.

    Args:
        type_name: ``"package/msg/Type"``.
        share: Gives a package's share folder, where its ``.msg`` files are.

    Raises:
        FileNotFoundError: If a definition is not installed.
    """
    package, _, name = type_name.split("/")
    parts: dict[str, str] = {}
    waiting = [(package, name)]
    while waiting:
        package, name = waiting.pop(0)
        key = f"{package}/{name}"
        if key in parts:
            continue
        parts[key] = (share(package) / "msg" / f"{name}.msg").read_text()
        for line in parts[key].splitlines():
            match = _FIELD.match(line)
            if match is None or match[1] in _PRIMITIVES:
                continue
            where = match[1].split("/")
            waiting.append((package if len(where) == 1 else where[0], where[-1]))
    first, *others = parts.items()
    rule = "=" * 80
    return first[1] + "".join(f"\n{rule}\nMSG: {key}\n{text}" for key, text in others)


def type_hash(type_name: str, share: Callable[[str], Path]) -> str:
    """The type's hash from its installed description; empty = not installed."""
    package, kind, name = type_name.split("/")
    path = share(package) / kind / f"{name}.json"
    if not path.is_file():
        return ""
    for entry in json.loads(path.read_text()).get("type_hashes", []):
        if entry.get("type_name") == type_name:
            return str(entry.get("hash_string", ""))
    return ""


def header_stamp(data: bytes) -> int:
    """Stamp of a serialised message that begins with ``std_msgs/Header`` [ns since the epoch]."""
    sec, nanosec = struct.unpack_from("<iI" if data[1] & 1 else ">iI", data, 4)
    return int(sec) * _NANOSECONDS + int(nanosec)


class _ChunkedFile:
    """A file without a buffer: what is written is in the file, whole or not at all."""

    def __init__(self, path: Path) -> None:
        self._file = path.open("xb", buffering=0)
        self._good = 0

    def write(self, data: bytes) -> int:
        """Write all of it.

        Raises:
            StorageFullError: If that is not possible; the file ends as it did before.
        """
        rest = memoryview(data)
        try:
            while rest:
                rest = rest[self._file.write(rest) :]
        except OSError as error:
            self._file.truncate(self._good)
            self._file.seek(self._good)
            if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
                raise StorageFullError(error.errno, f"no room for {len(data)} bytes") from error
            raise
        self._good += len(data)
        return len(data)

    def tell(self) -> int:
        return self._good

    def close(self) -> None:
        self._file.close()


class BagWriter:
    """One bag, from its first message to its index.

    Args:
        folder: The bag; made here, must not exist.
        topics: What will be written.
        chunk_size: Bytes gathered before they go to the file; what a kill can lose.
        reserve: Bytes of the disk that are left free for others.

    Raises:
        FileExistsError: The folder exists.
        StorageFullError: There is less room than the reserve.
    """

    def __init__(
        self,
        folder: Path,
        topics: list[RecordedTopic],
        *,
        chunk_size: int = 262144,
        reserve: int = 256 * 1024 * 1024,
    ) -> None:
        folder.parent.mkdir(parents=True, exist_ok=True)
        self.folder = folder
        self.counts = dict.fromkeys((topic.name for topic in topics), 0)
        self.bytes = 0
        self._topics = topics
        self._reserve = reserve
        self._unchecked = 0
        self._first = self._last = 0
        self._finished = False
        self._require_room(folder.parent)
        folder.mkdir()
        self._path = folder / f"{folder.name}_0.mcap"
        self._file = _ChunkedFile(self._path)
        self._writer = _writer(self._file, chunk_size)
        self._channels = {topic.name: self._register(topic) for topic in topics}
        # A reader that comes before the end, or after a kill, finds the topics.
        self._write_metadata()

    def write(self, topic: str, data: bytes, *, log_time: int, publish_time: int) -> None:
        """Add one serialised message; times in nanoseconds since the epoch.

        Raises:
            StorageFullError: There is no room; call ``finish``.
        """
        self._writer.add_message(self._channels[topic], log_time, data, publish_time)
        self.counts[topic] += 1
        self.bytes += len(data)
        self._first = min(self._first or log_time, log_time)
        self._last = max(self._last, log_time)
        self._unchecked += len(data)
        if self._unchecked > 1_000_000:
            self._unchecked = 0
            self._require_room(self.folder)

    def finish(self) -> None:
        """Write what is gathered, the index and the metadata. A second call does nothing.

        Raises:
            StorageFullError: There is no room for them; ``recover`` works once there is.
        """
        if self._finished:
            return
        self._finished = True
        try:
            self._writer.finish()
        finally:
            self._file.close()
        self._write_metadata()

    def _register(self, topic: RecordedTopic) -> int:
        schema = self._writer.register_schema(topic.type, "ros2msg", topic.schema.encode())
        metadata = {"offered_qos_profiles": yaml.safe_dump([_qos(topic.profile)])}
        if topic.type_hash:
            metadata["topic_type_hash"] = topic.type_hash
        return self._writer.register_channel(topic.name, "cdr", schema, metadata)

    def _require_room(self, where: Path) -> None:
        free = _free_bytes(where)
        if free < self._reserve:
            raise StorageFullError(
                errno.ENOSPC,
                f"{where} has {free / 1e6:.0f} MB left; "
                f"{self._reserve / 1e6:.0f} MB are kept free for others",
            )

    def _write_metadata(self) -> None:
        text = yaml.safe_dump(
            _metadata(self._topics, self.counts, self._path.name, self._first, self._last),
            sort_keys=False,
        )
        (self.folder / "metadata.yaml").write_text(text)


def is_finished(path: Path) -> bool:
    """Whether an MCAP file has its end: a killed writer leaves none."""
    with path.open("rb") as stream:
        stream.seek(0, os.SEEK_END)
        if stream.tell() < 2 * len(_MAGIC):
            return False
        stream.seek(-len(_MAGIC), os.SEEK_END)
        return stream.read() == _MAGIC


def recover(folder: Path) -> int:
    """Give the unfinished bag of a killed recorder its index and counts.

    Args:
        folder: The bag.

    Returns:
        Messages saved; -1 = it was finished already.
    """
    path = folder / f"{folder.name}_0.mcap"
    if is_finished(path):
        return -1
    fresh = path.with_suffix(".recovered")
    fresh.unlink(missing_ok=True)
    counts: dict[str, int] = {}
    times: list[int] = []
    target = _ChunkedFile(fresh)
    writer = _writer(target, 262144)
    with path.open("rb") as stream:
        _copy(stream, writer, counts, times)
    writer.finish()
    target.close()
    fresh.replace(path)
    place = folder / "metadata.yaml"
    metadata = yaml.safe_load(place.read_text())
    information = metadata["rosbag2_bagfile_information"]
    for entry in information["topics_with_message_count"]:
        entry["message_count"] = counts.get(entry["topic_metadata"]["name"], 0)
    first, last = min(times, default=0), max(times, default=0)
    for entry in (information, information["files"][0]):
        entry.update(_span(first, last, len(times)))
    information["custom_data"] = {"recovered": "true"}
    place.write_text(yaml.safe_dump(metadata, sort_keys=False))
    return len(times)


def _copy(stream: BinaryIO, writer: Writer, counts: dict[str, int], times: list[int]) -> None:
    schemas: dict[int, int] = {}
    channels: dict[int, tuple[int, str]] = {}
    try:
        for record in StreamReader(stream).records:
            if isinstance(record, Schema) and record.id not in schemas:
                schemas[record.id] = writer.register_schema(
                    record.name, record.encoding, record.data
                )
            elif isinstance(record, Channel) and record.id not in channels:
                number = writer.register_channel(
                    record.topic,
                    record.message_encoding,
                    schemas[record.schema_id],
                    record.metadata,
                )
                channels[record.id] = (number, record.topic)
            elif isinstance(record, Message):
                number, topic = channels[record.channel_id]
                writer.add_message(number, record.log_time, record.data, record.publish_time)
                counts[topic] = counts.get(topic, 0) + 1
                times.append(record.log_time)
    except (McapError, struct.error, EOFError):
        # The end of what the killed writer had written.
        return


def _writer(target: _ChunkedFile, chunk_size: int) -> Any:  # half of its methods are untyped
    stream: Any = target  # mcap asks for IO; it uses write and tell alone
    writer = Writer(stream, chunk_size=chunk_size, compression=CompressionType.LZ4)
    writer.start(profile="ros2", library="dynamical")
    return writer


def _free_bytes(where: Path) -> int:
    room = os.statvfs(where)
    return room.f_bavail * room.f_frsize


def _qos(profile: Profile) -> dict[str, Any]:
    def duration(seconds: float | None) -> dict[str, int]:
        if seconds is None:
            return dict(_FOREVER)
        whole = round(seconds * _NANOSECONDS)
        return {"sec": whole // _NANOSECONDS, "nsec": whole % _NANOSECONDS}

    return {
        "history": "keep_last",
        "depth": profile.depth,
        "reliability": "reliable" if profile.reliable else "best_effort",
        "durability": "transient_local" if profile.latched else "volatile",
        "deadline": duration(profile.deadline),
        "lifespan": duration(profile.lifespan),
        "liveliness": "automatic",
        "liveliness_lease_duration": duration(profile.liveliness_lease),
        "avoid_ros_namespace_conventions": False,
    }


def _span(first: int, last: int, count: int) -> dict[str, Any]:
    return {
        "starting_time": {"nanoseconds_since_epoch": first},
        "duration": {"nanoseconds": last - first},
        "message_count": count,
    }


def _metadata(
    topics: list[RecordedTopic], counts: dict[str, int], file: str, first: int, last: int
) -> dict[str, Any]:
    span = _span(first, last, sum(counts.values()))
    return {
        "rosbag2_bagfile_information": {
            "version": 9,
            "storage_identifier": "mcap",
            **span,
            "topics_with_message_count": [
                {
                    "topic_metadata": {
                        "name": topic.name,
                        "type": topic.type,
                        "serialization_format": "cdr",
                        "offered_qos_profiles": [_qos(topic.profile)],
                        "type_description_hash": topic.type_hash,
                    },
                    "message_count": counts[topic.name],
                }
                for topic in topics
            ],
            "compression_format": "",
            "compression_mode": "",
            "relative_file_paths": [file],
            "files": [{"path": file, **_span(first, last, sum(counts.values()))}],
            "custom_data": None,
            "ros_distro": "jazzy",
        }
    }
