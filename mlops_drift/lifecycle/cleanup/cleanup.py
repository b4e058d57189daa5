"""Cleanup: what the retention lets go, planned and carried out."""

from collections.abc import Callable
from datetime import date

from mlops_drift.config.spec import ModelSpec
from mlops_drift.lifecycle.cleanup.inventory import take_inventory
from mlops_drift.lifecycle.cleanup.plan import plan_cleanup
from mlops_drift.lifecycle.cleanup.stored import CleanupPlan, Item
from mlops_drift.registry.artifacts import Artifacts
from mlops_drift.registry.base import registry_lock
from mlops_drift.registry.registry import Registry
from mlops_drift.store import disk
from mlops_drift.store.model_store import ModelStore
from mlops_drift.store.records import Removal

OnItem = Callable[[Item], None]


def clean_up(
    spec: ModelSpec,
    model: ModelStore,
    registry: Registry,
    *,
    dry_run: bool = True,
    on_item: OnItem = lambda item: None,
) -> CleanupPlan:
    """Plans what goes, and lets it go unless this is a dry run.

    Holds the registry's lock while it removes: nobody trains or promotes meanwhile, and of two
    cleanups the second waits, then finds what is left. What is killed is finished by the next one.

    Args:
        spec: the model.
        model: its tables.
        registry: its versions.
        dry_run: whether nothing is changed.
        on_item: called before each thing goes.
    """
    artifacts = Artifacts(registry, spec.name)
    if dry_run:
        return _plan(spec, model, artifacts)
    with registry.lock(registry_lock(spec.name)):
        plan = _plan(spec, model, artifacts)
        for item in plan.items:
            on_item(item)
            _remove(spec, model, artifacts, item, plan.day)
    return plan


def _plan(spec: ModelSpec, model: ModelStore, artifacts: Artifacts) -> CleanupPlan:
    return plan_cleanup(take_inventory(spec, model, artifacts), spec.retention, spec.lookback)


def _remove(
    spec: ModelSpec, model: ModelStore, artifacts: Artifacts, item: Item, day: date | None
) -> None:
    if item.kind == "days" and item.before and day:
        _remove_days(model, item.name, item.before, day, spec.start_date)
        return
    if item.kind == "old files":
        for table in model.tables:
            if table.name == item.name:
                disk.remove_old_files(model.lake.root, table)
        return
    if item.kind == "version" and day:
        _unlist(model, artifacts, item, day)
    for path in item.paths:
        disk.remove(path)
    # Last: as long as MLflow lists a run, what it left is found again.
    if item.run:
        artifacts.forget(item.run)


def _remove_days(model: ModelStore, name: str, before: date, day: date, start: date) -> None:
    """Takes days out of a table in one commit; its files go a week later, with the old ones."""
    [table] = [one for one in model.tables if one.name == name]
    if table is model.tables.features:
        model.remember_labelled(before, day)
    last = date.fromordinal(before.toordinal() - 1)
    model.lake.replace_days(table, min(start, last), last, table.schema.empty_table())


def _unlist(model: ModelStore, artifacts: Artifacts, item: Item, day: date) -> None:
    """Takes a version off the registry's list before its files go, and records that it went."""
    number = int(item.name)
    artifacts.unlist(number)
    for record in model.versions():
        if record.version == number:
            model.add_removal(Removal(number, day, record.training_set, item.reason))
