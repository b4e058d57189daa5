"""Labelled predictions as they were known at the end of each day, and the versions' test splits."""

from collections.abc import Mapping, Sequence
from datetime import date
from functools import partial

import numpy as np
import pandas as pd

from mlops_drift.config.context import ModelContext
from mlops_drift.monitors.baseline import Baseline
from mlops_drift.monitors.context import LABELS, LabelledRows
from mlops_drift.monitors.measured import Measured
from mlops_drift.schema.day_columns import ordinals
from mlops_drift.schema.days import ranges
from mlops_drift.sql import identifier
from mlops_drift.store.predictions import slice_text
from mlops_drift.store.records import VersionRecord


def baseline_of(model: ModelContext, record: VersionRecord) -> Baseline:
    """What a version reached on its test split; the split itself is read when it is needed."""
    known = model.of_version(record.version)
    test = Measured(record.value, record.lower, record.upper, record.n_test)
    return Baseline(known.spec, test, partial(_test_rows, known, record))


def _test_rows(model: ModelContext, record: VersionRecord) -> pd.DataFrame:
    """The test split with the version's predictions for it."""
    spec, sets = model.spec, model.store.training_sets
    predicted = sets.read_test_predictions(record.training_set, record.version)
    features = sets.read_test(record.training_set)
    names = [
        *(f"f.{identifier(name)}" for name in [spec.key, *spec.columns]),
        *map(slice_text, spec.monitors.performance.slices),
    ]
    selected = model.store.lake.query(f"SELECT {', '.join(names)} FROM f", f=features)
    rows: pd.DataFrame = predicted.to_pandas().merge(selected.to_pandas(), on=spec.key)
    return rows


class Outcomes:
    """Labelled predictions whose labels arrived on some days, by day, version, event and arrival.

    Labels of an earlier day of which some came late arrive again on the day that these landed with.

    Attributes:
        frame: `day` and `label_day` as ordinals, `version`, `key`, `label`, `prediction`, `score`,
            `lot`, and the slice columns; a corrected label has a row for each arrival.
        strides: by production day that these labels are about, as in `LabelledRows`.
    """

    def __init__(self, model: ModelContext, first: date, last: date) -> None:
        monitors, predictions = model.spec.monitors, model.store.predictions
        self._lookback = max(monitors.performance.windows)
        lookback, slices = max(self._lookback, *monitors.drift.windows), monitors.performance.slices
        landings = model.store.landing.late_landings(first, last, [LABELS])
        late = [(landed, of) for landed, of in landings if of < landed]
        spans = [(first, last), *ranges({of for _, of in late})]
        elsewhere = model.spec.external is not None
        touched = {
            day for span in spans for day in predictions.touched(*span, have_arrived=elsewhere)
        }
        strides = predictions.strides(sorted(touched), lookback, monitors.performance.max_rows)
        self.strides = {day.toordinal(): stride for day, stride in strides.items()}
        outcomes = predictions.outcomes(strides, last, lookback, slices, have_arrived=elsewhere)
        self.frame = outcomes.drop_columns(["day", "label_day"]).to_pandas()
        for name in ("day", "label_day"):
            self.frame[name] = ordinals(outcomes[name])
        self.frame = _with_late(self.frame, late)
        self._columns = {str(name): self.frame[name].to_numpy() for name in self.frame.columns}
        self._event = pd.factorize(self.frame["key"])[0]

    def labelled(self, day: date) -> Sequence[LabelledRows]:
        """By version, the predictions that labels of a day are about, and those before them."""
        now, columns = day.toordinal(), self._columns
        here = columns["label_day"] == now
        versions, days = columns["version"][here], columns["day"][here]
        return [
            self._known(now, version, np.unique(days[versions == version]).tolist())
            for version in np.unique(versions).tolist()
        ]

    def _known(self, now: int, version: int, touched: Sequence[int]) -> LabelledRows:
        """The predictions of a version with the last label that had arrived."""
        columns = self._columns
        mine = np.flatnonzero(
            (columns["version"] == version)
            & (columns["label_day"] <= now)
            & (columns["day"] >= touched[0] - self._lookback)
        )
        events = self._event[mine]
        last = mine[np.append(events[1:] != events[:-1], True)] if len(mine) else mine
        known = {name: all_[last] for name, all_ in columns.items()}
        return LabelledRows(version, touched, known, self.strides)


def _with_late(frame: pd.DataFrame, late: Sequence[tuple[date, date]]) -> pd.DataFrame:
    """Outcomes with those that arrive again, in their order."""
    again = [
        frame[frame["label_day"] == of.toordinal()].assign(label_day=landed.toordinal())
        for landed, of in late
    ]
    if not again:
        return frame
    order = ["day", "version", "key", "label_day"]
    return pd.concat([frame, *again]).sort_values(order, kind="stable", ignore_index=True)


def judged_elsewhere(
    found: Mapping[date, Sequence[LabelledRows]], known: Mapping[int, date]
) -> Mapping[date, Sequence[LabelledRows]]:
    """Of versions that are made elsewhere, those whose reference is known since an earlier day."""
    return {
        day: [one for one in rows if known.get(one.version, date.max) < day]
        for day, rows in found.items()
    }
