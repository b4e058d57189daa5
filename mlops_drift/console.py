"""The terminal: one way to open it, and tables that fit it."""

import os
from collections.abc import Iterable, Mapping

from rich.box import SIMPLE_HEAD, Box
from rich.console import Console, ConsoleOptions
from rich.measure import Measurement
from rich.rule import Rule
from rich.table import Column, Table
from rich.text import Text

from mlops_drift.schema.verdicts import Verdict

# Where nobody looks at the lines as they come, in a pipe or a file.
PIPE_WIDTH = 100


STYLES: Mapping[Verdict, str] = {"fail": "red", "unknown": "yellow", "pass": "green"}
SIGNS: Mapping[Verdict, str] = {"fail": "✕", "unknown": "?", "pass": "✓"}

# The lines of a table are replaced with all other signs where the encoding lacks them.
_BOX = Box(str(SIMPLE_HEAD), ascii=True)
_UNBOUND = 1_000_000
_LEAST_CUT = 12


def open_console(*, stderr: bool = False) -> Console:
    """The terminal, on which texts stay as they are; a pipe is COLUMNS wide, 100 without."""
    console = Console(stderr=stderr, highlight=False, markup=False, emoji=False)
    if not console.is_terminal and not os.environ.get("COLUMNS", "").isdigit():
        console.width = PIPE_WIDTH
    return console


def table_of(*columns: Column | str, gap: int = 1) -> Table:
    """An empty table with a line under its head; a gap of 0 is one blank wide."""
    return Table(*columns, box=_BOX, padding=(0, gap, 0, 0), pad_edge=False, show_edge=False)


def numeric(*names: str) -> list[Column]:
    """Columns of numbers."""
    return [Column(name, justify="right", no_wrap=True) for name in names]


def fixed(*names: str) -> list[Column]:
    """Columns of words that stay on one line."""
    return [Column(name, no_wrap=True) for name in names]


def long_text(name: str, width: int = 24) -> Column:
    """A column of sentences, which are wrapped; in less than `width` nobody reads them."""
    return Column(name, min_width=width, overflow="fold")


def print_table(console: Console, table: Table, title: str = "") -> None:
    """Prints a table; upright, a line a cell, where the terminal is too narrow for it."""
    if title:
        console.print(Text(title, "bold"))
    if _width(console, table, wrapped=True) <= console.width:
        console.print(table)
        return
    for number in range(table.row_count):
        if number:
            console.print()
        console.print(_upright(table, number, is_complete=False))


def print_rows(console: Console, table: Table) -> None:
    """Prints rows as they are; upright, each under its number, where one is too wide."""
    if _width(console, table, wrapped=False) <= console.width:
        console.print(table)
        return
    for number in range(table.row_count):
        line = Rule(f"row {number + 1:,}", align="left", style="dim", characters="-")
        console.print(line)
        console.print(_upright(table, number, is_complete=True))


def _width(console: Console, table: Table, *, wrapped: bool) -> int:
    """The width of a table, with all cells on one line or wrapped where they may be."""
    options = console.options.update(width=_UNBOUND)
    gap = table.padding[1] + 1
    width = gap * (len(table.columns) - 1)
    for column in table.columns:
        cells = [Measurement.get(console, options, cell) for cell in (column.header, *column.cells)]
        is_wrapped = wrapped and not column.no_wrap
        widest = max(cell.minimum if is_wrapped else cell.maximum for cell in cells)
        width += max(widest, column.min_width or 0)
    return width


def _upright(table: Table, number: int, *, is_complete: bool) -> Table:
    grid = Table.grid(
        Column(no_wrap=True, style="dim"), Column(overflow="fold"), padding=(0, 2, 0, 0)
    )
    for column in table.columns:
        cell = list(column.cells)[number]
        if is_complete or str(cell):
            grid.add_row(Text(str(column.header).replace("\n", " ")), cell)
    return grid


def judged(verdict: Verdict) -> Text:
    """A verdict with its sign and colour."""
    return Text(f"{SIGNS[verdict]} {verdict}", STYLES[verdict])


def shortened(text: str) -> Text:
    """A cell of one line, cut where its column ends."""
    return _Cut(text, no_wrap=True, overflow="ellipsis")


class _Cut(Text):
    """A text that may be cut down to a few letters, however long its words are."""

    def __rich_measure__(self, console: Console, options: ConsoleOptions) -> Measurement:
        widest = super().__rich_measure__(console, options).maximum
        return Measurement(min(widest, _LEAST_CUT), widest)


def in_one_line(text: str) -> str:
    """The text on one line, and without what would steer a terminal."""
    return "".join(letter if letter.isprintable() else "�" for letter in text)


def cells(row: Iterable[object]) -> list[Text]:
    """Cells as they are, without what would steer a terminal; nothing for None."""
    lines = ("" if value is None else str(value) for value in row)
    return [Text("\n".join(map(in_one_line, line.expandtabs().split("\n")))) for line in lines]
