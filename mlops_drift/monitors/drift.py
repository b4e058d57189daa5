"""The drift of a day, and what the checks that judge it have in common."""

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date

from mlops_drift.drift.column_reference import Counts
from mlops_drift.drift.config import DriftMonitor
from mlops_drift.drift.explain import RankedColumn, SegmentShift, moved_bins, rank
from mlops_drift.drift.profile import Profile
from mlops_drift.drift.reference import Reference
from mlops_drift.drift.verdict import MIN_REFERENCE_ROWS, ColumnVerdict
from mlops_drift.monitors.base import NOT_SIGNIFICANT, CheckEvaluation, Explanation, Monitor, Row
from mlops_drift.monitors.context import Champion, MonitorContext, MonitoredModel
from mlops_drift.monitors.pictures import Panel, Panels

# Columns that are drawn and explained, and segments of each.
_SHOWN, _SEGMENTS = 3, 5


@dataclass(frozen=True)
class SegmentedShift:
    """The shift of one column over one window, divided by the values of a segment column."""

    column: str
    window: int
    by: str
    segments: Sequence[SegmentShift]


@dataclass(frozen=True)
class DriftDay:
    """The verdicts of one day, and what they rest on.

    Attributes:
        champion: who served the day; None before the first promotion.
        events: rows of features that day.
        reference: the champion's reference.
        windows: the profiles by length of the window.
        seasons: the same period of the past, where windows were compared with it.
        verdicts: one for each window, column and rule.
        importance: share of the champion's skill that rests on each feature.
        shifts: where failed features moved, by declared segments.
    """

    day: date
    champion: Champion | None
    events: int
    reference: Reference | None = None
    windows: Mapping[int, Profile] = field(default_factory=dict)
    seasons: Mapping[int, Profile] = field(default_factory=dict)
    verdicts: Sequence[ColumnVerdict] = ()
    importance: Mapping[str, float] = field(default_factory=dict)
    shifts: Sequence[SegmentedShift] = ()

    def past(self, item: ColumnVerdict) -> Counts:
        """What the window of a verdict was compared with.

        Raises:
            ValueError: if there is no champion.
        """
        if item.baseline == "season":
            return self.seasons[item.window][item.column].counts
        if self.reference is None:
            raise ValueError(f"{self.day} has verdicts but no reference")
        return self.reference.columns[item.column].counts


class DriftCheck(Monitor[DriftMonitor]):
    """A check of the day's drift verdicts; which of them, a subclass decides.

    All columns, rules and windows of a day are one family of tests, whichever check they are of.
    """

    assets = ("drift_metrics",)
    section = "drift"
    confirm = True
    spans_events = True

    @abstractmethod
    def owns(self, spec: MonitoredModel, item: ColumnVerdict) -> bool:
        """Whether a verdict belongs to this check."""

    def _mine(self, context: MonitorContext, day: date) -> list[ColumnVerdict]:
        return [item for item in context.drift(day).verdicts if self.owns(context.spec, item)]

    def evaluate(self, context: MonitorContext, day: date) -> list[CheckEvaluation]:
        """As `Monitor.evaluate`."""
        champion = context.champion(day)
        if champion is None:
            return []
        return [
            CheckEvaluation(
                check=self.name,
                day=day,
                production_day=day,
                version=champion.version,
                subject=item.column,
                window=item.window,
                verdict=item.verdict,
                code=self._code(item),
                reason=item.reason,
                value=item.value,
                threshold=item.threshold,
                n=item.measures.n,
                p=item.p,
                q=item.q,
            )
            for item in self._mine(context, day)
        ]

    def _code(self, item: ColumnVerdict) -> str:
        if item.verdict == "fail":
            return "beyond_limit"
        if item.verdict == "pass":
            return NOT_SIGNIFICANT if item.value >= item.threshold else "within_limit"
        if item.measures.n_reference < MIN_REFERENCE_ROWS:
            return "no_baseline"
        return "too_few_rows" if item.measures.n < self.settings.min_rows else "undefined"

    def explain(
        self, context: MonitorContext, evaluations: Sequence[CheckEvaluation]
    ) -> Explanation:
        """The columns in the order to look at them, every window, and where the failed ones moved.

        Of the day of the worst evaluation.
        """
        worst = evaluations[0]
        day, mine = context.drift(worst.day), self._mine(context, worst.day)
        columns = rank(mine, day.importance)
        tables: dict[str, Sequence[Row]] = {
            "columns": [_column_row(item) for item in columns],
            "windows": [
                _window_row(item) for item in sorted(mine, key=lambda one: (one.column, one.window))
            ],
        }
        first = next(
            item for item in mine if (item.column, item.window) == (worst.subject, worst.window)
        )
        numbers = {"n_reference": float(first.measures.n_reference)}
        failed = [item.worst for item in columns if item.worst.verdict == "fail"]
        if not failed:
            return Explanation(tables, numbers=numbers)
        tables |= {"moved bins": _bin_rows(day, failed), "segments": _segment_rows(day, failed)}
        return Explanation(tables, numbers=numbers, picture=_panels(day, failed))


def _column_row(item: RankedColumn) -> Row:
    worst, measures = item.worst, item.worst.measures
    return {
        "column": worst.column,
        "verdict": worst.verdict,
        "importance": item.importance,
        "window": worst.window,
        "n": measures.n,
        "metric": worst.metric,
        "value": worst.value,
        "threshold": worst.threshold,
        "q": worst.q,
        "mean before": measures.mean_reference,
        "mean": measures.mean,
        "null before": measures.null_reference,
        "null": measures.null_share,
    }


def _window_row(item: ColumnVerdict) -> Row:
    measures = item.measures
    return {
        "column": item.column,
        "window": item.window,
        "n": measures.n,
        "value": item.value,
        "threshold": item.threshold,
        "q": item.q,
        "psi": measures.value("psi"),
        "ks": measures.value("ks"),
        "wasserstein": measures.value("wasserstein"),
        "null": measures.null_share,
        "unseen": measures.unseen,
        "out of range": measures.out_of_range,
        "against": item.baseline,
        "verdict": item.verdict,
    }


def _bin_rows(day: DriftDay, failed: Sequence[ColumnVerdict]) -> list[Row]:
    """Which bins of the failed columns moved."""
    if day.reference is None:
        return []
    return [
        {"column": item.column, "bin": moved.label, "before": moved.before, "after": moved.after}
        for item in failed[:_SHOWN]
        for moved in moved_bins(
            day.reference.columns[item.column],
            day.past(item),
            day.windows[item.window][item.column].counts,
        )
    ]


def _segment_rows(day: DriftDay, failed: Sequence[ColumnVerdict]) -> list[Row]:
    """In which segments the failed columns moved."""
    names = {item.column for item in failed}
    return [
        {
            "column": shift.column,
            "by": shift.by,
            "segment": segment.segment,
            "share of the shift": segment.share,
            "rows before": segment.before,
            "rows": segment.after,
            "distance within": segment.distance,
        }
        for shift in day.shifts
        if shift.column in names
        for segment in shift.segments[:_SEGMENTS]
    ]


def _panels(day: DriftDay, failed: Sequence[ColumnVerdict]) -> Panels | None:
    if day.reference is None:
        return None
    return Panels(
        [
            Panel(
                item.column,
                f"{item.baseline} and {item.window} day{'' if item.window == 1 else 's'} to "
                f"{day.day}",
                day.reference.columns[item.column],
                day.past(item),
                day.windows[item.window][item.column].counts,
            )
            for item in failed[:_SHOWN]
        ]
    )
