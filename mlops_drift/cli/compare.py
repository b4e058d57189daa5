"""The command `compare`: two files."""

import csv
from collections.abc import Mapping, Sequence
from functools import partial
from io import StringIO
from typing import TYPE_CHECKING

import click

from mlops_drift.cli.common import FORMAT, clear_reading, output_file, show, waiting, write_file
from mlops_drift.cli.errors import DRIFTED, Trouble
from mlops_drift.errors import UserError

if TYPE_CHECKING:
    from mlops_drift.compare.result import Comparison
    from mlops_drift.drift.config import DriftMonitor
    from mlops_drift.drift.rows import Rows


def names(listed: str) -> list[str]:
    """The type of an option that lists names as CSV: a name with a comma can be quoted."""
    found = [name for row in csv.reader(StringIO(listed), skipinitialspace=True) for name in row]
    if not found or "" in found:
        raise click.BadParameter(f"has an empty name: {listed!r}")
    return found


@click.command()
@click.argument("reference", type=click.Path(dir_okay=False))
@click.argument("current", type=click.Path(dir_okay=False))
@FORMAT
@output_file("--html", "Also write a page with charts.", ".html")
@click.option("--by", help="Column of CURRENT; each of its values is compared separately.")
@click.option(
    "--columns", type=names, help="Columns to compare, separated by commas; all by default."
)
@click.option(
    "--categorical", type=names, help="Numeric columns to read as categories, separated by commas."
)
@click.option(
    "--tests",
    type=names,
    help="Further tests of numeric columns, in JSON and on the page: mann-whitney, levene.",
)
@click.option("--auc", is_flag=True, help="Train a classifier to tell the tables apart.")
@click.option(
    "--metric",
    help="js (default), psi, hellinger, tvd, linf, ks, wasserstein, or package.module:Name.",
)
@click.option("--threshold", type=float, help="Value above which a significant difference fails.")
@click.option("--alpha", type=float, help="Chance that any column fails without drift.")
@click.option("--min-rows", type=int, help="Fewest rows for a verdict.")
@click.option(
    "--exit-code",
    is_flag=True,
    help="Exit with 0 if no column drifted, 1 if one did, 2 if all are unknown or CURRENT lacks a "
    "column of REFERENCE.",
)
def compare(
    reference: str,
    current: str,
    style: str,
    html: str | None,
    by: str | None,
    columns: list[str] | None,
    categorical: list[str] | None,
    tests: list[str] | None,
    auc: bool,
    exit_code: bool,
    **judging: str | float | None,
) -> None:
    """Compare the file CURRENT with the file REFERENCE, column by column.

    Reads Parquet (.parquet), CSV (.csv, .tsv) and JSON (.json, .jsonl); text files may end in .gz.
    Numbers are compared as doubles; name ids and codes in --categorical to compare them exactly.
    NA, null and None are missing values in columns of numbers, dates and booleans, and texts in
    columns of text. A column that only CURRENT has is reported and changes no exit status.
    """
    if auc and by:
        raise click.UsageError("--auc compares whole tables, it cannot be used with --by")
    monitor = _monitor(judging)
    with waiting(f"comparing {current} with {reference}"), clear_reading(reference, current):
        from mlops_drift.compare.compare import compare as compare_tables
        from mlops_drift.compare.compare import compare_chunks
        from mlops_drift.compare.measuring import TESTS
        from mlops_drift.compare.terminal import print_comparison
        from mlops_drift.drift.rows import Rows
        from mlops_drift.memory import bound_engine

        bound_engine()
        exact, asked = categorical or (), tests or ()
        if wrong := [test for test in asked if test not in TESTS]:
            raise click.UsageError(f"--tests must be of {', '.join(TESTS)}, found {wrong[0]!r}")
        extra = [test for test in TESTS if test in asked]
        past, now = Rows(reference), Rows(current)
        for rows in (past, now):
            if not rows.count:
                raise UserError(f"{rows.name} has no rows")
        if by:
            comparisons = compare_chunks(
                past, now, by=by, columns=columns, categorical=exact, monitor=monitor, tests=extra
            )
        else:
            whole = compare_tables(
                past, now, columns=columns, categorical=exact, monitor=monitor, tests=extra, auc=auc
            )
            comparisons = [whole]
    if html is not None:
        from mlops_drift.compare.page import comparison_page

        page = comparison_page(comparisons, reference, current, monitor)
        write_file("--html", html, page.encode())
    found = [comparison.to_dict() for comparison in comparisons]
    text = partial(print_comparison, comparisons, reference, current, monitor)
    show(style, {"chunks": found} if by else found[0], text)
    if exit_code:
        _require_verdicts(comparisons, past, now)
        if any(comparison.drifted for comparison in comparisons):
            raise SystemExit(DRIFTED)


def _require_verdicts(comparisons: "Sequence[Comparison]", past: "Rows", now: "Rows") -> None:
    """Requires at least one verdict, and all columns of the reference: else 0 would mislead."""
    theirs = [name for name in comparisons[0].columns if name in past.columns]
    if lacking := ", ".join(repr(name) for name in theirs if name not in now.columns):
        raise Trouble(
            f"{now.name} lacks {lacking} of {past.name}; write all of its columns, or name those "
            "to compare in --columns"
        )
    cells = [column for comparison in comparisons for column in comparison.columns.values()]
    if all(column.verdict == "unknown" for column in cells):
        raise Trouble(f"no column has a verdict: {cells[0].reasons[0]}")


def _monitor(judging: Mapping[str, str | float | None]) -> "DriftMonitor":
    from pydantic import ValidationError

    from mlops_drift.drift.config import DriftMonitor

    given = {name: value for name, value in judging.items() if value is not None}
    try:
        return DriftMonitor.model_validate(given)
    except ValidationError as error:
        problem = error.errors()[0]
        option = "--" + str(problem["loc"][0]).replace("_", "-")
        message = problem["msg"].removeprefix("Value error, ")
        raise click.UsageError(f"{option}: {message}, found {problem['input']}") from error
