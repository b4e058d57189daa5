"""Realized performance of the days in production, as the labels for them arrive."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import date, timedelta

import pandas as pd
import pyarrow as pa

from mlops_drift.lake.model_lake import ModelLake, Promotion
from mlops_drift.monitoring.performance import (
    PerformanceVerdict,
    TestResult,
    judge_performance,
)
from mlops_drift.spec import ModelSpec


@dataclass(frozen=True)
class PerformanceDay:
    """What the labels of one day told about the production days they belong to.

    Attributes:
        day: the day on which the labels arrived.
        champion: the version that served then; only it is judged.
    """

    day: date
    champion: Promotion | None
    verdicts: Sequence[PerformanceVerdict]

    @property
    def judged(self) -> list[PerformanceVerdict]:
        """The verdicts about the champion."""
        if self.champion is None:
            return []
        return [item for item in self.verdicts if item.version == self.champion.version]


def measure_performance(
    spec: ModelSpec, model: ModelLake, first: date, last: date
) -> list[PerformanceDay]:
    """Measures every production day that labels arrived for on `first` to `last`, and stores it.

    For each of these days only labels known at its end are used, the last one for each event.
    A window ends on a production day that got labels, and never mixes versions.
    """
    days = [first + timedelta(days=i) for i in range((last - first).days + 1)]
    reach = max(spec.monitors.performance.windows)
    outcomes = model.outcomes(first, last, reach).to_pandas(date_as_object=True)
    tests = {
        record.version: TestResult(record.value, record.lower, record.upper, record.n_test)
        for record in model.versions()
    }
    promotions = model.promotions(until=last)
    measured = [_measure_day(spec, day, promotions, outcomes, tests) for day in days]
    rows = [{"day": item.day, **asdict(verdict)} for item in measured for verdict in item.verdicts]
    table = model.tables.performance
    model.lake.replace_days(table, first, last, pa.Table.from_pylist(rows, schema=table.schema))
    return measured


def _measure_day(
    spec: ModelSpec,
    day: date,
    promotions: Sequence[Promotion],
    outcomes: pd.DataFrame,
    tests: Mapping[int, TestResult],
) -> PerformanceDay:
    earlier = [item for item in promotions if item.as_of < day]
    champion = earlier[-1] if earlier else None
    known = outcomes[outcomes["label_day"] <= day]
    known = known.drop_duplicates(["day", "version", "key"], keep="last")
    touched = known.loc[known["label_day"] == day, ["version", "day"]].drop_duplicates()
    verdicts: list[PerformanceVerdict] = []
    for version, production_day in sorted(touched.itertuples(index=False, name=None)):
        rows = known[known["version"] == version]
        judged = _windows(spec, rows, production_day, int(version), tests[int(version)])
        if champion is None or int(version) == champion.version:
            verdicts += judged
        else:
            verdicts += [_retired(item, champion) for item in judged]
    return PerformanceDay(day, champion, verdicts)


def _windows(
    spec: ModelSpec, rows: pd.DataFrame, production_day: date, version: int, test: TestResult
) -> list[PerformanceVerdict]:
    verdicts = []
    available = 0
    for window in sorted({1, *spec.monitors.performance.windows}):
        since = production_day - timedelta(days=window - 1)
        chosen = rows[(rows["day"] >= since) & (rows["day"] <= production_day)]
        days = chosen["day"].nunique()
        # Just after a promotion the longer windows hold the same days as a shorter one.
        if days <= available:
            continue
        available = days
        verdict = judge_performance(
            spec.training.metric,
            spec.target,
            chosen["label"].to_numpy(),
            chosen["prediction"].to_numpy(),
            chosen["score"].to_numpy(),
            test,
            spec.monitors.performance,
            production_day=production_day,
            window=window,
            version=version,
            seed=spec.training.seed,
        )
        if window not in spec.monitors.performance.windows:
            verdict = replace(
                verdict, verdict="unknown", reason=f"{verdict.reason}; a single day is not judged"
            )
        verdicts.append(verdict)
    return verdicts


def _retired(verdict: PerformanceVerdict, champion: Promotion) -> PerformanceVerdict:
    """A replaced version is measured for the record, but there is nothing left to decide."""
    return replace(
        verdict,
        verdict="unknown",
        reason=f"{verdict.reason}; not judged: version {champion.version} serves since the end of "
        f"{champion.as_of}",
    )
