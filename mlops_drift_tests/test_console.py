from io import StringIO
from math import nan

import pytest
from rich.table import Column
from rich.text import Text

from mlops_drift.charts.numbers import number
from mlops_drift.console import (
    PIPE_WIDTH,
    cells,
    in_one_line,
    long_text,
    numeric,
    open_console,
    print_rows,
    print_table,
    shortened,
    table_of,
)

LONG = "a sentence that goes on and on for more than forty letters"


@pytest.fixture
def console(monkeypatch):
    """Opens a console of a width that prints into a text."""

    def opened(width):
        monkeypatch.setenv("COLUMNS", str(width))
        found = open_console()
        found.file = StringIO()
        return found

    return opened


def a_table():
    table = table_of("name", *numeric("value"), long_text("why", 11))
    table.add_row("first", "0.100", LONG)
    table.add_row("second", "", "short")
    return table


def test_a_pipe_has_one_width_and_no_colour(monkeypatch):
    monkeypatch.delenv("COLUMNS", raising=False)
    console = open_console()
    assert (console.width, console.is_terminal, console.color_system) == (PIPE_WIDTH, False, None)
    monkeypatch.setenv("COLUMNS", "70")
    assert open_console().width == 70


@pytest.mark.parametrize("variable", [("NO_COLOR", "1"), ("TERM", "dumb")])
def test_a_terminal_that_wants_no_colour_gets_none(monkeypatch, variable):
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv(*variable)
    console = open_console()
    console.file = StringIO()
    console.print(Text("x", "red"))
    assert "\x1b[31m" not in console.file.getvalue()


def test_texts_stay_as_they_are(console):
    opened = console(80)
    opened.print("[red]x[/] :warning: 0.82")
    assert opened.file.getvalue() == "[red]x[/] :warning: 0.82\n"


def test_a_table_that_fits_has_a_line_a_row_and_wraps_what_is_long(console):
    opened = console(40)
    print_table(opened, a_table(), "Title")
    title, head, line, first, *_ = opened.file.getvalue().splitlines()
    assert (title, head.split(), set(line)) == ("Title", ["name", "value", "why"], {"─"})
    assert first.split()[:3] == ["first", "0.100", "a"]


def test_a_table_that_does_not_fit_stands_upright_without_its_empty_cells(console):
    opened = console(20)
    print_table(opened, a_table())
    blocks = [block.splitlines() for block in opened.file.getvalue().split("\n\n")]
    assert [line.split()[0] for line in blocks[0][:3]] == ["name", "value", "why"]
    assert [line.split() for line in blocks[1]] == [["name", "second"], ["why", "short"]]


def test_rows_stand_upright_as_soon_as_one_is_too_wide(console):
    fits, upright = console(90), console(60)
    for opened in (fits, upright):
        print_rows(opened, a_table())
    assert "row 1" not in fits.file.getvalue()
    text = upright.file.getvalue()
    assert text.startswith("row 1 ---")
    assert text.count("value") == 2


@pytest.mark.parametrize("width", [30, 40, 80, 200])
def test_no_line_is_wider_than_the_terminal(console, width):
    table = table_of(Column("a", no_wrap=True), *numeric("n"), "cut")
    table.add_row("x" * 12, "1,000", shortened("_" * 300))
    opened = console(width)
    for show in (print_table, print_rows):
        show(opened, table)
    assert max(map(len, opened.file.getvalue().splitlines())) <= width


def test_what_would_steer_a_terminal_is_no_cell():
    assert in_one_line("a\x1b[2J\nb") == "a�[2J�b"
    assert [cell.plain for cell in cells(["a\tb\nc\x07", None, 3])] == ["a       b\nc�", "", "3"]


def test_undefined_numbers_are_a_dash():
    assert number(nan) == number(None) == "—"
    assert number(0.5, "+.2f") == "+0.50"
