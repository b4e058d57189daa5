"""How far each gate is from its limit: which one was the tightest."""

from collections.abc import Iterable, Sequence
from math import inf, isfinite, nan
from typing import NamedTuple

from mlops_drift.learning.gates.base import Direction, GateResult
from mlops_drift.schema.verdicts import Verdict


class Margin(NamedTuple):
    """A gate's distance to its limit, in units of the limit; below 0 beyond it.

    A gate that passes beyond its limit is one whose difference is not significant. The distance is
    nan where a gate has no value, or no limit but 0: it counts what must not be there at all.
    """

    gate: str
    verdict: Verdict
    value: float
    limit: float
    direction: Direction
    distance: float

    @property
    def passes_by_chance(self) -> bool:
        """Whether it is beyond its limit by no more than chance explains."""
        return self.verdict == "pass" and self.distance < 0


def margin(
    gate: str, verdict: Verdict, value: float | None, limit: float | None, direction: Direction
) -> Margin:
    """The margin of one gate; value and limit are None or nan where undefined.

    >>> margin("test_f1", "pass", 0.75, 0.5, ">=").distance
    0.5
    >>> margin("artifact_size", "fail", 150.0, 100.0, "<=").distance
    -0.5
    """
    found, bound = (nan if number is None else number for number in (value, limit))
    distance = nan
    if isfinite(found) and isfinite(bound) and bound:
        room = found - bound if direction in (">", ">=") else bound - found
        distance = room / abs(bound)
    return Margin(gate, verdict, found, bound, direction, distance)


def margins(results: Iterable[GateResult]) -> list[Margin]:
    """The margins of gates, the tightest first."""
    found = (
        margin(one.name, one.verdict, one.value, one.threshold, one.direction) for one in results
    )
    return tightest_first(found)


def tightest_first(found: Iterable[Margin]) -> list[Margin]:
    """Margins in their order: what did not pass, then by distance, then what has none."""
    return sorted(found, key=_place)


def in_short(found: Sequence[Margin]) -> str:
    """How many gates passed, and which one was the tightest, in one sentence.

    >>> in_short([margin("test_f1", "pass", 0.75, 0.6, ">="), margin("size", "pass", 1, 100, "<=")])
    '2 of 2 gates passed; tightest: test_f1, 25 % of its limit away'
    """
    passed = sum(one.verdict == "pass" for one in found)
    text = f"{passed} of {len(found)} gates passed"
    first = next(iter(tightest_first(found)), None)
    if first is None or (first.verdict == "pass" and not isfinite(first.distance)):
        return text
    if first.verdict != "pass":
        against = [one.gate for one in tightest_first(found) if one.verdict != "pass"]
        return f"{text}; not passed: {', '.join(against)}"
    if first.passes_by_chance:
        return f"{text}; tightest: {first.gate}, beyond its limit, not significant"
    return f"{text}; tightest: {first.gate}, {100 * first.distance:.0f} % of its limit away"


def _place(one: Margin) -> tuple[bool, float, str]:
    return one.verdict == "pass", one.distance if isfinite(one.distance) else inf, one.gate
