"""The result of a query, and the commits of a table, on the terminal."""

from collections.abc import Sequence

import pyarrow as pa
from rich.table import Column, Table
from rich.text import Text

from mlops_drift.console import (
    cells,
    fixed,
    in_one_line,
    long_text,
    numeric,
    open_console,
    print_rows,
    print_table,
    table_of,
)
from mlops_drift.drift.sentences import count
from mlops_drift.store.history import Commit

# Of a query.
ROWS = 1000


def print_commits(found: Sequence[Commit]) -> None:
    """Prints a line for each commit, with who restored the table and why."""
    table = table_of(
        *numeric("commit"),
        *fixed("time (UTC)"),
        long_text("what was done", 16),
        *numeric("added", "removed"),
        *fixed("readable"),
    )
    for one in found:
        who = f" by {one.by}: {one.reason}" if one.by else ""
        table.add_row(
            str(one.number),
            f"{one.time:%Y-%m-%d %H:%M:%S}",
            Text(in_one_line(f"{one.action}{who}")),
            *("" if n is None else f"{n:,}" for n in (one.rows_added, one.rows_removed)),
            "yes" if one.readable else "no",
        )
    print_table(open_console(), table)


def print_result(result: pa.Table) -> None:
    """Prints the first thousand rows of a result whose values are texts, and their number."""
    console = open_console()
    print_rows(console, _table(result.slice(0, ROWS)))
    more = f", of which the first {ROWS:,} are shown" if result.num_rows > ROWS else ""
    console.print(Text(f"{count(result.num_rows, 'row')}{more}", "dim"))


def print_texts(result: pa.Table) -> None:
    """Prints all rows of a table of ours whose values are texts."""
    print_table(open_console(), _table(result))


def _table(result: pa.Table) -> Table:
    table = table_of(*(Column(in_one_line(name)) for name in result.column_names))
    for row in zip(*(column.to_pylist() for column in result.columns), strict=True):
        table.add_row(*cells(row))
    return table
