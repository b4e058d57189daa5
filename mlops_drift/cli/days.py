"""The commands over days: `run`, `backtest`, `status` and `sql`."""

import csv
import io
import os
import time
from pathlib import Path
from typing import Any

import click

from mlops_drift.cli.common import DAY, FORMAT, print_json, writable, write_file, write_page
from mlops_drift.cli.errors import MISSING_DAYS


@click.command()
@click.argument("model")
@click.option("--from", "first", type=DAY, help="First day; the model's start by default.")
@click.option("--until", "last", type=DAY, help="Last day; the model's end by default.")
@click.option("--step", type=click.IntRange(1), default=1, help="Days run together.")
@click.option(
    "--again",
    is_flag=True,
    help="Run days again that have run, as when rows have come late; what was served stays.",
)
@FORMAT
@click.option(
    "--chart",
    type=click.Path(dir_okay=False),
    callback=writable,
    help="Also draw the KPI into a PNG.",
)
def run(
    model: str, first: Any, last: Any, step: int, again: bool, style: str, chart: str | None
) -> None:
    """Walk MODEL through its days: daily runs, and retrainings when a check fails.

    Stop it at any moment; the next call goes on where it was. It ends with status 4 when days have
    no file: the others have run, and the next call takes in what has come. A training that fails is
    on record, and told at the end.
    """
    from mlops_drift.cli.views.terminal import Progress, print_timeline

    started = time.monotonic()
    from mlops_drift.config.context import ModelContext
    from mlops_drift.config.loading import find_model
    from mlops_drift.lifecycle.status import read_status
    from mlops_drift.lifecycle.timeline import read_timeline
    from mlops_drift.pipeline.missing_days import (
        about_judged_again,
        about_made_again,
        about_missing,
    )
    from mlops_drift.resources import open_lake
    from mlops_drift.simulation.historical_run import HistoricalRun, open_instance, quiet

    with quiet(), open_instance() as instance:
        history = HistoricalRun(
            find_model(model),
            instance,
            first.date() if first else None,
            last.date() if last else None,
            step,
            again,
        )
        with Progress(model, (history.last - history.first).days + 1) as progress:
            history.run(progress.on_step)
    with open_lake() as lake:
        about = ModelContext.of(lake, history.spec)
        timeline = read_timeline(about.store, history.first, history.last)
        upcoming = read_status(about)["next"]
        missing = about.store.landing.missing_files(history.first, history.last)
    seconds = time.monotonic() - started
    if chart is not None:
        from mlops_drift.charts.kpi import kpi_chart

        write_file("--chart", chart, kpi_chart(history.spec, timeline))
    if style == "json":
        print_json(
            {
                "model": model,
                "first_day": history.first,
                "last_day": history.last,
                "seconds": round(seconds, 2),
                **timeline.to_dict(),
                "missing_days": missing,
                "made_again": sorted(history.made_again),
                "labels_judged_again": sorted(history.judged_again),
            }
        )
    else:
        print_timeline(history.spec, timeline, upcoming, history.first, history.last, seconds)
    if history.made_again:
        click.echo(about_made_again(history.made_again), err=True)
    if history.judged_again:
        click.echo(about_judged_again(history.judged_again), err=True)
    if missing:
        click.echo(about_missing(missing), err=True)
    if history.failed:
        for error in history.failed[:-1]:
            click.echo(f"Error: {error}", err=True)
        raise history.failed[-1]
    if missing:
        raise SystemExit(MISSING_DAYS)


@click.command()
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
@FORMAT
@click.option(
    "--html",
    type=click.Path(dir_okay=False),
    callback=writable,
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
    from mlops_drift.cli.views.progress import BacktestProgress
    from mlops_drift.config.loading import find_model, read_yaml
    from mlops_drift.simulation.backtest import (
        Backtest,
        BacktestError,
        PoliciesFile,
        read_policies,
        standard_policies,
    )
    from mlops_drift.simulation.historical_run import quiet
    from mlops_drift.sources.registry import open_source

    found = find_model(model)
    spec = found.spec
    variants = standard_policies(spec, every)
    if policies is not None:
        documents = read_yaml(Path(policies), PoliciesFile)
        if len(documents) > 1:
            raise BacktestError(f"{policies} holds {len(documents)} documents; make them one")
        content = documents[0].value if documents else None
        try:
            variants |= read_policies(content, spec, variants)
        except BacktestError as error:
            raise BacktestError(f"{policies}: {error}") from error
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
        from mlops_drift.reports.backtest_page import backtest_page

        write_page(html, backtest_page(result))
    if style == "json":
        print_json(result)
    else:
        from mlops_drift.reports.backtest import print_backtest

        print_backtest(result)


@click.command()
@click.argument("model")
@FORMAT
def status(model: str, style: str) -> None:
    """Say where MODEL stands: days, champion, checks, decisions."""
    from mlops_drift.cli.views.terminal import print_status
    from mlops_drift.config.context import ModelContext
    from mlops_drift.config.loading import find_model
    from mlops_drift.lifecycle.status import read_status
    from mlops_drift.resources import open_lake

    spec = find_model(model).spec
    with open_lake() as lake:
        found = read_status(ModelContext.of(lake, spec))
    if style == "json":
        print_json(found)
    else:
        print_status(found)


@click.command()
@click.argument("query", required=False)
@click.option("--format", "style", type=click.Choice(["text", "json", "csv"]), default="text")
def sql(query: str | None, style: str) -> None:
    """Run QUERY over every table by its name; without one, list the tables."""
    from mlops_drift.cli.views.terminal import print_table
    from mlops_drift.resources import open_lake
    from mlops_drift.store.queries import Form, list_tables, records, run_sql

    form: Form = "json" if style == "json" else "text"
    with open_lake() as lake:
        result = run_sql(lake, query, form) if query else list_tables(lake, form)
    found = records(result) if style == "json" else []
    if style == "json":
        print_json(found)
    elif style == "csv":
        written = io.StringIO(newline="")
        writer = csv.writer(written, lineterminator="\n")
        writer.writerow(result.column_names)
        writer.writerows(zip(*(column.to_pylist() for column in result.columns), strict=True))
        click.echo(written.getvalue(), nl=False)
    else:
        print_table(result)
