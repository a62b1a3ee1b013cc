"""Node recorder: keeps a run as a rosbag2 bag."""

import os
import time
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from ament_index_python.packages import PackageNotFoundError, get_package_share_directory

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
from dynamical_interfaces import graph, tiers
from dynamical_interfaces.runtime.node import FatalError, GraphNode, run
from dynamical_interfaces.runtime.parameters import param

# Deep enough for the fastest topic (1 kHz) through a stall of the loop of a fifth of a second.
_QUEUE_DEPTH = 200
_PERIOD = 0.02
_NANOSECONDS = 1_000_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class RecorderParameters:
    """Parameters of the recorder."""

    folder: str = param("", "The bag; a number is added if it exists; empty = in the user's state")
    # Not (): rclpy takes an empty list for a list of bytes and then refuses strings.
    topics: tuple[str, ...] = param(("",), "Topics to record; empty = all the contract lists")
    chunk_size: int = param(
        262144, "Gathered before it goes to the file", unit="bytes", low=4096, high=2**26
    )
    reserve: int = param(256, "Left free on the disk", unit="MB", low=0, high=10**6)


def bag_folder(text: str) -> Path:
    """A folder that does not exist yet, next to the wanted one if need be."""
    if text:
        wanted = Path(text).absolute()
    else:
        home = os.environ.get("XDG_STATE_HOME") or str(Path.home() / ".local" / "state")
        state = Path(os.environ.get("DYNAMICAL_STATE") or Path(home) / "dynamical")
        wanted = state / "bags" / time.strftime("%Y%m%d-%H%M%S")
    folder, number = wanted, 2
    while folder.exists():
        folder = wanted.with_name(f"{wanted.name}-{number}")
        number += 1
    return folder


class RecorderNode(GraphNode[RecorderParameters]):
    """Takes serialised messages, never decoded, and writes them down."""

    def __init__(self) -> None:
        super().__init__(graph.RECORDER, RecorderParameters)
        self._bag: BagWriter | None = None

    def configure(self) -> None:
        """Subscribe to everything that is recorded."""
        known = [topic for topic in graph.TOPICS if graph.RECORDER in topic.readers]
        wanted = [name for name in self.parameters.topics if name]
        strange = sorted(set(wanted) - {topic.name for topic in known})
        if strange:
            raise FatalError(
                f"topic {strange[0]!r} is not recorded; known are "
                f"{', '.join(topic.name for topic in known)}"
            )
        self._topics = [topic for topic in known if not wanted or topic.name in wanted]
        self._readers = [
            (
                self._full_name(topic.name),
                self.polled_reader(topic.name, raw=True, depth=_QUEUE_DEPTH, expire=False),
            )
            for topic in self._topics
        ]
        self.periodic(self._drain, period=_PERIOD, tier=tiers.BACKGROUND)

    def activate(self) -> None:
        """Open the bag."""
        wanted = Path(self.parameters.folder).absolute() if self.parameters.folder else None
        if wanted is not None:
            self._recover(wanted)
        folder = bag_folder(self.parameters.folder)
        topics = []
        self._stamped: dict[str, bool] = {}
        for topic in self._topics:
            definition = message_definition(topic.type, _share)
            name = self._full_name(topic.name)
            self._stamped[name] = _begins_with_header(definition)
            topics.append(
                RecordedTopic(
                    name, topic.type, topic.profile, definition, type_hash(topic.type, _share)
                )
            )
        self._last_drain = time.time_ns()
        try:
            self._bag = BagWriter(
                folder,
                topics,
                chunk_size=self.parameters.chunk_size,
                reserve=self.parameters.reserve * 10**6,
            )
        except OSError as error:
            self._give_up(error)
            return
        self.diagnose("recording", "ok", f"recording to {folder}", folder=folder)
        self.get_logger().info(f"recording {len(topics)} topics to {folder}")

    def deactivate(self) -> None:
        """Close the bag."""
        self._finish()

    def cleanup(self) -> None:
        """Close the bag."""
        self._finish()

    def _drain(self, now: float, period: float) -> None:
        bag = self._bag
        arrived = time.time_ns()
        for name, reader in self._readers:
            # Taken even when nothing is written, so that queues hold only what is new.
            for data in reader.take_all():
                if bag is None:
                    continue
                sent = (header_stamp(data) if self._stamped[name] else 0) or arrived
                # It came since the last turn; within that the stamp tells the order.
                log_time = min(max(sent, self._last_drain), arrived)
                try:
                    bag.write(name, data, log_time=log_time, publish_time=sent)
                except OSError as error:
                    self._give_up(error)
                    bag = None
        self._last_drain = arrived
        if bag is not None:
            self.diagnose(
                "recording",
                "ok",
                f"recording to {bag.folder}",
                messages=sum(bag.counts.values()),
                megabytes=f"{bag.bytes / 1e6:.1f}",
            )

    def _give_up(self, error: OSError) -> None:
        # A recording that cannot go on is told, and is no reason to stop a robot that works.
        full = isinstance(error, StorageFullError)
        why = "the disk is full" if full else "the bag cannot be written"
        self._finish()
        self.diagnose("recording", "error", f"recording stopped: {why}: {error.strerror}")

    def _finish(self) -> None:
        bag, self._bag = self._bag, None
        if bag is None:
            return
        try:
            bag.finish()
        except OSError as error:
            self.get_logger().error(
                f"{bag.folder} has no index ({error.strerror}); its messages are there, "
                "the next recording into that folder repairs it"
            )
            return
        count = sum(bag.counts.values())
        self.get_logger().info(f"kept {count} messages in {bag.folder}")

    def _recover(self, folder: Path) -> None:
        file = folder / f"{folder.name}_0.mcap"
        if not file.is_file() or is_finished(file):
            return
        try:
            saved = recover(folder)
        except (OSError, KeyError, ValueError) as error:
            self.get_logger().error(f"{folder} could not be repaired: {error}")
            return
        self.get_logger().warning(f"repaired {folder}: {saved} messages of a run that was killed")

    def _full_name(self, name: str) -> str:
        return name if name.startswith("/") else f"{self.get_namespace().rstrip('/')}/{name}"


def _share(package: str) -> Path:
    try:
        return Path(get_package_share_directory(package))
    except PackageNotFoundError:
        # ROS from Python wheels is not always on AMENT_PREFIX_PATH:
        # prefix/lib/pythonX/site-packages/package.
        spec = find_spec(package)
        if spec is None or spec.origin is None:
            raise FatalError(f"the package {package!r} is not installed") from None
        return Path(spec.origin).parents[4] / "share" / package


def _begins_with_header(definition: str) -> bool:
    for line in definition.splitlines():
        code = line.split("#")[0].strip()
        if code and "=" not in code:
            return code.startswith("std_msgs/Header ")
    return False


def main() -> None:
    """Run the node."""
    run(RecorderNode)


if __name__ == "__main__":
    main()
