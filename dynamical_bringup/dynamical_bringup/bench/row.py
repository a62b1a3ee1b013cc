"""One figure and how it is shown."""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from rich.console import Console
from rich.table import Table


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One measured figure.

    Attributes:
        name: What was measured.
        value: The figure, in ``unit``.
        unit: Its unit.
        baseline: The bare counterpart of the same run, in ``unit``; ``None`` = there is none.
        goal: What is wanted, in words; empty = shown for information.
        met: Whether it was met; ``None`` without a goal.
    """

    name: str
    value: float
    unit: str
    baseline: float | None = None
    goal: str = ""
    met: bool | None = None

    @property
    def ratio(self) -> float | None:
        """Value over baseline."""
        return self.value / self.baseline if self.baseline else None


def write(rows: Sequence[Row], path: Path) -> None:
    """All rows as JSON, one object each with name, value, unit, baseline, ratio, goal, met."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(
        json.dumps([{**asdict(row), "ratio": row.ratio} for row in rows], indent=2) + "\n"
    )


def show(rows: Sequence[Row]) -> None:
    """All rows as a table in the terminal."""
    table = Table(title="measured in one run; read the ratios", title_justify="left")
    for name in ("name", "value", "unit", "baseline", "ratio", "goal", "met"):
        table.add_column(name, justify="left" if name in ("name", "unit", "goal") else "right")
    for row in rows:
        table.add_row(
            row.name,
            _number(row.value),
            row.unit,
            _number(row.baseline),
            _number(row.ratio),
            row.goal,
            {None: "", True: "yes", False: "NO"}[row.met],
        )
    Console(width=140).print(table)


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:.4g}"
