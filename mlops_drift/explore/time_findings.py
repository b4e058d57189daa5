"""What happens in time, in sentences."""

from collections.abc import Iterator, Sequence
from datetime import date, timedelta
from itertools import groupby

from mlops_drift.charts import numbers as shown
from mlops_drift.drift.sentences import count
from mlops_drift.explore.result import Change, Column, Finding, Series, Timeline
from mlops_drift.explore.timeline import WEEKDAYS

# Chance that any of the tests of a table speaks without cause.
_ALPHA = 0.01
# Smallest changes worth a sentence: of means in standard deviations of the rows, of shares in
# points, and of rows by day in their mean.
_MEAN, _SHARE, _ROWS = 0.25, 0.05, 0.2
# Share of the variance that lies between days.
_BETWEEN = 0.05
# What is tested of each of at most so many series, of which a column shows one.
_TESTS, _OF_COLUMN = 4, 5
_MOST_DAYS = 3


def timeline_findings(timeline: Timeline) -> Iterator[Finding]:
    """Rows without a day, days without rows, and how the rows a day change."""
    days, name = len(timeline.rows), timeline.column
    if timeline.left_out:
        sentence = (
            f"{count(timeline.left_out, 'row')} have no {name}, or one far from all others; they "
            "are in nothing by day"
        )
        yield Finding("warning", 0.6, sentence, name)
    if timeline.gaps:
        yield Finding("warning", len(timeline.gaps) / days, _gaps(timeline), name)
    volume = timeline.volume
    for what, change in _changes(volume):
        if change.p < _ALPHA / 3 and abs(change.size) >= _ROWS:
            percent = shown.percent(abs(change.size))
            sentence = f"rows a day {_verb(what, change, f'{percent} % of the mean')}"
            yield Finding("note", 0.2 + min(0.5, abs(change.size)) / 10, sentence, name)


def series_findings(columns: Sequence[Column], timeline: Timeline) -> Iterator[Finding]:
    """Columns whose mean or share changes from day to day."""
    found = [one.series for one in columns if one.series and one.name != timeline.column]
    limit = _ALPHA / max(1, _TESTS * _OF_COLUMN * len(found))
    for series in found:
        least = _SHARE if series.is_share else _MEAN
        is_named = False
        for what, change in _changes(series):
            if change.p >= limit or abs(change.size) < least:
                continue
            is_named = True
            unit = "points" if series.is_share else "standard deviations"
            size = 100 * abs(change.size) if series.is_share else abs(change.size)
            sentence = f"{_subject(series)} {_verb(what, change, f'{size:.3g} {unit}')}"
            yield Finding(
                "note", 0.2 + min(1.0, abs(change.size) / least / 100), sentence, series.column
            )
        if not is_named and series.icc >= _BETWEEN and series.p < limit:
            sentence = (
                f"{_subject(series)} moves from day to day: {shown.percent(series.icc)} % of its "
                "variance lies between days"
            )
            yield Finding("note", 0.2 + series.icc, sentence, series.column)


def _subject(series: Series) -> str:
    if series.what == "mean":
        return f"the mean of {series.column}"
    return f"{series.column}: the {series.what}"


def _changes(series: Series) -> list[tuple[str, Change]]:
    named = (("trend", series.trend), ("weekday", series.weekday), ("month", series.month))
    return [(what, change) for what, change in named if change is not None]


def _verb(what: str, change: Change, size: str) -> str:
    if what == "trend":
        word = "rises" if change.size > 0 else "falls"
        return f"{word} by {size} from {min(change.lowest, change.highest)} on"
    return f"has a season: highest on {change.highest}, lowest on {change.lowest}, {size} apart"


def _gaps(timeline: Timeline) -> str:
    gaps, days = timeline.gaps, len(timeline.rows)
    weekdays = {day.weekday() for day in gaps}
    whole = {
        number
        for number in weekdays
        if all(
            not rows
            for place, rows in enumerate(timeline.rows)
            if (timeline.first + timedelta(days=place)).weekday() == number
        )
    }
    if weekdays == whole:
        names = " and ".join(f"{WEEKDAYS[number]}s" for number in sorted(whole))
        return f"{timeline.column}: there are no rows on {names}"
    spans = [_span(days_) for days_ in _runs(gaps)]
    more = f" and {len(spans) - _MOST_DAYS} more" if len(spans) > _MOST_DAYS else ""
    listed = ", ".join(spans[:_MOST_DAYS])
    return f"{timeline.column}: {len(gaps):,} of {count(days, 'day')} have no rows: {listed}{more}"


def _runs(days: Sequence[date]) -> list[list[date]]:
    groups = groupby(enumerate(days), key=lambda pair: pair[1].toordinal() - pair[0])
    runs = [[day for _, day in run] for _, run in groups]
    return sorted(runs, key=len, reverse=True)


def _span(days: Sequence[date]) -> str:
    return str(days[0]) if len(days) == 1 else f"{days[0]} to {days[-1]}"
