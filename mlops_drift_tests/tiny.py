"""Tiny models over generated files, each in folders of its own: what the end-to-end tests run."""

import os
import shutil
import sys
from contextlib import contextmanager
from copy import deepcopy
from datetime import date, timedelta
from functools import cached_property
from pathlib import Path

import dagster as dg
import numpy as np
import pandas as pd
import yaml
from dagster._core.definitions.asset_checks.asset_check_evaluation import AssetCheckEvaluation
from dagster._core.storage.tags import (
    ASSET_PARTITION_RANGE_END_TAG,
    ASSET_PARTITION_RANGE_START_TAG,
)
from deltalake import DeltaTable

from mlops_drift import settings
from mlops_drift.assets.common import CHAMPION, TRAINING_SET, asset_key
from mlops_drift.config.context import ModelContext
from mlops_drift.config.loading import load_models
from mlops_drift.definitions import definitions_of
from mlops_drift.gateways import open_lake
from mlops_drift.jobs import daily_job_name, retraining_job_name
from mlops_drift.policy.decision import Decision, Outcome
from mlops_drift.resources import LAKE, default_resources
from mlops_drift.sensors.retraining import sensor_name
from mlops_drift.simulation.historical_run import HistoricalRun
from mlops_drift.simulation.instance import QUIET, quiet

FIRST = date(2024, 3, 1)
ROWS = 60

SPEC = {
    "name": "tiny",
    "description": "Whether a is positive.",
    "start_date": FIRST,
    "end_date": FIRST + timedelta(days=6),
    "source": {
        "kind": "files",
        "events": {"path": "events.csv", "day_column": "day"},
        "labels": {"path": "labels.parquet", "day_column": "day"},
    },
    "key": "id",
    "key_type": "integer",
    "columns": {
        "a": {"type": "number", "nullable": False, "description": "What decides."},
        "b": {"type": "number"},
        "c": {"type": "category"},
    },
    "target": {
        "column": "y",
        "kind": "binary",
        "classes": ["no", "yes"],
        "positive": "yes",
        "label_delay_days": 1,
    },
    "training": {
        "metric": "accuracy",
        "families": ["linear"],
        "trials": 2,
        "folds": 2,
        "test_share": 0.3,
    },
    "gates": {
        "metrics": {"accuracy": 0.7},
        "comparison": "not_worse",
        "min_rows": 10,
        "trusted_columns": ["a"],
        # A search by accuracy of a rule without noise is content with modest scores.
        "max_calibration_error": 0.4,
    },
    "monitors": {
        "drift": {"windows": [1, 3], "min_rows": 30},
        "performance": {"windows": [1, 3], "min_rows": 20, "drop": 0.2},
    },
    "policy": {
        "first_training_rows": ROWS,
        "rows_since_change": 50,
        "min_new_labels": 60,
        "cooldown_days": 0,
        "confirm_days": 1,
    },
}


def day(number):
    """The day of a number, the first being 0."""
    return FIRST + timedelta(days=number)


def merged(base, changes):
    """A copy of nested dictionaries with other values at some places; `...` takes one away."""
    result = deepcopy(base)
    for name, value in changes.items():
        nested = isinstance(value, dict) and isinstance(result.get(name), dict)
        result[name] = merged(result[name], value) if nested else value
    return {name: value for name, value in result.items() if value is not ...}


def events_of(number):
    """The events of a day; `id` tells the day."""
    rng = np.random.default_rng(number)
    return pd.DataFrame(
        {
            "id": number * 1000 + np.arange(ROWS),
            "day": day(number),
            "a": rng.normal(size=ROWS),
            "b": rng.normal(size=ROWS),
            "c": rng.choice(["blue", "red"], ROWS),
        }
    )


def labels_of(number, flipped=False):
    """The labels of a day's events, which arrive a day later; the rule may be the other way."""
    events = events_of(number)
    positive = (events["a"] > 0) ^ flipped
    return pd.DataFrame(
        {"id": events["id"], "day": day(number + 1), "y": np.where(positive, "yes", "no")}
    )


def write_days(folder, days):
    """Events and labels of some days, with the rule as it is."""
    pd.concat([events_of(number) for number in range(days)]).to_csv(
        folder / "events.csv", index=False
    )
    pd.concat([labels_of(number) for number in range(days)]).to_parquet(
        folder / "labels.parquet", index=False
    )


class World:
    """Definitions and data in folders of their own.

    Args:
        root: an empty folder, or that of a world that is there already.
    """

    def __init__(self, root):
        self.root = root
        self.data = root / "data"
        self.defs = root / "defs"
        self.defs.mkdir(exist_ok=True)
        self._models = {}

    def model(self, name="tiny"):
        """A model as its YAML has it, read once; only to be asked for while the world is active."""
        if name not in self._models:
            self._models |= load_models()
        return self._models[name]

    def spec(self, model="tiny"):
        """The description of a model; as `model`."""
        return self.model(model).spec

    def copy(self, root):
        """This world as it is now, in an empty folder, to go its own way."""
        shutil.copytree(self.data, root / "data")
        shutil.copytree(self.defs, root / "defs")
        return World(root)

    @contextmanager
    def active(self):
        """Makes this world the one that the project sees."""
        moved = {
            settings.DATA_VARIABLE: str(self.data),
            settings.DEFS_VARIABLE: str(self.defs),
        }
        before = {name: os.environ.get(name) for name in moved}
        os.environ.update(moved)
        if "mlflow" in sys.modules:
            # MLflow keeps one address a process.
            sys.modules["mlflow"].set_tracking_uri(settings.tracking_uri())
        try:
            with quiet():
                yield self
        finally:
            for name, value in before.items():
                if value is None:
                    del os.environ[name]
                else:
                    os.environ[name] = value

    def write_model(self, changes=None, name="tiny"):
        """Writes a model's YAML, in place of what it said before; returns its folder."""
        self._models.clear()
        folder = self.defs / name
        folder.mkdir(exist_ok=True)
        spec = merged(SPEC, {"name": name, **(changes or {})})
        self._yaml(folder).write_text(
            yaml.safe_dump(
                {"type": "mlops_drift.MonitoredModel", "attributes": spec}, sort_keys=False
            )
        )
        return folder

    @staticmethod
    def _yaml(folder: Path):
        return folder / "defs.yaml"

    @cached_property
    def definitions(self):
        """What Dagster loads of this world's models; only to be asked for while it is active."""
        self._models |= load_models()
        mine = (one for one in self._models.values() if one.folder.is_relative_to(self.defs))
        return definitions_of(mine)

    def run_days(self, instance, first, last=None, model="tiny", selection=None):
        """Runs the daily job, or some of its assets, for a day or a range."""
        job = self.definitions.resolve_job_def(daily_job_name(model))
        where = {"partition_key": first.isoformat()}
        if last is not None:
            where = {
                "tags": {
                    ASSET_PARTITION_RANGE_START_TAG: first.isoformat(),
                    ASSET_PARTITION_RANGE_END_TAG: last.isoformat(),
                }
            }
        return job.execute_in_process(
            instance=instance,
            run_config=QUIET,
            raise_on_error=False,
            asset_selection=self._keys(model, selection),
            **where,
        )

    def retrain(self, instance, model="tiny", selection=None, tags=None, **config):
        """Runs the retraining job, or some of its assets, by hand."""
        return self._retrain(instance, model, TRAINING_SET, config, selection, tags)

    def move(self, instance, model="tiny", **config):
        """Materializes `champion` with what a person decides."""
        return self._retrain(instance, model, CHAMPION, config, [CHAMPION], None)

    def _retrain(self, instance, model, asset, config, selection, tags):
        job = self.definitions.resolve_job_def(retraining_job_name(model))
        spec = self.spec(model)
        op = asset_key(spec, asset).to_python_identifier()
        settings_of_run = {"ops": {op: {"config": config}}} if config else {}
        return job.execute_in_process(
            instance=instance,
            run_config={**QUIET, **settings_of_run},
            raise_on_error=False,
            tags=tags,
            asset_selection=self._keys(model, selection),
        )

    def _keys(self, model, selection):
        return [asset_key(self.spec(model), name) for name in selection] if selection else None

    def look(self, instance, model="tiny", cursor=None, sensor=None):
        """One tick of a sensor; of the retraining sensor where none is named."""
        sensor = self.definitions.resolve_sensor_def(sensor or sensor_name(model))
        with dg.build_sensor_context(
            instance=instance,
            repository_def=self.definitions.get_repository_def(),
            resources={LAKE: default_resources()[LAKE]},
            cursor=cursor,
        ) as context:
            return sensor.evaluate_tick(context)

    def replay(self, instance, model="tiny", until=None, on_step=lambda step, what: None, step=1):
        """Walks a model through its days, some at a time."""
        HistoricalRun(self.model(model), instance, last=until, step=step).run(on_step)

    @contextmanager
    def lake(self, model="tiny"):
        """The lake as a model sees it."""
        with open_lake() as lake:
            yield ModelContext.of(lake, self.spec(model)).store

    def tables(self):
        """The content of every table, in an order that does not depend on how it was written."""
        return {
            f"{log.parent.parent.name}.{log.parent.name}": _content(log.parent)
            for log in self.data.glob("lake/*/*/_delta_log")
        }

    def commits(self):
        """The number of commits of every table."""
        return {
            str(log.parent.relative_to(self.data)): len(list(log.glob("*.json")))
            for log in self.data.glob("lake/*/*/_delta_log")
        }


def _content(folder):
    return in_order(DeltaTable(folder).to_pyarrow_table().to_pylist())


def in_order(rows):
    """Rows in an order of their own, without what is another in every world."""
    for row in rows:
        # The address of a training in MLflow, drawn anew in every registry, and the numbers of
        # commits, of which a run that was cut short makes more.
        for name in ("mlflow_run", "features_snapshot", "labels_snapshot"):
            row.pop(name, None)
        # Of a retraining by hand it is that of its run.
        if row.get("stage") in ("built", "trained"):
            row.pop("decision", None)
    return sorted(repr(sorted(row.items())) for row in rows)


def wait(model, version, decision):
    """Records a decision whose challenger waits for a person."""
    model.decisions.record(Decision("retrain", "too old", day(5), decision, "age", ("model_age",)))
    model.decisions.record_outcome(decision, Outcome("waiting", day(5), "it waits", version))


def failures(result):
    """The failed steps of a run with the first cause of each, or `run` if it failed as a whole."""
    found = {}
    for event in result.all_events:
        if event.is_step_failure:
            found[event.step_key] = _first_cause(event.step_failure_data.error)
        elif event.is_job_failure and not found:
            found["run"] = _first_cause(event.job_failure_data.error)
    return found


def _first_cause(error):
    while error.cause is not None:
        error = error.cause
    return error.message


def evaluations(instance, model, asset, check):
    """The evaluations of a check, oldest first."""
    key = dg.AssetCheckKey(dg.AssetKey([model, asset]), check)
    records = instance.event_log_storage.get_asset_check_execution_history(key, limit=1000)
    ordered = sorted(records, key=lambda record: record.id)
    events = [record.event.dagster_event.event_specific_data for record in ordered]
    return [event for event in events if isinstance(event, AssetCheckEvaluation)]


def metadata_of(evaluation):
    """The metadata of an evaluation or a materialization as plain values."""
    return {name: value.value for name, value in evaluation.metadata.items()}


def materialization(result, model, asset):
    """The metadata of what a run made of an asset; a range has the same for each of its days."""
    return metadata_of(result.asset_materializations_for_node(f"{model}__{asset}")[0])
