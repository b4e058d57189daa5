"""A waiting challenger and the champion on the terminal."""

from collections.abc import Mapping
from math import isnan
from typing import Any

from rich.console import Console
from rich.table import Table

from mlops_drift.lifecycle.shadow.comparison import window_name

_NUMBERS = {
    "champion_value": ".3f",
    "challenger_value": ".3f",
    "difference": "+.3f",
    "lower": "+.3f",
    "upper": "+.3f",
}


def print_shadow(shadow: Mapping[str, Any], console: Console) -> None:
    """Prints since when a challenger waits, and a line for each window with both metrics.

    Args:
        shadow: version, since, and windows, as `status.read_status` gives them.
        console: where to.
    """
    version, rows = shadow["version"], shadow["windows"]
    waits = f"version {version} waits for approval since {shadow['since']}"
    if not rows:
        console.print(f"{waits}; it has not scored any events yet")
        return
    console.print(waits)
    about = rows[0]
    both = f"Shadow: version {version} and champion {about['champion']}"
    table = Table(title=f"{both}, {about['metric']} as of {about['day']}", title_justify="left")
    for column in ("window", "scored", "labelled", "champion", "challenger"):
        table.add_column(column)
    for column in ("difference", "95 % interval", "predictions that differ"):
        table.add_column(column)
    for row in rows:
        value, other, difference, lower, upper = (
            "" if isnan(row[name]) else format(row[name], form) for name, form in _NUMBERS.items()
        )
        table.add_row(
            window_name(row["window"], row["production_day"]),
            str(row["scored"]),
            str(row["n"]),
            value,
            other,
            difference,
            f"{lower} to {upper}" if lower else "",
            f"{row['disagreement']:.1%}",
        )
    console.print(table)
