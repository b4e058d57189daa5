"""Cleanup: what the retention lets go, planned and carried out."""

from collections.abc import Callable
from datetime import date

from mlops_drift.config.context import ModelContext
from mlops_drift.lifecycle.cleanup.inventory import take_inventory
from mlops_drift.lifecycle.cleanup.plan import plan_cleanup
from mlops_drift.lifecycle.cleanup.stored import CleanupPlan, Item
from mlops_drift.registry.artifacts import Artifacts
from mlops_drift.registry.base import registry_lock
from mlops_drift.store import disk
from mlops_drift.store.model_store import ModelStore
from mlops_drift.store.records import Removal

OnItem = Callable[[Item], None]


def clean_up(
    model: ModelContext,
    artifacts: Artifacts,
    *,
    dry_run: bool = True,
    on_item: OnItem = lambda item: None,
) -> CleanupPlan:
    """Plans what goes, and lets it go unless this is a dry run.

    Holds the registry's lock while it removes: nobody trains or promotes meanwhile, and of two
    cleanups the second waits, then finds what is left. What is killed is finished by the next one.

    Args:
        model: the model.
        artifacts: what its versions take up in MLflow.
        dry_run: whether nothing is changed.
        on_item: called before each thing goes.
    """
    if dry_run:
        return _plan(model, artifacts)
    with model.registry.lock(registry_lock(model.spec.name)):
        plan = _plan(model, artifacts)
        for item in plan.items:
            on_item(item)
            _remove(model, artifacts, item, plan.day)
    return plan


def _plan(model: ModelContext, artifacts: Artifacts) -> CleanupPlan:
    return plan_cleanup(take_inventory(model, artifacts), model.spec.retention, model.spec.lookback)


def _remove(model: ModelContext, artifacts: Artifacts, item: Item, day: date | None) -> None:
    if item.kind == "days" and item.before and day:
        _remove_days(model.store, item.name, item.before, day, model.spec.start_date)
        return
    if item.kind == "old files":
        for table in model.store.tables:
            if table.name == item.name:
                disk.remove_old_files(model.store.lake.root, table)
        return
    if item.kind == "version" and day:
        _unlist(model.store, artifacts, item, day)
    for path in item.paths:
        disk.remove(path)
    # Last: as long as MLflow lists a run, what it left is found again.
    if item.run:
        artifacts.forget(item.run)


def _remove_days(store: ModelStore, name: str, before: date, day: date, start: date) -> None:
    """Takes days out of a table in one commit; its files go a week later, with the old ones."""
    [table] = [one for one in store.tables if one.name == name]
    if table is store.tables.features:
        store.labels.remember_counts(before, day)
    last = date.fromordinal(before.toordinal() - 1)
    store.lake.replace_days(table, min(start, last), last, table.schema.empty_table())


def _unlist(store: ModelStore, artifacts: Artifacts, item: Item, day: date) -> None:
    """Takes a version off the registry's list before its files go, and records that it went."""
    number = int(item.name)
    artifacts.unlist(number)
    for record in store.versions.all():
        if record.version == number:
            store.versions.add_removal(Removal(number, day, record.training_set, item.reason))
