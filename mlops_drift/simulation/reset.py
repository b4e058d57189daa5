"""Starts a model again: what is stored of it goes, and what Dagster has recorded."""

import dagster as dg

from mlops_drift.assets.common import HISTORICAL_RUN_TAG, MODEL_TAG
from mlops_drift.config.context import ModelContext
from mlops_drift.errors import UserError
from mlops_drift.lifecycle.reset import remove_belongings
from mlops_drift.registry.studies import Studies
from mlops_drift.sensors.retraining import sensor_name
from mlops_drift.sensors.runs import OPEN_STATUSES
from mlops_drift.simulation.historical_run import only_one


class ResetError(UserError):
    """The model cannot be reset now; the message says why."""


def runs_of(instance: dg.DagsterInstance, model: str) -> list[dg.DagsterRun]:
    """All runs of a model, those that a person started in the UI too."""
    tagged = instance.get_runs(dg.RunsFilter(tags={MODEL_TAG: model}))
    known = {run.run_id for run in tagged}
    others = [
        run
        for run in instance.get_runs()
        if run.run_id not in known
        and run.asset_selection
        and all(key.path[0] == model for key in run.asset_selection)
    ]
    return [*tagged, *others]


def reset(model: ModelContext, studies: Studies, instance: dg.DagsterInstance) -> int:
    """Removes everything of a model.

    Args:
        model: the model.
        studies: the searches.
        instance: where Dagster's runs are recorded.

    Returns:
        How many of Dagster's runs went.

    Raises:
        ResetError: if a run of the model is open.
        HistoricalRunError: if `mlops-drift run` runs the model.
    """
    name = model.spec.name
    with only_one(name):
        runs = runs_of(instance, name)
        _require_closed(runs, name)
        remove_belongings(model, studies, lambda: _require_closed(runs_of(instance, name), name))
        for run in runs:
            instance.delete_run(run.run_id)
        keys = [key for key in instance.all_asset_keys() if key.path[0] == name]
        if keys:
            instance.wipe_assets(keys)
        for state in instance.all_instigator_state():
            # Of a sensor that has seen days which are to come again.
            if state.instigator_name == sensor_name(name):
                instance.delete_instigator_state(state.instigator_origin_id, state.selector_id)
    return len(runs)


def _require_closed(runs: list[dg.DagsterRun], name: str) -> None:
    """Requires that no process works on the model.

    A run of `mlops-drift run` that is open although its lock is free was killed.
    """
    at_work = [
        run
        for run in runs
        if run.status in OPEN_STATUSES and run.tags.get(HISTORICAL_RUN_TAG) != name
    ]
    if at_work:
        raise ResetError(
            f"run {at_work[0].run_id} ({at_work[0].job_name}) of {name} is open; wait until it "
            "ends, or terminate it in the UI"
        )
