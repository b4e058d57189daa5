"""A backtest as one self-contained HTML page."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from math import ceil, inf
from typing import Any

from mlops_drift.charts.axis import round_numbers
from mlops_drift.charts.html import rendered
from mlops_drift.reports.backtest import (
    NOTHING,
    alarm_days,
    best_policy,
    curve_of,
    is_known,
    known_values,
    outcome_of,
    period_of,
    shown,
    worst,
)

# Pixels of the drawing; the names of the policies are on its left.
_WIDTH, _HEIGHT = 1080, 330
_LEFT, _RIGHT, _TOP, _BOTTOM = 150, 150, 14, 34
_ROW = 20
# Between the names at the ends of curves.
_APART = 14
_COLOURS = 6
_MOST_LABELS = 10
# Months between two labels, so that Januaries stay among them.
_MONTHS = (1, 2, 3, 4, 6, 12)
# Failed numbers listed for a policy.
_MOST_ALARMS = 200


@dataclass(frozen=True)
class _Curve:
    """The line of one policy in pieces between gaps, its periods, and its retrainings by x.

    Its name stands at its end, too, moved where another one is: equal curves hide each other.
    """

    name: str
    colour: int
    is_dashed: bool
    pieces: Sequence[str]
    points: Sequence[tuple[float, float, str]]
    row_y: int
    end_y: float | None
    retrainings: Sequence[tuple[float, Mapping[str, Any]]]


def backtest_page(result: Mapping[str, Any]) -> str:
    """Draws what `Backtest.run` gives, policies over time and their decisions, without scripts.

    A period without labels is a gap in the curve. Of the failed checks 200 a policy are listed.
    """
    scale = _Scale(result)
    curves = [
        _curve(scale, number, name, policy)
        for number, (name, policy) in enumerate(result["policies"].items())
    ]
    curves = _apart(curves)
    return rendered(
        "reports/backtest_page.html.j2",
        {"shown": shown, "outcome_of": outcome_of, "alarm_days": alarm_days},
        result=result,
        best=best_policy(result),
        by=period_of(result),
        nothing=NOTHING,
        worst=worst,
        most_alarms=_MOST_ALARMS,
        curves=curves,
        colours=_COLOURS,
        scale=scale,
        width=_WIDTH,
        height=_HEIGHT + _ROW * len(curves),
        left=_LEFT,
        right=_WIDTH - _RIGHT,
        top=_TOP,
        bottom=_HEIGHT - _BOTTOM,
    )


class _Scale:
    """Maps days and values to the drawing."""

    def __init__(self, result: Mapping[str, Any]) -> None:
        limit = result["floor"]
        values = known_values(result) + ([] if limit is None else [limit])
        low, high = min(values, default=0.0), max(values, default=1.0)
        margin = (high - low) * 0.08 or 0.05 * abs(high) or 0.05
        self._low, self._high = low - margin, high + margin
        self._first: date = result["first_day"]
        self._days = max(1, (result["last_day"] - self._first).days)
        self.floor = None if limit is None else self.y(limit)
        self.ticks = [(self.y(value), text) for value, text in round_numbers(self._low, self._high)]
        self.labels = [(self.x(day), text) for day, text in _days(self._first, result["last_day"])]

    def x(self, day: date) -> float:
        share = (day - self._first).days / self._days
        return float(round(_LEFT + share * (_WIDTH - _LEFT - _RIGHT), 1))

    def y(self, value: float) -> float:
        share = (value - self._low) / (self._high - self._low)
        return float(round(_HEIGHT - _BOTTOM - share * (_HEIGHT - _TOP - _BOTTOM), 1))


def _days(first: date, last: date) -> list[tuple[date, str]]:
    """First days of months; the two ends where there are fewer than two of those.

    >>> [text for _, text in _days(date(2019, 12, 1), date(2020, 3, 9))]
    ['Dec 2019', 'Jan 2020', 'Feb 2020', 'Mar 2020']
    """
    numbers = range(12 * first.year + first.month - 1, 12 * last.year + last.month)
    starts = [
        (number, day)
        for number in numbers
        if (day := date(number // 12, number % 12 + 1, 1)) >= first
    ]
    if len(starts) < 2:
        return [(day, str(day)) for day in sorted({first, last})]
    years = ceil(len(starts) / 12 / _MOST_LABELS)
    step = next((m for m in _MONTHS if len(starts) <= m * _MOST_LABELS), 12 * years)
    return [(day, f"{day:%b %Y}") for number, day in starts if number % step == 0]


def _curve(scale: _Scale, number: int, name: str, policy: Mapping[str, Any]) -> _Curve:
    pieces: list[list[str]] = [[]]
    points = []
    for period in curve_of(policy):
        if not is_known(period["value"]):
            pieces.append([])
            continue
        middle = period["start"] + (period["end"] - period["start"]) / 2
        x, y = scale.x(middle), scale.y(period["value"])
        pieces[-1].append(f"{x},{y}")
        days = f"{period['start']} to {period['end']}"
        found = f"{shown(period['value'])} on {period['n']} labels, version {period['version']}"
        points.append((x, y, f"{name}, {days}: {found}"))
    retrained = [one for one in policy["decisions"] if one["action"] == "retrain"]
    return _Curve(
        name=name,
        colour=number % _COLOURS,
        is_dashed=number >= _COLOURS,
        pieces=[" ".join(piece) for piece in pieces if piece],
        points=points,
        row_y=_HEIGHT + _ROW * number,
        end_y=points[-1][1] if points else None,
        retrainings=[(scale.x(one["day"]), one) for one in retrained],
    )


def _apart(curves: Sequence[_Curve]) -> list[_Curve]:
    """The curves with the names at their ends below one another, as few moved as can be."""
    lowest, ends = -inf, {}
    for curve in sorted(curves, key=lambda one: inf if one.end_y is None else one.end_y):
        if curve.end_y is not None:
            ends[curve.name] = lowest = max(curve.end_y, lowest + _APART)
    beyond = max(0.0, lowest - (_HEIGHT - _BOTTOM))
    return [
        replace(curve, end_y=round(ends[curve.name] - beyond, 1)) if curve.name in ends else curve
        for curve in curves
    ]
