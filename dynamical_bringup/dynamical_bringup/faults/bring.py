"""Brings faults about on a running platform, and takes them back."""

import contextlib
import multiprocessing
import os
import signal
import threading
from collections.abc import Callable

from dynamical_bringup.client import ClientError
from dynamical_bringup.faults.fault import (
    Action,
    Burn,
    FillDisk,
    Flood,
    Freeze,
    Kill,
    Play,
    Relay,
    Rogue,
    SetClock,
    Slow,
    Stop,
    Walk,
    Zone,
)
from dynamical_bringup.faults.stage import Stage
from dynamical_bringup.runner import PlatformError

ZONE = "fault"
BLOCK = 65_536


class Bringer:
    """Carries out actions; ``take_back`` undoes all of them, in any state of the platform.

    Args:
        stage: The running platform.
    """

    def __init__(self, stage: Stage) -> None:
        self._stage = stage
        self._undo: list[Callable[[], None]] = []

    def bring(self, action: Action) -> None:
        """Carry out one action; returns as soon as it has begun.

        Raises:
            ClientError, PlatformError, InjectionError, TimeoutError: If it cannot be carried out.
        """
        stage = self._stage
        match action:
            case Kill(node):
                os.kill(stage.pid(node), signal.SIGKILL)
            case Freeze():
                self._freeze(action)
            case Slow():
                self._slow(action)
            case Relay(topics, mode, value):
                stage.injection.tell("relay", topics=topics, mode=mode, value=value)
                self._undo.append(lambda: stage.injection.tell("quiet"))
            case Rogue(topic, _, rate):
                stage.injection.tell("rogue", topic=topic, rate=rate)
                self._undo.append(lambda: stage.injection.tell("quiet"))
            case Play(topic):
                stage.injection.tell("play", topic=topic, bag=str(stage.bag))
                self._undo.append(lambda: stage.injection.tell("quiet"))
            case Flood(rate, size):
                stage.injection.tell("flood", rate=rate, size=size)
                self._undo.append(lambda: stage.injection.tell("quiet"))
            case SetClock(node, seconds):
                stage.clocks[node].set(seconds)
                self._undo.append(lambda: stage.clocks[node].set(0.0))
            case Walk(waypoints, speed, dwell):
                self._undo.append(lambda: stage.walk((), 1.0, 0.0))
                stage.walk(waypoints, speed, dwell)
            case Zone():
                self._put_zone(action)
            case Stop(category):
                body = {"reason": "fault campaign", "stop_category": category}
                stage.client.post("/api/v1/safety/stop", body)
            case Burn(processes):
                self._burn(processes * (os.cpu_count() or 1))
            case FillDisk():
                self._fill_disk()

    def take_back(self) -> None:
        """Undo everything, the newest first; one failure does not keep the others."""
        while self._undo:
            undo = self._undo.pop()
            with contextlib.suppress(OSError, ClientError, TimeoutError, RuntimeError):
                undo()

    def _freeze(self, action: Freeze) -> None:
        pid = self._stage.pid(action.node)
        os.kill(pid, signal.SIGSTOP)
        if action.for_ever:
            self._undo.append(lambda: _signal(pid, signal.SIGKILL))
            return
        timer = threading.Timer(action.seconds, lambda: _signal(pid, signal.SIGCONT))
        timer.daemon = True
        timer.start()

        def end() -> None:
            timer.cancel()
            _signal(pid, signal.SIGCONT)

        self._undo.append(end)

    def _slow(self, action: Slow) -> None:
        pid, stop = self._stage.pid(action.node), threading.Event()

        def turns() -> None:
            while not stop.is_set():
                _signal(pid, signal.SIGSTOP)
                stop.wait(action.rest)
                _signal(pid, signal.SIGCONT)
                stop.wait(action.run)

        thread = threading.Thread(target=turns, name="slow", daemon=True)
        thread.start()

        def end() -> None:
            stop.set()
            thread.join(1.0)
            _signal(pid, signal.SIGCONT)

        self._undo.append(end)

    def _put_zone(self, zone: Zone) -> None:
        (low_x, low_y), (high_x, high_y) = zone.low, zone.high
        corners = [[low_x, low_y], [high_x, low_y], [high_x, high_y], [low_x, high_y]]
        client = self._stage.client
        before = client.get("/api/v1/safety/zones")["zones"]
        names = {"name": ZONE, "zone_type": zone.zone_type, "coordinates": corners}
        bottom, top = zone.height
        fresh = names | {"height_min": bottom, "height_max": top}
        self._undo.append(lambda: client.post("/api/v1/safety/zones", {"zones": before}))
        try:
            answer = client.post("/api/v1/safety/zones", {"zones": [*before, fresh]})
        except ClientError:
            if zone.refused:
                return
            raise
        if zone.refused:
            if answer["success"]:
                raise ClientError("the zone was put in force around a link; it must be refused")
            return
        if not answer["success"]:
            raise ClientError(f"the zone was refused: {answer.get('error')}")

    def _burn(self, count: int) -> None:
        context = multiprocessing.get_context("spawn")
        burners = [context.Process(target=_spin, daemon=True) for _ in range(count)]
        for burner in burners:
            burner.start()

        def end() -> None:
            for burner in burners:
                burner.kill()
                burner.join(2.0)

        self._undo.append(end)

    def _fill_disk(self) -> None:
        path = self._stage.state / "filling"
        self._undo.append(lambda: path.unlink(missing_ok=True))
        try:
            with path.open("wb", buffering=0) as file:
                while file.write(bytes(BLOCK)) == BLOCK:
                    pass
        except OSError:
            return  # full, as it was to be
        if path.stat().st_size == 0:
            raise PlatformError(f"{path} cannot be written")


def _signal(pid: int, number: signal.Signals) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, number)


def _spin() -> None:
    while True:
        pass
