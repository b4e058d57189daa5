"""The commands over tables: `sql`, `history` and `restore`."""

import csv
import re
import sys
from datetime import date
from typing import TYPE_CHECKING

import click

from mlops_drift.cli.common import FORMAT, day, person, show

if TYPE_CHECKING:
    from mlops_drift.store.restoring import Restored


def _as_of(text: str) -> date | int:
    """The type of an option that is a day or the number of a commit."""
    if text.isdecimal():
        return int(text)
    try:
        return day(text)
    except click.BadParameter as error:
        message = f"{text!r} is neither a day such as 2024-10-01 nor the number of a commit"
        raise click.BadParameter(message) from error


@click.command()
@click.argument("query", required=False)
@click.option(
    "--as-of",
    type=_as_of,
    metavar="DAY|COMMIT",
    help="Read the tables as they were at the end of a day by the clock, in UTC, or a single table "
    "at a commit.",
)
@click.option(
    "--format",
    "style",
    type=click.Choice(["text", "json", "csv"]),
    default="text",
    help="Text for people, JSON or CSV.",
)
def sql(query: str | None, as_of: date | int | None, style: str) -> None:
    """Run the SQL QUERY over all tables; without one, list the tables."""
    if isinstance(as_of, int) and not query:
        raise click.UsageError(f"--as-of {as_of}: a list of all tables needs a day, not a commit")
    from mlops_drift.cli.views.tables import print_result, print_texts
    from mlops_drift.gateways import open_lake
    from mlops_drift.store.queries import Form, list_tables, records, run_sql

    form: Form = "json" if style == "json" else "text"
    with open_lake() as lake:
        if query:
            result = run_sql(lake, query, form, as_of)
        else:
            result = list_tables(lake, form, as_of if isinstance(as_of, date) else None)
    if style == "csv":
        writer = csv.writer(sys.stdout, lineterminator="\n")
        writer.writerow(result.column_names)
        writer.writerows(zip(*(column.to_pylist() for column in result.columns), strict=True))
    else:
        found = records(result) if style == "json" else []
        show(style, found, lambda: (print_result if query else print_texts)(result))


@click.command()
@click.argument("table")
@click.option("--limit", type=click.IntRange(1), help="The newest so many; all by default.")
@FORMAT
def history(table: str, limit: int | None, style: str) -> None:
    """List the commits of TABLE, newest first, and whether each can still be read."""
    from mlops_drift.cli.views.tables import print_commits
    from mlops_drift.gateways import open_lake
    from mlops_drift.store.history import commits, place_of

    with open_lake() as lake:
        found = commits(place_of(lake, table), limit)
    show(style, found, lambda: print_commits(found))


@click.command()
@click.argument("table")
@click.argument("commit", type=click.IntRange(0))
@person("Why, for the history of the table.")
def restore(table: str, commit: int, by: str, reason: str) -> None:
    """Put TABLE back to a COMMIT of its history, as a new commit.

    Only this table changes: predictions, versions, MLflow's runs and decisions that were made from
    its rows stay as they are.
    """
    from mlops_drift.gateways import open_lake
    from mlops_drift.lifecycle.transitions import Person
    from mlops_drift.store.restoring import restore as put_back

    who = Person(by, reason)
    with open_lake() as lake:
        restored = put_back(lake, table, commit, who.name, who.reason)
    click.echo("\n".join(_about(restored)))


def _about(restored: "Restored") -> list[str]:
    """What a restore did, and what it did not do."""
    table, days = restored.table, restored.days
    again = f"{table} holds again what it held at commit {restored.to}"
    lines = [f"{again}; commit {restored.commit} records it"]
    if days:
        lines.append(f"changed: {len(days)} {_span(days)}")
    lines.append(
        "Only this table changed: predictions, versions, MLflow's runs and decisions that were "
        "made from its rows stay as they are."
    )
    model = re.fullmatch(r"features\.(.+)|landing\.(.+)_(?:events|labels)", table)
    if model and days:
        name = model[1] or model[2]
        lines.append(
            "To land the changed days again from the source as it is now, with all that is "
            f"computed from them: mlops-drift run {name} --from {days[0]} --until {days[-1]} "
            "--again"
        )
    return lines


def _span(days: list[date]) -> str:
    return f"day, {days[0]}" if len(days) == 1 else f"days, from {days[0]} to {days[-1]}"
