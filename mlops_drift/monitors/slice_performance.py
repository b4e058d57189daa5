"""The check `slice_performance`: the metric of one part of the events has fallen."""

from dataclasses import replace
from datetime import date

import numpy as np

from mlops_drift.monitors.base import Evaluations
from mlops_drift.monitors.baseline import slice_column, slice_texts
from mlops_drift.monitors.context import LabelledRows, MonitorContext
from mlops_drift.monitors.performance import Limits, judge_windows
from mlops_drift.monitors.realized import RealizedCheck, measured_windows


class SlicePerformance(RealizedCheck):
    """The metric of each value of the declared columns against the test value of that slice."""

    name = "slice_performance"
    description = (
        "Fails when the serving version's metric on one value of a declared column is worse than "
        "on that slice of its test split by more than the accepted drop, and significantly so "
        "over all slices."
    )
    advice = (
        "The version fails one part of the events while the whole may look well. See whether the "
        "part has changed (feature_drift by segment) or was rare in the training set: more rows "
        "of it help."
    )
    needs = "slices"

    def judge(self, context: MonitorContext, day: date, rows: LabelledRows) -> Evaluations:
        """All slices are one family."""
        baseline, metric = context.baseline(rows.version), context.spec.training.metric
        windows = []
        for column in self.settings.slices:
            texts = slice_texts(rows.columns[slice_column(column)])
            for value in np.unique(texts).tolist():
                mine = {name: array[texts == value] for name, array in rows.columns.items()}
                windows += measured_windows(
                    replace(rows, columns=mine),
                    self.settings.windows,
                    metric,
                    baseline.measure,
                    baseline.slice_tests.get((column, value)),
                    f"{column}={value}",
                )
        limits = replace(Limits.of(self.settings, metric, context.compared_with), floor=None)
        return judge_windows(self.name, day, rows.version, windows, limits)
