"""The result of a query, and the commits of a table, on the terminal."""

from collections.abc import Sequence

import pyarrow as pa
from rich.console import Console
from rich.markup import escape
from rich.table import Column, Table

from mlops_drift.store.history import Commit

# Of a query.
ROWS = 1000


def print_commits(found: Sequence[Commit]) -> None:
    """Prints a line for each commit, with who restored the table and why."""
    table = Table(
        Column("commit", justify="right"),
        Column("time (UTC)", no_wrap=True),
        "what was done",
        *(Column(name, justify="right") for name in ("added", "removed")),
        "readable",
    )
    for one in found:
        who = f" by {one.by}: {one.reason}" if one.by else ""
        table.add_row(
            str(one.number),
            f"{one.time:%Y-%m-%d %H:%M:%S}",
            escape(f"{one.action}{who}"),
            *("" if n is None else f"{n:,}" for n in (one.rows_added, one.rows_removed)),
            "yes" if one.readable else "no",
        )
    Console(highlight=False).print(table)


def print_table(result: pa.Table) -> None:
    """Prints the first thousand rows of a result whose values are texts."""
    table = Table(*map(escape, result.column_names))
    columns = [column.to_pylist() for column in result.slice(0, ROWS).columns]
    for row in zip(*columns, strict=True):
        table.add_row(*("" if value is None else escape(value) for value in row))
    Console().print(table)
    if result.num_rows > ROWS:
        Console().print(f"… and {result.num_rows - ROWS} more rows")
