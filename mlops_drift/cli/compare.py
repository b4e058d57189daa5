"""The command `compare`: two files."""

import csv
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from io import StringIO
from typing import TYPE_CHECKING, Any

import click

from mlops_drift.cli.common import FORMAT, print_json, waiting, writable, write_page
from mlops_drift.cli.errors import DRIFTED, Trouble

if TYPE_CHECKING:
    from mlops_drift.compare.result import Comparison
    from mlops_drift.drift.rows import Rows


@click.command()
@click.argument("reference", type=click.Path(dir_okay=False))
@click.argument("current", type=click.Path(dir_okay=False))
@FORMAT
@click.option(
    "--html",
    type=click.Path(dir_okay=False),
    callback=writable,
    help="Also write a page with charts.",
)
@click.option("--by", help="Column of CURRENT; each of its values is compared separately.")
@click.option("--columns", help="Columns to compare, separated by commas; all by default.")
@click.option("--categorical", help="Numeric columns to read as categories, separated by commas.")
@click.option(
    "--tests",
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
    columns: str | None,
    categorical: str | None,
    tests: str | None,
    auc: bool,
    exit_code: bool,
    **judging: Any,
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
    with waiting(f"comparing {current} with {reference}"), _clear_reading(reference, current):
        from mlops_drift.compare.compare import compare as compare_tables
        from mlops_drift.compare.compare import compare_chunks
        from mlops_drift.drift.rows import Rows
        from mlops_drift.files.error import TableError

        past, now = Rows(reference), Rows(current)
        for rows in (past, now):
            if not rows.count:
                raise TableError(f"{rows.name} has no rows")
        wanted: dict[str, Any] = {
            "columns": _names("--columns", columns) or None,
            "categorical": _names("--categorical", categorical),
            "monitor": monitor,
            "tests": _tests(tests),
        }
        if by:
            comparisons = compare_chunks(past, now, by=by, **wanted)
        else:
            comparisons = [compare_tables(past, now, auc=auc, **wanted)]
    if html is not None:
        from mlops_drift.compare.page import comparison_page

        write_page(html, comparison_page(comparisons, reference, current, monitor))
    if style == "json":
        found = [comparison.to_dict() for comparison in comparisons]
        print_json({"chunks": found} if by else found[0])
    else:
        from mlops_drift.compare.terminal import print_comparison

        print_comparison(comparisons, reference, current, monitor)
    if exit_code:
        _require_verdicts(comparisons, past, now)
        if any(comparison.drifted for comparison in comparisons):
            raise SystemExit(DRIFTED)


def _require_verdicts(comparisons: "Sequence[Comparison]", past: "Rows", now: "Rows") -> None:
    """Requires at least one verdict, so that no drift is not reported by mistake.

    Raises:
        Trouble: a column of the reference is missing, or the verdict of every column is unknown.
    """
    lacking = [
        name for name in comparisons[0].columns if name in past.columns and name not in now.columns
    ]
    if lacking:
        raise Trouble(
            f"{now.name} lacks {', '.join(map(repr, lacking))} of {past.name}; write all of its "
            "columns, or name those to compare in --columns"
        )
    cells = [column for comparison in comparisons for column in comparison.columns.values()]
    if all(column.verdict == "unknown" for column in cells):
        raise Trouble(f"no column has a verdict: {cells[0].reasons[0]}")


def _monitor(judging: dict[str, Any]) -> Any:
    from pydantic import ValidationError

    from mlops_drift.drift.config import DriftMonitor

    try:
        return DriftMonitor(**{name: v for name, v in judging.items() if v is not None})
    except ValidationError as error:
        problem = error.errors()[0]
        option = "--" + str(problem["loc"][0]).replace("_", "-")
        raise click.UsageError(f"{option}: {problem['msg']}, found {problem['input']}") from error


def _names(option: str, listed: str | None) -> list[str]:
    if listed is None:
        return []
    # As CSV, so that a name with a comma can be quoted.
    names = [name for row in csv.reader(StringIO(listed), skipinitialspace=True) for name in row]
    if not names or "" in names:
        raise click.UsageError(f"{option} has an empty name: {listed!r}")
    return names


def _tests(listed: str | None) -> list[Any]:
    from mlops_drift.compare.measuring import TESTS

    tests = _names("--tests", listed)
    for test in tests:
        if test not in TESTS:
            raise click.UsageError(f"--tests must be of {', '.join(TESTS)}, found {test!r}")
    return tests


@contextmanager
def _clear_reading(*paths: str) -> Iterator[None]:
    """Reports a file that cannot be read in one sentence."""
    import duckdb
    import pyarrow as pa

    from mlops_drift.files.error import TableError

    try:
        yield
    except TableError as error:
        raise Trouble(str(error)) from error
    except (duckdb.Error, pa.ArrowException, OSError) as error:
        # Damage in the middle of a file shows only when that column is read.
        raise Trouble(f"{' or '.join(paths)} cannot be read: {error}") from error
