"""The command `compact`."""

from typing import TYPE_CHECKING

import click

from mlops_drift.cli.common import FORMAT, opened, show, waiting

if TYPE_CHECKING:
    from mlops_drift.store.compaction import Compacted


@click.command()
@click.argument("model")
@FORMAT
def compact(model: str, style: str) -> None:
    """Put the small files of closed days of MODEL together.

    No row changes, and others may read and write meanwhile. Each table forgets its commits but the
    last 500. The run and `dagster dev` do both by themselves when a table has too many files.
    """
    from mlops_drift.lifecycle.cleanup.commits import forget_old_commits
    from mlops_drift.store import compaction

    with opened(model) as about, waiting(f"{model}: reading and writing files"):
        found = [compaction.compact(about.store.lake, table) for table in about.store.tables]
        forgotten = forget_old_commits(about.store)
    content = {
        "model": model,
        "tables": [vars(one) for one in found],
        "forgotten_commits": forgotten,
    }
    show(style, content, lambda: _print(model, found, forgotten))


def _print(model: str, found: "list[Compacted]", forgotten: int) -> None:
    import pyarrow as pa

    from mlops_drift.cli.views.tables import print_texts

    if forgotten:
        click.echo(f"{model}: {forgotten:,} old commits forgotten")
    changed = [one for one in found if one.after < one.before]
    before, after = (sum(getattr(one, name) for one in found) for name in ("before", "after"))
    if not changed:
        click.echo(f"{model}: {after} files of days, nothing to put together")
        return
    shown = [{name: str(value) for name, value in vars(one).items()} for one in changed]
    print_texts(pa.Table.from_pylist(shown))
    click.echo(f"{model}: {before} files of days before, {after} now; no row has changed")
