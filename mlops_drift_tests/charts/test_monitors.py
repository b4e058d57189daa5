import io
import struct
import subprocess
import sys
from itertools import pairwise

import numpy as np
import pyarrow as pa
import pytest
from matplotlib.figure import Figure

from mlops_drift.charts.monitors import draw
from mlops_drift.drift.profile import profile
from mlops_drift.drift.reference import Reference
from mlops_drift.monitors.pictures import Panel


def panel(values, current, kind="numeric", name="x", title="now"):
    """A panel of a reference's values and a window's."""
    type_ = pa.float64() if kind == "numeric" else pa.string()
    reference = Reference.fit(pa.table({"v": pa.array(values, type_)}), {"v": kind})
    column = reference.columns["v"]
    counts = profile(reference, pa.table({"v": pa.array(current, type_)}))["v"].counts
    return Panel(name, title, column, column.counts, counts)


NUMBERS = np.arange(1000.0)
FORMULAS = [f"$a_{i}$ {'long ' * 9}\n" for i in range(100)]


def size(png):
    assert png.startswith(b"\x89PNG\r\n\x1a\n")
    return struct.unpack(">II", png[16:24])


@pytest.fixture
def drawn(monkeypatch):
    """Charts as figures, so that what they say can be read."""
    figures = []
    save = Figure.savefig

    def keep(figure, *args, **kwargs):
        figures.append(figure)
        save(figure, *args, **kwargs)

    def figure_of(*panels):
        with monkeypatch.context() as patch:
            patch.setattr(Figure, "savefig", keep)
            png = draw(panels)
        figures[-1].png = png
        return figures[-1]

    return figure_of


def labels(axes):
    return [label.get_text() for label in axes.get_xticklabels()]


def heights(axes, name):
    (bars,) = [found for found in axes.containers if found.get_label() == name]
    return [bar.get_height() for bar in bars]


@pytest.mark.parametrize(
    ("values", "current", "kind"),
    [
        (NUMBERS, [1.0, 5.0, None], "numeric"),
        (FORMULAS, ["$x^$", None], "categorical"),
        ([], [], "numeric"),
        ([], [], "categorical"),
        ([1e308, -1e308] * 50, [np.inf, np.nan], "numeric"),
    ],
    ids=["numbers", "many texts that look like formulas", "nothing", "no texts", "huge numbers"],
)
def test_a_chart_is_a_small_png(values, current, kind):
    png = draw([panel(values, current, kind, "$x_", "$moved_ by 30 %")])
    assert size(png) == (480, 240)
    assert len(png) < 50_000


@pytest.mark.parametrize("number", [1, 3])
def test_a_chart_has_a_panel_of_the_same_height_for_each_column(drawn, number):
    panels = [panel(NUMBERS, [1.0] * 9, name=f"c{i}", title=f"title {i}") for i in range(number)]
    figure = drawn(*panels)
    assert size(figure.png) == (480, 240 * number)
    axes = figure.axes
    assert [one.get_title("left") for one in axes] == [f"c{i}: title {i}" for i in range(number)]
    tall = [one.get_position().height * 240 * number for one in axes]
    assert min(tall) > 100
    assert max(tall) - min(tall) < 1


def test_panels_do_not_overlap_and_their_titles_fit(drawn):
    title = "reference and 28 days to 2024-03-07"
    name = "a name that is as long as a column of a wide table may well be"
    figure = drawn(*(panel(FORMULAS, ["x"], "categorical", name, title) for _ in range(3)))
    assert figure.axes[0].get_title("left") == f"{name[:29]}…: {title}"
    figure.savefig(io.BytesIO())
    boxes = [one.get_tightbbox() for one in figure.axes]
    assert all(lower.y1 <= upper.y0 for upper, lower in pairwise(boxes))
    assert all(box.x1 <= 480 and 0 <= box.y0 < box.y1 <= 720 for box in boxes)


def test_bars_are_the_shares_of_both_sides_in_percent(drawn):
    (axes,) = drawn(panel(["a"] * 60 + ["b"] * 40, ["a", "b", "b", None], "categorical")).axes
    assert labels(axes) == ["a", "b", "null"]
    assert heights(axes, "reference") == [60, 40, 0]
    assert heights(axes, "window") == [25, 50, 25]


def test_empty_bins_are_left_out_and_the_order_of_the_bins_is_kept(drawn):
    (axes,) = drawn(panel(NUMBERS, [1.0] * 9)).axes
    assert labels(axes)[0].startswith("< ")
    assert labels(axes)[-1].startswith(">= ")
    assert len(labels(axes)) == 10


def test_of_many_bins_those_are_shown_that_changed_most(drawn):
    categories = [f"c{i:02}" for i in range(40)]
    current = [*categories, *["c05"] * 20, *["c33"] * 10]
    (axes,) = drawn(panel(categories * 10, current, "categorical")).axes
    shown = labels(axes)
    assert len(shown) == 16
    assert {"c05", "c33"} < set(shown)
    assert shown == sorted(shown)


def test_long_labels_are_cut_and_line_breaks_taken_out(drawn):
    (axes,) = drawn(panel(FORMULAS, ["x"], "categorical")).axes
    assert all(len(label) <= 16 and "\n" not in label for label in labels(axes))


def test_dollars_in_the_data_are_no_formulas(drawn):
    (axes,) = drawn(panel(["$a$"] * 90, ["$b$"], "categorical", "$x$", "$y$")).axes
    texts = [axes._left_title, *axes.get_xticklabels()]
    assert texts[0].get_text() == "$x$: $y$"
    assert not any(text.get_parse_math() for text in texts)


def test_only_the_first_panel_explains_the_colours(drawn):
    first, second = drawn(*[panel(NUMBERS, [1.0] * 9)] * 2).axes
    told = [text.get_text() for text in first.get_legend().get_texts()]
    assert told == ["reference", "window"]
    assert second.get_legend() is None


def test_the_same_panels_give_the_same_chart():
    low, again, high = (draw([panel(NUMBERS, [at] * 9)]) for at in (1.0, 1.0, 999.0))
    assert low == again != high


def test_heavy_libraries_load_only_when_they_are_needed():
    code = (
        "import sys\n"
        "from mlops_drift.charts import monitors\n"
        "from mlops_drift.compare import compare\n"
        "from mlops_drift.drift import config, explain, metrics, profile\n"
        "from mlops_drift.drift import reference, verdict\n"
        "print({'scipy', 'matplotlib', 'sklearn', 'pandas'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"
