"""What scores single rows: plain values in, plain numbers out."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple, Protocol

# A value of a column, as its type has it: float or int, bool, text; None where it is missing.
Value = float | int | bool | str | None


class Scored(NamedTuple):
    """What a version predicts of a row.

    Attributes:
        prediction: a class, or a number.
        score: P(positive), the largest probability, or the number itself.
        probabilities: in the order of the declared classes; None for a regression.
    """

    prediction: str | float
    score: float
    probabilities: tuple[float, ...] | None


class RowScorer(Protocol):
    """Scores rows, each a mapping of column to value; a column left out is missing."""

    def score(self, rows: Sequence[Mapping[str, Value]]) -> list[Scored]:
        """The prediction of each row, in their order."""
        ...
