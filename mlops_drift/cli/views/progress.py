"""Progress of a run and of a backtest on stderr: a bar, or lines where that is no terminal."""

import sys
from collections.abc import Sequence
from datetime import date
from typing import Self

from rich import progress
from rich.console import Console

from mlops_drift.simulation.retrainings import Step


class _Bar:
    def __init__(
        self, model: str, total: int, *columns: progress.ProgressColumn, what: str = ""
    ) -> None:
        self._console = Console(stderr=True)
        self._bar = progress.Progress(
            progress.TextColumn("[bold]{task.description}"),
            progress.BarColumn(),
            *columns,
            progress.TimeElapsedColumn(),
            progress.TextColumn("{task.fields[what]}"),
            console=self._console,
            transient=True,
            disable=not self._console.is_terminal,
        )
        self._task = self._bar.add_task(model, total=total, what=what)

    def __enter__(self) -> Self:
        self._bar.start()
        return self

    def __exit__(self, *error: object) -> None:
        self._bar.stop()

    def _line(self, text: str) -> None:
        """Prints a line where there is no bar."""
        if not self._console.is_terminal:
            print(text, file=sys.stderr, flush=True)  # noqa: T201


class RunProgress(_Bar):
    """Days of a run; a line for each month where there is no bar, and for each retraining."""

    def __init__(self, model: str, days: int) -> None:
        super().__init__(model, days, progress.MofNCompleteColumn())

    def on_step(self, step: Step, what: str) -> None:
        """Moves the bar; retrainings also leave a line."""
        shown = f"{step.last}: {what}"
        self._bar.update(self._task, what=shown)
        if what == "complete":
            self._bar.advance(self._task, len(step.days))
        elif what != "running":
            self._console.print(f"[yellow]{shown}")
        elif step.first.day == 1:
            self._line(shown)


class BacktestProgress(_Bar):
    """Days of all policies, each once; a line for each policy where there is no bar."""

    def __init__(self, model: str, policies: Sequence[str], days: int) -> None:
        super().__init__(model, days * len(policies), what="landing")
        self._done: dict[str, int] = {}
        self._first: date | None = None

    def on_day(self, policy: str, day: date) -> None:
        """Moves the bar to a day of a policy."""
        self._first = min(self._first or day, day)
        if policy not in self._done:
            self._line(f"policy: {policy}")
        self._done[policy] = (day - self._first).days + 1
        self._bar.update(self._task, completed=sum(self._done.values()), what=f"{policy}: {day}")
