"""The commands over days: `run`, `backtest` and `status`."""

import os
import time
from collections.abc import Sequence
from datetime import date
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import click

from mlops_drift.cli.common import (
    FORMAT,
    day,
    opened,
    output_file,
    require_trained,
    show,
    write_file,
)
from mlops_drift.cli.errors import MISSING_DAYS, NOT_SERVING
from mlops_drift.errors import InternalError

if TYPE_CHECKING:
    from mlops_drift.lifecycle.unserved import Unserved
    from mlops_drift.simulation.historical_run import HistoricalRun

_FROM = click.option("--from", "first", type=day, help="First day; the model's start by default.")
_UNTIL = click.option("--until", "last", type=day, help="Last day; the model's end by default.")


@click.command()
@click.argument("model")
@_FROM
@_UNTIL
@click.option("--step", type=click.IntRange(1), default=1, help="Days in one run.")
@click.option(
    "--again",
    is_flag=True,
    help="Run days again, for example when rows arrived late; what was served does not change.",
)
@FORMAT
@output_file("--chart", "Write a picture of the KPI (SVG).", ".svg")
def run(
    model: str,
    first: date | None,
    last: date | None,
    step: int,
    again: bool,
    style: str,
    chart: str | None,
) -> None:
    """Run MODEL day by day, and retrain it when a check fails.

    You can stop it at any time; the next call continues. A day without its file is skipped: the
    exit status is then 4, and the next call reads files that have arrived since. A training that
    fails is recorded and reported at the end. If no version serves after the last day, the last
    lines say why and what would help, and the exit status is 3.
    """
    started = time.monotonic()
    from mlops_drift.cli.views.progress import RunProgress
    from mlops_drift.cli.views.timeline import print_timeline
    from mlops_drift.config.context import ModelContext
    from mlops_drift.config.loading import find_model
    from mlops_drift.gateways import open_lake
    from mlops_drift.lifecycle.spans import acted_and_waited
    from mlops_drift.lifecycle.status import read_status
    from mlops_drift.lifecycle.timeline import read_timeline
    from mlops_drift.lifecycle.unserved import why_unserved
    from mlops_drift.simulation.historical_run import HistoricalRun
    from mlops_drift.simulation.instance import open_instance, quiet

    with quiet(), open_instance() as instance:
        history = HistoricalRun(find_model(model), instance, first, last, step, again)
        first, last = history.first, history.last
        with RunProgress(model, (last - first).days + 1) as progress:
            history.run(progress.on_step)
    with open_lake() as lake:
        about = ModelContext.of(lake, history.spec)
        timeline = read_timeline(about, first, last)
        state = read_status(about)
        decided = [one for one in about.store.decisions.records() if first <= one.day <= last]
        missing = about.store.landing.missing_files(first, last)
        unserved = why_unserved(about)
    seconds = time.monotonic() - started
    if chart is not None:
        from mlops_drift.charts.kpi import kpi_chart

        write_file("--chart", chart, kpi_chart(history.spec, timeline).encode())
    found = {
        "model": model,
        "first_day": first,
        "last_day": last,
        "seconds": round(seconds, 2),
        **vars(timeline),
        "missing_days": missing,
        "made_again": sorted(history.made_again),
        "labels_judged_again": sorted(history.judged_again),
        "not_serving": unserved,
    }
    spans, days = acted_and_waited(decided), (first, last)
    text = partial(print_timeline, history.spec, timeline, spans, state, days, seconds)
    show(style, found, text)
    _report_troubles(history, missing, unserved)


def _report_troubles(
    history: "HistoricalRun", missing: Sequence[dict[str, object]], unserved: "Unserved | None"
) -> None:
    """What a person should know of a run, on standard error; ends with the exit status."""
    from mlops_drift.pipeline import missing_days

    if history.made_again:
        click.echo(missing_days.about_made_again(history.made_again), err=True)
    if history.judged_again:
        click.echo(missing_days.about_judged_again(history.judged_again), err=True)
    if missing:
        click.echo(missing_days.about_missing(missing), err=True)
    if history.unsent:
        click.echo(f"Messages wait: {history.unsent}. The next delivery tries again.", err=True)
    for error in history.failed:
        if error is history.failed[-1] and (unserved is None or isinstance(error, InternalError)):
            raise error
        click.echo(f"Error: {error}", err=True)
    if unserved:
        click.echo(f"No version serves: {unserved.why}\nWhat would help: {unserved.help}", err=True)
        raise SystemExit(NOT_SERVING)
    if missing:
        raise SystemExit(MISSING_DAYS)


@click.command()
@click.argument("model")
@_FROM
@_UNTIL
@click.option(
    "--every", type=click.IntRange(1), help="Days between the retrainings of the policy by age."
)
@click.option(
    "--policies",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="YAML file with more policies: a name, and the fields that differ from the model's own; "
    "max_age_days is the age at which a version is retrained.",
)
@click.option("--only", multiple=True, help="Run only the policy of this name; may be repeated.")
@FORMAT
@output_file("--html", "Write a page with the curves.", ".html")
@click.option(
    "--processes",
    type=click.IntRange(1),
    default=os.cpu_count() or 1,
    help="Policies that run at the same time; the number of processors by default.",
)
def backtest(
    model: str,
    first: date | None,
    last: date | None,
    every: int | None,
    policies: Path | None,
    only: tuple[str, ...],
    style: str,
    html: str | None,
    processes: int,
) -> None:
    """Compare retraining policies on the history of MODEL.

    The policies: never retrain, retrain by age, on failed checks, on both, and those of a YAML
    file. It runs without Dagster and does not change the project's data.
    """
    from mlops_drift.cli.views.progress import BacktestProgress
    from mlops_drift.config.loading import find_model
    from mlops_drift.reports.backtest import print_backtest
    from mlops_drift.simulation.backtest import Backtest
    from mlops_drift.simulation.instance import quiet
    from mlops_drift.simulation.variants import read_policies, standard_policies

    found = find_model(model)
    require_trained(found.spec)
    variants = standard_policies(found.spec, every)
    if policies is not None:
        variants |= read_policies(policies, found.spec, variants)
    for name in only:
        if name not in variants:
            known = ", ".join(map(repr, variants))
            raise click.UsageError(f"--only {name!r}: there is no such policy; there are {known}")
    chosen = {name: variants[name] for name in only or variants}
    with quiet():
        history = Backtest(found, first, last)
        days = (history.last - history.first).days + 1
        with BacktestProgress(model, list(chosen), days) as progress:
            result = history.run(chosen, progress.on_day, processes)
    if html is not None:
        from mlops_drift.reports.backtest_page import backtest_page

        write_file("--html", html, backtest_page(result).encode())
    show(style, result, lambda: print_backtest(result))


@click.command()
@click.argument("model", required=False)
@FORMAT
def status(model: str | None, style: str) -> None:
    """Show how MODEL is: its state, checks, champion, data, decisions; without it, all models."""
    from mlops_drift.cli.views.status import print_overview, print_status
    from mlops_drift.config.loading import load_models
    from mlops_drift.lifecycle.health import worst_first
    from mlops_drift.lifecycle.spans import acted_and_waited
    from mlops_drift.lifecycle.status import read_status

    if model is None:
        found = worst_first([_status(name) for name in sorted(load_models())])
        show(style, found, lambda: print_overview(found))
        return
    with opened(model) as about:
        state = read_status(about)
        spans = acted_and_waited(about.store.decisions.records())
    show(style, state, lambda: print_status(state, spans))


def _status(model: str) -> dict[str, object]:
    from mlops_drift.lifecycle.status import read_status

    with opened(model) as about:
        return read_status(about)
