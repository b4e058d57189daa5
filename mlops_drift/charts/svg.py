"""Draws plots as SVG."""

from collections.abc import Sequence
from typing import NamedTuple

from mlops_drift.charts.axis import Axis, fitting, is_finite, numbers, text_width
from mlops_drift.charts.html import rendered
from mlops_drift.charts.plot import Boxes, Dots, Line, Mark, Plot, Point, Rule

# In pixels, as all of the drawing; of pictures that stand alone.
WIDTH = 720
_EDGE, _ROW = 16, 18
_LONGEST, _LONGEST_END, _LONGEST_TITLE = 320, 180, 1200


def svg(plots: Sequence[Plot], width: int = WIDTH, *, in_page: bool = False) -> str:
    """Draws plots one above the other, so many pixels wide, for light and dark pages.

    One that stands in a page takes its style from there, and its title may be empty.

    >>> svg([Plot("accuracy", [])]).partition(" ")[0]
    '<svg'
    """
    drawing = _Drawing(width, in_page, plots)
    for plot in plots:
        drawing.add(plot)
    title = "; ".join(fitting(_name(plot), _LONGEST_TITLE) for plot in plots)
    return rendered("charts/chart.svg.j2", {}, title=title, drawing=drawing)


def _name(plot: Plot) -> str:
    """What a plot is called where it cannot be seen."""
    labels = [mark.label for mark in plot.marks] + [axis.label for axis in (plot.x, plot.y) if axis]
    return plot.title or ", ".join(filter(None, labels)) or "chart"


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

    def place(self, point: Point) -> Point:
        return self.across(point[0]), self.down(point[1])


class _Drawing:
    """Shapes and the texts on them, down to a height that grows with each plot."""

    def __init__(self, width: int, in_page: bool, plots: Sequence[Plot]) -> None:
        self.width, self.in_page = width, in_page
        # Beside all axes, so that one day is at one place in all of them.
        names = [text for plot in plots if plot.y for _, text in plot.y.ticks]
        ends = [fitting(mark.label, _LONGEST_END) for plot in plots for mark in _ended(plot)]
        self._left = max(map(text_width, names), default=0)
        self._right = width - 2 * _EDGE - max((text_width(end) + _ROW for end in ends), default=0)
        self.shapes: list[_Shape] = []
        self.texts: list[_Text] = []
        self.height = 0.0

    def add(self, plot: Plot) -> None:
        marks = [mark for mark in plot.marks if mark.points()]
        points = [point for mark in marks for point in mark.points()]
        x = plot.x or numbers(x for x, _ in points)
        y = plot.y or numbers(y for _, y in points)
        left = 2 * _EDGE + max([self._left, *(text_width(text) for _, text in y.ticks)])
        frame = _Frame(x, y, left, self._right, 0, 0)
        notes = [(frame.across(place), fitting(text, _LONGEST)) for place, text in plot.notes]
        rows = _rows_apart(notes, self.width)

        start = self.height + (48 if plot.title else 20)
        if plot.title:
            title = fitting(plot.title, self.width - 2 * _EDGE, 14)
            self._write("title", _EDGE, self.height + 26, title)
        ended = _ended(plot)
        explained = [mark for mark in marks if mark.label and mark not in ended]
        below = self._explain(explained, start)
        top = below + _ROW * (max(rows, default=-1) + 1 + bool(y.label))
        frame = frame._replace(top=top, base=top + plot.height)
        self.height = frame.base + _ROW * (2 + bool(x.label))
        self._draw_axes(frame)
        for (place, text), row in zip(notes, rows, strict=True):
            self._note(place, text, below + _ROW * row, frame.base)
        for mark in marks:
            self._draw(mark, frame)
        self._name_ends(ended, frame)
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
            elif isinstance(mark, Dots):
                self._dot(mark, (x + 10, y - 4), mark.label)
            else:
                self._line(mark, [[(x, y - 4), (x + 20, y - 4)]], [(x + 10, y - 4)])
            self._write("", x + 26, y, text)
            x += width
        return y + 12 if marks else y - 8

    def _name_ends(self, marks: Sequence[Mark], frame: _Frame) -> None:
        """Names beside the ends of lines, apart from each other, with a thin line to each."""
        ends = []
        for mark in marks:
            x, y = mark.points()[-1]
            right = frame.right if isinstance(mark, Rule) else frame.across(x)
            ends.append((right, frame.down(y), mark))
        ends.sort(key=lambda end: end[1])
        heights = _apart([y for _, y, _ in ends], frame.base)
        for (x, y, mark), height in zip(ends, heights, strict=True):
            leader = _path([(x, y), (frame.right + _ROW - 4, height)])
            self.shapes.append(_Shape(f"leader {mark.style}", leader))
            self._write("", frame.right + _ROW, height + 4, fitting(mark.label, _LONGEST_END))

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
            self._line(mark, [[(frame.left, y), (frame.right, y)]])
        elif isinstance(mark, Rule):
            x = frame.across(mark.at)
            self._line(mark, [[(x, frame.top), (x, frame.base)]])
        elif isinstance(mark, Dots):
            for x, up, text in mark.at:
                if is_finite(x) and is_finite(up):
                    self._dot(mark, frame.place((x, up)), text)
        elif isinstance(mark, Line):
            pieces = [[*map(frame.place, piece)] for piece in mark.pieces()]
            self._line(mark, pieces, [place for piece in pieces for place in piece])
        elif isinstance(mark, Boxes):
            self._fill(mark, [*map(frame.place, mark.points())])

    def _fill(self, mark: Boxes, places: Sequence[Point]) -> None:
        corners = zip(places[::2], places[1::2], strict=True)
        path = "".join(f"{_path([a])}H{b[0]:.1f}V{b[1]:.1f}H{a[0]:.1f}z" for a, b in corners)
        label = fitting(mark.label, _LONGEST)
        self.shapes.append(_Shape(f"area {mark.style}", path, label, mark.opacity))

    def _dot(self, mark: Dots, place: Point, text: str) -> None:
        x, y = place
        ring = f"M{x - 4:.1f} {y:.1f}a4 4 0 1 0 8 0a4 4 0 1 0 -8 0z"
        path = ring if mark.shape == "hollow" else f"{_path([place])}h0"
        self.shapes.append(
            _Shape(f"{mark.shape} {mark.style}", path, fitting(text, _LONGEST_TITLE))
        )

    def _line(
        self, mark: Mark, pieces: Sequence[Sequence[Point]], dotted: Sequence[Point] = ()
    ) -> None:
        label = fitting(mark.label, _LONGEST)
        # Ends with no length, which shows a line of a single point.
        path = "".join(f"{_path(piece)}h0" for piece in pieces)
        self.shapes.append(_Shape(f"line {mark.style}", path, label))
        if isinstance(mark, Line) and mark.dots:
            path = "".join(f"{_path([place])}h0" for place in dotted)
            self.shapes.append(_Shape(f"{mark.dots} {mark.style.split()[0]}", path))


def _path(points: Sequence[Point]) -> str:
    """A path through points, to a tenth of a pixel."""
    return "M" + "L".join(f"{x:.1f} {y:.1f}" for x, y in points)


def _ended(plot: Plot) -> list[Mark]:
    """The marks that are named at their ends."""
    lines = [m for m in plot.marks if isinstance(m, Line) or (isinstance(m, Rule) and m.of_y)]
    return [mark for mark in lines if plot.at_ends and mark.label and mark.points()]


def _apart(places: Sequence[float], last: float) -> list[float]:
    """Ascending places, moved so that each has a row of its own and none is beyond the last."""
    found: list[float] = []
    for place in places:
        found.append(max(place, found[-1] + _ROW - 4) if found else place)
    for number in reversed(range(len(found))):
        found[number] = min(found[number], last)
        last = found[number] - _ROW + 4
    return found


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
