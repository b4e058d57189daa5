"""A backtest on the terminal: policies side by side."""

from collections.abc import Mapping, Sequence
from math import isfinite
from typing import Any, TypeGuard

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from mlops_drift.charts.sparkline import sparkline
from mlops_drift.pipeline.missing_days import about_missing

NOTHING = "—"

# In a pipe or a file.
_PIPE_WIDTH = 100
# What the other columns leave of it.
_CURVE_WIDTH = 36
_COSTS = ("re-\ntrained", "alarm\ndays", "delay\ndays", "labels\nused", "seconds")
# Listed decisions of a policy.
_SHOWN = 15


def print_backtest(result: Mapping[str, Any]) -> None:
    """Prints what `Backtest.run` gives: policies side by side, then the decisions of each."""
    console = Console(highlight=False)
    if not console.is_terminal:
        console.width = _PIPE_WIDTH
    better = "higher" if result["greater_is_better"] else "lower"
    days = f"{result['first_day']} to {result['last_day']}"
    console.print(Text(f"\n{result['model']}: {result['metric']} by policy", "bold"))
    console.print(Text(f"{days}, {better} is better"), style="dim")
    if result["missing_days"]:
        console.print(Text(about_missing(result["missing_days"]), "yellow"))
    console.print()
    console.print(_policies(result))
    for name, policy in result["policies"].items():
        console.print()
        console.print(Text(name, "bold"))
        console.print(Padding(_decisions(policy["decisions"]), (0, 0, 0, 2)))


def _policies(result: Mapping[str, Any]) -> Table:
    best, known = best_policy(result), known_values(result)
    low, high = min(known, default=0.0), max(known, default=1.0)
    table = Table(box=SIMPLE_HEAD, padding=0, pad_edge=False, show_edge=False)
    table.add_column("policy", overflow="fold")
    for column in ("mean", "worst", *_COSTS):
        table.add_column(column, justify="right", no_wrap=True)
    table.add_column("over the periods", no_wrap=True)
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
            sparkline([period["value"] for period in policy["periods"]], low, high, _CURVE_WIDTH),
            style="bold green" if name == best else "",
        )
    if best is not None:
        table.caption = "* best mean"
        table.caption_justify = "left"
    return table


def _decisions(decisions: Sequence[Mapping[str, Any]]) -> Table | Text:
    if not decisions:
        return Text("no decisions", "dim")
    table = Table.grid(padding=(0, 2, 0, 0))
    for row in decisions[:_SHOWN]:
        window = f" on {row['training_window']}" if row["training_window"] else ""
        table.add_row(
            str(row["day"]),
            Text(f"{row['action']}{window}"),
            Text(", ".join(row["rules"])),
            Text(outcome_of(row)),
        )
    if len(decisions) > _SHOWN:
        table.add_row("…", f"{len(decisions) - _SHOWN} more")
    return table


def is_known(value: float | None) -> TypeGuard[float]:
    """Whether a number was measured."""
    return value is not None and isfinite(value)


def known_values(result: Mapping[str, Any]) -> list[float]:
    """What was measured in any period of any policy."""
    policies = result["policies"].values()
    values = [period["value"] for policy in policies for period in policy["periods"]]
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
