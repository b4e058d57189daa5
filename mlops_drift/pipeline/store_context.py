"""What is known of some days for the checks that judge them, read from the store."""

from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from functools import cached_property

import numpy as np
import pyarrow as pa

from mlops_drift.config.context import ModelContext
from mlops_drift.monitors.baseline import Baseline
from mlops_drift.monitors.context import (
    REFERENCE,
    Answers,
    Coverage,
    Errors,
    LabelledRows,
    LabelWindows,
    LandedDay,
    MonitorContext,
    PredictedRows,
    SourceName,
)
from mlops_drift.monitors.drift import DriftDay
from mlops_drift.monitors.pictures import Period, Point
from mlops_drift.monitors.serving_skew import SkewDay
from mlops_drift.pipeline.answers import ServedAnswers
from mlops_drift.pipeline.drift import ServedDays
from mlops_drift.pipeline.labels import LabelProfiles, coverage
from mlops_drift.pipeline.missing_days import without_events
from mlops_drift.pipeline.performance import Outcomes, baseline_of, judged_elsewhere
from mlops_drift.pipeline.predicted import PredictedSpan
from mlops_drift.pipeline.reference_days import awaited_predictions
from mlops_drift.pipeline.skew import skew_of_days
from mlops_drift.schema.days import days_between
from mlops_drift.store.lake import Scan
from mlops_drift.store.records import Promotion, VersionRecord

# A picture has no room for more.
HISTORY = timedelta(days=365)


class StoreContext(MonitorContext):
    """The context of checks over the tables of a model; see `MonitorContext`.

    What landed is of one source in this run; `for_the_record` is as in `measure_drift`.
    """

    def __init__(
        self,
        model: ModelContext,
        first: date,
        last: date,
        landed: Mapping[date, LandedDay] | None = None,
        *,
        for_the_record: bool = True,
    ) -> None:
        super().__init__(model.spec, days_between(first, last))
        self.model, self._store = model, model.store
        self._first, self._last = first, last
        self._landed, self._for_the_record = landed or {}, for_the_record
        self._champions = self._store.versions.champions(first, last)

    @cached_property
    def days_by_champion(self) -> list[tuple[Promotion, list[date]]]:
        """The days that each champion serves; one that was replaced and comes back is another."""
        found: dict[int, tuple[Promotion, list[date]]] = {}
        for day, champion in self._champions.items():
            if champion is not None:
                found.setdefault(champion.number, (champion, []))[1].append(day)
        return list(found.values())

    def champion(self, day: date) -> Promotion | None:
        return self._champions[day]

    def since_when(self, day: date) -> str:
        if self.model.spec.external:
            return f"not known before {self.trained(day) + timedelta(days=1)}"
        return super().since_when(day)

    def unserved(self, day: date) -> str:
        spec = self.model.spec
        return awaited_predictions(spec, day) if spec.external else super().unserved(day)

    @property
    def compared_with(self) -> str:
        return REFERENCE if self.model.spec.external else super().compared_with

    def _serving(self, day: date) -> Promotion:
        champion = self._champions[day]
        if champion is None:
            raise LookupError(f"no version of {self.spec.name} serves {day}")
        return champion

    @cached_property
    def _versions(self) -> Mapping[int, VersionRecord]:
        return {record.version: record for record in self._store.versions.all()}

    @cached_property
    def _baselines(self) -> Mapping[int, Baseline]:
        return {
            version: baseline_of(self.model, record) for version, record in self._versions.items()
        }

    def baseline(self, version: int) -> Baseline:
        return self._baselines[version]

    @cached_property
    def _served(self) -> dict[int, ServedDays]:
        return {
            champion.number: ServedDays(self.model, champion, days, self._for_the_record)
            for champion, days in self.days_by_champion
        }

    @cached_property
    def _drift(self) -> dict[date, DriftDay]:
        found = {}
        for day, champion in self._champions.items():
            if champion:
                found[day] = self._served[champion.number].judge(day)
            else:
                features = self._store.lake.read(Scan(self._store.tables.features, day, day))
                found[day] = DriftDay(day, None, features.num_rows)
        return found

    def drift(self, day: date) -> DriftDay:
        return self._drift[day]

    def put_drift(self) -> None:
        """Stores the profiles of the days, and the numbers of their windows."""
        tables, profiles, numbers = self._store.tables, [], []
        for champion, days in self.days_by_champion:
            for day in days:
                of_day = {"day": day, "version": champion.version}
                for name, column in self._served[champion.number].profiles[day].items():
                    profiles.append({**of_day, "column": name, **column.to_dict()})
                # Both rules of a column rest on the same numbers.
                verdicts = (item for item in self.drift(day).verdicts if item.rule == "drift")
                numbers += [
                    {**vars(item), **item.measures.to_dict(), **of_day} for item in verdicts
                ]
        for table, rows in ((tables.profiles, profiles), (tables.drift, numbers)):
            data = pa.Table.from_pylist(rows, schema=table.schema)
            self._store.lake.replace_days(table, self._first, self._last, data)

    @cached_property
    def _outcomes(self) -> Outcomes:
        return Outcomes(self.model, self._first, self._last)

    @cached_property
    def _labelled(self) -> Mapping[date, Sequence[LabelledRows]]:
        found = {day: self._outcomes.labelled(day) for day in self.days}
        if self.model.spec.external:
            known = {one.version: one.as_of for one in self._versions.values()}
            return judged_elsewhere(found, known)
        return found

    def labelled(self, day: date) -> Sequence[LabelledRows]:
        return self._labelled[day]

    @cached_property
    def _predicted(self) -> dict[int, PredictedSpan]:
        found, monitor = {}, self.model.spec.monitors.performance
        lookback = max(monitor.windows) - 1
        for champion, days in self.days_by_champion:
            known = self.model.of_version(champion.version)
            predictions, target = known.store.predictions, known.spec.target
            columns = [] if target.is_classification else list(known.spec.columns)
            since = champion.as_of + timedelta(days=1)
            strides = predictions.strides(days, lookback, monitor.max_rows, since)
            rows = predictions.of_version(
                champion.version,
                since,
                strides,
                lookback,
                columns,
                have_arrived=self.model.spec.external is not None,
            )
            found[champion.number] = PredictedSpan(rows, strides, lookback)
        return found

    def predicted(self, day: date) -> PredictedRows:
        return self._predicted[self._serving(day).number].until(day)

    def errors(self, day: date) -> Errors:
        rows = self._store.predictions.errors_in_order(self._serving(day).version, day)
        truth, prediction = (rows[name].to_numpy() for name in ("label", "prediction"))
        if self.spec.target.is_classification:
            return Errors(rows["day"].to_pylist(), (truth != prediction).astype(float))
        distance = np.abs(truth.astype(float) - prediction.astype(float))
        return Errors(rows["day"].to_pylist(), distance)

    @cached_property
    def _label_profiles(self) -> dict[int, LabelProfiles]:
        return {
            champion.number: LabelProfiles(self.model, champion, self._outcomes, self.days)
            for champion, _ in self.days_by_champion
        }

    def label_windows(self, day: date) -> LabelWindows | None:
        return self._label_profiles[self._serving(day).number].windows(day)

    @cached_property
    def _rejections(self) -> Mapping[int, Sequence[tuple[date, date]]]:
        return self._store.decisions.rejections()

    def trained(self, day: date) -> date:
        return self._versions[self._serving(day).version].as_of

    def retrained(self, day: date) -> date:
        champion = self._serving(day)
        rejected = self._rejections.get(champion.version, ())
        looks = [self.trained(day), *(made for known, made in rejected if known < day)]
        if champion.kind == "rollback" and champion.previous is not None:
            looks.append(self._versions[champion.previous].as_of)
        return max(looks)

    def landed(self, day: date) -> Sequence[LandedDay]:
        return [self._landed[day]] if day in self._landed else []

    @cached_property
    def _event_counts(self) -> dict[date, int]:
        """Of the days, and of the year before them: no check looks back further."""
        since = self._first - timedelta(weeks=52)
        return self._store.landing.counts("events", since, self._last)

    def event_counts(self, since: date, until: date) -> Mapping[date, int]:
        return {day: n for day, n in self._event_counts.items() if since <= day <= until}

    @cached_property
    def _newest_labelled(self) -> Mapping[date, date]:
        delay, start = self.spec.target.usual_delay, self.spec.start_date
        return self._store.labels.newest_by_day(self._first, self._last, delay, start)

    def newest(self, source: SourceName, day: date) -> date | None:
        if source == "labels":
            return self._newest_labelled.get(day)
        days = [one for one, n in self._event_counts.items() if n and one <= day]
        # Only where nothing came for long, all there is must be read.
        return max(days, default=None) or self._store.landing.last_events(day)

    @cached_property
    def _days_without_events(self) -> Sequence[date]:
        return without_events(self._store, self.spec.start_date, self._last)

    def days_without_events(self, since: date, until: date) -> Sequence[date]:
        return [day for day in self._days_without_events if since < day < until]

    @cached_property
    def _skew(self) -> Mapping[date, SkewDay]:
        return skew_of_days(self.model, self._first, self._last)

    def skew(self, day: date) -> SkewDay | None:
        return self._skew.get(day)

    @cached_property
    def _answers(self) -> ServedAnswers:
        return ServedAnswers(self.model, self._last)

    def answers(self, since: date, until: date, version: int) -> Mapping[date, Answers]:
        return self._answers.of(since, until, version)

    def tested_answers(self, version: int) -> Answers | None:
        return self._answers.tested(version)

    @cached_property
    def _history(self) -> Sequence[Point]:
        return self._store.checks.performance_history(self._last - HISTORY, self._last)

    def history(self) -> Sequence[Point]:
        return self._history

    def periods(self) -> Sequence[Period]:
        promotions = self._store.versions.promotions(until=self._last - timedelta(days=1))
        return [Period(one.version, one.as_of + timedelta(days=1)) for one in promotions]

    def label_coverage(self) -> Sequence[Coverage]:
        return coverage(self.model, self._last)
