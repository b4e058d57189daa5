"""The paper that the pictures of gates are drawn on."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from io import BytesIO
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from matplotlib.axes import Axes

BLUE, GREY, RED = "#2b6cb0", "#9aa5b1", "#c53030"

_LONGEST_NAME = 24


@contextmanager
def canvas(title: str, png: BytesIO, *, left: float = 0.12) -> Iterator["Axes"]:
    """Axes to draw on; the picture of 480 by 224 pixels is written afterwards.

    Args:
        title: stands above.
        png: where the picture goes.
        left: margin for the names beside the axes, as a share of the width.
    """
    # The object interface: pyplot would keep every figure of a long-running process.
    from matplotlib.figure import Figure

    figure = Figure(figsize=(6, 2.8), dpi=80)
    # Fixed margins: an automatic layout draws everything twice.
    figure.subplots_adjust(left=left, right=0.97, top=0.88, bottom=0.2)
    axes = figure.subplots()
    # A dollar sign in a name is not a formula, and a free height is looked for by drawing twice.
    axes.set_title(title, fontsize=9, loc="left", y=1.0, parse_math=False)
    axes.tick_params(labelsize=7)
    axes.spines[["top", "right"]].set_visible(False)
    yield axes
    figure.savefig(png, format="png")


def short(names: Sequence[str]) -> list[str]:
    """Names in one line each, cut where they are too long.

    >>> short(["a" * 30, "  two   words"])
    ['aaaaaaaaaaaaaaaaaaaaaaa…', 'two words']
    """
    lines = [" ".join(name.split()) for name in names]
    return [
        line if len(line) <= _LONGEST_NAME else f"{line[: _LONGEST_NAME - 1]}…" for line in lines
    ]
