"""What pages are made of: sections with figures, each with its numbers in a table, and cards."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from markupsafe import Markup

# Texts up to so many letters stay on one line.
SHORT = 24


@dataclass(frozen=True)
class Cell:
    """A text in a table; with a style it is a badge, with an address a link."""

    text: str
    style: str = ""
    href: str | None = None


@dataclass(frozen=True)
class Row:
    """A row of a table; the first cell is its name. `anchor` is what links to it end with."""

    cells: Sequence[str | Cell]
    anchor: str = ""


@dataclass(frozen=True)
class PageTable:
    """A table that can be sorted by a click on a title; titles in `numbers` are of numbers.

    One with a summary is closed until somebody opens it.
    """

    titles: Sequence[str]
    rows: Sequence[Row]
    numbers: frozenset[str] = frozenset()
    summary: str = ""

    @property
    def styles(self) -> str:
        """Which columns hold numbers (`n3`), short texts (`s1`) or long ones (`t7`): `page.css`."""
        found = []
        for place, title in enumerate(self.titles):
            texts = (row.cells[place] for row in self.rows)
            lengths = (len(one if isinstance(one, str) else one.text) for one in texts)
            if title in self.numbers:
                found.append(f"n{place + 1}")
            else:
                is_short = max(lengths, default=0) <= SHORT
                found.append(f"{'s' if is_short else 't'}{place + 1}")
        return " ".join(found)


@dataclass(frozen=True)
class Figure:
    """A drawing, as SVG, with a title; what it shows is also in a table."""

    title: str
    svg: Markup
    table: PageTable | None = None
    note: str = ""


@dataclass(frozen=True)
class Card:
    """A drawing beside others, with a word about it; `anchor` is what links to it end with."""

    title: str
    svg: Markup
    text: str = ""
    badge: Cell | None = None
    table: PageTable | None = None
    anchor: str = ""


@dataclass(frozen=True)
class Cards:
    """Drawings side by side."""

    cards: Sequence[Card]


Part = Figure | PageTable | Cards


@dataclass(frozen=True)
class Tile:
    """A number that one looks for, large, with what it is and a word about it."""

    title: str
    value: str
    text: str = ""


@dataclass(frozen=True)
class Section:
    """A part of a page, with its title, a sentence about it, and what it shows."""

    anchor: str
    title: str
    lead: str = ""
    parts: Sequence[Part] = field(default_factory=tuple)

    @property
    def kinds(self) -> Sequence[tuple[str, Part]]:
        """The parts, each with the name of the macro that draws it."""
        names = {Figure: "figure", PageTable: "table", Cards: "cards"}
        return [(names[type(part)], part) for part in self.parts]
