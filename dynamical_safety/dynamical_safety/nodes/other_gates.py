"""Is there another safety gate on this robot? There must not be: two would fight over it."""

import threading
from typing import Any

from dynamical_interfaces import graph
from dynamical_interfaces.runtime.endpoints import interface_class, qos_profile

TOPIC = "safe_command"
LISTEN = 1.0  # time to find a living gate, and to hear one of its thousand commands a second [s]
POLL = 0.01  # less than the lifespan of a safe command [s]


class OtherGates:
    """Watches the writers of the safe command.

    A gate that was killed stays in the discovery data for a while; a writer that was silent when
    this gate began is such a ghost and is not held against anybody.

    Args:
        node: The gate's node, before it makes its own writer.
    """

    def __init__(self, node: Any) -> None:
        self._node = node
        self._topic = node.resolve_topic_name(TOPIC)
        self._ghosts: set[bytes] = set()
        self._own: bytes | None = None

    def look_before_start(self) -> str | None:
        """Name of a node that writes safe commands now, or ``None``."""
        topic = graph.topic(TOPIC)
        profile = qos_profile(topic.profile)
        listener = self._node.create_subscription(
            interface_class(topic.type), TOPIC, lambda _: None, profile, raw=True
        )
        try:
            pause = threading.Event()
            for _ in range(round(LISTEN / POLL)):
                with listener.handle:
                    taken = listener.handle.take_message(listener.msg_type, True)  # noqa: FBT003
                if taken is not None:
                    return next(iter(self._writers().values()), "unknown")
                pause.wait(POLL)
            self._ghosts = set(self._writers())
            return None
        finally:
            self._node.destroy_subscription(listener)

    def started(self) -> None:
        """The gate has made its own writer: what is new from now on, apart from it, is another."""
        name, namespace = self._node.get_name(), self._node.get_namespace()
        own = [
            gid
            for gid, writer in self._writers().items()
            if gid not in self._ghosts and writer == f"{namespace.rstrip('/')}/{name}"
        ]
        self._own = own[0] if own else None

    def look(self) -> str | None:
        """Name of another node that has a writer of the safe command now, or ``None``."""
        if self._own is None:
            self.started()
        writers = self._writers()
        self._ghosts &= set(writers)
        for gid, name in writers.items():
            if gid not in self._ghosts and gid != self._own:
                return name
        return None

    def _writers(self) -> dict[bytes, str]:
        return {
            bytes(info.endpoint_gid): f"{info.node_namespace.rstrip('/')}/{info.node_name}"
            for info in self._node.get_publishers_info_by_topic(self._topic)
        }
