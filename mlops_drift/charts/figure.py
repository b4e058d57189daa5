"""The figure that every chart is drawn on, in one style."""

from collections.abc import Sequence
from datetime import date
from io import BytesIO
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

BLUE, GREY, RED, OCHRE, ORANGE = "#2b6cb0", "#9aa5b1", "#c53030", "#b7791f", "#d9480f"

_MAX_DAYS = 15


def new_figure(width: float, height: float, dpi: int = 80, **margins: float) -> "Figure":
    """An empty figure in inches; the margins are shares of it, as matplotlib names them."""
    # The object interface: pyplot would keep every figure of a long-running process.
    from matplotlib.figure import Figure

    figure = Figure(figsize=(width, height), dpi=dpi)
    # Fixed margins: an automatic layout draws everything twice.
    figure.subplots_adjust(**{"left": 0.12, "right": 0.97, "top": 0.88, "bottom": 0.2} | margins)
    return figure


def add_axes(figure: "Figure", title: str, rows: int = 1, row: int = 1) -> "Axes":
    """Axes in a row of the figure, with a title, which is no formula where it has a dollar sign."""
    axes = figure.add_subplot(rows, 1, row)
    # A free height of the title is found by drawing twice.
    axes.set_title(title, fontsize=9 if rows == 1 else 8, loc="left", y=1.0, parse_math=False)
    axes.tick_params(labelsize=7)
    axes.spines[["top", "right"]].set_visible(False)
    return axes


def show_days(axes: "Axes", days: Sequence[date]) -> None:
    """Names the places 0, 1, ... by month and day, at most about 15 of them."""
    places = range(0, len(days), max(1, len(days) // _MAX_DAYS))
    axes.set_xticks(places, [str(days[place])[5:] for place in places], rotation=60)


def as_png(figure: "Figure") -> bytes:
    """The figure as a PNG."""
    png = BytesIO()
    figure.savefig(png, format="png")
    return png.getvalue()


def short(text: str, longest: int = 24) -> str:
    """A name in one line, cut where it is too long."""
    line = " ".join(text.split())
    return line if len(line) <= longest else f"{line[: longest - 1]}…"
