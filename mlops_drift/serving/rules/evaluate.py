"""Answers single rows by rules: plain values in, a reason and an answer out."""

from collections.abc import Callable, Mapping, Sequence
from operator import ge, gt, le, lt
from typing import Any, Literal, Self

from mlops_drift.learning.compiled.base import Value

Row = Mapping[str, Value]
_Test = Callable[[Any], bool]
_Condition = Callable[[Row], bool]

LOW_PROBABILITY = "low_probability"

_WITHIN: dict[str, Callable[[Any, Any], bool]] = {
    "above": gt,
    "at_least": ge,
    "below": lt,
    "at_most": le,
}
_BEYOND: dict[str, Callable[[Any, Any], bool]] = {
    "above": le,
    "at_least": lt,
    "below": ge,
    "at_most": gt,
}


class Rules:
    """When rules answer in the place of a version, and what they answer.

    A row is a mapping of column to value as it arrived, within the declared constraints; a column
    left out is missing. A reason is a short code of the description, never a value of a row.
    """

    def __init__(
        self,
        conditions: Sequence[tuple[str, _Condition]],
        min_probability: float,
        failures: frozenset[str],
        table: Sequence[tuple[_Condition, str | float]],
        otherwise: str | float,
    ) -> None:
        self._conditions = conditions
        self._min_probability = min_probability
        self._failures = failures
        self._table = table
        self._otherwise = otherwise

    @classmethod
    def from_plain(cls, plain: Mapping[str, Any]) -> Self:
        """The rules as ``FallbackRules.plain`` writes them."""
        *table, last = plain["answers"]
        return cls(
            [(one["reason"], _condition(one["when"])) for one in plain["conditions"]],
            plain["min_probability"] or 0.0,
            frozenset(plain["failures"]),
            [(_condition(row["when"]), row["answer"]) for row in table],
            last["answer"],
        )

    def before(self, row: Row) -> str | None:
        """Why the version need not be asked about a row, such as `age_outside`; else None."""
        for reason, holds in self._conditions:
            if holds(row):
                return reason
        return None

    def after(
        self, probabilities: Sequence[float] | None, failure: Literal["error", "timeout"] | None
    ) -> str | None:
        """Why what the version gave is not the answer: the failure, or `low_probability`; or None.

        Args:
            probabilities: of the classes; None for a regression, and after a failure.
            failure: why the version gave nothing. It is None here, too, where the rules do not
                answer after it: then nobody does.
        """
        if failure is not None:
            return failure if failure in self._failures else None
        if probabilities is not None and max(probabilities) < self._min_probability:
            return LOW_PROBABILITY
        return None

    def reason(
        self,
        row: Row,
        probabilities: Sequence[float] | None,
        failure: Literal["error", "timeout"] | None,
    ) -> str | None:
        """The first reason for which the rules answer a row; None where they do not."""
        return self.before(row) or self.after(probabilities, failure)

    def answer(self, row: Row) -> str | float:
        """The answer of the first row of the decision table that holds: a class, or a number."""
        for holds, answer in self._table:
            if holds(row):
                return answer
        return self._otherwise


def _condition(when: Mapping[str, Mapping[str, Any]]) -> _Condition:
    """Whether a row has a value of each kind."""
    tests = [(name, _test(values)) for name, values in when.items()]
    if len(tests) == 1:
        [(only, holds)] = tests
        return lambda row: holds(row.get(only))

    def all_hold(row: Row) -> bool:
        # A generator within all() would take twice as long.
        for name, holds in tests:  # noqa: SIM110
            if not holds(row.get(name)):
                return False
        return True

    return all_hold


def _test(values: Mapping[str, Any]) -> _Test:
    """Whether a value is of a kind; a missing one is only where that is asked for."""
    if "missing" in values:
        is_missing = values["missing"]
        return lambda value: (value is None) is is_missing
    if "one_of" in values:
        return frozenset(values["one_of"]).__contains__
    if "outside" in values:
        return _compared(values["outside"], _BEYOND, any_of=True)
    return _compared(values, _WITHIN, any_of=False)


def _compared(
    bounds: Mapping[str, float],
    operators: Mapping[str, Callable[[Any, Any], bool]],
    *,
    any_of: bool,
) -> _Test:
    """Whether a value stands to each of one or two bounds, or to any of them, as is asked."""
    (one, bound), *more = ((operators[name], bound) for name, bound in bounds.items())
    if not more:
        return lambda value: value is not None and one(value, bound)
    [(other, limit)] = more
    if any_of:
        return lambda value: value is not None and (one(value, bound) or other(value, limit))
    return lambda value: value is not None and one(value, bound) and other(value, limit)
