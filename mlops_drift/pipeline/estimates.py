"""Performance that the scores lead to expect, before any label."""

from collections.abc import Mapping
from datetime import date, timedelta
from functools import cached_property
from math import nan
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from mlops_drift.config.context import ModelContext
from mlops_drift.learning.metrics.registry import metric_named
from mlops_drift.monitors.performance import Limits, Measured, PerformanceVerdict, judge_estimate
from mlops_drift.store.records import Promotion

if TYPE_CHECKING:
    from mlops_drift.pipeline.performance import Version


class Estimates:
    """The estimated performance of the days that each champion served.

    Args:
        model: the model.
        champions: who serves each of the days.
        versions: the versions by number.
    """

    def __init__(
        self,
        model: ModelContext,
        champions: Mapping[date, Promotion | None],
        versions: "Mapping[int, Version]",
    ) -> None:
        first, last = min(champions), max(champions)
        served = {item.number: item for item in champions.values() if item}
        self._served = {
            number: _Estimates(model, item, versions[item.version], first, last)
            for number, item in served.items()
        }

    def judge(self, day: date, champion: Promotion) -> list[PerformanceVerdict]:
        """The estimates for the windows that end on a day."""
        return self._served[champion.number].judge(day)


class _Estimates:
    def __init__(
        self,
        model: ModelContext,
        champion: Promotion,
        version: "Version",
        first: date,
        last: date,
    ) -> None:
        spec = model.spec
        self._spec, self._champion, self._version = spec, champion, version
        lookback = max(spec.monitors.performance.windows)
        since = max(champion.as_of + timedelta(days=1), first - timedelta(days=lookback - 1))
        self._columns = [] if spec.target.is_classification else list(spec.columns)
        rows = model.store.predictions.of_version(
            version.record.version, since, last, self._columns
        )
        self._days = np.array([day.toordinal() for day in rows["day"].to_pylist()], dtype=np.int64)
        self._rows = rows.drop_columns(["day"]).to_pandas()

    def judge(self, day: date) -> list[PerformanceVerdict]:
        spec, version = self._spec, self._version.record.version
        monitor, metric = spec.monitors.performance, spec.training.metric
        limits = Limits(
            metric_named(metric).greater_is_better,
            monitor.floor,
            monitor.allowance(metric),
            monitor.alpha,
            monitor.min_rows,
        )
        verdicts = []
        available = 0
        until = int(np.searchsorted(self._days, day.toordinal(), side="right"))
        for window in monitor.windows:
            since = int(np.searchsorted(self._days, day.toordinal() - window + 1))
            distinct = len(np.unique(self._days[since:until]))
            if distinct <= available:
                continue
            available = distinct
            rows = self._rows.iloc[since:until]
            found = self._estimate(rows) if len(rows) >= monitor.min_rows else None
            verdicts.append(
                judge_estimate(
                    metric,
                    found or Measured(nan, nan, nan, len(rows)),
                    self._version.test,
                    limits,
                    production_day=day,
                    window=window,
                    version=version,
                    unestimable=self._unestimable,
                )
            )
        return verdicts

    def _estimate(self, rows: pd.DataFrame) -> Measured | None:
        if self._unestimable:
            return None
        if self._spec.target.is_classification:
            found = self._estimator.estimate(
                rows["prediction"].to_numpy(), rows["score"].to_numpy()
            )
        else:
            found = self._estimator.estimate(rows[self._columns], rows["prediction"].to_numpy())
        return Measured(found.value, found.lower, found.upper, found.n)

    @cached_property
    def _unestimable(self) -> str:
        """Why nothing can be estimated; empty if it can."""
        from mlops_drift.monitors.estimation import can_estimate

        metric, target = self._spec.training.metric, self._spec.target
        if can_estimate(metric, target):
            return ""
        return f"{metric} of a {target.kind} target cannot be estimated without labels"

    @cached_property
    def _estimator(self) -> Any:
        from mlops_drift.monitors.estimation import LossEstimator, ScoreEstimator

        spec, test = self._spec, self._version.test_rows
        metric, seed = spec.training.metric, spec.training.seed
        truth, prediction, score = (
            test[name].to_numpy() for name in (spec.target.column, "prediction", "score")
        )
        if spec.target.is_classification:
            return ScoreEstimator(metric, spec.target, truth, prediction, score, seed)
        return LossEstimator(metric, test[self._columns], spec.columns, truth, prediction, seed)
