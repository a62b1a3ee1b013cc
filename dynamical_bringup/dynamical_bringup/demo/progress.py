"""Live progress of a run: one line that changes, or plain lines where there is no terminal."""

import time
from typing import Any, Self

from rich.live import Live
from rich.table import Table
from rich.text import Text

from dynamical_bringup.cli import pages


class Progress:
    """Shows states of an execution; a context manager around the time when they come."""

    def __init__(self) -> None:
        self._screen = pages.console()
        self._live: Live | None = None
        self._began = 0.0
        self._last = ""

    def __enter__(self) -> Self:
        self._began, self._last = time.monotonic(), ""
        if self._screen.is_terminal:
            self._live = Live(console=self._screen, refresh_per_second=10)
            self._live.__enter__()
        return self

    def __exit__(self, *details: Any) -> None:
        if self._live is not None:
            self._live.__exit__(*details)
            self._live = None

    def say(self, line: str) -> None:
        """One line that stays."""
        self._screen.print(line, markup=False)

    def show(self, state: dict[str, Any]) -> None:
        """The newest state of the execution, as REST gives it."""
        line = pages.progress_line(state, elapsed=time.monotonic() - self._began)
        if self._live is not None:
            self._live.update(line)
            return
        data = state["result_data"]
        key = f"{data.get('phase')} {data.get('step')} {data.get('safety_state')}"
        if key != self._last:
            self._last = key
            self._screen.print(line)

    def table(self, figures: dict[str, Any]) -> None:
        """The figures of a run."""
        table = Table(show_header=False, box=None, pad_edge=False)
        for name, value in figures.items():
            shown = f"{value:.3f}" if isinstance(value, float) else str(value)
            table.add_row(name, Text(shown))
        self._screen.print(table)
