"""What a check is, and what it found about one subject on one day."""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from math import isnan, nan
from typing import ClassVar, Generic, Literal, TypeVar

from mlops_drift.monitors.context import MonitorContext
from mlops_drift.monitors.pictures import Picture
from mlops_drift.schema.fields import Strict
from mlops_drift.schema.numbers import number
from mlops_drift.schema.verdicts import Verdict

# The daily assets that checks belong to.
Asset = Literal[
    "events", "labels", "predictions", "drift_metrics", "performance_metrics", "serving_metrics"
]

Cell = str | float | int | None
Row = Mapping[str, Cell]

Settings = TypeVar("Settings")

# Reason codes that more than one place reads.
NOT_SIGNIFICANT = "not_significant"
NO_FILE = "no_file"
REPLACED = "replaced"


@dataclass(frozen=True, kw_only=True)
class CheckEvaluation:
    """What a check found about one subject on one day; also a row of the table of checks.

    Attributes:
        day: the as-of day.
        production_day: last day of the events that it is about.
        version: the version that it is about; 0 before the first one.
        subject: what was judged: a column, a source, a metric or a metric of a slice.
        window: length in days.
        code: the reason in one word, such as `too_few_rows`, `not_significant`, `beyond_limit`.
        reason: the reason in one sentence.
        value: the number; nan where it is undefined, as for all that follow.
        lower: lower end of its 95 % interval, as `upper` is the upper one.
        threshold: the limit.
        n: rows behind the number.
        p: chance of such a number without a real change.
        q: `p` corrected for all that was judged together.
    """

    day: date
    check: str
    production_day: date
    version: int
    subject: str
    window: int
    verdict: Verdict
    code: str
    reason: str
    value: float = nan
    lower: float = nan
    upper: float = nan
    threshold: float = nan
    n: int = 0
    p: float = nan
    q: float = nan

    def __post_init__(self) -> None:
        # The one nan that equals itself among the fields of two records.
        for name in ("value", "lower", "upper", "threshold", "p", "q"):
            if isnan(getattr(self, name)):
                object.__setattr__(self, name, nan)


Evaluations = list[CheckEvaluation]


@dataclass(frozen=True)
class Explanation:
    """What the page of a check shows beyond its headline.

    Tables by title, of at most eight columns, numbers, a picture, and more advice.
    """

    tables: Mapping[str, Sequence[Row]] = field(default_factory=dict)
    numbers: Mapping[str, float] = field(default_factory=dict)
    picture: Picture | None = None
    advice: str = ""


class Monitor(ABC, Generic[Settings]):
    """A check that runs every day.

    A subclass is one file and one line of `registry.py`. Its name stands in the YAML, in the
    tables and on the page. Its settings are its section of `monitors`; null switches it off.

    Attributes:
        description: when it fails, in a sentence or two.
        advice: why a failure matters, and what to do next.
        assets: the daily assets that the check is shown with.
        section: the field of `monitors` that holds its settings; empty without one.
        settings_type: the type of a section of its own; None where several checks share one.
        needs: the field of its section that a model must set to have the check.
        warns: a fail is only a warning, no alarm: what it claims is not known yet.
        confirm: one day in a thousand fails by chance, so a retraining waits for a second one.
        realized: it judges what became true, so its production day tells when the world changed.
        has_rows: it judges rows of production days, not only the day itself.
        spans_events: its window reaches over days of events, which may lack their file.
    """

    name: ClassVar[str]
    description: ClassVar[str]
    advice: ClassVar[str]
    assets: ClassVar[tuple[Asset, ...]]
    section: ClassVar[str] = ""
    settings_type: ClassVar[type[Strict] | None] = None
    needs: ClassVar[str] = ""
    warns: ClassVar[bool] = False
    confirm: ClassVar[bool] = False
    realized: ClassVar[bool] = False
    has_rows: ClassVar[bool] = True
    spans_events: ClassVar[bool] = False

    def __init__(self, settings: Settings) -> None:
        self.settings = settings

    def is_on(self) -> bool:
        """Whether the model has this check."""
        if self.settings is None:
            return not self.section
        return not self.needs or bool(getattr(self.settings, self.needs))

    @property
    def is_about_data(self) -> bool:
        """Whether it judges what landed, whoever serves."""
        return set(self.assets) <= {"events", "labels", "predictions"}

    @abstractmethod
    def evaluate(self, context: MonitorContext, day: date) -> Evaluations:
        """What the check finds at the end of a day.

        Nothing that became known later may count. Where nothing can be judged, the verdict is
        unknown with the reason. An error raises: it is no verdict.
        """

    def explain(self, context: MonitorContext, evaluations: Evaluations) -> Explanation:
        """What the page shows beyond the headline, of at least one evaluation, the worst first."""
        if len(evaluations) == 1:
            return Explanation()
        return Explanation({"all numbers": [row_of(item) for item in evaluations[:ROWS]]})

    def evaluation(
        self,
        context: MonitorContext,
        day: date,
        subject: str,
        verdict: Verdict,
        reason: str,
        code: str = "",
        *,
        value: float = nan,
        threshold: float = nan,
        n: int = 0,
    ) -> CheckEvaluation:
        """An evaluation about the day itself and who serves it.

        A code that is left out is that of a limit: `beyond_limit` for a fail, else `within_limit`.
        """
        return CheckEvaluation(
            day=day,
            check=self.name,
            production_day=day,
            version=context.version(day),
            subject=subject,
            window=1,
            verdict=verdict,
            code=code or ("beyond_limit" if verdict == "fail" else "within_limit"),
            reason=reason,
            value=float(value),
            threshold=float(threshold),
            n=n,
        )


# Rows of the table of a check.
ROWS = 30


def row_of(item: CheckEvaluation) -> dict[str, Cell]:
    """An evaluation as a row of a table of a page; what is undefined is nan or None."""
    last = item.production_day
    return {
        "production days": str(last) if item.window == 1 else f"{item.window} days to {last}",
        "subject": item.subject,
        "value": item.value,
        "95 % interval": interval(item.lower, item.upper),
        "limit": item.threshold,
        "q": item.q,
        "rows": item.n or None,
        "verdict": item.verdict,
    }


def interval(lower: float, upper: float) -> str | None:
    """The ends of an interval as text; None where one is undefined.

    >>> interval(0.25, 1.0), interval(float("nan"), 1.0)
    ('0.25 to 1', None)
    """
    return None if isnan(lower) or isnan(upper) else f"{number(lower)} to {number(upper)}"
