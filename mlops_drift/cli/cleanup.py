"""The command `cleanup`."""

import click

from mlops_drift.cli.common import FORMAT, opened, print_json, waiting


@click.command()
@click.argument("model")
@click.option(
    "--delete", is_flag=True, help="Delete it for good; without this option nothing changes."
)
@FORMAT
def cleanup(model: str, delete: bool, style: str) -> None:
    """Show what the retention of MODEL allows to delete, and delete it with --delete."""
    from mlops_drift.cli.views.cleanup import print_plan

    with opened(model) as about:
        from mlops_drift.lifecycle.cleanup.cleanup import clean_up
        from mlops_drift.registry.artifacts import Artifacts
        from mlops_drift.resources import open_registry

        with waiting(f"{model}: reading, or waiting for a training or a cleanup to end"):
            plan = clean_up(about, Artifacts(open_registry(), model), dry_run=not delete)
    if style == "json":
        found = {"day": plan.day, "bytes": plan.size, "items": plan.going, "kept": plan.staying}
        print_json({"model": model, "deleted": delete, **found})
    else:
        print_plan(about.spec, plan, delete)
