"""How a backtest is printed: policies side by side."""

from collections.abc import Mapping
from math import isfinite
from typing import Any

from rich.box import SIMPLE
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from mlops_drift.reporting.sparkline import sparkline

# Retrainings that are listed for a policy.
_SHOWN = 15


def print_backtest(result: Mapping[str, Any], console: Console | None = None) -> None:
    """Prints policies side by side, and what each of them did.

    Args:
        result: what `Backtest.run` gives.
        console: where to; the terminal where missing.
    """
    console = console or Console()
    console.print(
        f"\n[bold]{result['model']}[/bold] {result['first_day']} to {result['last_day']}, "
        f"{result['metric']} by policy\n"
    )
    console.print(_policies(result))
    for name, policy in result["policies"].items():
        console.print(f"[bold]{escape(name)}[/bold]")
        made = [row for row in policy["decisions"] if row["action"] != "nothing"]
        for row in made[:_SHOWN]:
            outcome = f", {row['outcome']}" if row["outcome"] else ""
            window = f" on {row['training_window']}" if row["training_window"] else ""
            console.print(
                escape(
                    f"  {row['day']} {row['action']}{window}: {', '.join(row['rules'])}{outcome}"
                )
            )
        if len(made) > _SHOWN:
            console.print(f"  … and {len(made) - _SHOWN} more")


def _policies(result: Mapping[str, Any]) -> Table:
    table = Table(box=SIMPLE, padding=(0, 1), pad_edge=False)
    table.add_column("policy", no_wrap=True)
    for column in ("mean", "worst", "re-\ntrained", "alarm\ndays", "delay\ndays", "labels\nused"):
        table.add_column(column, justify="right", no_wrap=True)
    table.add_column("by month")
    known = [
        period["value"]
        for policy in result["policies"].values()
        for period in policy["periods"]
        if is_known(period["value"])
    ]
    low, high = min(known, default=0.0), max(known, default=1.0)
    best = best_policy(result)
    for name, policy in result["policies"].items():
        values = [period["value"] for period in policy["periods"]]
        style = "bold green" if name == best else ""
        table.add_row(
            escape(name),
            shown(policy["mean_value"]),
            shown(worst(result, policy)),
            str(policy["retrainings"]),
            str(len({alarm["day"] for alarm in policy["alarms"]})),
            shown(policy["detection_delay"], 1),
            str(policy["labels_used"]),
            sparkline(values, low, high),
            style=style,
        )
    return table


def is_known(value: float | None) -> bool:
    """Whether a number was measured."""
    return value is not None and isfinite(value)


def shown(value: float | None, digits: int = 3) -> str:
    """A number for reading; a hyphen where there is none.

    >>> shown(0.81234), shown(None)
    ('0.812', '-')
    """
    return f"{value:.{digits}f}" if value is not None and isfinite(value) else "-"


def worst(result: Mapping[str, Any], policy: Mapping[str, Any]) -> float | None:
    """The worst period of a policy; None if none was measured."""
    known = [period["value"] for period in policy["periods"] if is_known(period["value"])]
    return (min if result["greater_is_better"] else max)(known, default=None)


def best_policy(result: Mapping[str, Any]) -> str | None:
    """The policy with the best mean value; of equal ones the one that retrains least."""
    sign = 1 if result["greater_is_better"] else -1
    known = {
        name: (sign * policy["mean_value"], -policy["retrainings"])
        for name, policy in result["policies"].items()
        if is_known(policy["mean_value"])
    }
    return max(known, key=lambda name: known[name], default=None)
