"""Draws plots as SVG."""

from collections.abc import Sequence
from typing import NamedTuple

from mlops_drift.charts.axis import Axis, fitting, numbers, text_width
from mlops_drift.charts.html import rendered
from mlops_drift.charts.plot import Boxes, Line, Mark, Plot, Point, Rule

# In pixels, as all of the drawing; of pictures that stand alone.
WIDTH = 720
_EDGE, _ROW = 16, 18
_LONGEST = 320


def svg(plots: Sequence[Plot], width: int = WIDTH, *, in_page: bool = False) -> str:
    """Draws plots one above the other, so many pixels wide, for light and dark pages.

    One that stands in a page takes its style from there, and its title may be empty.

    >>> svg([Plot("accuracy", [])]).partition(" ")[0]
    '<svg'
    """
    drawing = _Drawing(width, in_page)
    for plot in plots:
        drawing.add(plot)
    title = "; ".join(fitting(plot.title, 1200) for plot in plots)
    return rendered("charts/chart.svg.j2", {}, title=title, drawing=drawing)


class _Shape(NamedTuple):
    style: str
    path: str
    label: str = ""
    opacity: float = 1


class _Text(NamedTuple):
    style: str
    x: int
    y: int
    text: str


class _Frame(NamedTuple):
    """Where two axes lie."""

    x: Axis
    y: Axis
    left: float
    right: float
    top: float
    base: float

    def across(self, x: float) -> float:
        return self.left + self.x.share(x) * (self.right - self.left)

    def down(self, y: float) -> float:
        return self.base - self.y.share(y) * (self.base - self.top)


class _Drawing:
    """Shapes and the texts on them, down to a height that grows with each plot."""

    def __init__(self, width: int, in_page: bool) -> None:
        self.width, self.in_page = width, in_page
        self.shapes: list[_Shape] = []
        self.texts: list[_Text] = []
        self.height = 0.0

    def add(self, plot: Plot) -> None:
        marks = [mark for mark in plot.marks if mark.points()]
        points = [point for mark in marks for point in mark.points()]
        x = plot.x or numbers(x for x, _ in points)
        y = plot.y or numbers(y for _, y in points)
        left = 2 * _EDGE + max((text_width(text) for _, text in y.ticks), default=0)
        frame = _Frame(x, y, left, self.width - 2 * _EDGE, 0, 0)
        notes = [(frame.across(place), fitting(text, _LONGEST)) for place, text in plot.notes]
        rows = _rows_apart(notes, self.width)

        start = self.height + (48 if plot.title else 20)
        if plot.title:
            title = fitting(plot.title, self.width - 2 * _EDGE, 14)
            self._write("title", _EDGE, self.height + 26, title)
        below = self._explain([mark for mark in marks if mark.label], start)
        top = below + _ROW * (max(rows, default=-1) + 1 + bool(y.label))
        frame = frame._replace(top=top, base=top + plot.height)
        self.height = frame.base + _ROW * (2 + bool(x.label))
        self._draw_axes(frame)
        for (place, text), row in zip(notes, rows, strict=True):
            self._note(place, text, below + _ROW * row, frame.base)
        for mark in marks:
            self._draw(mark, frame)
        for across, up, text in plot.texts:
            self._write("cell", frame.across(across), frame.down(up) + 4, text)
        if not marks:
            self._write("middle", self.width / 2, (top + frame.base) / 2, "no numbers")

    def _write(self, style: str, x: float, y: float, text: str) -> None:
        self.texts.append(_Text(style, round(x), round(y), text))

    def _explain(self, marks: Sequence[Mark], y: float) -> float:
        """What marks are, in as many rows as that takes, from `y` on; returns where they end."""
        x = _EDGE + 0.0
        for mark in marks:
            text = fitting(mark.label, _LONGEST)
            width = 44 + text_width(text)
            if x > _EDGE and x + width > self.width:
                x, y = _EDGE, y + _ROW
            if isinstance(mark, Boxes):
                self._fill(mark, [(x, y - 9), (x + 20, y + 1)])
            else:
                self._line(mark, [(x, y - 4), (x + 20, y - 4)], [(x + 10, y - 4)])
            self._write("", x + 26, y, text)
            x += width
        return y + 12 if marks else y - 8

    def _note(self, x: float, text: str, y: float, base: float) -> None:
        self.shapes.append(_Shape("line grey dotted", _path([(x, y), (x, base)]), text))
        is_left = _span(x, text, self.width)[1] == x
        self._write("end" if is_left else "", x - 5 if is_left else x + 5, y + 9, text)

    def _draw_axes(self, frame: _Frame) -> None:
        grid = []
        for place, text in frame.x.ticks:
            x = frame.across(place)
            self._write("middle", x, frame.base + _ROW, text)
            grid += [_path([(x, frame.top), (x, frame.base)])] * frame.x.grid
        for place, text in frame.y.ticks:
            y = frame.down(place)
            self._write("end", frame.left - 8, y + 4, text)
            grid += [_path([(frame.left, y), (frame.right, y)])] * frame.y.grid
        if frame.x.label:
            self._write("end", frame.right, frame.base + 2 * _ROW, frame.x.label)
        if frame.y.label:
            self._write("", _EDGE, frame.top - 6, frame.y.label)
        self.shapes.append(_Shape("grid", "".join(grid)))
        base = _path([(frame.left, frame.base), (frame.right, frame.base)])
        self.shapes.append(_Shape("base", base))

    def _draw(self, mark: Mark, frame: _Frame) -> None:
        if isinstance(mark, Rule) and mark.of_y:
            y = frame.down(mark.at)
            self._line(mark, [(frame.left, y), (frame.right, y)])
        elif isinstance(mark, Rule):
            x = frame.across(mark.at)
            self._line(mark, [(x, frame.top), (x, frame.base)])
        else:
            places = [(frame.across(x), frame.down(y)) for x, y in mark.points()]
            self._fill(mark, places) if isinstance(mark, Boxes) else self._line(
                mark, places, places
            )

    def _fill(self, mark: Boxes, places: Sequence[Point]) -> None:
        corners = zip(places[::2], places[1::2], strict=True)
        path = "".join(f"{_path([a])}H{b[0]:.1f}V{b[1]:.1f}H{a[0]:.1f}z" for a, b in corners)
        label = fitting(mark.label, _LONGEST)
        self.shapes.append(_Shape(f"area {mark.style}", path, label, mark.opacity))

    def _line(self, mark: Mark, places: Sequence[Point], dotted: Sequence[Point] = ()) -> None:
        label = fitting(mark.label, _LONGEST)
        # Ends with no length, which shows a line of a single point.
        self.shapes.append(_Shape(f"line {mark.style}", f"{_path(places)}h0", label))
        if isinstance(mark, Line) and mark.dots:
            path = "".join(f"{_path([place])}h0" for place in dotted)
            self.shapes.append(_Shape(f"{mark.dots} {mark.style.split()[0]}", path))


def _path(points: Sequence[Point]) -> str:
    """A path through points, to a tenth of a pixel."""
    return "M" + "L".join(f"{x:.1f} {y:.1f}" for x, y in points)


def _span(x: float, text: str, right: int) -> tuple[float, float]:
    """From where to where a text reaches that stands right of `x`, or left where it has no room."""
    width = text_width(text) + 10
    return (x, x + width) if x + width < right else (x - width, x)


def _rows_apart(notes: Sequence[tuple[float, str]], right: int) -> list[int]:
    """The first row of each text in which it overlaps none before."""
    placed: list[tuple[int, float, float]] = []
    for x, text in notes:
        start, end = _span(x, text, right)
        taken = {row for row, left, right in placed if start <= right and left <= end}
        placed.append((min({*range(len(placed) + 1)} - taken), start, end))
    return [row for row, _, _ in placed]
