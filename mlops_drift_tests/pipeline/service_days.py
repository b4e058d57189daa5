"""Days of a service: a version of trees answers requests, whose log is shipped and lands."""

import json
from collections import Counter
from datetime import UTC, datetime

import msgspec
import numpy as np
import pandas as pd
import pyarrow as pa

from mlops_drift.config.context import ModelContext
from mlops_drift.config.spec import ModelSpec
from mlops_drift.config.version_columns import VersionColumns
from mlops_drift.learning.compiled.compile import compiled
from mlops_drift.learning.compiled.scorer import CompiledScorer
from mlops_drift.learning.families.registry import family
from mlops_drift.learning.training_set import TrainingSet
from mlops_drift.lifecycle.late_days import make_late_features, predict_late_days
from mlops_drift.lifecycle.publishing import describe
from mlops_drift.pipeline.features import make_features
from mlops_drift.pipeline.landing import land_events
from mlops_drift.pipeline.logged import SPEC
from mlops_drift.pipeline.monitoring import measure_serving
from mlops_drift.pipeline.scoring import predict_table
from mlops_drift.pipeline.served_rows import predict_days
from mlops_drift.pipeline.shipping import ship
from mlops_drift.registry.base import (
    COMPILED,
    COMPILED_GATE,
    COMPILED_TAG,
    PROVEN_TAG,
    VersionPackage,
)
from mlops_drift.registry.memory import MemoryRegistry
from mlops_drift.serving.answering import answer
from mlops_drift.serving.log.writer import LogWriter
from mlops_drift.serving.records import ServedRequest
from mlops_drift.serving.rules.evaluate import Rules
from mlops_drift.serving.service import LoadedVersion
from mlops_drift.store.records import Promotion, VersionRecord
from mlops_drift.store.training_sets import TEST_PREDICTIONS, parquet_bytes
from mlops_drift_tests.pipeline.place import day, write
from mlops_drift_tests.pipeline.service_place import Service, moment
from mlops_drift_tests.serving.log.samples import closed, decoded

DESCRIBED = {
    "columns": {
        "n": {"type": "integer"},
        "t": {"type": "boolean"},
        "c": {"type": "category"},
        "third": {"type": "number", "derived": True},
    },
    "inputs": {"x": {"type": "number"}},
    "features_sql": "SELECT id, x / 3 AS third FROM events",
    "training": {"families": ["lightgbm"]},
}
LATER = moment(30)


def rows_of(seed, n):
    """Rows as clients send them, without a key; some values are missing."""
    rng = np.random.default_rng(seed)
    rows = pd.DataFrame(
        {
            "a": rng.normal(size=n),
            "b": rng.normal(size=n),
            "n": rng.integers(0, 9, n),
            "t": rng.random(n) < 0.5,
            "c": rng.choice(["blue", "red"], n),
            "x": rng.normal(size=n),
        }
    ).astype(object)
    rows.loc[::7, "b"] = None
    rows.loc[::9, "x"] = None
    rows.loc[::11, "c"] = None
    return rows


def derive(row):
    """What features.sql makes of a row."""
    return {"third": None if row["x"] is None else row["x"] / 3}


def features_of(spec, seed, n):
    """Features and labels, as the lake would have them."""
    rows = rows_of(seed, n).to_dict("records")
    key = {"day": day(0), "id": [f"t{number}" for number in range(n)], "event_time": None}
    frame = pd.DataFrame([row | derive(row) for row in rows]).assign(**key)
    y = [(row["x"] or 0.0) + (row["b"] or 0.0) for row in rows]
    label = spec.tables.labels.schema.field("y")
    is_number = pa.types.is_floating(label.type)
    frame["y"] = y if is_number else ["yes" if one > 0 else "no" for one in y]
    schema = spec.tables.features.schema.append(label)
    return pa.Table.from_pandas(frame, schema=schema, preserve_index=False)


FITTED = {}


def fitted(spec):
    """A pipeline of trees and its compiled form, made once for each kind of target."""
    kind = spec.target.kind
    if kind not in FITTED:
        table = features_of(spec, 1, 400)
        rows = table.select(list(spec.columns)).to_pandas()
        trees = family("lightgbm")
        pipeline = trees.build(trees.default(spec.columns, 400), spec.columns, spec.target, 0)
        pipeline.fit(rows, table["y"].to_numpy())
        FITTED[kind] = pipeline, compiled(trees, pipeline, spec.target)
    return FITTED[kind]


def package(spec):
    """What the registry keeps of a version: as far as it is read."""
    pipeline, form = fitted(spec)
    tables = {COMPILED: form.to_plain(), SPEC: spec.model_dump(mode="json")}
    tags = {COMPILED_TAG: form.digest, PROVEN_TAG: json.dumps({COMPILED_GATE: "pass"})}
    rows = features_of(spec, 1, 3).select(list(spec.columns)).to_pandas()
    return VersionPackage(pipeline, rows, pd.Series(["no"]), {}, tags, {}, {}, tables)


class ServiceDays:
    """A place whose events a service answers by a version of trees, from the third day on.

    Args:
        folder: an empty folder.
        changes: of the description.
    """

    def __init__(self, folder, **changes):
        write(folder, [])
        place = Service(folder, **{**DESCRIBED, **changes}).place
        self.spec, self.store, self._source = place.spec, place.model, place.source
        self.model = ModelContext(self.spec, self.store, MemoryRegistry())
        self.folder, self._requests = folder, 0
        self.planted = {}

    def promote(self, on=1, n_test=200, family="lightgbm"):
        """A new version, which serves from the next day on; its test split is of the first day."""
        version = self.model.registry.register(self.spec.name, package(self.spec))
        train, test = (features_of(self.spec, version + one, n_test) for one in (10, 20))
        set_id = self.store.training_sets.write(TrainingSet(train, test))
        tested = predict_table(self.spec, self.model.registry, version, test)
        files = {TEST_PREDICTIONS: parquet_bytes(tested.append_column("y", test["y"]))}
        self.store.training_sets.write_baseline(set_id, version, files)
        record = (day(on), set_id, n_test, family, "accuracy", 0.9, 0.8, 1.0, n_test, "")
        known = VersionColumns.of(self.spec).model_dump_json(exclude_defaults=True)
        self.store.versions.add(VersionRecord(version, *record, known))
        promotion = Promotion(version, day(on), version, None, set_id, "", f"d{version}")
        self.store.versions.add_promotion(promotion)
        return version

    def redescribe(self, **changes):
        """Changes what is declared; versions know what they were trained on."""
        before = {name: getattr(self.spec, name) for name in ModelSpec.model_fields}
        self.spec = ModelSpec(**{**before, **changes})
        self.model = ModelContext.of(self.store.lake, self.spec, self.model.registry)
        self.store = self.model.store

    def land_tested(self, version):
        """Puts the events of a version's test split into the lake."""
        record, table = self.store.versions.get(version), self.store.tables.events
        rows = self.store.training_sets.read_test(record.training_set)
        third = rows["third"].to_pylist()
        rows = rows.append_column("x", pa.array([one and 3 * one for one in third], pa.float64()))
        self.store.lake.replace_days(table, day(0), day(0), rows.select(table.schema.names))

    def loaded(self, version):
        """A version as a worker has it."""
        description = describe(self.model, version)
        form = self.model.registry.proven_form(self.spec.name, version)
        rules = Rules.from_plain(description.rules) if description.rules else None
        scorer = CompiledScorer(form)

        def derive_row(row):
            _, _, values = row
            return derive(values)

        return LoadedVersion(version, description, scorer, derive=derive_row, rules=rules)

    def restart_ids(self):
        """Requests have the same ids again."""
        self._requests = 0

    def serve(self, number, version=1, n=20, delay=0, **changes):
        """Answers rows of a day in requests of three, into a log; `planted` rows are changed.

        They are answered at the time of their events and some seconds more.
        """
        loaded, rows = self.loaded(version), rows_of(number, n).assign(**changes)
        raws = rows.where(rows.notna(), None).to_dict("records")
        for place, raw in enumerate(raws):
            time = datetime.fromtimestamp(moment(number, place) / 1e6, UTC).isoformat()
            raw |= {"id": f"e{number}-{place}", "event_time": time}
        log = LogWriter(self.folder / "log", "w")
        for start in range(0, n, 3):
            read = loaded.reader.read(raws[start : start + 3], LATER).rows
            served = [
                self.planted.get(row.key, lambda row: row)(row) for row in answer(loaded, read)
            ]
            self._requests += 1
            time = moment(number, start + delay)
            log.append(ServedRequest(f"r{self._requests}", time, tuple(served), version))
        log.close()

    def reasons(self):
        """Rows in the log by the reason of the rules."""
        requests = [one for path in closed(self.folder / "log") for one in decoded(path)]
        return Counter(row.reason for one in requests for row in one.rows)

    def run(self, first, last=None):
        """The daily run of some days, as far as it is about the service."""
        days = day(first), day(first if last is None else last)
        ship(self.model, self.folder / "log")
        land_events(self.model, self._source, *days)
        make_features(self.model, *days)
        make_late_features(self.model, *days)
        predict_days(self.model, *days)
        predict_late_days(self.model, *days)
        return measure_serving(self.model, *days)

    def skew(self, number):
        """What the check finds on a day, by subject, after its daily run."""
        return {one.subject: one for one in self.run(number).of_check("serving_skew")}


def with_feature(name, value):
    """Changes a feature in the log; `...` leaves it out."""

    def change(row):
        features = {one: it for one, it in row.features.items() if one != name}
        return msgspec.structs.replace(
            row, features=features if value is ... else {**features, name: value}
        )

    return change


def with_answer(**changes):
    """Changes what the version has answered in the log."""
    return lambda row: msgspec.structs.replace(
        row, model=msgspec.structs.replace(row.model, **changes)
    )
