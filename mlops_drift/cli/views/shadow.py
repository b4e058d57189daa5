"""A waiting challenger and the champion on the terminal."""

from collections.abc import Mapping
from math import isnan
from typing import Any

from rich.console import Console
from rich.table import Table

from mlops_drift.lifecycle.shadow.comparison import window_name

_COLUMNS = (
    *("window", "scored", "labelled", "champion", "challenger", "difference", "95 % interval"),
    "predictions that differ",
)


def print_shadow(shadow: Mapping[str, Any], console: Console) -> None:
    """Prints since when the challenger of a status waits, and both metrics of each window."""
    version, rows = shadow["version"], shadow["windows"]
    waits = f"version {version} waits for approval since {shadow['since']}"
    if not rows:
        console.print(f"{waits}; it has not scored any events yet")
        return
    console.print(waits)
    about = rows[0]
    title = (
        f"Shadow: version {version} and champion {about['champion']}, {about['metric']} as of "
        f"{about['day']}"
    )
    table = Table(*_COLUMNS, title=title, title_justify="left")
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
