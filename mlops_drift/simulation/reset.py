"""Starts a model again: removes all that is stored of it, also by Dagster."""

import dagster as dg

from mlops_drift.assets.common import HISTORICAL_RUN_TAG, MODEL_TAG
from mlops_drift.config.context import ModelContext
from mlops_drift.errors import UserError
from mlops_drift.lifecycle.reset import remove_belongings
from mlops_drift.registry.studies import Studies
from mlops_drift.reports.model.published import write_index
from mlops_drift.sensors.retraining import sensor_name
from mlops_drift.sensors.runs import OPEN_STATUSES
from mlops_drift.simulation.historical_run import only_one


def runs_of(instance: dg.DagsterInstance, model: str) -> list[dg.DagsterRun]:
    """All runs of a model, also those that a person started in the UI, which have no tag."""
    return [
        run
        for run in instance.get_runs()
        if run.tags.get(MODEL_TAG) == model
        or (run.asset_selection and all(key.path[0] == model for key in run.asset_selection))
    ]


def reset(model: ModelContext, studies: Studies, instance: dg.DagsterInstance) -> None:
    """Removes everything of a model; a UserError if one of its runs is open."""
    name = model.spec.name
    with only_one(name):
        runs = runs_of(instance, name)
        _require_closed(runs, name)
        remove_belongings(model, studies, lambda: _require_closed(runs_of(instance, name), name))
        write_index()
        for run in runs:
            instance.delete_run(run.run_id)
        keys = [key for key in instance.all_asset_keys() if key.path[0] == name]
        if keys:
            instance.wipe_assets(keys)
        for state in instance.all_instigator_state():
            # The sensor would remember days that are to come again.
            if state.instigator_name == sensor_name(name):
                instance.delete_instigator_state(state.instigator_origin_id, state.selector_id)


def _require_closed(runs: list[dg.DagsterRun], name: str) -> None:
    """Requires that no process works on the model; of `mlops-drift run` the lock is free here."""
    for run in runs:
        if run.status in OPEN_STATUSES and run.tags.get(HISTORICAL_RUN_TAG) != name:
            opened = f"run {run.run_id} ({run.job_name}) of {name} is open"
            raise UserError(f"{opened}; wait until it ends, or terminate it in the UI")
