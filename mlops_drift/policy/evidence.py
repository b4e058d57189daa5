"""What a decision rests on: the champion, the numbers that failed, the labels that are known."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date


@dataclass(frozen=True)
class Champion:
    """The version that serves, the day whose end it was promoted at, and by which decision."""

    version: int
    as_of: date
    decision: str = ""


@dataclass(frozen=True)
class FailedCheck:
    """One number that made a check fail.

    Attributes:
        day: the day on which the check failed.
        production_day: the day of the events that the number is about.
        version: the version that was judged.
        window: length of the window in days.
        column: the column, or the metric for performance.
    """

    check: str
    day: date
    production_day: date
    version: int
    window: int
    column: str
    value: float
    threshold: float
    n: int
    reason: str

    @property
    def subject(self) -> tuple[str, date, int, str, int]:
        """What was judged, whenever that was: the same rows of the same window."""
        return self.check, self.production_day, self.window, self.column, self.n


@dataclass(frozen=True)
class Evidence:
    """What was known at the end of a day.

    Attributes:
        day: the as-of date.
        champion: None before the first promotion.
        failed: failed numbers about the champion, up to `day`.
        labelled: labelled rows known at the end of `day`, by day of the event.
        missing_classes: classes of the target that no labelled row has.
    """

    day: date
    champion: Champion | None
    failed: Sequence[FailedCheck]
    labelled: Mapping[date, int]
    missing_classes: Sequence[str] = ()

    @property
    def version(self) -> int | None:
        """The version that serves."""
        return self.champion.version if self.champion else None

    @property
    def rows(self) -> int:
        """All labelled rows."""
        return sum(self.labelled.values())


def triggers_of(failed: Sequence[FailedCheck]) -> tuple[str, ...]:
    """The checks that failed, sorted."""
    return tuple(sorted({check.check for check in failed}))
