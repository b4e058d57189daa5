"""Cleanup: what the retention lets be deleted, planned and carried out."""

from collections.abc import Callable
from contextlib import nullcontext
from datetime import date, timedelta

from mlops_drift.config.context import ModelContext
from mlops_drift.lifecycle.cleanup.inventory import Inventory
from mlops_drift.lifecycle.cleanup.rules import plan_cleanup
from mlops_drift.lifecycle.cleanup.things import CleanupPlan, Thing
from mlops_drift.registry.artifacts import Artifacts
from mlops_drift.store import disk
from mlops_drift.store.records import Removal
from mlops_drift.store.tables import Table


def clean_up(
    model: ModelContext,
    artifacts: Artifacts,
    *,
    dry_run: bool = True,
    on_item: Callable[[Thing], None] = lambda thing: None,
) -> CleanupPlan:
    """Plans what goes, and removes it unless this is a dry run.

    Nobody trains or promotes while it removes, and of two
    cleanups the second waits, then finds what is left. A killed one is completed by the next.
    """
    with nullcontext() if dry_run else model.registry.closed(model.spec.name):
        plan = plan_cleanup(Inventory(model, artifacts).take(), model.spec.retention)
        if not dry_run:
            for item in plan.items:
                on_item(item)
                _remove(model, artifacts, item, plan.day)
    return plan


def _remove(model: ModelContext, artifacts: Artifacts, item: Thing, day: date | None) -> None:
    tables = {table.name: table for table in model.store.tables}
    if item.kind == "days" and item.before and day:
        _remove_days(model, tables[item.name], item.before, day)
    elif item.kind == "old files":
        disk.remove_old_files(model.store.lake.root, tables[item.name], item.commits)
    elif item.kind == "version" and day:
        _remove_version(model, artifacts, item, day)
    for path in item.paths:
        disk.remove(path)
    # Last: as long as MLflow lists a run, what it left is found again.
    if item.run:
        artifacts.forget(item.run)


def _remove_days(model: ModelContext, table: Table, before: date, day: date) -> None:
    """Takes days out of a table in one commit; its files go a week later, with the old ones."""
    store, last = model.store, before - timedelta(days=1)
    if table is store.tables.features:
        store.labels.remember_counts(before, day)
    first = min(model.spec.start_date, last)
    store.lake.replace_days(table, first, last, table.schema.empty_table())


def _remove_version(model: ModelContext, artifacts: Artifacts, item: Thing, day: date) -> None:
    """Takes a version out of the registry before its files go, and records that it went."""
    number, versions = int(item.name), model.store.versions
    artifacts.unlist(number)
    for record in versions.all():
        if record.version == number:
            versions.add_removal(Removal(number, day, record.training_set, item.reason))
