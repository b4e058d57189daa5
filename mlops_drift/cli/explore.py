"""The command `explore`: a file, or what a model has landed."""

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import click

from mlops_drift.cli.common import FORMAT, clear_reading, output_file, show, waiting, write_file
from mlops_drift.errors import UserError

if TYPE_CHECKING:
    from mlops_drift.explore.result import Exploration


@click.command()
@click.argument("source", metavar="FILE|MODEL")
@click.option("--target", help="Column that is predicted; found by its name by default.")
@click.option("--key", help="Column that identifies a row; found by its values by default.")
@click.option("--day", help="Column of the day of a row; found by its name by default.")
@FORMAT
@output_file("--html", "Also write a page with charts.", ".html")
def explore(
    source: str,
    target: str | None,
    key: str | None,
    day: str | None,
    style: str,
    html: str | None,
) -> None:
    """Describe the table FILE, or the events and labels that MODEL has landed.

    Types, missing values, distributions by class, correlations, outliers, behaviour in time,
    columns that may leak the target, duplicate rows, and what to write in defs.yaml; what to look
    at first comes first. Reads Parquet (.parquet), CSV (.csv, .tsv) and JSON (.json, .jsonl); text
    files may end in .gz.

    What concerns one column is exact; what concerns two is measured on a sample of at most 50,000
    rows, the same each time.
    """
    with waiting(f"exploring {source}"), clear_reading(source):
        from mlops_drift.memory import bound_engine

        bound_engine()
        found = _explored(source, target, key, day)
    if html is not None:
        from mlops_drift.explore.page import exploration_page

        write_file("--html", html, exploration_page(found).encode())
    from mlops_drift.explore.terminal import print_exploration

    show(style, found, partial(print_exploration, found))


def _explored(source: str, target: str | None, key: str | None, day: str | None) -> "Exploration":
    from mlops_drift.explore.explore import explore as explore_table
    from mlops_drift.files.table_file import ENDINGS, ending

    if Path(source).exists() or ending(Path(source)) in ENDINGS:
        return explore_table(source, target=target, key=key, day=day)
    from mlops_drift.config.context import ModelContext
    from mlops_drift.config.loading import find_model
    from mlops_drift.gateways import open_lake
    from mlops_drift.simulation.instance import quiet

    spec = find_model(source).spec
    with quiet(), open_lake() as lake:
        rows = ModelContext.of(lake, spec).store.labels.features()
    if not rows.num_rows:
        raise UserError(f"{source} has landed no events; run `mlops-drift run {source}` first")
    return explore_table(
        rows,
        target=target or spec.target.column,
        key=key or spec.key,
        day=day or "day",
        name=f"the landed rows of {source}",
    )
