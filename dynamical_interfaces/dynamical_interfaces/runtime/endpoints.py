"""Endpoints: interface types, QoS profiles as rclpy has them, subscriptions that no executor serves."""

import importlib
from dataclasses import dataclass
from typing import Any

from rclpy.callback_groups import CallbackGroup
from rclpy.duration import Duration
from rclpy.event_handler import QoSSubscriptionEventType
from rclpy.impl.implementation_singleton import rclpy_implementation
from rclpy.qos import (  # noqa: TID251 - the one place that makes profiles
    DurabilityPolicy,
    HistoryPolicy,
    QoSProfile,
    ReliabilityPolicy,
)

from dynamical_interfaces.qos import Profile


def interface_class(name: str) -> Any:
    """The Python class of an interface type such as ``"sensor_msgs/msg/JointState"``."""
    package, kind, type_name = name.split("/")
    return getattr(importlib.import_module(f"{package}.{kind}"), type_name)


def qos_profile(profile: Profile, *, depth: int | None = None) -> QoSProfile:
    """Rclpy's own class for a profile of the contract."""
    result = QoSProfile(
        history=HistoryPolicy.KEEP_LAST,
        depth=profile.depth if depth is None else depth,
        reliability=(
            ReliabilityPolicy.RELIABLE if profile.reliable else ReliabilityPolicy.BEST_EFFORT
        ),
        durability=(
            DurabilityPolicy.TRANSIENT_LOCAL if profile.latched else DurabilityPolicy.VOLATILE
        ),
    )
    if profile.deadline is not None:
        result.deadline = Duration(seconds=profile.deadline)
    if profile.lifespan is not None:
        result.lifespan = Duration(seconds=profile.lifespan)
    if profile.liveliness_lease is not None:
        result.liveliness_lease_duration = Duration(seconds=profile.liveliness_lease)
    return result


class PolledGroup(CallbackGroup):
    """A callback group that no executor may serve: its subscriptions are taken from a loop."""

    def can_execute(self, entity: Any) -> bool:
        """Never."""
        return False

    def beginning_execution(self, entity: Any) -> bool:
        """Never."""
        return False

    def ending_execution(self, entity: Any) -> None:
        """Nothing was begun."""


@dataclass(frozen=True, slots=True)
class Promises:
    """How the writers of a topic kept what its QoS promises, as one reader saw it.

    Attributes:
        deadlines_missed: Times that the deadline passed without a sample, since start.
        alive: Writers that are alive.
        lost: Writers that fell silent beyond their liveliness lease, or died, and are not back.
    """

    deadlines_missed: int = 0
    alive: int = 0
    lost: int = 0


class PolledReader:
    """A subscription outside every executor; three to four times cheaper than a callback.

    Args:
        subscription: Rclpy's own.
        raw: Give the serialised bytes instead of a message.
        depth: Queue depth.
        profile: What its QoS promises.
    """

    def __init__(
        self, subscription: Any, *, raw: bool, depth: int, profile: Profile | None = None
    ) -> None:
        self._subscription = subscription
        self._raw = raw
        self._depth = depth
        self._deadline = self._liveliness = None
        # Taken when asked for, like the samples: an executor would wake for each of them.
        if profile is not None and profile.deadline is not None:
            self._deadline = self._event(
                QoSSubscriptionEventType.RCL_SUBSCRIPTION_REQUESTED_DEADLINE_MISSED
            )
        if profile is not None and profile.liveliness_lease is not None:
            self._liveliness = self._event(
                QoSSubscriptionEventType.RCL_SUBSCRIPTION_LIVELINESS_CHANGED
            )

    @property
    def has_promises(self) -> bool:
        """Whether the topic's QoS promises anything that can be broken."""
        return self._deadline is not None or self._liveliness is not None

    def promises(self) -> Promises:
        """How the writers kept the topic's QoS since start."""
        missed = alive = lost = 0
        if self._deadline is not None:
            with self._deadline:
                missed = self._deadline.take_event().total_count
        if self._liveliness is not None:
            with self._liveliness:
                status = self._liveliness.take_event()
            alive, lost = status.alive_count, status.not_alive_count
        return Promises(missed, alive, lost)

    def _event(self, kind: Any) -> Any:
        with self._subscription.handle:
            return rclpy_implementation.EventHandle(self._subscription.handle, kind)

    def take(self) -> Any | None:
        """The newest message that has come since the last call, or ``None``."""
        newest = self._take_one()
        if newest is None or self._depth == 1:
            return newest
        while (message := self._take_one()) is not None:
            newest = message
        return newest

    def take_all(self) -> list[Any]:
        """All messages that have come since the last call, oldest first."""
        messages = []
        while (message := self._take_one()) is not None:
            messages.append(message)
        return messages

    def _take_one(self) -> Any | None:
        handle = self._subscription.handle
        with handle:
            taken = handle.take_message(self._subscription.msg_type, self._raw)
        return None if taken is None else taken[0]


def never_called(_: Any) -> None:
    """Callback of a polled subscription."""
    raise AssertionError("a polled subscription was served by an executor")
