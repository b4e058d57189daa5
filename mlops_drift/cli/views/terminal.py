"""Progress, timeline, status and tables on the terminal."""

import sys
from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from typing import Any, Self

import pyarrow as pa
from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeElapsedColumn
from rich.progress import Progress as RichProgress
from rich.table import Table

from mlops_drift.charts.sparkline import sparkline
from mlops_drift.cli.views.shadow import print_shadow
from mlops_drift.config.spec import ModelSpec
from mlops_drift.learning.metrics.registry import metric_named
from mlops_drift.lifecycle.timeline import Timeline
from mlops_drift.pipeline.missing_days import about_missing
from mlops_drift.simulation.retrainings import Step

# Days that a line lists.
LISTED = 5


class Progress:
    """A progress bar on stderr; a line for each month and retraining if that is no terminal."""

    def __init__(self, model: str, days: int) -> None:
        self._console = Console(stderr=True)
        self._bar = RichProgress(
            TextColumn("[bold]{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            TextColumn("{task.fields[what]}"),
            console=self._console,
            transient=True,
            disable=not self._console.is_terminal,
        )
        self._task = self._bar.add_task(model, total=days, what="")

    def __enter__(self) -> Self:
        self._bar.start()
        return self

    def __exit__(self, *error: object) -> None:
        self._bar.stop()

    def on_step(self, step: Step, what: str) -> None:
        """Moves the bar; retrainings also leave a line."""
        shown = f"{step.last}: {what}"
        self._bar.update(self._task, what=shown)
        if what == "complete":
            self._bar.advance(self._task, len(step.days))
        elif what != "running":
            self._console.print(f"[yellow]{shown}")
        elif not self._console.is_terminal and step.first.day == 1:
            print(shown, file=sys.stderr, flush=True)  # noqa: T201


def print_timeline(
    spec: ModelSpec, timeline: Timeline, upcoming: str, first: date, last: date, seconds: float
) -> None:
    """Prints the timeline: KPI, versions, decisions, failed checks, and what happens next."""
    console = Console()
    console.print(
        f"\n[bold]{spec.name}[/bold] {first} to {last}, {seconds:.0f} s. "
        f"{escape(spec.description)}\n"
    )
    if timeline.kpi:
        console.print(_kpi(spec, timeline))
    if timeline.versions:
        console.print(_versions(timeline))
    _print_decisions(console, spec.name, timeline.decisions)
    if timeline.alarms:
        console.print(_alarms(timeline.alarms))
    else:
        console.print("No check failed.")
    console.print(escape(f"Next: {upcoming}"))
    console.print("All details: make ui, then http://127.0.0.1:3000")


def _kpi(spec: ModelSpec, timeline: Timeline) -> Table:
    metric = spec.training.metric
    table = Table(title=f"{metric} by production day", title_justify="left")
    for column in ("version", "days", "mean", "worst", "day by day"):
        table.add_column(column)
    values = [row["value"] for row in timeline.kpi]
    low, high = min(values), max(values)
    for version in sorted({row["version"] for row in timeline.kpi}):
        mine = [row for row in timeline.kpi if row["version"] == version]
        weight = sum(row["n"] for row in mine)
        mean = sum(row["value"] * row["n"] for row in mine) / weight
        better = metric_named(metric).greater_is_better
        worst = (min if better else max)(mine, key=lambda row: row["value"])
        table.add_row(
            f"v{version}",
            f"{mine[0]['day']} to {mine[-1]['day']}",
            f"{mean:.3f}",
            f"{worst['value']:.3f} on {worst['day']}",
            sparkline([row["value"] for row in mine], low, high),
        )
    return table


def _versions(timeline: Timeline) -> Table:
    table = Table(title="Versions", title_justify="left")
    for column in ("version", "as of", "rows", "family", "test metric", "training set", "promoted"):
        table.add_column(column)
    for row in timeline.versions:
        table.add_row(
            f"v{row['version']}",
            str(row["as_of"]),
            str(row["rows"]),
            row["family"],
            f"{row['metric']} {row['value']:.3f}",
            row["training_set"][:12],
            "yes" if row["promoted"] else "no",
        )
    return table


def _print_decisions(console: Console, model: str, decisions: Sequence[dict[str, Any]]) -> None:
    if not decisions:
        console.print("No decisions yet.")
        return
    console.print(_decisions(decisions))
    if any(row["outcome"] == "rejected" for row in decisions):
        console.print(f"Why a challenger was rejected: mlops-drift log {model}")


def _decisions(decisions: Sequence[dict[str, Any]]) -> Table:
    table = Table(title="Decisions", title_justify="left")
    for column in ("day", "action", "because", "outcome"):
        table.add_column(column)
    for row in decisions:
        outcome = row["outcome"] or ("under way" if row["action"] == "retrain" else "nothing")
        challenger = f" v{row['challenger']}" if row["challenger"] else ""
        why = row["outcome_reason"] if outcome == "failed" else ", ".join(row["against"])
        table.add_row(
            str(row["day"]),
            row["action"],
            escape(f"{', '.join(row['rules'])}: {row['reason']}"),
            escape(f"{outcome}{challenger}{': ' if why else ''}{why}"),
        )
    return table


def _alarms(alarms: Sequence[dict[str, Any]]) -> Table:
    shown = 12
    title = f"Failed checks ({len(alarms)})"
    table = Table(title=title, title_justify="left")
    for column in ("day", "check", "what", "value", "limit", "n", "version"):
        table.add_column(column)
    for row in alarms[:shown]:
        table.add_row(
            str(row["day"]),
            row["check"],
            escape(_what(row)),
            f"{row['value']:.3f}",
            f"{row['threshold']:.3f}",
            str(row["n"]),
            f"v{row['version']}",
        )
    if len(alarms) > shown:
        table.add_row("…", f"and {len(alarms) - shown} more", "", "", "", "", "")
    return table


def _what(alarm: dict[str, Any]) -> str:
    production_day = alarm["production_day"]
    other_day = f", production day {production_day}" if production_day != alarm["day"] else ""
    return f"{alarm['column']}{other_day}"


def print_status(status: dict[str, Any]) -> None:
    """Prints the state of a model."""
    console = Console()
    champion = status["champion"]
    console.print(f"[bold]{status['model']}[/bold]: last day {status['last_day'] or 'none yet'}")
    console.print(
        f"champion: version {champion['version']} ({champion['family']}), serving from the day "
        f"after {champion['as_of']}, test {champion['metric']} {champion['test_value']:.3f}"
        if champion
        else "champion: none yet"
    )
    console.print(
        f"{status['events']} events, {status['labels']} labels "
        f"({status['labels_without_event']} without an event), {status['rejected']} quarantined "
        f"rows, {status['predictions']} predictions"
    )
    for source, account in status["sources"].items():
        for line in _account_lines(status["model"], source, account):
            console.print(escape(line))
    for check in status["checks"]:
        colour = {"pass": "green", "fail": "red"}.get(check["verdict"], "yellow")
        console.print(
            f"[{colour}]{check['check']} {check['day']}: {check['verdict']}[/] "
            f"{escape(check['reason'])}"
        )
    if status["missing_days"]:
        then = f"run mlops-drift run {status['model']}"
        console.print(f"[yellow]{escape(about_missing(status['missing_days'], then))}")
    if status["shadow"]:
        print_shadow(status["shadow"], console)
    console.print(escape(f"next: {status['next']}"))
    _print_decisions(console, status["model"], status["decisions"])


def _account_lines(model: str, source: str, account: Mapping[str, Any]) -> Iterator[str]:
    """What became of all rows of a source, and which command reads changed days again."""
    gone = f", {account['gone']} recorded rows are no longer in it" if account["gone"] else ""
    yield (
        f"source of {source}: {account['rows']} rows, {account['recorded']} landed or quarantined, "
        f"{account['waiting']} of days to come{gone}"
    )
    changed = sorted({entry["day"] for entry in (*account["late"], *account["gone_days"])})
    if changed:
        late, lost = (sum(entry["rows"] for entry in account[of]) for of in ("late", "gone_days"))
        days = ", ".join(map(str, changed[:LISTED]))
        more = f" and {len(changed) - LISTED} more days" if len(changed) > LISTED else ""
        yield (
            f"  days that had run have changed ({days}{more}): {late} rows are new or changed and "
            f"were quarantined, {lost} recorded rows are gone or changed; to land these days "
            f"again: mlops-drift run {model} --from {changed[0]} --until {changed[-1]} --again"
        )
    if account["note"]:
        yield f"  {account['note']}"


def print_table(result: pa.Table) -> None:
    """Prints the first thousand rows of a result whose values are texts."""
    table = Table()
    for name in result.schema.names:
        table.add_column(escape(name))
    columns = [column.to_pylist() for column in result.slice(0, 1000).columns]
    for row in zip(*columns, strict=True):
        table.add_row(*("" if value is None else escape(value) for value in row))
    console = Console()
    console.print(table)
    if result.num_rows > 1000:
        console.print(f"… and {result.num_rows - 1000} more rows")
