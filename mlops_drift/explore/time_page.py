"""Behaviour in time on the page: rows by day, the columns that change most, trends and seasons."""

from collections.abc import Sequence

from mlops_drift.charts import numbers as shown
from mlops_drift.charts.sections import Card, Cards, Figure, PageTable, Row, Section
from mlops_drift.drift.sentences import count
from mlops_drift.explore.drawings import CARD, WIDE, by_day, days_of, thinned
from mlops_drift.explore.result import Change, Exploration, Series
from mlops_drift.explore.summary import changing

_MOST_DRAWN, _MOST_LISTED = 6, 20


def time_section(found: Exploration) -> Section | None:
    """What happens from day to day."""
    timeline = found.timeline
    if timeline is None:
        return None
    days, step = days_of(found)
    rows = thinned([float(n) for n in timeline.rows], step)
    series = changing(found)
    drawn = series[:_MOST_DRAWN]
    values = [thinned(one.values, step) for one in drawn]
    titles = ["day", "rows", *(f"{one.column}: {one.what}" for one in drawn)]
    table = PageTable(
        titles,
        [
            Row(
                [
                    str(day),
                    shown.quantity(rows[place]) if step > 1 else f"{timeline.rows[place]:,}",
                    *(_value(one, line[place]) for one, line in zip(drawn, values, strict=True)),
                ]
            )
            for place, day in enumerate(days)
        ],
        frozenset(titles[1:]),
        "by day as numbers" if step == 1 else f"as numbers, means of {step} days",
    )
    cards = [
        Card(
            f"{one.column}: {one.what}",
            by_day(days, step, _drawn(one, line), CARD, "%" if one.is_share else ""),
            f"{shown.percent(one.icc)} % of the variance lies between days",
        )
        for one, line in zip(drawn, values, strict=True)
    ]
    figure = Figure("rows by day", by_day(days, step, rows, WIDE, "rows"), table, "rows a day")
    parts: list[Figure | Cards | PageTable] = [figure]
    if cards:
        parts.append(Cards(cards))
    parts.append(_changes([timeline.volume, *series[:_MOST_LISTED]]))
    gaps = f", {count(len(timeline.gaps), 'day')} without rows" if timeline.gaps else ""
    lead = f"{count(len(timeline.rows), 'day')} from {timeline.first} by {timeline.column}{gaps}."
    if step > 1:
        lead += f" Each point is the mean of {step} days."
    return Section("days", "By day", lead, parts)


def _drawn(series: Series, values: Sequence[float | None]) -> list[float | None]:
    """Shares in percent."""
    if not series.is_share:
        return list(values)
    return [None if value is None else 100 * value for value in values]


def _value(series: Series, value: float | None) -> str:
    if value is None or not series.is_share:
        return shown.quantity(value)
    return f"{shown.percent(value)} %"


def _changes(found: Sequence[Series]) -> PageTable:
    titles = ("column", "what", "between days", "trend", "p", "weekdays", "p of weekdays", "months")
    rows = []
    for number, one in enumerate(found):
        between = f"{shown.percent(one.icc)} %" if number else shown.NOTHING
        rows.append(
            Row(
                [
                    one.column,
                    one.what,
                    between,
                    _size(one, one.trend, signed=True),
                    shown.probability(one.trend.p if one.trend else None),
                    _size(one, one.weekday),
                    shown.probability(one.weekday.p if one.weekday else None),
                    _size(one, one.month),
                ]
            )
        )
    numbers = frozenset(("between days", "trend", "p", "weekdays", "p of weekdays", "months"))
    summary = "Trends and seasons: means in standard deviations of the rows, shares in points"
    return PageTable(titles, rows, numbers, summary)


def _size(series: Series, change: Change | None, *, signed: bool = False) -> str:
    if change is None:
        return shown.NOTHING
    size = 100 * change.size if series.is_share or series.what == "rows" else change.size
    unit = " %" if series.what == "rows" else ""
    return f"{size:+.3g}{unit}" if signed else f"{size:.3g}{unit}"
