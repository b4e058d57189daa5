"""The check `serving_skew`: the service has answered otherwise than the batch path does."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime

from mlops_drift.monitors.base import CheckEvaluation, Evaluations, Explanation, Monitor, Row
from mlops_drift.monitors.context import MonitorContext

# The subject of what is found about whole rows; it comes before any column.
WHOLE_ROWS = "(rows)"
_LONGEST = 60


@dataclass(frozen=True)
class Difference:
    """One row in which a column differs: when it was answered, in UTC, and both values."""

    key: str | int
    time: datetime
    version: int | None
    served: object
    batch: object

    def __str__(self) -> str:
        """The row, for the end of a sentence."""
        return (
            f"key {_shown(self.key)}, {_by(self.version)}, {_shown(self.served)} in the log, "
            f"{_shown(self.batch)} by the batch path"
        )


@dataclass(frozen=True)
class ColumnSkew:
    """How a column of the log differs from what the batch path makes of the same events.

    Attributes:
        column: a feature, or `prediction`, `score` or `probabilities` of the version.
        rows: that were compared.
        mismatching: both have a value, and it is not the same to the last bit.
        missing: the batch path has a value, the log none.
        extra: the log has a value, the batch path none.
        unexplained: of a prediction the rows that differ although all of their features agree.
        first: the first row that differs, by the time of its answer; None without one.
    """

    column: str
    rows: int
    mismatching: int = 0
    missing: int = 0
    extra: int = 0
    unexplained: int | None = None
    first: Difference | None = None

    @property
    def different(self) -> int:
        """All rows that differ."""
        return self.mismatching + self.missing + self.extra


@dataclass(frozen=True)
class RowSkew:
    """Whether the rows of the log and the events of a day are the same ones.

    Attributes:
        logged: rows of the log.
        repeated: those quarantined since their key is of another event, or their day had landed.
        lost: the others that are no event.
        unlogged: events without a row of the log.
        lost_example: one that was lost, and why.
        unlogged_example: the key of an event without a row.
    """

    logged: int
    repeated: int = 0
    lost: int = 0
    unlogged: int = 0
    lost_example: str = ""
    unlogged_example: str = ""


@dataclass(frozen=True)
class SkewDay:
    """The log of a day compared with the batch path.

    Attributes:
        columns: the features, then what versions predicted.
        skipped: by version, why its predictions could not be made again.
    """

    day: date
    rows: RowSkew
    columns: Sequence[ColumnSkew] = ()
    skipped: Mapping[int, str] = field(default_factory=dict)


class ServingSkew(Monitor[None]):
    """Features and predictions of the log, made again by the batch path, to the last bit.

    The batch path makes the features of the events that landed, derived columns by features.sql
    over whole days, and predicts from them with the version that the log names. Null equals null.
    Of a version of a user's own family, numbers are equal where nine digits are. A
    row that rules answered before its features were made has none to compare. Rows that are
    quarantined because their key is of another event, or because they came when their day had
    landed, are no skew: data_quality counts them.
    """

    name = "serving_skew"
    description = (
        "Fails when a single value that the service has used or predicted is not what the batch "
        "path makes of the same event, or a row of the log is no event. Unknown without a row, and "
        "for a version that was removed. Alerts; it does not retrain."
    )
    advice = (
        "What was tested is not what serves. A derived column: see whether features.sql has "
        "changed, or events or labels that it reads have landed since the answer. A prediction of "
        "equal features: see whether the service has another LightGBM or machine, and start it "
        "again. A row that is no event: materialize events of the day again. A retraining repairs "
        "nothing of it."
    )
    assets = ("serving_metrics",)

    def evaluate(self, context: MonitorContext, day: date) -> Evaluations:
        found = context.skew(day)
        if found is None:
            return []
        if not found.rows.logged:
            reason = "the log has no row of this day: nothing was served, or it was removed"
            return [self.evaluation(context, day, WHOLE_ROWS, "unknown", reason, "no_rows")]
        return [
            self._of_rows(context, day, found),
            *(self._of_column(context, day, one) for one in found.columns),
            *(
                self.evaluation(
                    context, day, f"predictions of version {version}", "unknown", why, "removed"
                )
                for version, why in found.skipped.items()
            ),
        ]

    def _of_rows(self, context: MonitorContext, day: date, found: SkewDay) -> CheckEvaluation:
        rows = found.rows
        different, n = rows.lost + rows.unlogged, rows.logged + rows.unlogged
        return self.evaluation(
            context,
            day,
            WHOLE_ROWS,
            "fail" if different else "pass",
            _sentence_of_rows(found),
            value=different / n,
            threshold=0.0,
            n=n,
        )

    def _of_column(self, context: MonitorContext, day: date, one: ColumnSkew) -> CheckEvaluation:
        if not one.rows:
            reason = f"{one.column}: no row of the log has it, the rules answered them all"
            return self.evaluation(context, day, one.column, "unknown", reason, "no_rows")
        return self.evaluation(
            context,
            day,
            one.column,
            "fail" if one.different else "pass",
            _sentence(one),
            value=one.different / one.rows,
            threshold=0.0,
            n=one.rows,
        )

    def explain(self, context: MonitorContext, evaluations: Evaluations) -> Explanation:
        """The columns with their shares and an example, those that differ most first."""
        worst = evaluations[0]
        found = context.skew(worst.day)
        if found is None or not found.columns:
            return Explanation()
        columns = sorted(found.columns, key=lambda one: -one.different / max(one.rows, 1))
        first = next((one for one in columns if one.column == worst.subject), columns[0])
        shares = {name: share for name, share in _shares(first).items() if first.rows}
        return Explanation({"columns": [_row(one) for one in columns]}, shares)


def _sentence_of_rows(found: SkewDay) -> str:
    rows, parts = found.rows, []
    if rows.lost:
        verb = "is no event" if rows.lost == 1 else "are no events"
        parts.append(f"{rows.lost} of {rows.logged} rows of the log {verb} ({rows.lost_example})")
    if rows.unlogged:
        verb = "event has" if rows.unlogged == 1 else "events have"
        parts.append(f"{rows.unlogged} {verb} no row in the log (key {rows.unlogged_example})")
    if not parts:
        events = rows.logged - rows.repeated
        same = not found.skipped and all(one.rows and not one.different for one in found.columns)
        columns = ", in all columns" if same else ""
        parts.append(f"the {events} events of the day are those of the log{columns}")
    if rows.repeated:
        parts.append(f"{rows.repeated} further rows came twice or late, and are quarantined")
    return "; ".join(parts)


def _sentence(one: ColumnSkew) -> str:
    if not one.different:
        return f"{one.column}: all {one.rows} rows are what the batch path makes"
    kinds = {
        "another value": one.mismatching,
        "missing in the log": one.missing,
        "in the log alone": one.extra,
    }
    counted = ", ".join(f"{n} {kind}" for kind, n in kinds.items() if n)
    share = f"{100 * one.different / one.rows:.2g} %"
    why = f"; {one.unexplained} of them with the same features" if one.unexplained else ""
    since = f" since {_moment(one.first.time)}" if one.first else ""
    return (
        f"{one.column} differs from the batch path in {one.different} of {one.rows} rows{since} "
        f"({share}: {counted}{why}); the first: {one.first}"
    )


def _shares(one: ColumnSkew) -> dict[str, float]:
    counts = {"mismatching": one.mismatching, "missing": one.missing, "extra": one.extra}
    return {name: n / max(one.rows, 1) for name, n in counts.items()}


def _row(one: ColumnSkew) -> Row:
    first = one.first
    return {
        "column": one.column,
        "rows": one.rows,
        **_shares(one),
        "first row": _first(first) if first else None,
        "in the log": _shown(first.served) if first else None,
        "by the batch path": _shown(first.batch) if first else None,
    }


def _first(row: Difference) -> str:
    return f"key {_shown(row.key)} by {_by(row.version)}, {_moment(row.time)}"


def _by(version: int | None) -> str:
    return f"version {version}" if version is not None else "no version"


def _moment(time: datetime) -> str:
    return f"{time:%Y-%m-%d %H:%M:%S} UTC"


def _shown(value: object) -> str:
    """A value with all of its digits, shortened; a missing one is null."""
    text = "null" if value is None else str(value)
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…"
