"""A training window that was chosen among several, and how well each of them predicts."""

from dataclasses import dataclass
from datetime import date


@dataclass(frozen=True)
class WindowScore:
    """How well a candidate predicts the evaluated rows.

    Attributes:
        since: its first event day; None for everything.
        value: `training.metric` over the evaluated rows; nan where it was not scored.
    """

    name: str
    since: date | None
    rows: int
    value: float


@dataclass(frozen=True)
class WindowChoice:
    """The chosen training window, and why.

    Attributes:
        since: its first event day; None for everything.
        scores: all candidates, the longest first.
        evaluated_rows: the most recent rows that all were scored on; 0 if nothing was scored.
    """

    name: str
    since: date | None
    scores: tuple[WindowScore, ...]
    evaluated_rows: int
