"""Progress of a run and of a backtest on stderr: a bar, or lines where that is no terminal."""

import sys
from collections.abc import Sequence
from datetime import date

from rich import progress
from rich.text import Text

from mlops_drift.console import open_console
from mlops_drift.simulation.retrainings import Step


class _Bar(progress.Progress):
    def __init__(self, *columns: progress.ProgressColumn) -> None:
        console = open_console(stderr=True)
        super().__init__(
            progress.TextColumn("[bold]{task.description}"),
            progress.BarColumn(),
            *columns,
            progress.TimeElapsedColumn(),
            progress.TextColumn("{task.fields[what]}"),
            console=console,
            transient=True,
            disable=not console.is_terminal,
        )

    def line(self, text: str) -> None:
        """Prints a line where there is no bar."""
        if self.disable:
            print(text, file=sys.stderr, flush=True)  # noqa: T201


class RunProgress(_Bar):
    """Days of a run; a line for each month where there is no bar, and for each retraining."""

    def __init__(self, model: str, days: int) -> None:
        super().__init__(progress.MofNCompleteColumn())
        self._task = self.add_task(model, total=days, what="")

    def on_step(self, step: Step, what: str) -> None:
        """Moves the bar; retrainings also leave a line."""
        shown = f"{step.last}: {what}"
        self.update(self._task, what=shown)
        if what == "complete":
            self.advance(self._task, len(step.days))
        elif what != "running":
            self.console.print(Text(shown, "yellow"))
        elif step.first.day == 1:
            self.line(shown)


class BacktestProgress(_Bar):
    """Days of all policies, each once; a line for each policy where there is no bar."""

    def __init__(self, model: str, policies: Sequence[str], days: int) -> None:
        super().__init__()
        self._task = self.add_task(model, total=days * len(policies), what="landing")
        self._done: dict[str, int] = {}
        self._first: date | None = None

    def on_day(self, policy: str, day: date) -> None:
        """Moves the bar to a day of a policy."""
        self._first = min(self._first or day, day)
        if policy not in self._done:
            self.line(f"policy: {policy}")
        self._done[policy] = (day - self._first).days + 1
        self.update(self._task, completed=sum(self._done.values()), what=f"{policy}: {day}")
