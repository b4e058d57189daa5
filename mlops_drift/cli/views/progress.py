"""Progress of a backtest on stderr."""

import sys
from collections.abc import Sequence
from datetime import date
from typing import Self

from rich.console import Console
from rich.progress import BarColumn, TextColumn, TimeElapsedColumn
from rich.progress import Progress as RichProgress


class BacktestProgress:
    """One bar over the days of all policies; a line for each policy if stderr is no terminal.

    Days repeated after a retraining count once.
    """

    def __init__(self, model: str, policies: Sequence[str], days: int) -> None:
        self._console = Console(stderr=True)
        self._bar = RichProgress(
            TextColumn("[bold]{task.description}"),
            BarColumn(),
            TimeElapsedColumn(),
            TextColumn("{task.fields[what]}"),
            console=self._console,
            transient=True,
            disable=not self._console.is_terminal,
        )
        self._task = self._bar.add_task(model, total=days * len(policies), what="landing")
        self._done: dict[str, int] = {}
        self._first: date | None = None

    def __enter__(self) -> Self:
        self._bar.start()
        return self

    def __exit__(self, *error: object) -> None:
        self._bar.stop()

    def on_day(self, policy: str, day: date) -> None:
        """Moves the bar to a day of a policy."""
        self._first = min(self._first or day, day)
        if policy not in self._done and not self._console.is_terminal:
            print(f"policy: {policy}", file=sys.stderr, flush=True)  # noqa: T201
        self._done[policy] = (day - self._first).days + 1
        self._bar.update(self._task, completed=sum(self._done.values()), what=f"{policy}: {day}")
