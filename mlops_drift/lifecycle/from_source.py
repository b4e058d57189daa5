"""The training set of a version, made again from its source as that was when the days landed."""

import tempfile
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from mlops_drift.config.context import ModelContext
from mlops_drift.config.spec import ModelSpec
from mlops_drift.config.version_columns import VersionColumns
from mlops_drift.errors import UserError
from mlops_drift.gateways import open_lake
from mlops_drift.monitors.context import EVENTS, LABELS
from mlops_drift.pipeline.features import make_features
from mlops_drift.pipeline.landing import land_events, land_labels
from mlops_drift.pipeline.logged import Description
from mlops_drift.pipeline.training import build_training_set
from mlops_drift.schema.days import ranges
from mlops_drift.sources.base import Source
from mlops_drift.sources.service import Service
from mlops_drift.store.records import LandedFile


@dataclass(frozen=True)
class FromSource:
    """What became of a training set that was made from the source again.

    Attributes:
        is_same: whether its rows have the digest that is its name.
        changed: the days of each table whose rows, or file, are others by now.
        problem: why no training set could be made; empty where one was.
    """

    is_same: bool
    changed: Mapping[str, list[date]]
    problem: str = ""


def make_from_source(
    model: ModelContext, version: int, then: Description, source: Source
) -> FromSource:
    """Lands the days of a version's training set again, beside all tables, and builds the set.

    A table that keeps its past is read as it was when each day landed, any other as it is now.
    Rows are accepted by the description of that time.

    Raises:
        UserError: if events were requests to a service, which only the lake has.
    """
    if isinstance(source, Service):
        raise UserError(
            f"the events of {model.spec.name} are what a service was asked: only the lake has them"
        )
    record = model.store.versions.get(version)
    # Each record of one set is of the same rows.
    [built, *_] = model.store.training_sets.records(record.training_set)
    spec = _as_described(model.spec, then, record.description)
    first = built.since - timedelta(days=spec.history_days) if built.since else spec.start_date
    files = model.store.landing.files(first, built.as_of)
    with tempfile.TemporaryDirectory() as folder, open_lake(folder) as lake:
        again = ModelContext.of(lake, spec)
        try:
            # Days that are only looked back at may be older than a column.
            past = [one for one in files if built.since and one.day < built.since]
            _land(_before_its_columns(again, source, past), source, past)
            _land(again, source, files[len(past) :])
            # Late rows and all: features of a day rest on what is known of it by now.
            make_features(again, built.since or spec.start_date, built.as_of)
            found = build_training_set(again, built.as_of, built.since)
        except UserError as error:
            return FromSource(False, {}, str(error))
        changed = _changed(files, again.store.landing.files(first, built.as_of))
    return FromSource(found.id == record.training_set, changed)


def _as_described(spec: ModelSpec, then: Description, columns: str | None) -> ModelSpec:
    """The description of a model with all that decides a training set as it was."""
    own = VersionColumns.model_validate_json(columns) if columns else VersionColumns.of(spec)
    decisive = {"key": spec.key, "target": then.target, "training": then.training}
    return spec.with_parts(**{**dict(own), **decisive})


def _before_its_columns(
    model: ModelContext, source: Source, files: Sequence[LandedFile]
) -> ModelContext:
    """The model without the columns that the first of some days lacks."""
    places = {one.source: one.origin for one in files if one.day == files[0].day}
    if places.get(EVENTS) is None:
        return model
    batch = source.as_recorded(places).events(files[0].day, files[0].day)
    there = {name for part in batch.parts for name in part.rows.column_names}
    columns, inputs = (
        {name: one for name, one in known.items() if name in there}
        for known in (model.spec.columns, model.spec.inputs)
    )
    spec = model.spec.with_parts(columns=columns, inputs=inputs, features_sql="")
    return ModelContext.of(model.store.lake, spec)


def _land(model: ModelContext, source: Source, files: Sequence[LandedFile]) -> None:
    """Lands days again in their order, together where they came from the same places."""
    places: dict[date, dict[str, str | None]] = defaultdict(dict)
    for one in files:
        if not one.is_missing:
            places[one.day][one.source] = one.origin
    for first, last in ranges(places, places.get):
        then = source.as_recorded(places[first])
        for table, land in ((EVENTS, land_events), (LABELS, land_labels)):
            if table in places[first]:
                land(model, then, first, last)


def _changed(before: Sequence[LandedFile], after: Sequence[LandedFile]) -> dict[str, list[date]]:
    """The days of each table whose rows, or file, have another digest."""
    now = {(one.source, one.day): one.digest for one in after}
    changed = defaultdict(list)
    for one in before:
        if now.get((one.source, one.day), one.digest) != one.digest:
            changed[one.source].append(one.day)
    return dict(changed)
