"""The injector process: relays that can be faithful or faulty, rogue publishers, a flood.

Told what to do by lines of JSON on its standard input, and answers each with a line:
``{"do": "relay", "topics": [...], "mode": ..., "value": ...}``, ``{"do": "rogue", "topic": ...,
"rate": ...}``, ``{"do": "play", "topic": ..., "bag": ...}``, ``{"do": "flood", "rate": ..., "size": ...}``,
``{"do": "quiet"}``. It ends when its input does.
"""

import argparse
import json
import sys
import threading
import time
from array import array
from pathlib import Path
from typing import Any

import numpy as np
import rclpy
from mcap.reader import make_reader
from rclpy.executors import SingleThreadedExecutor
from rclpy.serialization import deserialize_message, serialize_message
from rclpy.signals import SignalHandlerOptions
from std_msgs.msg import UInt8MultiArray

from dynamical_bringup.faults.alterations import CONTENT, FAITHFUL, Transport, black
from dynamical_bringup.faults.forgeries import fill
from dynamical_interfaces import graph
from dynamical_interfaces.joints import load_urdf
from dynamical_interfaces.runtime.endpoints import interface_class, qos_profile
from dynamical_interfaces.runtime.node import GraphNode

TRUE = "_true"  # ending of the name that the faulty node writes instead
QUEUE = 64


class RelayedTopic:
    """Passes messages of one topic on, as they are or not."""

    def __init__(self, node: Any, name: str) -> None:
        topic = graph.topic(name)
        self._type = interface_class(topic.type)
        self._writer = node.create_publisher(self._type, name, qos_profile(topic.profile))
        # A late message is passed on, too: whether it is too late is for its reader to say.
        wanted = qos_profile(topic.profile, depth=max(topic.profile.depth, QUEUE))
        node.create_subscription(self._type, name + TRUE, self._on_message, wanted, raw=True)
        self._random = np.random.default_rng(1)
        self.set(FAITHFUL, 0.0)

    def set(self, mode: str, value: float) -> None:
        """Begin with a mode of ``alterations``."""
        plain = mode in CONTENT or mode == "black"
        self._mode, self._value = mode, value
        self._change = CONTENT[mode]() if mode in CONTENT else None
        self._transport = Transport(FAITHFUL if plain else mode, value)

    def _on_message(self, raw: bytes) -> None:
        if self._mode == "black":
            raw = black(raw)
        elif self._change is not None:
            message = deserialize_message(raw, self._type)
            raw = serialize_message(self._change(message, self._value, self._random))
        for bytes_out in self._transport.pass_on(raw, time.monotonic()):
            self._writer.publish(bytes_out)


class Sender:
    """Sends messages at a rate from a thread of its own, until told not to."""

    def __init__(self, send: Any, rate: float) -> None:
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, args=(send, rate), daemon=True)
        self._thread.start()

    def _run(self, send: Any, rate: float) -> None:
        begin, count = time.monotonic(), 0
        while not self._stop.wait(max(0.0, begin + count / rate - time.monotonic())):
            send(count)
            count += 1

    def end(self) -> None:
        """Stop sending."""
        self._stop.set()
        self._thread.join(2.0)


class Injector:
    """All relays and rogue publishers of one campaign.

    Args:
        node: A plain node in the robot's namespace.
        names: The robot's joints.
        topics: Topics that are relayed.
    """

    def __init__(self, node: Any, names: list[str], topics: list[str]) -> None:
        self._node, self._names = node, names
        self._relays = {name: RelayedTopic(node, name) for name in topics}
        self._senders: list[Sender] = []
        self._writers: list[Any] = []

    def carry_out(self, order: dict[str, Any]) -> None:
        """Do what one line asks for."""
        match order["do"]:
            case "relay":
                for topic in order["topics"]:
                    self._relays[topic].set(order["mode"], float(order["value"]))
            case "rogue":
                self._rogue(order["topic"], float(order["rate"]))
            case "play":
                self._play(order["topic"], Path(order["bag"]))
            case "flood":
                self._flood(float(order["rate"]), int(order["size"]))
            case "quiet":
                self._quiet()
            case other:
                raise ValueError(f"unknown order {other!r}")

    def _rogue(self, name: str, rate: float) -> None:
        topic = graph.topic(name)
        kind = interface_class(topic.type)
        writer = self._node.create_publisher(kind, name, qos_profile(topic.profile))
        self._writers.append(writer)

        def send(count: int) -> None:
            stamp = GraphNode.stamp(time.time())
            message = fill(name, kind(), stamp=stamp, names=self._names, sequence=count)
            writer.publish(message)

        self._senders.append(Sender(send, rate))

    def _play(self, name: str, bag: Path) -> None:
        """Send what a bag holds of a topic, over and over, as fast as it was recorded on average."""
        with (bag / f"{bag.name}_0.mcap").open("rb") as file:
            full = self._node.resolve_topic_name(name)
            found = [
                (message.log_time, message.data)
                for _, _, message in make_reader(file).iter_messages(topics=[full])
            ]
        if len(found) < 2:
            raise ValueError(f"{bag} holds {len(found)} messages of {full}, want two or more")
        rate = (len(found) - 1) / ((found[-1][0] - found[0][0]) * 1e-9)
        topic = graph.topic(name)
        kind = interface_class(topic.type)
        writer = self._node.create_publisher(kind, name, qos_profile(topic.profile))
        self._writers.append(writer)
        send = lambda count: writer.publish(found[count % len(found)][1])  # noqa: E731
        self._senders.append(Sender(send, rate))

    def _flood(self, rate: float, size: int) -> None:
        writer = self._node.create_publisher(UInt8MultiArray, "flood", 10)
        self._node.create_subscription(UInt8MultiArray, "flood", lambda _: None, 10, raw=True)
        self._writers.append(writer)
        message = UInt8MultiArray(data=array("B", bytes(size)))
        self._senders.append(Sender(lambda _: writer.publish(message), rate))

    def _quiet(self) -> None:
        for sender in self._senders:
            sender.end()
        for writer in self._writers:
            self._node.destroy_publisher(writer)
        self._senders, self._writers = [], []
        for relay in self._relays.values():
            relay.set(FAITHFUL, 0.0)


def main() -> None:
    """Run until standard input ends."""
    parser = argparse.ArgumentParser(description="Bring faults into a running graph.")
    parser.add_argument("--namespace", required=True)
    parser.add_argument("--urdf", type=Path, required=True)
    parser.add_argument("--relay", action="append", default=[])
    arguments = parser.parse_args()
    rclpy.init(args=["--ros-args", "--disable-external-lib-logs"],
               signal_handler_options=SignalHandlerOptions.NO)  # fmt: skip
    node = rclpy.create_node("injector", namespace=arguments.namespace)
    names = list(load_urdf(arguments.urdf).names)
    injector = Injector(node, names, arguments.relay)
    executor = SingleThreadedExecutor()
    executor.add_node(node)
    relays = threading.Thread(target=executor.spin, name="relays", daemon=True)
    relays.start()
    _answer("ready")
    for line in sys.stdin:
        try:
            injector.carry_out(json.loads(line))
            _answer("done")
        except (KeyError, ValueError, TypeError) as error:
            _answer(f"refused: {type(error).__name__}: {error}")
    injector.carry_out({"do": "quiet"})
    executor.shutdown(timeout_sec=2.0)
    relays.join(2.0)
    node.destroy_node()
    rclpy.try_shutdown()


def _answer(word: str) -> None:
    sys.stdout.write(word + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
