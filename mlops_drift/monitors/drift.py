"""The drift of a day, and what the checks that judge it have in common."""

from abc import abstractmethod
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date

from mlops_drift.drift.config import DriftMonitor
from mlops_drift.drift.explain import RankedColumn, SegmentShift, moved_bins, rank
from mlops_drift.drift.profile import Profile
from mlops_drift.drift.reference import Reference
from mlops_drift.drift.verdict import MIN_REFERENCE_ROWS, ColumnVerdict
from mlops_drift.monitors.base import (
    NOT_SIGNIFICANT,
    CheckEvaluation,
    Evaluations,
    Explanation,
    Monitor,
    Row,
)
from mlops_drift.monitors.context import Champion, MonitorContext, MonitoredModel
from mlops_drift.monitors.pictures import Panel

# What a version says, beside the features; no column of the user is called so.
ANSWERS = ("score", "prediction")

# The fields that an evaluation has from a verdict.
_SAME = ("window", "verdict", "reason", "value", "threshold", "p", "q")

# Columns that are drawn and explained, and segments of each.
_SHOWN, _SEGMENTS = 3, 5


@dataclass(frozen=True)
class SegmentedShift:
    """The shift of one column over one window, divided by the values of a segment column."""

    column: str
    window: int
    by: str
    segments: Sequence[SegmentShift]


def evaluation_of_column(
    check: str, day: date, version: int, item: ColumnVerdict, min_rows: int
) -> CheckEvaluation:
    """A verdict about a column as an evaluation."""
    if item.verdict == "fail":
        code = "beyond_limit"
    elif item.verdict == "pass":
        code = NOT_SIGNIFICANT if item.value >= item.threshold else "within_limit"
    elif item.measures.n_reference < MIN_REFERENCE_ROWS:
        code = "no_baseline"
    else:
        code = "too_few_rows" if item.measures.n < min_rows else "undefined"
    return CheckEvaluation(
        check=check,
        day=day,
        production_day=day,
        version=version,
        subject=item.column,
        code=code,
        n=item.measures.n,
        **{name: getattr(item, name) for name in _SAME},
    )


@dataclass(frozen=True)
class DriftDay:
    """The verdicts of one day, one for each window, column and rule, and what they rest on.

    Attributes:
        champion: who served the day; None before the first promotion.
        events: rows of features that day.
        windows: the profiles by length of the window.
        seasons: the same period of the past, where windows were compared with it.
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

    def panel(self, item: ColumnVerdict) -> Panel:
        """The column of a verdict: its bins in what it was compared with and in the window."""
        if self.reference is None:
            raise ValueError(f"{self.day} has verdicts but no reference")
        column, days = self.reference.columns[item.column], "day" if item.window == 1 else "days"
        is_season = item.baseline == "season"
        past = self.seasons[item.window][item.column] if is_season else column
        title = f"{item.baseline} and {item.window} {days} to {self.day}"
        counts = self.windows[item.window][item.column].counts
        return Panel(item.column, title, column, past.counts, counts)


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

    def evaluate(self, context: MonitorContext, day: date) -> Evaluations:
        champion = context.champion(day)
        if champion is None:
            return []
        return [
            evaluation_of_column(self.name, day, champion.version, item, self.settings.min_rows)
            for item in self._mine(context, day)
        ]

    def explain(self, context: MonitorContext, evaluations: Evaluations) -> Explanation:
        """The columns in the order to look at them, and where those moved that failed worst."""
        worst = evaluations[0]
        day, mine = context.drift(worst.day), self._mine(context, worst.day)
        columns = rank(mine, day.importance)
        by_column = sorted(mine, key=lambda item: (item.column, item.window))
        tables: dict[str, Sequence[Row]] = {
            "columns": [_column_row(item) for item in columns],
            "columns before and now": [_change_row(item) for item in columns],
            "windows": [_window_row(item) for item in by_column],
            "other distances": [_distance_row(item) for item in by_column],
        }
        first = next(
            item for item in mine if (item.column, item.window) == (worst.subject, worst.window)
        )
        numbers = {"reference rows": float(first.measures.n_reference)}
        failed = [item.worst for item in columns if item.worst.verdict == "fail"]
        panels = [day.panel(item) for item in failed[:_SHOWN]]
        if failed:
            segments = _segment_rows(day, {item.column for item in failed})
            tables |= {"moved bins": _bin_rows(panels), "segments": segments}
        return Explanation(tables, numbers, panels or None)


def _column_row(item: RankedColumn) -> Row:
    worst = item.worst
    return {
        "column": worst.column,
        "verdict": worst.verdict,
        "value": worst.value,
        "limit": worst.threshold,
        "q": worst.q,
        "importance": item.importance,
        "window": worst.window,
        "rows": worst.measures.n,
    }


def _change_row(item: RankedColumn) -> Row:
    measures = item.worst.measures
    return {
        "column": item.worst.column,
        "mean before": measures.mean_reference,
        "mean": measures.mean,
        "null before": measures.null_reference,
        "null": measures.null_share,
        "unseen": measures.unseen,
        "out of range": measures.out_of_range,
    }


def _window_row(item: ColumnVerdict) -> Row:
    return {
        "column": item.column,
        "window": item.window,
        "metric": item.metric,
        "value": item.value,
        "limit": item.threshold,
        "q": item.q,
        "against": item.baseline,
        "verdict": item.verdict,
    }


def _distance_row(item: ColumnVerdict) -> Row:
    measures = item.measures
    return {
        "column": item.column,
        "window": item.window,
        **{name: measures.value(name) for name in ("psi", "ks", "wasserstein")},
        "rows": measures.n,
    }


def _bin_rows(panels: Sequence[Panel]) -> list[Row]:
    """Which bins moved."""
    return [
        {"column": one.name, "bin": moved.label, "before": moved.before, "after": moved.after}
        for one in panels
        for moved in moved_bins(one.column, one.past, one.counts)
    ]


def _segment_rows(day: DriftDay, names: Collection[str]) -> list[Row]:
    """In which segments columns moved."""
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
