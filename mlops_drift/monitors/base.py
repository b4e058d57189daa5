"""What a check is, and what it found about one subject on one day."""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from math import nan
from typing import ClassVar, Generic, Literal, TypeVar

from mlops_drift.monitors.context import MonitorContext
from mlops_drift.monitors.pictures import Picture
from mlops_drift.schema.fields import Strict
from mlops_drift.schema.verdicts import Verdict

# The daily assets that checks belong to.
Asset = Literal["events", "labels", "drift_metrics", "performance_metrics"]

Cell = str | float | int | None
Row = Mapping[str, Cell]

Settings = TypeVar("Settings")

# Reason codes that more than one place reads.
NOT_SIGNIFICANT = "not_significant"
NO_FILE = "no_file"


@dataclass(frozen=True, kw_only=True)
class CheckEvaluation:
    """What a check found about one subject on one day; also a row of the table of checks.

    Attributes:
        check: name of the check.
        day: the as-of day on which it was evaluated.
        production_day: last day of the events that it is about.
        version: the version that it is about; 0 before the first one.
        subject: what was judged: a column, a source, a metric or a metric of a slice.
        window: length in days.
        verdict: pass, fail or unknown.
        code: the reason in one word, such as `too_few_rows`, `not_significant`, `beyond_limit`.
        reason: the reason in one sentence.
        value: the number; nan where it is undefined, as for all that follow.
        lower: lower end of its 95 % interval.
        upper: upper end.
        threshold: the limit.
        n: rows behind the number.
        p: chance of such a number without a real change.
        q: `p` corrected for all that was judged together.
    """

    check: str
    day: date
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


@dataclass(frozen=True)
class Explanation:
    """What the page of a check shows beyond its headline.

    Attributes:
        tables: rows by title.
        facts: texts and whole numbers by name.
        numbers: further numbers by name, which Dagster plots over the days.
        picture: what is drawn.
        advice: more on what to do next, after the check's own advice.
    """

    tables: Mapping[str, Sequence[Row]] = field(default_factory=dict)
    facts: Mapping[str, str | int] = field(default_factory=dict)
    numbers: Mapping[str, float] = field(default_factory=dict)
    picture: Picture | None = None
    advice: str = ""


class Monitor(ABC, Generic[Settings]):
    """A check that runs every day.

    A subclass is one file and one line of `registry.py`. Its name stands in the YAML, in the
    tables and on the page.

    Args:
        settings: the section of `monitors` that the check has; None where it is null.

    Attributes:
        name: name of the check.
        description: when it fails, in a sentence or two.
        advice: why a failure matters, and what to do next.
        assets: the daily assets that the check is shown with.
        section: the field of `monitors` that holds its settings; empty without one.
        settings_type: the type of a section of its own; None where several checks share one.
        needs: the YAML field that a model must set to have the check; empty where it has it anyway.
        warns: a fail is only a warning, no alarm: what it claims is not known yet.
        confirm: one day in a thousand fails by chance, so a retraining waits for a second one.
        realized: it judges what became true, so its production day tells when the world changed.
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
    spans_events: ClassVar[bool] = False

    def __init__(self, settings: Settings) -> None:
        self.settings = settings

    def is_on(self) -> bool:
        """Whether the model has this check."""
        return self.settings is not None or not self.section

    @property
    def is_about_data(self) -> bool:
        """Whether it judges what landed, whoever serves."""
        return set(self.assets) <= {"events", "labels"}

    @abstractmethod
    def evaluate(self, context: MonitorContext, day: date) -> list[CheckEvaluation]:
        """What the check finds at the end of a day.

        Nothing that became known later may count. Where nothing can be judged, the verdict is
        unknown with the reason. An error raises: it is no verdict.
        """

    def explain(
        self, context: MonitorContext, evaluations: Sequence[CheckEvaluation]
    ) -> Explanation:
        """What the page shows beyond the headline.

        Args:
            context: the context that the evaluations were made in.
            evaluations: those of the days of a run, the worst first; at least one.
        """
        return Explanation({"numbers": [row_of(item) for item in evaluations[:ROWS]]})


# Rows of the table of a check.
ROWS = 30


def row_of(item: CheckEvaluation) -> dict[str, Cell]:
    """An evaluation as a row of a table of a page."""
    return {
        "production day": str(item.production_day),
        "window": item.window,
        "subject": item.subject,
        "value": item.value,
        "lower": item.lower,
        "upper": item.upper,
        "threshold": item.threshold,
        "q": item.q,
        "n": item.n,
        "verdict": item.verdict,
    }
