"""The command `reset`."""

import click

from mlops_drift.cli.common import FORMAT, opened, print_json


@click.command()
@click.argument("model")
@click.option("--yes", is_flag=True, help="Do not ask.")
@FORMAT
def reset(model: str, yes: bool, style: str) -> None:
    """Remove everything that MODEL has made here, so that it starts again.

    Its tables, training sets, versions, searches, and Dagster's runs and events go; defs.yaml, the
    files that it reads, and other models and environments stay.
    """
    from mlops_drift.cli.views.cleanup import readable
    from mlops_drift.lifecycle.reset import find_belongings
    from mlops_drift.resources import open_studies
    from mlops_drift.simulation.instance import open_instance
    from mlops_drift.simulation.reset import reset as start_again
    from mlops_drift.simulation.reset import runs_of

    with opened(model) as about, open_instance() as instance:
        studies = open_studies()
        found = find_belongings(about, studies)
        n_runs = len(runs_of(instance, model))
        if style == "text":
            click.echo(
                f"{model}: {found.rows:,} rows in tables ({readable(found.tables)}), "
                f"{found.sets} training sets ({readable(found.set_files)}), "
                f"{len(found.versions)} versions and {len(found.runs)} MLflow runs "
                f"({readable(found.artifacts)}), {len(found.studies)} searches, "
                f"{n_runs} Dagster runs"
            )
            for version, environment in found.kept.items():
                click.echo(f"stays: version {version}, which environment {environment} has too")
        is_empty = found.is_empty and not n_runs
        if not is_empty:
            if not yes:
                click.confirm("Remove all of it for good?", abort=True, err=True)
            start_again(about, studies, instance)
    if style == "json":
        print_json({"model": model, "dagster_runs": n_runs, **vars(found)})
    else:
        click.echo("nothing to remove" if is_empty else f"removed: {model} starts again")
