"""The command line: `mlops-drift run`, `backtest`, `status`, `sql` and `compare`."""

import csv
import json
import math
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from io import StringIO
from pathlib import Path
from typing import Any

import click

# What a shell reports for a program ended by Ctrl-C.
STOPPED = 130
# As of `diff`: 1 says that something differs, 2 that there was trouble.
DRIFTED, TROUBLE = 1, 2

DAY = click.DateTime(formats=["%Y-%m-%d"])


class _Trouble(click.ClickException):
    exit_code = TROUBLE


def _writable(context: click.Context, parameter: click.Parameter, file: str | None) -> str | None:
    """Says before the work, not after it, that its result cannot be written."""
    if file is not None and not Path(file).resolve().parent.is_dir():
        folder = Path(file).parent
        raise _Trouble(f"{parameter.opts[0]} {file} cannot be written: {folder} is no folder")
    return file


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
def main() -> None:
    """Keeps tabular models honest in production."""


@main.command()
@click.argument("model")
@click.option("--from", "first", type=DAY, help="First day; the model's start by default.")
@click.option("--until", "last", type=DAY, help="Last day; the model's end by default.")
@click.option("--step", type=click.IntRange(1), default=1, help="Days run together.")
@click.option("--format", "style", type=click.Choice(["text", "json"]), default="text")
@click.option(
    "--chart",
    type=click.Path(dir_okay=False),
    callback=_writable,
    help="Also draw the KPI into a PNG.",
)
def run(model: str, first: Any, last: Any, step: int, style: str, chart: str | None) -> None:
    """Walk MODEL through its days: daily runs, and retrainings when a check fails.

    Stop it at any moment; the next call goes on where it was.
    """
    from mlops_drift.reporting.terminal import Progress, print_timeline

    started = time.monotonic()
    with _clear_errors():
        from mlops_drift.loading import find_model
        from mlops_drift.replay import Replay, open_instance, quiet
        from mlops_drift.resources import model_lake, open_lake
        from mlops_drift.timeline import read_timeline

        with quiet(), open_instance() as instance:
            replay = Replay(
                find_model(model),
                instance,
                first.date() if first else None,
                last.date() if last else None,
                step,
            )
            with Progress(model, (replay.last - replay.first).days + 1) as progress:
                replay.run(progress.on_step)
        with open_lake() as lake:
            timeline = read_timeline(model_lake(lake, replay.spec), replay.first, replay.last)
    seconds = time.monotonic() - started
    if chart is not None:
        from mlops_drift.reporting.chart import kpi_chart

        Path(chart).write_bytes(kpi_chart(replay.spec, timeline))
    if style == "json":
        _print_json(
            {
                "model": model,
                "first_day": replay.first,
                "last_day": replay.last,
                "seconds": round(seconds, 2),
                **timeline.to_dict(),
            }
        )
    else:
        print_timeline(replay.spec, timeline, replay.first, replay.last, seconds)


@main.command()
@click.argument("model")
@click.option("--from", "first", type=DAY, help="First day; the model's start by default.")
@click.option("--until", "last", type=DAY, help="Last day; the model's end by default.")
@click.option("--every", type=click.IntRange(1), help="Days between retrainings by age.")
@click.option(
    "--policies",
    type=click.Path(exists=True, dir_okay=False),
    help="YAML of further policies: a name, and the fields that differ from the model's own; "
    "max_age_days is the greatest age of a version.",
)
@click.option("--only", multiple=True, help="Only the policy of this name; may be repeated.")
@click.option("--format", "style", type=click.Choice(["text", "json"]), default="text")
@click.option(
    "--html",
    type=click.Path(dir_okay=False),
    callback=_writable,
    help="Also write a page with the curves.",
)
@click.option(
    "--processes",
    type=click.IntRange(1),
    default=os.cpu_count() or 1,
    help="Policies at the same time; the number of processors by default.",
)
def backtest(
    model: str,
    first: Any,
    last: Any,
    every: int | None,
    policies: str | None,
    only: tuple[str, ...],
    style: str,
    html: str | None,
    processes: int,
) -> None:
    """Replay the history of MODEL under several retraining policies, side by side.

    Without Dagster, and without a trace in the project's data: never retrained, retrained every so
    many days, on failed checks, both, and any policy of a YAML file.
    """
    from mlops_drift.reporting.progress import BacktestProgress

    with _clear_errors():
        import yaml

        from mlops_drift.backtest import Backtest, read_policies, standard_policies
        from mlops_drift.loading import find_model, read_yaml
        from mlops_drift.replay import quiet
        from mlops_drift.sources.catalogue import open_source

        found = find_model(model)
        spec = found.spec
        variants = standard_policies(spec, every)
        if policies is not None:
            content = next(yaml.safe_load_all(read_yaml(Path(policies))), None)
            variants |= read_policies(content, spec, variants)
        unknown = [name for name in only if name not in variants]
        if unknown:
            raise click.UsageError(
                f"--only {unknown[0]!r}: there is no such policy; there are "
                f"{', '.join(map(repr, variants))}"
            )
        chosen = {name: variants[name] for name in only or variants}
        with quiet():
            history = Backtest(
                spec,
                open_source(spec.source, found.folder),
                first.date() if first else None,
                last.date() if last else None,
            )
            days = (history.last - history.first).days + 1
            with BacktestProgress(model, list(chosen), days) as progress:
                result = history.run(chosen, progress.on_day, processes)
    if html is not None:
        from mlops_drift.reporting.backtest_page import backtest_page

        _write_page(html, backtest_page(result))
    if style == "json":
        _print_json(result)
    else:
        from mlops_drift.reporting.backtest import print_backtest

        print_backtest(result)


@main.command()
@click.argument("model")
@click.option("--format", "style", type=click.Choice(["text", "json"]), default="text")
def status(model: str, style: str) -> None:
    """Say where MODEL stands: days, champion, checks, decisions."""
    from mlops_drift.reporting.terminal import print_status

    with _clear_errors():
        from mlops_drift.loading import find_model
        from mlops_drift.resources import model_lake, open_lake
        from mlops_drift.status import read_status

        spec = find_model(model).spec
        with open_lake() as lake:
            found = read_status(spec, model_lake(lake, spec))
    if style == "json":
        _print_json(found)
    else:
        print_status(found)


@main.command()
@click.argument("query", required=False)
@click.option("--format", "style", type=click.Choice(["text", "json", "csv"]), default="text")
def sql(query: str | None, style: str) -> None:
    """Run QUERY over every table by its name; without one, list the tables."""
    from mlops_drift.reporting.terminal import print_table

    with _clear_errors():
        from mlops_drift.lake.catalogue import list_tables, run_sql
        from mlops_drift.resources import open_lake

        with open_lake() as lake:
            result = run_sql(lake, query) if query else list_tables(lake)
    if style == "json":
        _print_json(result.to_pylist())
    elif style == "csv":
        click.echo(result.to_pandas(date_as_object=True).to_csv(index=False), nl=False)
    else:
        print_table(result)


@main.command()
@click.argument("reference", type=click.Path(dir_okay=False))
@click.argument("current", type=click.Path(dir_okay=False))
@click.option("--format", "style", type=click.Choice(["text", "json"]), default="text")
@click.option(
    "--html",
    type=click.Path(dir_okay=False),
    callback=_writable,
    help="Also write a page with charts.",
)
@click.option("--by", help="Column of CURRENT whose values are chunks, judged one by one.")
@click.option("--columns", help="Compare only these, separated by commas; all by default.")
@click.option("--categorical", help="Numeric columns to read as categories, separated by commas.")
@click.option(
    "--tests",
    help="Further tests of numeric columns, in JSON and on the page: mann-whitney, levene.",
)
@click.option("--auc", is_flag=True, help="Train a classifier to tell the tables apart.")
@click.option("--metric", help="js (default), psi, hellinger, tvd, linf, ks or wasserstein.")
@click.option("--threshold", type=float, help="Metric from which a significant difference fails.")
@click.option("--alpha", type=float, help="Chance of any failed column without drift.")
@click.option("--min-rows", type=int, help="Rows that a verdict needs.")
@click.option("--exit-code", is_flag=True, help="Exit with 1 if a column drifted; 2 is trouble.")
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
    """Hold the file CURRENT against the file REFERENCE, column by column.

    Both are Parquet (.parquet) or text (.csv, .tsv, also with .gz).
    """
    if auc and by:
        raise click.UsageError("--auc compares whole tables, it cannot be used with --by")
    monitor = _monitor(judging)
    with _waiting(f"comparing {current} with {reference}"), _clear_reading(reference, current):
        from mlops_drift.drift.compare import compare as compare_tables
        from mlops_drift.drift.compare import compare_chunks
        from mlops_drift.drift.files import RowsError
        from mlops_drift.drift.rows import Rows

        past, now = Rows(reference), Rows(current)
        for rows in (past, now):
            if not rows.count:
                raise RowsError(f"{rows.name} has no rows")
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
        from mlops_drift.reporting.drift_page import comparison_page

        _write_page(html, comparison_page(comparisons, reference, current, monitor))
    if style == "json":
        found = [comparison.to_dict() for comparison in comparisons]
        _print_json({"chunks": found} if by else found[0])
    else:
        from mlops_drift.reporting.comparison import print_comparison

        print_comparison(comparisons, reference, current, monitor)
    if exit_code and any(comparison.drifted for comparison in comparisons):
        raise SystemExit(DRIFTED)


def _write_page(file: str, page: str) -> None:
    try:
        Path(file).write_text(page, encoding="utf-8")
    except OSError as error:
        raise _Trouble(f"--html {file} cannot be written: {error.strerror}") from error


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
    from mlops_drift.drift.compare import TESTS

    tests = _names("--tests", listed)
    for test in tests:
        if test not in TESTS:
            raise click.UsageError(f"--tests must be of {', '.join(TESTS)}, found {test!r}")
    return tests


def _waiting(what: str) -> Any:
    """A sign of life on stderr, where that is a terminal."""
    from rich.console import Console
    from rich.markup import escape

    return Console(stderr=True).status(escape(what))


@contextmanager
def _clear_reading(*paths: str) -> Iterator[None]:
    """Turns the errors of files that cannot be read as asked into a message."""
    import duckdb
    import pyarrow as pa

    from mlops_drift.drift.files import RowsError

    try:
        yield
    except RowsError as error:
        raise _Trouble(str(error)) from error
    except (duckdb.Error, pa.ArrowException, OSError) as error:
        # Damage in the middle of a file shows when a column is read, by whoever reads it.
        raise _Trouble(f"{' or '.join(paths)} cannot be read: {error}") from error


def _print_json(content: Any) -> None:
    click.echo(json.dumps(_without_nan(content), indent=2, default=_plain, allow_nan=False))


def _without_nan(content: Any) -> Any:
    """JSON has no nan and no infinity: a number that is undefined becomes null."""
    if isinstance(content, dict):
        return {name: _without_nan(value) for name, value in content.items()}
    if isinstance(content, list | tuple):
        return [_without_nan(value) for value in content]
    return None if isinstance(content, float) and not math.isfinite(content) else content


def _plain(value: Any) -> Any:
    return value.isoformat() if isinstance(value, date) else str(value)


class _clear_errors:  # noqa: N801  # reads as a statement: `with _clear_errors():`
    """Turns the errors that a user can mend into a message without a traceback."""

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        if error is None:
            return
        from mlops_drift.backtest import BacktestError
        from mlops_drift.lake.catalogue import QueryError
        from mlops_drift.lake.lake import LakeError
        from mlops_drift.lake.training_sets import CorruptionError
        from mlops_drift.loading import ModelDefinitionError
        from mlops_drift.registry.base import RegistryError
        from mlops_drift.replay import ReplayError, ReplayStopped

        mendable = (
            BacktestError,
            ModelDefinitionError,
            ReplayError,
            QueryError,
            LakeError,
            CorruptionError,
            RegistryError,
            FileNotFoundError,
        )
        if isinstance(error, KeyboardInterrupt | ReplayStopped):
            click.echo(str(error) or "stopped; the same command goes on where it was", err=True)
            raise SystemExit(STOPPED) from error
        if isinstance(error, mendable):
            raise click.ClickException(str(error)) from error


if __name__ == "__main__":
    main()
