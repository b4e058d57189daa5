"""The commands over versions: `approve`, `reject`, `rollback`, `log`, `explain`, `rebuild`."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING

import click

from mlops_drift.cli.common import FORMAT, day, opened, person, show, waiting

if TYPE_CHECKING:
    from mlops_drift.config.context import ModelContext
    from mlops_drift.lifecycle.from_source import FromSource
    from mlops_drift.lifecycle.rebuild import Rebuilt
    from mlops_drift.lifecycle.transitions import Person


_CHALLENGER = click.option(
    "--version", type=click.IntRange(1), help="Version; the waiting challenger by default."
)
_person = person("Why, for the decision log.")


@click.command()
@click.argument("model")
@_CHALLENGER
@_person
def approve(model: str, version: int | None, by: str, reason: str) -> None:
    """Promote a version of MODEL if it passes its gates."""
    from mlops_drift.lifecycle import promotion

    with _transition(model, by, reason) as (about, person):
        transition = promotion.approve(about, person, version)
        _show(about, transition.decision)
        promoted = f"version {transition.version} of {model} is the champion"
        click.echo(f"{promoted}; it serves the days after {transition.as_of}")


@click.command()
@click.argument("model")
@_CHALLENGER
@_person
def reject(model: str, version: int | None, by: str, reason: str) -> None:
    """Reject the waiting challenger of MODEL."""
    from mlops_drift.lifecycle import promotion

    with _transition(model, by, reason) as (about, person):
        rejected = promotion.reject_challenger(about, person, version)
        _show(about, rejected.id)
        click.echo(f"version {rejected.challenger} of {model} is rejected; the champion stays")


@click.command()
@click.argument("model")
@click.option("--to", type=click.IntRange(1), help="Version; the previous champion by default.")
@click.option(
    "--now", "at_once", is_flag=True, help="Let a live service change at once, not at midnight."
)
@_person
def rollback(model: str, to: int | None, at_once: bool, by: str, reason: str) -> None:
    """Return to an earlier champion of MODEL."""
    from mlops_drift.lifecycle import promotion

    with _transition(model, by, reason) as (about, person):
        at = datetime.now(UTC).replace(microsecond=0, tzinfo=None) if at_once else None
        transition = promotion.rollback(about, person, to, at)
        _show(about, transition.decision)
        since = f", and a live service since {at} UTC" if at else ""
        click.echo(
            f"version {transition.version} of {model} serves the days after {transition.as_of} "
            f"again, in place of version {transition.previous}{since}"
        )


@click.command()
@click.argument("model")
@FORMAT
def log(model: str, style: str) -> None:
    """List the decisions about MODEL and its waits: what, by whom, why, with which outcome."""
    from mlops_drift.cli.views.decisions import log_lines
    from mlops_drift.console import open_console
    from mlops_drift.lifecycle.decisions import published
    from mlops_drift.lifecycle.spans import acted_and_waited
    from mlops_drift.policy.decision import IDLE

    with opened(model) as about:
        records = about.store.decisions.records()
    found = [published(record) for record in records if record.action not in IDLE]
    lines = log_lines(model, acted_and_waited(records), open_console().width)
    show(style, found, lambda: click.echo("\n".join(lines)))


@click.command()
@click.argument("model")
@click.option("--version", type=click.IntRange(1), help="Explain a version.")
@click.option("--day", type=day, help="Explain a day, and the version that served it.")
@click.option("--key", help="Explain an event with its predictions and labels.")
@click.option("--full", is_flag=True, help="With all digits, hashes and digests, as JSON has them.")
@FORMAT
def explain(
    model: str, version: int | None, day: date | None, key: str | None, full: bool, style: str
) -> None:
    """Trace a version, a day or an event of MODEL back to rows, files and code."""
    if [version, day, key].count(None) != 2:
        raise click.UsageError("give exactly one of --version, --day and --key")
    from mlops_drift.cli.views.lineage import lineage_lines, print_lineage
    from mlops_drift.lifecycle.lineage import trace_day, trace_key, trace_version

    with opened(model) as about:
        if version is not None:
            title, chain = f"{model}, version {version}", trace_version(about, version)
        elif day is not None:
            title, chain = f"{model}, {day}", trace_day(about, day)
        else:
            title, chain = f"{model}, {about.spec.key} {key}", trace_key(about, str(key))
    full_text = "\n".join(lineage_lines(title, chain))
    show(style, chain, lambda: click.echo(full_text) if full else print_lineage(title, chain))


@click.command()
@click.argument("model")
@click.argument("version", type=click.IntRange(1))
@click.option(
    "--search", "search_again", is_flag=True, help="Repeat the search for parameters, too."
)
@click.option(
    "--from-source",
    is_flag=True,
    help="Make the training set from the source again, too, and compare it.",
)
@FORMAT
def rebuild(model: str, version: int, search_again: bool, from_source: bool, style: str) -> None:
    """Train VERSION of MODEL again and check that its predictions are identical."""
    from mlops_drift.config.loading import find_model
    from mlops_drift.lifecycle.rebuild import rebuild as make_again

    with (
        opened(model, trained=True) as about,
        waiting(f"{model}: training version {version} again"),
    ):
        source = about.spec.source.open(find_model(model).folder) if from_source else None
        made = make_again(about, version, search_again=search_again, source=source)
    found = {**vars(made), "is_same": made.is_same}
    show(style, found, lambda: click.echo(_rebuilt(model, made)))
    if not made.is_same:
        raise SystemExit(1)


def _rebuilt(model: str, made: "Rebuilt") -> str:
    name = f"version {made.version} of {model}"
    code = "" if made.same_code else "; code or libraries have changed since"
    read_again = f"\n{_from_source(made.from_source)}" if made.from_source else ""
    if made.same_recipe is False:
        return f"{name} differs: the search found another recipe{code}{read_again}"
    searched = ", the search found the same recipe" if made.same_recipe else ""
    if not made.different:
        same = f"all {made.rows} predictions are identical, bit for bit"
        return f"{name} is reproduced{searched}: {same}{code}{read_again}"
    differ = f"{made.different} of {made.rows} predictions, scores by up to {made.largest:.3g}"
    return f"{name} differs: {differ}{code}{read_again}"


def _from_source(found: "FromSource") -> str:
    from mlops_drift.schema.days import listed

    if found.problem:
        return f"its training set cannot be made from the source again: {found.problem}"
    made = "its training set, made from the source again,"
    if found.is_same:
        return f"{made} is the same"
    changed = [f"{table} of {listed(days)}" for table, days in found.changed.items()]
    why = f": the source of {' and '.join(changed)} has changed since they landed"
    return f"{made} differs{why if changed else ''}"


@contextmanager
def _transition(model: str, by: str, reason: str) -> Iterator[tuple["ModelContext", "Person"]]:
    """The model and the person of a transition; waits for a running training to end."""
    from mlops_drift.lifecycle.transitions import Person

    waits = waiting(f"{model}: verifying, or waiting for a training to end")
    with opened(model, trained=True) as about, waits:
        yield about, Person(by, reason)


def _show(model: "ModelContext", decision: str) -> None:
    """Records the transition in Dagster, too."""
    from mlops_drift.assets.champion import show_transition
    from mlops_drift.simulation.instance import open_instance

    with open_instance() as instance:
        show_transition(instance, model, decision)
