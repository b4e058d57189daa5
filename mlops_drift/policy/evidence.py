"""What a decision rests on: the champion, the numbers that failed, the labels that are known."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from mlops_drift.monitors.base import CheckEvaluation
from mlops_drift.monitors.registry import Monitors, monitors_of, names


@dataclass(frozen=True)
class Champion:
    """The version that serves, the day whose end it was promoted at, and by which decision."""

    version: int
    as_of: date
    decision: str = ""


@dataclass(frozen=True)
class Evidence:
    """What was known at the end of a day.

    Attributes:
        failed: failed evaluations of the champion, up to `day`.
        labelled: labelled rows known at the end of `day`, by day of the event.
        missing_classes: classes of the target that no labelled row has.
        confirm: checks that fail by chance on some days, so that a second day must confirm them.
        realized: checks whose production day tells when the world changed.
    """

    day: date
    champion: Champion | None
    failed: Sequence[CheckEvaluation]
    labelled: Mapping[date, int]
    missing_classes: Sequence[str] = ()
    confirm: frozenset[str] = names(monitors_of(Monitors()), lambda one: one.confirm)
    realized: frozenset[str] = names(monitors_of(Monitors()), lambda one: one.realized)

    @property
    def version(self) -> int | None:
        """The version that serves."""
        return self.champion.version if self.champion else None

    @property
    def rows(self) -> int:
        """All labelled rows."""
        return sum(self.labelled.values())


def triggers_of(failed: Sequence[CheckEvaluation]) -> tuple[str, ...]:
    """The checks that failed, sorted."""
    return tuple(sorted({check.check for check in failed}))
