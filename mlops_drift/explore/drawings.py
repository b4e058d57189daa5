"""The pictures of an exploration: distributions, correlations, and days."""

from collections.abc import Sequence
from datetime import date, timedelta
from math import ceil

from markupsafe import Markup

from mlops_drift.charts.axis import Axis, columns, numbers, rows
from mlops_drift.charts.axis import days as days_axis
from mlops_drift.charts.plot import Boxes, Line, Mark, Plot, bars_plot
from mlops_drift.charts.svg import svg
from mlops_drift.explore.result import Bar, Column, Exploration

# In pixels.
CARD, WIDE = 460, 1120
_STYLES = ("blue", "red", "green", "amber", "purple", "grey")
_DASHES = ("", "", "", "dashed", "dashed", "dashed")
_MOST_GROUPED_BARS, _TICKS = 36, 5
_MOST_POINTS = 400


def distribution(column: Column, groups: Sequence[str], rows_of: Sequence[int]) -> Markup:
    """The bars of a column; with groups the shares within each."""
    bars = column.bars
    if groups and bars and bars[0].by_group:
        plot = _by_group(column, groups, rows_of)
    elif column.has_values:
        plot = bars_plot("", [_text(bar) for bar in bars], {"": [b.rows for b in bars]}, ["blue"])
    else:
        boxes = [(i - 0.45, 0.0, i + 0.45, float(bar.rows)) for i, bar in enumerate(bars)]
        y = numbers((box[3] for box in boxes), from_zero=True)
        plot = Plot("", [Boxes("", "blue", boxes)], _bins_axis(bars), y, 130)
    return Markup(svg([plot], CARD, in_page=True))


def _by_group(column: Column, groups: Sequence[str], rows_of: Sequence[int]) -> Plot:
    percent = {
        group: [100 * bar.by_group[i] / max(1, rows_of[i]) for bar in column.bars]
        for i, group in enumerate(groups)
    }
    if column.has_values:
        most = max(3, _MOST_GROUPED_BARS // len(groups))
        names = [_text(bar) for bar in column.bars[:most]]
        shares = {group: values[:most] for group, values in percent.items()}
        return bars_plot("", names, shares, _STYLES, unit="share of the class, %")
    marks: list[Mark] = [
        Line(group, f"{_STYLES[i]} {_DASHES[i]}".strip(), [*enumerate(values)], "round")
        for i, (group, values) in enumerate(percent.items())
    ]
    if len(groups) > 2:
        marks = [Line(one.label, one.style, one.through) for one in marks if isinstance(one, Line)]
    y = numbers((value for values in percent.values() for value in values), "%", from_zero=True)
    return Plot("", marks, _bins_axis(column.bars), y, 130)


def _bins_axis(bars: Sequence[Bar]) -> Axis:
    """Where bins begin."""
    step = ceil(len(bars) / _TICKS)
    ticks = [(place, bars[place].label.split(" to ")[0]) for place in range(0, len(bars), step)]
    return Axis(-0.5, len(bars) - 0.5, ticks)


def _text(bar: Bar) -> str:
    # Blank text would leave nothing to read.
    return bar.label if bar.label.strip() else repr(bar.label)


def ranking(names: Sequence[str], values: Sequence[float], unit: str) -> Markup:
    """Horizontal bars, the first on top."""
    plot = bars_plot("", names, {"": values}, ["blue"], unit=unit)
    return Markup(svg([plot], CARD, in_page=True))


def correlations(names: Sequence[str], matrix: Sequence[Sequence[float | None]]) -> Markup:
    """A cell for each pair, deeper the stronger; red and with a minus where it is negative."""
    marks: list[Mark] = []
    texts = []
    for row, values in enumerate(matrix):
        for place, value in enumerate(values):
            if value is None or row == place:
                continue
            box = (place - 0.47, row - 0.45, place + 0.47, row + 0.45)
            style = "red" if value < 0 else "blue"
            marks.append(Boxes("", style, [box], round(0.08 + 0.5 * abs(value), 3)))
            text = f"{value:.2f}".replace("0.", ".")
            texts.append((float(place), float(row), ".00" if text == "-.00" else text))
    x, y = columns(names, WIDE - 200), rows(names, 160)
    plot = Plot("", marks, x, y, max(60, 24 * len(names)), texts)
    return Markup(svg([plot], WIDE, in_page=True))


def days_of(found: Exploration) -> tuple[list[date], int]:
    """The days that are drawn, and of how many days each point is; of many the first of each."""
    timeline = found.timeline
    assert timeline is not None
    step = ceil(len(timeline.rows) / _MOST_POINTS)
    places = range(0, len(timeline.rows), step)
    return [timeline.first + timedelta(days=place) for place in places], step


def thinned(values: Sequence[float | None], step: int) -> list[float | None]:
    """The mean of so many neighbours each; None where there is none."""
    found: list[float | None] = []
    for place in range(0, len(values), step):
        known = [value for value in values[place : place + step] if value is not None]
        found.append(sum(known) / len(known) if known else None)
    return found


def by_day(
    days: Sequence[date], step: int, values: Sequence[float | None], width: int, unit: str = ""
) -> Markup:
    """A line through the values, broken where there are none."""
    runs: list[list[tuple[float, float | None]]] = [[]]
    for day, value in zip(days, values, strict=True):
        if value is None:
            runs.append([])
        else:
            runs[-1].append((day.toordinal(), value))
    last = days[-1] + timedelta(days=step - 1)
    dots = "round" if len(days) <= 60 and width > CARD else ""
    marks = [Line("", "blue", run, dots) for run in runs if run]
    y = numbers(values, unit)
    plot = Plot("", marks, days_axis([days[0], last], 8 if width > CARD else 4), y, 130)
    return Markup(svg([plot], width, in_page=True))
