"""The command `cleanup`."""

from dataclasses import asdict

import click

from mlops_drift.cli.common import FORMAT, opened, print_json, waiting


@click.command()
@click.argument("model")
@click.option("--delete", is_flag=True, help="Remove it for good; without it nothing is changed.")
@FORMAT
def cleanup(model: str, delete: bool, style: str) -> None:
    """Show what the retention of MODEL lets go, and with --delete remove it."""
    from mlops_drift.cli.views.cleanup import print_plan

    with opened(model) as about:
        from mlops_drift.lifecycle.cleanup.cleanup import clean_up
        from mlops_drift.registry.artifacts import Artifacts
        from mlops_drift.resources import open_registry

        with waiting(f"{model}: looking, or waiting for a training or a cleanup under way"):
            plan = clean_up(about, Artifacts(open_registry(), model), dry_run=not delete)
    if style == "json":
        print_json({"model": model, "deleted": delete, "bytes": plan.size, **asdict(plan)})
    else:
        print_plan(about.spec, plan, delete)
