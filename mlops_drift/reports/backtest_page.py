"""A backtest as one self-contained HTML page."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from mlops_drift.charts.axis import days, rows
from mlops_drift.charts.html import rendered
from mlops_drift.charts.plot import Dots, Line, Mark, Plot, Rule
from mlops_drift.charts.svg import svg
from mlops_drift.reports.backtest import (
    NOTHING,
    alarm_days,
    best_policy,
    curve_of,
    outcome_of,
    period_of,
    shown,
    worst,
)

# Pixels of the drawing.
_WIDTH = 1130
_ROW = 22
_COLOURS = "grey", "amber", "blue", "green", "purple"
# Failed numbers listed for a policy.
_MOST_ALARMS = 200


def backtest_page(result: Mapping[str, Any]) -> str:
    """Draws what `Backtest.run` gives, policies over time and their decisions.

    A period without labels is a gap in the curve. Of the failed checks 200 a policy are listed.
    """
    plots, trainings = [_curves(result)], _trainings(result)
    if any(mark.points() for mark in trainings.marks):
        plots.append(trainings)
    return rendered(
        "reports/backtest_page.html.j2",
        {"shown": shown, "outcome_of": outcome_of, "alarm_days": alarm_days},
        result=result,
        best=best_policy(result),
        by=period_of(result),
        nothing=NOTHING,
        worst=worst,
        most_alarms=_MOST_ALARMS,
        drawing=svg(plots, _WIDTH, in_page=True),
    )


def _curves(result: Mapping[str, Any]) -> Plot:
    """The periods of each policy at their middles, and the floor."""
    marks: list[Mark] = []
    for number, (name, policy) in enumerate(result["policies"].items()):
        colour = _COLOURS[number % len(_COLOURS)]
        # A line shows through the gaps of the next where they are equal.
        style = f"{colour} dashed" if number % 2 else colour
        dots = []
        for period in curve_of(policy):
            x = (period["start"].toordinal() + period["end"].toordinal()) / 2
            found = f"{shown(period['value'])} on {period['n']} labels, version {period['version']}"
            about = f"{name}, {period['start']} to {period['end']}: {found}"
            dots.append((x, period["value"], about))
        marks.append(Line(name, style, [(x, y) for x, y, _ in dots], breaks=True))
        marks.append(Dots("", colour, dots))
    if result["floor"] is not None:
        marks.append(Rule(f"floor {result['floor']}", "red dashed", result["floor"]))
    title = f"{result['metric']} by {period_of(result)}"
    axis = replace(days([result["first_day"], result["last_day"]]), grid=True)
    return Plot(title, marks, axis, height=280, at_ends=True)


def _trainings(result: Mapping[str, Any]) -> Plot:
    """When each policy trained, and whether the new version was promoted."""
    trained: dict[bool, list[tuple[float, float, str]]] = {True: [], False: []}
    for row, (name, policy) in enumerate(result["policies"].items()):
        for one in policy["decisions"]:
            if one["action"] == "retrain":
                about = f"{name}, {one['day']}: {', '.join(one['rules'])}, {outcome_of(one)}"
                dot = (one["day"].toordinal(), row, about)
                trained[one["outcome"] == "promoted"].append(dot)
    marks = [
        Dots("promoted", "blue", trained[True]),
        Dots("not promoted", "blue", trained[False], "hollow"),
    ]
    policies = result["policies"]
    axis = replace(days([result["first_day"], result["last_day"]]), grid=True)
    title = "Trainings, that of the first version included"
    return Plot(title, marks, axis, rows([*policies], 180), _ROW * max(1, len(policies)))
