"""A backtest on the terminal: policies side by side."""

from collections.abc import Mapping, Sequence
from math import isfinite
from typing import Any, TypeGuard

from rich.table import Table
from rich.text import Text

from mlops_drift.charts.sparkline import sparkline
from mlops_drift.console import (
    fixed,
    long_text,
    numeric,
    open_console,
    print_table,
    shortened,
    table_of,
)
from mlops_drift.pipeline.missing_days import about_missing
from mlops_drift.policy.decision import NO_CHAMPION

NOTHING = "—"

# What the other columns of numbers and a short name take of a line, and the ends of a curve.
_BESIDE_CURVE, _LEAST_CURVE, _LONGEST_CURVE = 64, 8, 52
_COSTS = ("re-\ntrained", "alarm\ndays", "delay\ndays", "labels\nused", "seconds")
# Listed decisions of a policy.
_SHOWN = 15


def print_backtest(result: Mapping[str, Any]) -> None:
    """Prints what `Backtest.run` gives: policies side by side, then the decisions of each."""
    console = open_console()
    better = "higher" if result["greater_is_better"] else "lower"
    days = f"{result['first_day']} to {result['last_day']}"
    console.print(Text(f"\n{result['model']}: {result['metric']} by policy", "bold"))
    console.print(Text(f"{days}, {better} is better"), style="dim")
    if result["missing_days"]:
        console.print(Text(about_missing(result["missing_days"]), "yellow"))
    console.print()
    print_table(console, _policies(result, console.width))
    if best_policy(result) is not None:
        console.print(Text("* best mean", "dim"))
    for name, policy in result["policies"].items():
        console.print()
        console.print(Text(name, "bold"))
        found = _decisions(policy["decisions"])
        if isinstance(found, Text):
            console.print(found)
        else:
            print_table(console, found)


def _policies(result: Mapping[str, Any], width: int) -> Table:
    best, known = best_policy(result), known_values(result)
    low, high = min(known, default=0.0), max(known, default=1.0)
    room = max(_LEAST_CURVE, min(_LONGEST_CURVE, width - _BESIDE_CURVE))
    names = *numeric("mean", "worst", *_COSTS), *fixed(f"by {period_of(result)}")
    table = table_of(long_text("policy", 12), *names, gap=0)
    for name, policy in result["policies"].items():
        lowest = worst(result, policy)
        table.add_row(
            Text(f"{name} *" if name == best else name),
            shown(policy["mean_value"]),
            shown(lowest["value"] if lowest else None),
            str(policy["retrainings"]),
            str(alarm_days(policy)),
            shown(policy["detection_delay"], 1),
            str(policy["labels_used"]),
            shown(policy["seconds"], 0),
            sparkline([period["value"] for period in curve_of(policy)], low, high, room),
            style="bold green" if name == best else "",
        )
    return table


def _decisions(decisions: Sequence[Mapping[str, Any]]) -> Table | Text:
    if not decisions:
        return Text("no decisions", "dim")
    table = table_of(*fixed("day", "decision"), long_text("because", 10), long_text("outcome", 8))
    for row in decisions[:_SHOWN]:
        is_first = row["rules"] == [NO_CHAMPION]
        because = "first training" if is_first else ", ".join(row["rules"])
        window = f" on {row['training_window'].replace('_', ' ')}" if row["training_window"] else ""
        table.add_row(
            str(row["day"]),
            Text(f"{row['action']}{window}"),
            shortened(because),
            Text(outcome_of(row)),
        )
    if len(decisions) > _SHOWN:
        table.add_row("…", f"{len(decisions) - _SHOWN} more")
    return table


def curve_of(policy: Mapping[str, Any]) -> Sequence[Mapping[str, Any]]:
    """The periods that are drawn: weeks where the history is short, else months."""
    periods: Sequence[Mapping[str, Any]] = policy["weeks"] or policy["periods"]
    return periods


def period_of(result: Mapping[str, Any]) -> str:
    """What a point of a curve stands for."""
    return "week" if any(policy["weeks"] for policy in result["policies"].values()) else "month"


def is_known(value: float | None) -> TypeGuard[float]:
    """Whether a number was measured."""
    return value is not None and isfinite(value)


def known_values(result: Mapping[str, Any]) -> list[float]:
    """What was measured in any period of any policy."""
    policies = result["policies"].values()
    values = [period["value"] for policy in policies for period in curve_of(policy)]
    return [value for value in values if is_known(value)]


def shown(value: float | None, digits: int = 3) -> str:
    """A number for reading; a dash where there is none."""
    return f"{value:.{digits}f}" if is_known(value) else NOTHING


def outcome_of(decision: Mapping[str, Any]) -> str:
    """The outcome of a decision, and the version that was trained.

    >>> outcome_of({"outcome": "rejected", "challenger": 3})
    'rejected v3'
    """
    if decision["outcome"] == "failed":
        return f"failed: {decision['outcome_reason']}"
    version = f" v{decision['challenger']}" if decision["challenger"] else ""
    return f"{decision['outcome'] or NOTHING}{version}"


def alarm_days(policy: Mapping[str, Any]) -> int:
    """On how many days at least one check failed."""
    return len({alarm["day"] for alarm in policy["alarms"]})


def worst(result: Mapping[str, Any], policy: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """The worst period of a policy, the first of several; None if none was measured."""
    known = [period for period in policy["periods"] if is_known(period["value"])]
    pick = min if result["greater_is_better"] else max
    return pick(known, key=lambda period: period["value"], default=None)


def best_policy(result: Mapping[str, Any]) -> str | None:
    """The best mean value of at least two policies; of equal ones the one that retrains least."""
    sign = 1 if result["greater_is_better"] else -1
    known = {
        name: (sign * policy["mean_value"], -policy["retrainings"])
        for name, policy in result["policies"].items()
        if is_known(policy["mean_value"])
    }
    return max(known, key=lambda name: known[name]) if len(known) > 1 else None
