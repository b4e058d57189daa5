"""The state of a model on the terminal, and that of all models."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from math import isnan
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from mlops_drift.charts.numbers import number, value_and_limit
from mlops_drift.cli.views.decisions import print_decisions
from mlops_drift.cli.views.headline import print_headline, state_of
from mlops_drift.console import (
    SIGNS,
    STYLES,
    fixed,
    judged,
    long_text,
    numeric,
    open_console,
    print_table,
    shortened,
    table_of,
)
from mlops_drift.drift.sentences import count
from mlops_drift.lifecycle.health import ways_out
from mlops_drift.lifecycle.shadow.comparison import window_name
from mlops_drift.lifecycle.spans import Span
from mlops_drift.pipeline.missing_days import about_missing
from mlops_drift.schema.days import listed
from mlops_drift.schema.verdicts import Verdict

# Narrower terminals show no more of a check than its number and its limit.
_TABLE_WIDTH = 72
_VERDICTS = ("fail", "unknown", "pass")


def print_overview(statuses: Sequence[Mapping[str, Any]]) -> None:
    """Prints a line for each model, in the order given."""
    console = open_console()
    names = *fixed("model", "state", "since"), long_text("serves", 10), *fixed("waits", "last day")
    table = table_of(*names, long_text("next", 8))
    for status in statuses:
        champion, shadow = status["champion"], status["shadow"]
        table.add_row(
            Text(status["model"], "bold"),
            state_of(status["health"]),
            _since(status),
            f"v{champion['version']} since {champion['serves_since']}" if champion else "",
            f"v{shadow['version']}" if shadow else "",
            str(status["last_day"] or ""),
            shortened(status["health"]["next"]),
        )
    print_table(console, table)


def _since(status: Mapping[str, Any]) -> str:
    """Since when a model fails or waits."""
    failing = [one["since"] for one in status["checks"] if one["verdict"] == "fail"]
    match status["health"]["state"]:
        case "failing":
            return str(min(failing))
        case "waiting" if status["shadow"]:
            return str(status["shadow"]["since"])
        case _:
            return ""


def print_status(status: Mapping[str, Any], spans: Sequence[Span]) -> None:
    """Prints the state of a model, its checks, who serves and who waits, data and decisions."""
    console = open_console()
    print_headline(console, status)
    console.print()
    if status["checks"]:
        _print_checks(console, status)
    console.print(Text(_about_champion(status)))
    for line in _data_lines(status):
        console.print(Text(line))
    if status["missing_days"]:
        missing = about_missing(status["missing_days"], f"run mlops-drift run {status['model']}")
        console.print(Text(missing, "yellow"))
    console.print()
    if status["shadow"]:
        print_shadow(console, status["model"], status["shadow"])
        console.print()
    print_decisions(console, status["model"], spans)


def _print_checks(console: Console, status: Mapping[str, Any]) -> None:
    """The worst number of each check, what failed first; then why, where the head does not say."""
    checks = sorted(status["checks"], key=lambda one: _VERDICTS.index(one["verdict"]))
    print_table(console, _checks(checks, is_narrow=console.width < _TABLE_WIDTH))
    console.print()
    said = " ".join(status["health"]["sentences"])
    unsaid: dict[tuple[Verdict, str], list[str]] = {}
    for check in checks:
        if check["verdict"] != "pass" and check["reason"] not in said:
            unsaid.setdefault((check["verdict"], check["reason"]), []).append(check["check"])
    for (verdict, reason), names in unsaid.items():
        line = Text(f"{SIGNS[verdict]} {', '.join(names)}: ", STYLES[verdict])
        console.print(line.append(reason, "default"))
    if unsaid:
        console.print()


def _checks(checks: Sequence[Mapping[str, Any]], *, is_narrow: bool) -> Table:
    names = [*fixed("check", "verdict"), *numeric("value", "limit", "n"), *fixed("since")]
    if is_narrow:
        names = [*fixed("", "check"), *numeric("value", "limit")]
    table = table_of(*names, *([] if is_narrow else [long_text("about", 11)]))
    for check in checks:
        numbers = value_and_limit(check["value"], check["threshold"])
        if check["verdict"] == "unknown":
            numbers = "", ""
        if is_narrow:
            sign = Text(SIGNS[check["verdict"]], STYLES[check["verdict"]])
            table.add_row(sign, check["check"], *numbers)
            continue
        table.add_row(
            check["check"],
            judged(check["verdict"]),
            *numbers,
            f"{check['n']:,}" if check["n"] and check["verdict"] != "unknown" else "",
            str(check["since"] or ""),
            Text(_about_check(check)),
        )
    return table


def _about_check(check: Mapping[str, Any]) -> str:
    """What the number is about, and what else tells it from others."""
    about = str(check["column"])
    if check["verdict"] == "pass" and "not significant" in check["reason"]:
        return f"{about}, not significant"
    if check["failing"] and check["subjects"] > 1:
        about = f"{about}, {check['failing']} of {check['subjects']}"
    return f"{about}, warns only" if check["failing"] and check["warns"] else about


def _about_champion(status: Mapping[str, Any]) -> str:
    champion = status["champion"]
    if champion is None:
        return "Champion: none yet"
    # Only predictions that are made elsewhere may lack their event.
    if "predictions_without_event" in status:
        return (
            f"Champion: version {champion['version']} ({champion['family']}), made elsewhere, "
            f"serves since {champion['serves_since']}, reference {champion['metric']} "
            f"{number(champion['test_value'])}"
        )
    return (
        f"Champion: version {champion['version']} ({champion['family']}), trained as of "
        f"{champion['trained_as_of']}, serves since {champion['serves_since']}, "
        f"test {champion['metric']} {number(champion['test_value'])}"
    )


# What is said of a source, if it is so.
_TOLD = ("waiting", "gone", "late", "gone_days", "landed_late", "note")


def _data_lines(status: Mapping[str, Any]) -> Iterator[str]:
    yield (
        f"Data: {count(status['events'], 'event')}, {count(status['labels'], 'label')} "
        f"({status['labels_without_event']:,} without an event), "
        f"{count(status['rejected'], 'quarantined row')}, "
        f"{count(status['predictions'], 'prediction')}"
    )
    if "predictions_without_event" in status:
        yield (
            f"Predictions: {status['predictions_without_event']:,} have no event, "
            f"{status['events_without_prediction']:,} events have none"
        )
    for source, account in status["sources"].items():
        # Equal numbers of rows that wait and that are gone would cancel out.
        if any(account[fact] for fact in _TOLD):
            yield from _account_lines(status["model"], source, account)


def print_shadow(console: Console, model: str, shadow: Mapping[str, Any]) -> None:
    """Prints since when a challenger waits, both metrics of each window, and the two commands."""
    version, rows = shadow["version"], shadow["windows"]
    waits = f"Version {version} waits for approval since {shadow['since']}"
    if rows:
        about = rows[0]
        both = f"{waits}; beside champion {about['champion']}, {about['metric']} as of"
        names = numeric("scored", "labelled", "champion", "challenger", "difference")
        table = table_of("window", *names, "95 % interval", *numeric("predictions\nthat differ"))
        for row in rows:
            is_known = not isnan(row["lower"])
            table.add_row(
                window_name(row["window"], row["production_day"]),
                f"{row['scored']:,}",
                f"{row['n']:,}",
                number(row["champion_value"], ".3f"),
                number(row["challenger_value"], ".3f"),
                number(row["difference"], "+.3f"),
                f"{row['lower']:+.3f} to {row['upper']:+.3f}" if is_known else number(None),
                f"{row['disagreement']:.1%}",
            )
        print_table(console, table, f"{both} {about['day']}")
    else:
        console.print(Text(f"{waits}; it has not scored any events yet", "bold"))
    for command in ways_out(model, version):
        console.print(Text(f"  {command}"), soft_wrap=True)


def _account_lines(model: str, source: str, account: Mapping[str, Any]) -> Iterator[str]:
    """What became of all rows of a source, and which command reads changed days again."""
    gone = f", {count(account['gone'], 'recorded row')} no longer in it" if account["gone"] else ""
    yield (
        f"Source of {source}: {count(account['rows'], 'row')}, {account['recorded']:,} landed or "
        f"quarantined, {account['waiting']:,} of days to come{gone}"
    )
    if account["landed_late"]:
        rows = sum(entry["rows"] for entry in account["landed_late"])
        days = listed([entry["day"] for entry in account["landed_late"]])
        yield (
            f"  {count(rows, 'row')} came after their day had run, landed late on {days}; numbers "
            "and verdicts of past days stay as they are"
        )
    changed: list[date] = sorted({row["day"] for row in (*account["late"], *account["gone_days"])})
    if changed:
        late, lost = (sum(entry["rows"] for entry in account[of]) for of in ("late", "gone_days"))
        yield (
            f"  after they had run, the source changed {listed(changed)}: "
            f"{count(late, 'changed or unusable row')} quarantined, "
            f"{count(lost, 'recorded row')} gone or changed; to land them again: "
            f"mlops-drift run {model} --from {changed[0]} --until {changed[-1]} --again"
        )
    if account["note"]:
        yield f"  {account['note']}"
