"""Rows as references, days and sorted values: what drift is measured on."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import date
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from mlops_drift.config.spec import ModelSpec
from mlops_drift.drift.column_profile import ColumnProfile
from mlops_drift.drift.profile import profile_by
from mlops_drift.drift.reference import Reference
from mlops_drift.drift.rows import Kind, Rows
from mlops_drift.drift.sorted_values import SortedValues

Samples = dict[str, SortedValues]

# So many values are read together, since a query costs more than few rows: 80 MB.
TOGETHER = 10_000_000


class WindowValues(Mapping[str, SortedValues]):
    """The values of columns over so many rows, read when they are asked for, in their order.

    Of large windows there is one column in memory at a time.
    """

    def __init__(
        self, names: Sequence[str], rows: int, read: Callable[[Sequence[str]], Samples]
    ) -> None:
        self._names, self._read = names, read
        self._together = max(1, TOGETHER // max(rows, 1))
        self._held: Samples = {}

    def __getitem__(self, name: str) -> SortedValues:
        if name not in self._names:
            raise KeyError(name)
        if name not in self._held:
            start = self._names.index(name)
            # The columns before must not be in memory at the same time.
            self._held = {}
            self._held = self._read(self._names[start : start + self._together])
        return self._held[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._names)

    def __len__(self) -> int:
        return len(self._names)


def prediction_kinds(spec: ModelSpec) -> dict[str, Kind]:
    """How the predictions of a model are read: a regression's prediction is its score."""
    kinds: dict[str, Kind] = {"score": "numeric"}
    if spec.target.is_classification:
        kinds["prediction"] = "categorical"
    return kinds


def fit_reference(spec: ModelSpec, features: pa.Table, test_predictions: pa.Table) -> Reference:
    """The reference of a version: its training set, both parts, and its test predictions."""
    return reference_of(spec, features, features, test_predictions)


def reference_of(
    spec: ModelSpec, features: pa.Table, labelled: pa.Table, predictions: pa.Table
) -> Reference:
    """The reference of rows of which only some have labels."""
    bins, target = spec.monitors.drift.bins, spec.target
    kinds: dict[str, Kind] = {
        name: "numeric" if column.is_numeric else "categorical"
        for name, column in spec.columns.items()
    }
    kind: Kind = "categorical" if target.is_classification else "numeric"
    of_features = Reference.fit(features, kinds, bins)
    of_labels = Reference.fit(labelled.select([target.column]), {target.column: kind}, bins)
    of_predictions = Reference.fit(predictions, prediction_kinds(spec), bins)
    return Reference({**of_features.columns, **of_labels.columns, **of_predictions.columns})


def of_days(table: pa.Table, days: Iterable[date]) -> Rows:
    """The rows of some days."""
    wanted = pa.array(sorted(days), pa.date32())
    return Rows(table.filter(pc.is_in(table["day"], value_set=wanted)))


def sorted_columns(rows: Rows, names: Sequence[str]) -> Samples:
    """The values of columns."""
    if not names:
        return {}
    table = rows.table(dict.fromkeys(names, "numeric"))
    return {name: SortedValues(table[name].to_numpy()) for name in names}


def sorted_by_day(table: pa.Table, names: Sequence[str]) -> dict[date, Samples]:
    """The values of columns by day, read in one go: a query a day costs more than its rows."""
    if not names or not table.num_rows:
        return {}
    days = table["day"].to_numpy()
    order = np.argsort(days, kind="stable")
    present, starts = np.unique(days[order], return_index=True)
    values = Rows(table).table(dict.fromkeys(names, "numeric"))
    arrays = {name: values[name].to_numpy()[order] for name in names}
    parts = zip(present, starts, [*starts[1:], len(days)], strict=True)
    return {
        day.astype(date): {name: SortedValues(array[start:end]) for name, array in arrays.items()}
        for day, start, end in parts
    }


def by_segment(reference: Reference, rows: Rows, by: str) -> dict[Any, ColumnProfile]:
    """Profiles of the one column of a reference by the values of another."""
    [name] = reference.columns
    return {segment: found[name] for segment, found in profile_by(reference, rows, by).items()}
