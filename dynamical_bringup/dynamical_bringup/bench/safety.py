"""Figures of the safety gate's arithmetic; they need no platform.

Times are processor time of the thread, so that whatever else runs meanwhile counts little.
"""

import time
from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np

from dynamical_bringup.bench.row import Row
from dynamical_bringup.bench.safety_cell import SafetyCell, Surroundings, Taken
from dynamical_bringup.bench.shares import REST, watched
from dynamical_safety.constraint_filter import FilterStatus

SETTLING = 2.0  # of the gate's time, until it lets motion through and caches are warm [s]
SECONDS = 10.0
GROWTH_SECONDS = 2.0
ROUNDS = 10
AMOUNTS = (10, 100)
PROGRAMMES = 2000  # quadratic programmes solved
TICK_GOAL = 400.0  # p50 [us]
SURVEY_GOAL = 1000.0  # a look around must fit into the tick it is made in [us]
_SPEED = 1.0  # at which joints are asked to bring links together [rad/s]


def tick() -> list[Row]:
    """One tick of the whole gate, and what each rule has of it."""
    cell = SafetyCell()
    cell.work(SETTLING)
    taken = cell.work(SECONDS)
    p50, p99, p999 = _microseconds(taken.ticks, (50, 99, 99.9))
    with watched(cell.gate) as watch:
        count = len(cell.work(SECONDS).ticks)
    total = sum(watch.spent.values())
    shares = sorted(watch.spent.items(), key=lambda item: (item[0] == REST, -item[1]))
    return [
        Row(
            name="safety tick: p50",
            value=p50,
            unit="us",
            goal=f"<= {TICK_GOAL:.0f} us",
            met=p50 <= TICK_GOAL,
        ),
        Row(name="safety tick: p99", value=p99, unit="us"),
        Row(name="safety tick: p99.9", value=p999, unit="us"),
        Row(
            name="safety tick: let motion through",
            value=taken.moving / len(taken.ticks) * 100.0,
            unit="%",
            goal="100 %",
            met=taken.moving == len(taken.ticks),
        ),
        Row(name="safety tick, watched: mean", value=total / count * 1e6, unit="us"),
        *(
            Row(name=f"  of that {label}", value=spent / total * 100.0, unit="%")
            for label, spent in shares
        ),
    ]


def growth() -> list[Row]:
    """A tick, and a tick that looks around, beside the same with one of everything."""
    one = Surroundings(people=1, things=1, zones=1, hazards=1)
    cells = {"one of everything": SafetyCell(one)}
    for what in ("things", "zones", "hazards", "people"):
        for amount in AMOUNTS:
            cells[f"{amount} {what}"] = SafetyCell(replace(one, **{what: amount}))
    taken: dict[str, Taken] = {name: Taken() for name in cells}
    for cell in cells.values():
        cell.work(SETTLING)
    for _ in range(ROUNDS):
        # In turn, so that a slow moment of the machine falls on all of them.
        for name, cell in cells.items():
            taken[name].add(cell.work(GROWTH_SECONDS / ROUNDS))
    first = taken["one of everything"]
    rows = []
    for name, times in taken.items():
        survey = _microseconds(times.surveys)[0]
        rows += [
            Row(
                name=f"safety tick, {name}: p50",
                value=_microseconds(times.ticks)[0],
                unit="us",
                baseline=_microseconds(first.ticks)[0],
            ),
            Row(
                name=f"safety look around, {name}: p50",
                value=survey,
                unit="us",
                baseline=_microseconds(first.surveys)[0],
                goal=f"<= {SURVEY_GOAL:.0f} us",
                met=survey <= SURVEY_GOAL,
            ),
        ]
    return rows


def programme() -> list[Row]:
    """The constraint filter where it passes a command on, and where it solves for another one."""
    cell = SafetyCell()
    cell.work(SETTLING)
    gate = cell.gate
    position = cell.measured.copy()
    table = gate.world.obstacle_table(1000.0)
    measuring = _timed(lambda: gate.filter.refresh(position, table, 0.0), PROGRAMMES)
    still = np.zeros(len(position))
    passing = _timed(lambda: gate.filter.filter(still, position), PROGRAMMES)
    barriers = gate.filter.barriers
    assert barriers is not None
    # Straight at the nearest things of all: against the sum of the gradients.
    toward = -barriers.gradient.sum(axis=0)
    toward *= _SPEED / max(float(np.abs(toward).max()), 1e-9)
    found = gate.filter.filter(toward, position)
    solving = _timed(lambda: gate.filter.filter(toward, position), PROGRAMMES)
    return [
        Row(name="safety barriers measured: p50", value=_microseconds(measuring)[0], unit="us"),
        Row(name="safety barriers kept", value=float(len(barriers)), unit=""),
        Row(name="safety filter passes: p50", value=_microseconds(passing)[0], unit="us"),
        Row(
            name="safety filter solves (QP): p50",
            value=_microseconds(solving)[0],
            unit="us",
            goal="solved",
            met=found.status == FilterStatus.CHANGED,
        ),
        Row(
            name="safety filter solves (QP): p99",
            value=_microseconds(solving, (99,))[0],
            unit="us",
        ),
    ]


def _timed(work: Callable[[], object], count: int) -> list[float]:
    """Processor time of each of many calls [s]."""
    times = []
    for _ in range(count):
        begin = time.thread_time()
        work()
        times.append(time.thread_time() - begin)
    return times


def _microseconds(values: Sequence[float], shares: Sequence[float] = (50,)) -> tuple[float, ...]:
    """Percentiles of times [s], in us."""
    return tuple(float(value) * 1e6 for value in np.percentile(values, shares))


PURE_FIGURES: dict[str, Callable[[], list[Row]]] = {
    "safety_tick": tick,
    "safety_growth": growth,
    "safety_programme": programme,
}
