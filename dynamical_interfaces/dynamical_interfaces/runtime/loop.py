"""A periodic loop that owns its thread and counts how well it keeps its time.

Absolute deadlines, SCHED_FIFO and locked memory where the system allows them; a period that is missed
wholly is skipped and counted as a slip (the word is F Prime's), never made up for.
"""

import ctypes
import ctypes.util
import gc
import math
import os
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from dynamical_interfaces.tiers import Tier

LATE = 1e-3  # a tick that begins later than this after its deadline counts as late [s]
# Of the other threads in a process with a real-time loop: the middleware's, which bring its samples, and
# those that may hold the interpreter's lock just when it wants it. If they waited behind ordinary work on
# a busy machine, so would the loop. Below every loop's own priority: a flood of samples cannot stop one.
COMPANION_PRIORITY = 50
# Pages are locked as they are touched: what is never used (thread stacks) costs nothing.
_MCL_CURRENT_FUTURE_ONFAULT = 7


@dataclass(frozen=True, slots=True)
class Timing:
    """How a loop kept its time: counters since start, distributions over about the last second.

    Times in seconds. ``rate`` is ticks per second; ``slips`` are periods that were skipped.
    """

    rate: float
    ticks: int
    slips: int
    late_ticks: int
    lateness_p50: float
    lateness_p99: float
    lateness_max: float
    compute_p50: float
    compute_p99: float


class PeriodicLoop:
    """Calls ``step(now, period)`` at a fixed rate from a thread of its own.

    Args:
        step: Called with ROS time [s] and the measured time since the last tick [s].
        period: Wanted period [s]; may be changed while the loop runs.
        tier: Decides scheduling priority and niceness.
        name: Thread name.
        clock: Gives ROS time [s].
        on_error: Called with the exception if ``step`` raises; the loop has ended then.
    """

    def __init__(
        self,
        step: Callable[[float, float], None],
        *,
        period: float,
        tier: Tier,
        name: str,
        clock: Callable[[], float] = time.time,
        on_error: Callable[[BaseException], None] | None = None,
    ) -> None:
        self.period = period
        self.tier = tier
        self.degraded = ""
        self._step = step
        self._clock = clock
        self._on_error = on_error
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)
        window = max(10, round(1.0 / period))
        self._lateness = np.zeros(window)
        self._compute = np.zeros(window)
        self._ticks = 0
        self._slips = 0
        self._late_ticks = 0
        self._mark = (time.monotonic(), 0)
        self._ticked = math.inf

    def start(self) -> None:
        """Begin ticking."""
        self._ticked = time.monotonic()
        self._thread.start()

    def stop(self, timeout: float = 2.0) -> None:
        """End after the current tick; safe to call twice, and from the loop itself."""
        self._stop.set()
        if self._thread.is_alive() and threading.current_thread() is not self._thread:
            self._thread.join(timeout)

    @property
    def alive(self) -> bool:
        """Whether the thread runs."""
        return self._thread.is_alive()

    @property
    def silence(self) -> float:
        """Time since the last tick ended, or since start [s]; -inf before."""
        return time.monotonic() - self._ticked

    @property
    def ticks(self) -> int:
        """Ticks since start."""
        return self._ticks

    @property
    def late_ticks(self) -> int:
        """Ticks that began more than 1 ms after their deadline, since start."""
        return self._late_ticks

    def compute_percentile(self, percent: float) -> float:
        """Time spent in a tick that ``percent`` of the last second's ticks did not exceed [s]."""
        filled = min(self._ticks, len(self._compute))
        return float(np.percentile(self._compute[:filled], percent)) if filled else 0.0

    def timing(self) -> Timing:
        """Statistics; ``rate`` covers the time since the last call."""
        ticks = self._ticks
        filled = min(ticks, len(self._lateness))
        lateness = self._lateness[:filled].copy() if filled else np.zeros(1)
        compute = self._compute[:filled].copy() if filled else np.zeros(1)
        now = time.monotonic()
        last, before = self._mark
        self._mark = (now, ticks)
        late = np.percentile(lateness, (50, 99))
        busy = np.percentile(compute, (50, 99))
        return Timing(
            rate=(ticks - before) / max(now - last, 1e-9),
            ticks=ticks,
            slips=self._slips,
            late_ticks=self._late_ticks,
            lateness_p50=float(late[0]),
            lateness_p99=float(late[1]),
            lateness_max=float(lateness.max()),
            compute_p50=float(busy[0]),
            compute_p99=float(busy[1]),
        )

    def _run(self) -> None:
        try:
            self.degraded = prepare_thread(self.tier)
            self._tick()
        except Exception as error:
            if self._on_error is None:
                raise
            self._on_error(error)

    def _tick(self) -> None:
        window = len(self._lateness)
        deadline = time.monotonic() + self.period
        last = deadline - self.period
        while not self._stop.is_set():
            wait = deadline - time.monotonic()
            if wait > 0:
                # CPython >= 3.11 sleeps with clock_nanosleep(TIMER_ABSTIME).
                time.sleep(wait)  # noqa: TID251 - the one place that may
            begin = time.monotonic()
            lateness = begin - deadline
            self._step(self._clock(), begin - last)
            last = begin
            slot = self._ticks % window
            self._lateness[slot] = lateness
            self._ticked = time.monotonic()
            self._compute[slot] = self._ticked - begin
            self._ticks += 1
            if lateness > LATE:
                self._late_ticks += 1
            deadline += self.period
            behind = time.monotonic() - deadline
            if behind > self.period:
                skipped = int(behind / self.period)
                self._slips += skipped
                deadline += skipped * self.period


def prepare_thread(tier: Tier) -> str:
    """Give the calling thread the scheduling of its tier, and lock and calm the process's memory.

    Returns:
        What the system refused and how to allow it; empty if nothing.
    """
    refused: list[str] = []
    if tier.priority:
        try:
            os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(tier.priority))
        except OSError as error:
            refused.append(
                f"SCHED_FIFO {tier.priority} refused ({error.strerror}); allow rtprio in "
                "/etc/security/limits.conf"
            )
        else:
            raise_companions()
        libc = ctypes.CDLL(ctypes.util.find_library("c"), use_errno=True)
        if libc.mlockall(_MCL_CURRENT_FUTURE_ONFAULT) != 0:
            reason = os.strerror(ctypes.get_errno())
            refused.append(
                f"mlockall refused ({reason}); allow memlock in /etc/security/limits.conf"
            )
        # What exists now lives as long as the process: the collector need not look at it again.
        gc.collect()
        gc.freeze()
        gc.set_threshold(50_000, 50, 100)
    elif tier.nice:
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), tier.nice)
    return "; ".join(refused)


def raise_companions() -> None:
    """Give all ordinary threads of this process, and those they will start, a real-time priority."""
    for task in os.listdir("/proc/self/task"):
        try:
            if os.sched_getscheduler(int(task)) == os.SCHED_OTHER:
                priority = os.sched_param(COMPANION_PRIORITY)
                os.sched_setscheduler(int(task), os.SCHED_FIFO, priority)
        except OSError:  # the thread has ended meanwhile, or the system allows none of it
            continue
