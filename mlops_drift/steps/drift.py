"""Drift of the days in production against the reference of the version that served them."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date, timedelta

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from mlops_drift.drift.profile import add, profile
from mlops_drift.drift.reference import Counts, Kind, Reference
from mlops_drift.drift.verdict import ColumnVerdict, judge
from mlops_drift.lake.lake import Scan
from mlops_drift.lake.model_lake import ModelLake, Promotion
from mlops_drift.spec import ModelSpec

FEATURE_DRIFT = "feature_drift"
PREDICTION_DRIFT = "prediction_drift"

Profile = dict[str, Counts]


@dataclass(frozen=True)
class DriftDay:
    """The verdicts of one day, and the profiles that they rest on by window.

    Attributes:
        champion: who served the day; None before the first promotion.
        events: rows of features that day.
    """

    day: date
    champion: Promotion | None
    events: int
    reference: Reference | None
    windows: Mapping[int, Profile]
    verdicts: Sequence[ColumnVerdict]


def prediction_kinds(spec: ModelSpec) -> dict[str, Kind]:
    """How the predictions of a model are read: a regression's prediction is its score."""
    kinds: dict[str, Kind] = {"score": "numeric"}
    if spec.target.is_classification:
        kinds["prediction"] = "categorical"
    return kinds


def fit_reference(spec: ModelSpec, features: pa.Table, test_predictions: pa.Table) -> Reference:
    """The reference of a version: its training features and its test predictions."""
    bins = spec.monitors.drift.bins
    kinds: dict[str, Kind] = {
        name: "numeric" if column.is_numeric else "categorical"
        for name, column in spec.columns.items()
    }
    of_features = Reference.fit(features, kinds, bins)
    of_predictions = Reference.fit(test_predictions, prediction_kinds(spec), bins)
    return Reference({**of_features.columns, **of_predictions.columns})


def check_of(spec: ModelSpec, column: str) -> str:
    """The check that a column belongs to."""
    return FEATURE_DRIFT if column in spec.columns else PREDICTION_DRIFT


def measure_drift(spec: ModelSpec, model: ModelLake, first: date, last: date) -> list[DriftDay]:
    """Profiles the days `first` to `last`, judges their windows, and stores both.

    A window reaches back over days that the same version served.
    """
    days = [first + timedelta(days=i) for i in range((last - first).days + 1)]
    champions = {day: model.champion_serving(day) for day in days}
    served = {item.version: item for item in champions.values() if item}
    profiles: dict[int, dict[date, Profile]] = {}
    for champion in served.values():
        mine = [day for day in days if champions[day] == champion]
        reference = _reference(model, champion)
        profiles[champion.version] = {
            **_stored_profiles(spec, model, champion, reference, until=min(mine)),
            **_new_profiles(spec, model, champion, reference, mine),
        }
    judged = [_judge_day(spec, model, day, champions[day], profiles) for day in days]
    _store(spec, model, first, last, judged, profiles)
    return judged


def _reference(model: ModelLake, champion: Promotion) -> Reference:
    return Reference.from_dict(model.sets.read_reference(champion.training_set, champion.version))


def _stored_profiles(
    spec: ModelSpec, model: ModelLake, champion: Promotion, reference: Reference, until: date
) -> dict[date, Profile]:
    reach = max(spec.monitors.drift.windows)
    since = max(champion.as_of + timedelta(days=1), until - timedelta(days=reach))
    rows = model.lake.query(
        f'SELECT day, "column", counts FROM p WHERE version = {champion.version}',
        p=Scan(model.tables.profiles, since, until - timedelta(days=1)),
    ).to_pylist()
    profiles: dict[date, Profile] = {}
    for row in rows:
        profiles.setdefault(row["day"], {})[row["column"]] = np.array(row["counts"], dtype=np.int64)
    return {day: found for day, found in profiles.items() if set(found) == set(reference.columns)}


def _new_profiles(
    spec: ModelSpec,
    model: ModelLake,
    champion: Promotion,
    reference: Reference,
    days: Iterable[date],
) -> dict[date, Profile]:
    wanted = sorted(days)
    features = model.lake.read(Scan(model.tables.features, wanted[0], wanted[-1]))
    predictions = model.lake.query(
        f"SELECT * FROM p WHERE version = {champion.version}",
        p=Scan(model.tables.predictions, wanted[0], wanted[-1]),
    )
    kinds = prediction_kinds(spec)
    of_features = Reference({name: reference.columns[name] for name in spec.columns})
    of_predictions = Reference({name: reference.columns[name] for name in kinds})
    return {
        day: {
            **profile(of_features, _of_day(features, day)),
            **profile(of_predictions, _of_day(predictions, day)),
        }
        for day in wanted
    }


def _of_day(table: pa.Table, day: date) -> pa.Table:
    return table.filter(pc.equal(table["day"], pa.scalar(day, pa.date32())))


def _judge_day(
    spec: ModelSpec,
    model: ModelLake,
    day: date,
    champion: Promotion | None,
    profiles: Mapping[int, Mapping[date, Profile]],
) -> DriftDay:
    if champion is None:
        events = model.lake.query("SELECT 1 FROM f", f=Scan(model.tables.features, day, day))
        return DriftDay(day, None, events.num_rows, None, {}, ())
    reference = _reference(model, champion)
    mine = profiles[champion.version]
    windows: dict[int, Profile] = {}
    available = 0
    for window in spec.monitors.drift.windows:
        days = [
            past
            for past in (day - timedelta(days=i) for i in range(window))
            if past in mine and past > champion.as_of
        ]
        # Just after a promotion the longer windows hold the same days as a shorter one.
        if len(days) > available:
            windows[window] = add([mine[past] for past in days])
            available = len(days)
    first_column = next(iter(spec.columns))
    return DriftDay(
        day,
        champion,
        int(mine[day][first_column].sum()),
        reference,
        windows,
        judge(reference, windows, spec.monitors.drift),
    )


def _store(
    spec: ModelSpec,
    model: ModelLake,
    first: date,
    last: date,
    judged: Sequence[DriftDay],
    profiles: Mapping[int, Mapping[date, Profile]],
) -> None:
    counted = [
        {"day": day, "version": version, "column": name, "counts": counts.tolist()}
        for version, by_day in profiles.items()
        for day, columns in sorted(by_day.items())
        for name, counts in columns.items()
        if first <= day <= last
    ]
    verdicts = [
        {
            "day": item.day,
            "version": item.champion.version,
            "check": check_of(spec, verdict.column),
            **asdict(verdict),
        }
        for item in judged
        if item.champion
        for verdict in item.verdicts
    ]
    tables = model.tables
    for table, rows in ((tables.profiles, counted), (tables.drift, verdicts)):
        data = pa.Table.from_pylist(rows, schema=table.schema)
        model.lake.replace_days(table, first, last, data)
