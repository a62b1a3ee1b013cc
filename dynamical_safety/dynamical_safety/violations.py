"""Events at the gate, told without flooding: the same one at most twice a second, with a count."""

from collections.abc import Iterable, Iterator

from dynamical_safety.decision import Event

INTERVAL = 0.5  # [s]


class EventThrottle:
    """Decides which events are told now."""

    def __init__(self) -> None:
        self._told: dict[tuple[str, int, str], float] = {}
        self._waiting: dict[tuple[str, int, str], tuple[Event, int]] = {}

    def __call__(self, events: Iterable[Event], time: float) -> Iterator[tuple[Event, int]]:
        """Yield the events to tell, each with how often it occurred since it was last told.

        What had to wait is told as soon as it may, so call this in every tick.

        Args:
            events: Events of this tick.
            time: Time [s], of any clock that only goes forward.
        """
        for event in events:
            key = (event.action, int(event.reason.code), event.reason.subject)
            self._waiting[key] = (event, self._waiting.get(key, (event, 0))[1] + 1)
        if not self._waiting:
            return
        for key, (event, count) in list(self._waiting.items()):
            if event.action == "stopped" or time - self._told.get(key, -INTERVAL) >= INTERVAL:
                del self._waiting[key]
                self._told[key] = time
                yield event, count
