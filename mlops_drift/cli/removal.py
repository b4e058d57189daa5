"""The commands that remove: `cleanup` and `reset`."""

from typing import TYPE_CHECKING

import click

from mlops_drift.cli.common import FORMAT, opened, show, waiting

if TYPE_CHECKING:
    from mlops_drift.config.spec import ModelSpec
    from mlops_drift.lifecycle.cleanup.things import CleanupPlan


@click.command()
@click.argument("model")
@click.option("--delete", is_flag=True, help="Delete for good; without it nothing changes.")
@FORMAT
def cleanup(model: str, delete: bool, style: str) -> None:
    """Show what the retention of MODEL allows to delete, and delete it with --delete."""
    from mlops_drift.gateways import open_registry
    from mlops_drift.lifecycle.cleanup.cleanup import clean_up
    from mlops_drift.registry.artifacts import Artifacts

    waits = waiting(f"{model}: reading, or waiting for a training or a cleanup to end")
    with opened(model) as about, waits:
        plan = clean_up(about, Artifacts(open_registry(), model), dry_run=not delete)
    found = {"day": plan.day, "bytes": plan.size, "items": plan.going, "kept": plan.staying}
    content = {"model": model, "deleted": delete, **found}
    show(style, content, lambda: _print_plan(about.spec, plan, delete))


@click.command()
@click.argument("model")
@click.option("--yes", is_flag=True, help="Do not ask.")
@FORMAT
def reset(model: str, yes: bool, style: str) -> None:
    """Remove everything that MODEL has made here, so that it starts again.

    Its tables, training sets, versions, searches, the files and the log of its service, and
    Dagster's runs and events go; defs.yaml, the files that it reads, and other models and
    environments stay. While a service of it runs nothing is removed.
    """
    from rich.filesize import decimal

    from mlops_drift.gateways import open_studies
    from mlops_drift.lifecycle.reset import find_belongings
    from mlops_drift.simulation.instance import open_instance
    from mlops_drift.simulation.reset import reset as start_again
    from mlops_drift.simulation.reset import runs_of

    with opened(model) as about, open_instance() as instance:
        studies = open_studies()
        found = find_belongings(about, studies)
        n_runs = len(runs_of(instance, model))
        if style == "text":
            click.echo(
                f"{model}: {found.rows:,} rows in tables ({decimal(found.tables)}), {found.sets} "
                f"training sets ({decimal(found.set_files)}), {len(found.versions)} versions and "
                f"{len(found.runs)} MLflow runs ({decimal(found.artifacts)}), "
                f"{len(found.studies)} searches, {n_runs} Dagster runs"
            )
            if found.unshipped:
                click.echo(f"{decimal(found.unshipped)} of answers in the log are in no table yet")
            for version, environment in found.kept.items():
                click.echo(f"stays: version {version}, which environment {environment} has too")
        is_empty = found.is_empty and not n_runs
        if not (is_empty or yes):
            click.confirm("Remove all of it for good?", abort=True, err=True)
        if not is_empty:
            start_again(about, studies, instance)
    ended = "nothing to remove" if is_empty else f"removed: {model} starts again"
    content = {"model": model, "dagster_runs": n_runs, **vars(found)}
    show(style, content, lambda: click.echo(ended))


def _print_plan(spec: "ModelSpec", plan: "CleanupPlan", deleted: bool) -> None:
    """Prints what is deleted, what is kept although it is old, and the size of both."""
    from rich.filesize import decimal

    from mlops_drift import console

    if plan.items:
        title = "deleted" if deleted else "can be deleted"
        columns = *console.fixed("kind", "name"), *console.numeric("size")
        table = console.table_of(*columns, console.long_text("reason"))
        for item in plan.items:
            row = item.kind, item.name[:32], decimal(item.size), item.reason
            table.add_row(*console.cells(row))
        console.print_table(console.open_console(), table, title)
    for kept in plan.kept:
        click.echo(f"kept: {kept.kind} {kept.name[:32]}: {'; '.join(kept.needed_by)}")
    done = "deleted" if deleted else "can be deleted with --delete"
    summary = f", as of {plan.day}: {len(plan.items)} things, {decimal(plan.size)}, {done}"
    if spec.retention.is_empty and not plan.items:
        summary = " keeps everything: its YAML sets no retention"
    click.echo(f"{spec.name}{summary}")
