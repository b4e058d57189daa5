"""Reads what an SVG shows."""

import re
from base64 import b64decode
from xml.etree.ElementTree import fromstring

import numpy as np

NAME = "{http://www.w3.org/2000/svg}"


class Drawing:
    """The texts and the shapes of an SVG; a position is in pixels from the upper left."""

    def __init__(self, svg):
        self.root = fromstring(svg)
        assert (self.root.tag, self.root.get("role")) == (f"{NAME}svg", "img")
        assert self.root[0].tag == f"{NAME}title"
        self.width, self.height = (int(self.root.get(name)) for name in ("width", "height"))
        numbers = [
            *re.findall(r"[^MLHVahz ]+", "".join(path.get("d") for path in self._paths())),
            *(text.get(name) for text in self._texts() for name in "xy"),
        ]
        assert np.isfinite(np.array(numbers, dtype=float)).all()

    @classmethod
    def shown(cls, markdown):
        """Reads the image of a page in Dagster."""
        start, _, encoded = markdown.removesuffix(")").partition("base64,")
        assert re.fullmatch(r"!\[[\w ]+\]\(data:image/svg\+xml;", start)
        return cls(b64decode(encoded))

    def _paths(self):
        return self.root.iter(f"{NAME}path")

    def _texts(self):
        return self.root.iter(f"{NAME}text")

    def texts(self, style=None):
        """The texts of a style, or all, in their order."""
        return [one.text for one in self._texts() if style in (None, one.get("class", ""))]

    def place(self, text):
        """Where a text stands."""
        (found,) = [one for one in self._texts() if one.text == text]
        return int(found.get("x")), int(found.get("y"))

    def labels(self):
        """What is explained, in its order."""
        return [one.text for one in self._texts() if not one.get("class")]

    def shape(self, label, kind):
        """The path of a shape, which follows its sample above the plot."""
        found = [one for one in self._paths() if one.get("class").split()[0] == kind]
        return [one.get("d") for one in found if one.findtext(f"{NAME}title", "") == label][-1]

    def styles(self, kind):
        """The styles of all shapes of a kind, samples included."""
        found = [one.get("class").split() for one in self._paths()]
        return [styles for first, *styles in found if first == kind]

    def points(self, label):
        """The points of a line."""
        return [point for piece in self.pieces(label) for point in piece]

    def pieces(self, label):
        """The points of a line from break to break."""
        pieces = self.shape(label, "line").removeprefix("M").removesuffix("h0").split("h0M")
        pairs = [piece.split("L") for piece in pieces]
        return [[tuple(map(float, pair.split())) for pair in piece] for piece in pairs]

    def dots(self, shape):
        """The dots of a shape: x, y and text."""
        found = [path for path in self._paths() if path.get("class").split()[0] == shape]
        dots = [(re.findall(r"[\d.]+", path.get("d")), path) for path in found]
        return [(float(at[0]), float(at[1]), path.findtext(f"{NAME}title")) for at, path in dots]

    def boxes(self, label):
        """The boxes of a series: left, top, right, bottom."""
        path = self.shape(label, "area")
        found = re.findall(r"M(\S+) (\S+)H(\S+)V(\S+)H\S+z", path)
        corners = np.array(found, dtype=float).reshape(-1, 4)
        left, right = np.sort(corners[:, [0, 2]]).T
        top, bottom = np.sort(corners[:, [1, 3]]).T
        return list(zip(left, top, right, bottom, strict=True))

    def lengths(self, label):
        """How long the horizontal bars of a series are, in numbers of the axis."""
        ticks = [(float(re.sub("[, %]", "", text)), self.place(text)[0]) for text in self.ticks()]
        (low, x), (high, to) = ticks[0], ticks[-1]
        return [(b[2] - b[0]) * (high - low) / (to - x) for b in self.boxes(label)]

    def ticks(self):
        """The numbers at the x axis of the first plot."""
        return [text for text in self.texts("middle") if re.fullmatch(r"[-+.,\de]+( %)?", text)]
