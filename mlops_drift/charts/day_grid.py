"""Rows of days: a cell a day, whose colour and height say what was found."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import groupby

from markupsafe import Markup

from mlops_drift.charts.axis import fitting, text_width
from mlops_drift.charts.html import rendered

# In pixels.
WIDTH = 1120
ROW = 20
_LABEL = 200
_CELL = 16
_MOST_LABELS = 10
# Narrower cells stand without a gap between them.
_LEAST_WITH_GAP = 4


@dataclass(frozen=True)
class Mark:
    """How a cell looks: its style in `page.css`, its height from 0 to 1, and what it says."""

    style: str
    height: float
    word: str


@dataclass(frozen=True)
class GridRow:
    """A name, and the mark of each day by its key; None where there is nothing to say."""

    name: str
    marks: Sequence[str | None]


@dataclass(frozen=True)
class DrawnRow:
    """A row with a path for each mark: neighbours that are alike are one line."""

    name: str
    label: str
    y: float
    paths: Sequence[tuple[Mark, str]]


def day_grid(
    title: str, days: Sequence[date], rows: Sequence[GridRow], marks: Mapping[str, Mark]
) -> Markup:
    """Draws rows of consecutive days as SVG for a page.

    >>> days = [date(2024, 10, 1), date(2024, 10, 2)]
    >>> marks = {"p": Mark("pass", 0.5, "pass")}
    >>> 'class="pass"' in day_grid("checks", days, [GridRow("drift", ["p", None])], marks)
    True
    """
    longest = max((text_width(row.name) for row in rows), default=0.0)
    # Names stand beside the newest days, which a phone shows first.
    right = WIDTH - min(_LABEL, longest) - 8
    width = right / max(1, len(days))
    drawn = [_row(number, row, width, marks) for number, row in enumerate(rows)]
    base = ROW * len(rows)
    return Markup(
        rendered(
            "charts/day_grid.svg.j2",
            {},
            title=title,
            rows=drawn,
            width=WIDTH,
            height=base + 22,
            right=round(right, 2),
            base=base,
            days=days,
            ticks=[((days.index(day) + 0.5) * width, text) for day, text in _ticks(days)],
            gaps=_gaps(len(days), width, base),
            row=ROW,
        )
    )


def _row(number: int, row: GridRow, width: float, marks: Mapping[str, Mark]) -> DrawnRow:
    paths: dict[str, str] = {}
    start = 0
    for key, group in groupby(row.marks):
        count = len(list(group))
        if key is not None:
            # A line as thick as its cell is high takes less than half of the letters of a box.
            y = ROW * number + 2 + _CELL * (1 - marks[key].height / 2)
            line = f"M{start * width:.1f} {y:.4g}h{count * width:.1f}"
            paths[key] = paths.get(key, "") + line
        start += count
    label = fitting(row.name, _LABEL)
    found = [(marks[key], path) for key, path in sorted(paths.items())]
    return DrawnRow(row.name, label, ROW * number + 2, found)


def _ticks(days: Sequence[date]) -> list[tuple[date, str]]:
    """The first and every so many days; the year where it is new."""
    step = max(1, -(-len(days) // _MOST_LABELS))
    found, year = [], 0
    for day in days[::step]:
        found.append((day, str(day) if day.year != year else f"{day:%m-%d}"))
        year = day.year
    return found


def _gaps(count: int, width: float, base: float) -> str:
    """Lines between the cells, as a path; empty where cells are narrow."""
    if width < _LEAST_WITH_GAP:
        return ""
    return "".join(f"M{number * width:.1f} 0v{base}" for number in range(1, count))
