"""Timeline and status on the terminal."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from math import isnan
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from mlops_drift.charts.sparkline import sparkline
from mlops_drift.config.spec import ModelSpec
from mlops_drift.learning.metrics.registry import metric_named
from mlops_drift.lifecycle.shadow.comparison import window_name
from mlops_drift.lifecycle.timeline import Timeline
from mlops_drift.pipeline.missing_days import about_missing

# Days that a line lists, and rows of failed checks.
LISTED, ALARMS = 5, 12


def print_timeline(
    spec: ModelSpec, timeline: Timeline, upcoming: str, first: date, last: date, seconds: float
) -> None:
    """Prints the timeline: KPI, versions, decisions, failed checks, and what happens next."""
    console = Console()
    head = f"\n[bold]{spec.name}[/bold] {first} to {last}, {seconds:.0f} s."
    console.print(f"{head} {escape(spec.description)}\n")
    if timeline.kpi:
        console.print(_kpi(spec, timeline))
    if timeline.versions:
        console.print(_versions(timeline))
    _print_decisions(console, spec.name, timeline.decisions)
    console.print(_alarms(timeline.alarms) if timeline.alarms else "No check failed.")
    console.print(escape(f"Next: {upcoming}"))
    console.print("All details: make ui, then http://127.0.0.1:3000")


def _table(title: str, columns: str) -> Table:
    return Table(*columns.split(", "), title=title, title_justify="left")


def _kpi(spec: ModelSpec, timeline: Timeline) -> Table:
    metric = spec.training.metric
    table = _table(f"{metric} by production day", "version, days, mean, worst, day by day")
    values = [row["value"] for row in timeline.kpi]
    low, high = min(values), max(values)
    worst_of = min if metric_named(metric).greater_is_better else max
    for version in sorted({row["version"] for row in timeline.kpi}):
        mine = [row for row in timeline.kpi if row["version"] == version]
        mean = sum(row["value"] * row["n"] for row in mine) / sum(row["n"] for row in mine)
        worst = worst_of(mine, key=lambda row: row["value"])
        table.add_row(
            f"v{version}",
            f"{mine[0]['day']} to {mine[-1]['day']}",
            f"{mean:.3f}",
            f"{worst['value']:.3f} on {worst['day']}",
            sparkline([row["value"] for row in mine], low, high),
        )
    return table


def _versions(timeline: Timeline) -> Table:
    columns = "version, as of, rows, family, test metric, training set, promoted"
    table = _table("Versions", columns)
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
    table = _table("Decisions", "day, action, because, outcome")
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
    console.print(table)
    if any(row["outcome"] == "rejected" for row in decisions):
        console.print(f"Why a challenger was rejected: mlops-drift log {model}")


def _alarms(alarms: Sequence[dict[str, Any]]) -> Table:
    columns = "day, check, what, value, limit, n, version"
    table = _table(f"Failed checks ({len(alarms)})", columns)
    for row in alarms[:ALARMS]:
        production_day = row["production_day"]
        other_day = f", production day {production_day}" if production_day != row["day"] else ""
        table.add_row(
            str(row["day"]),
            row["check"],
            escape(f"{row['column']}{other_day}"),
            f"{row['value']:.3f}",
            f"{row['threshold']:.3f}",
            str(row["n"]),
            f"v{row['version']}",
        )
    if len(alarms) > ALARMS:
        table.add_row("…", f"and {len(alarms) - ALARMS} more")
    return table


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
        found = f"[{colour}]{check['check']} {check['day']}: {check['verdict']}[/]"
        console.print(f"{found} {escape(check['reason'])}")
    if status["missing_days"]:
        missing = about_missing(status["missing_days"], f"run mlops-drift run {status['model']}")
        console.print(f"[yellow]{escape(missing)}")
    if status["shadow"]:
        print_shadow(status["shadow"], console)
    console.print(escape(f"next: {status['next']}"))
    _print_decisions(console, status["model"], status["decisions"])


def print_shadow(shadow: Mapping[str, Any], console: Console) -> None:
    """Prints since when the challenger of a status waits, and both metrics of each window."""
    version, rows = shadow["version"], shadow["windows"]
    waits = f"version {version} waits for approval since {shadow['since']}"
    if not rows:
        console.print(f"{waits}; it has not scored any events yet")
        return
    console.print(waits)
    about = rows[0]
    both = f"Shadow: version {version} and champion {about['champion']}"
    columns = "window, scored, labelled, champion, challenger, difference, 95 % interval"
    title = f"{both}, {about['metric']} as of {about['day']}"
    table = _table(title, f"{columns}, predictions that differ")
    for row in rows:
        table.add_row(
            window_name(row["window"], row["production_day"]),
            str(row["scored"]),
            str(row["n"]),
            _number(row["champion_value"], ".3f"),
            _number(row["challenger_value"], ".3f"),
            _number(row["difference"], "+.3f"),
            "" if isnan(row["lower"]) else f"{row['lower']:+.3f} to {row['upper']:+.3f}",
            f"{row['disagreement']:.1%}",
        )
    console.print(table)


def _number(value: float, form: str) -> str:
    return "" if isnan(value) else format(value, form)


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
