import subprocess
import sys
from datetime import timedelta
from itertools import pairwise
from math import nan

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlops_drift.charts.monitors import draw
from mlops_drift.drift.profile import profile
from mlops_drift.drift.reference import Reference
from mlops_drift.monitors.pictures import History, Panel, Period, Point
from mlops_drift_tests.charts.drawing import Drawing
from mlops_drift_tests.tiny import day


def panel(values, current, kind="numeric", name="x", title="now"):
    """A panel of a reference's values and a window's."""
    type_ = pa.float64() if kind == "numeric" else pa.string()
    reference = Reference.fit(pa.table({"v": pa.array(values, type_)}), {"v": kind})
    column = reference.columns["v"]
    counts = profile(reference, pa.table({"v": pa.array(current, type_)}))["v"].counts
    return Panel(name, title, column, column.counts, counts)


NUMBERS = np.arange(1000.0)
FORMULAS = [f"$a_{i}$ {'long ' * 9}\n" for i in range(100)]


def drawn(*panels):
    return Drawing(draw(panels))


def points(version, *realized, first=0):
    """Days with an interval of 0.1 around each value, and estimates that are 0.05 higher."""
    return [
        Point(
            day(first + number),
            value,
            value and value - 0.1,
            value and value + 0.1,
            0.05 + (value or 0),
            version,
        )
        for number, value in enumerate(realized)
    ]


def history(*realized, **about):
    """A history of version 3."""
    return Drawing(draw(History("accuracy", points(3, *realized), **about)))


# Drifted columns


@pytest.mark.parametrize(
    ("values", "current", "kind"),
    [
        (NUMBERS, [1.0, 5.0, None], "numeric"),
        (FORMULAS, ["$x^$", None], "categorical"),
        ([], [], "numeric"),
        ([], [], "categorical"),
        ([1e308, -1e308] * 50, [np.inf, np.nan], "numeric"),
    ],
    ids=["numbers", "many long texts", "nothing", "no texts", "huge numbers"],
)
def test_a_chart_is_a_small_svg(values, current, kind):
    svg = draw([panel(values, current, kind, "<x>", "$moved_ by 30 %")])
    assert Drawing(svg).texts("title") == ["<x>: $moved_ by 30 %"]
    assert len(svg) < 6000


@pytest.mark.parametrize("number", [1, 3])
def test_a_chart_has_a_panel_of_the_same_height_for_each_column(number):
    panels = [panel(NUMBERS, [1.0] * 9, name=f"c{i}", title=f"title {i}") for i in range(number)]
    found = drawn(*panels)
    assert found.texts("title") == [f"c{i}: title {i}" for i in range(number)]
    assert found.height == number * drawn(panels[0]).height
    assert found.labels() == ["reference", "window"] * number


def test_a_long_name_leaves_room_for_what_is_compared():
    title = "reference and 28 days to 2024-03-07"
    name = "a name that is as long as a column of a wide table may well be"
    (shown,) = drawn(panel(FORMULAS, ["x"], "categorical", name, title)).texts("title")
    cut, compared = shown.split("…: ")
    assert name.startswith(cut)
    assert len(cut) > 25
    assert compared == title


def test_bars_are_the_shares_of_both_sides_in_percent():
    found = drawn(panel(["a"] * 60 + ["b"] * 40, ["a", "b", "b", None], "categorical"))
    assert found.texts("end") == ["a", "b", "null", "share, %"]
    assert found.lengths("reference") == pytest.approx([60, 40, 0], abs=0.2)
    assert found.lengths("window") == pytest.approx([25, 50, 25], abs=0.2)


def test_bars_of_a_bin_stand_beside_its_name_and_do_not_overlap():
    found = drawn(panel(["a"] * 60 + ["b"] * 40, ["a", "b", "b"], "categorical"))
    for number, name in enumerate(["a", "b"]):
        _, top, _, middle = found.boxes("reference")[number]
        _, same, _, bottom = found.boxes("window")[number]
        assert (middle, top < found.place(name)[1] < bottom) == (same, True)


def test_empty_bins_are_left_out_and_the_order_of_the_bins_is_kept():
    *names, _ = drawn(panel(NUMBERS, [1.0] * 9)).texts("end")
    assert names[0].startswith("< ")
    assert names[-1].startswith(">= ")
    assert len(names) == 10


def test_of_many_bins_those_are_shown_that_changed_most():
    categories = [f"c{i:02}" for i in range(40)]
    current = [*categories, *["c05"] * 20, *["c33"] * 10]
    *names, _ = drawn(panel(categories * 10, current, "categorical")).texts("end")
    assert len(names) == 16
    assert {"c05", "c33"} < set(names)
    assert names == sorted(names)


def test_long_names_of_bins_are_cut_and_line_breaks_taken_out():
    *names, _ = drawn(panel(FORMULAS, ["x"], "categorical")).texts("end")
    assert all(len(name) < 40 and "\n" not in name for name in names)


def test_the_same_panels_give_the_same_chart():
    low, again, high = (draw([panel(NUMBERS, [at] * 9)]) for at in (1.0, 1.0, 999.0))
    assert low == again != high


# Performance


def test_a_history_shows_days_with_intervals_estimates_and_limits():
    found = history(0.9, 0.7, None, test_value=0.8, threshold=0.75)
    (first, high), (second, low) = found.points("accuracy of version 3")
    assert second > first
    limit, test = (found.points(label)[0][1] for label in ("limit", "test split"))
    tenth = (low - high) / 2
    assert (test, limit) == pytest.approx((high + tenth, low - tenth / 2), abs=0.2)
    (_, top, _, bottom), (left, _, right, _) = found.boxes("95 % interval")
    assert (top, bottom) == pytest.approx((high - tenth, high + tenth), abs=0.2)
    assert left < second < right
    assert len(found.points("estimated without labels")) == 3
    assert found.texts("middle")[:3] == [str(day(0)), str(day(1))[5:], str(day(2))[5:]]


def test_what_a_history_has_not_is_not_explained():
    assert history(None).labels() == ["estimated without labels"]
    assert history(0.5).labels() == [
        *("95 % interval", "accuracy of version 3", "estimated without labels")
    ]
    assert "no numbers" in history().texts()


def test_a_history_shows_every_version_in_a_style_and_a_band_of_its_own():
    served = [*points(1, 0.9, 0.8), *points(2, 0.9, 0.9, first=2), *points(3, 0.7, first=4)]
    periods = [Period(1, day(-5)), Period(2, day(2)), Period(3, day(4))]
    found = Drawing(draw(History("accuracy", served, periods, test_value=0.8)))
    lines = [f"accuracy of version {version}" for version in (1, 2, 3)]
    assert [one for one in found.labels() if one in lines] == lines
    assert [len(found.points(line)) for line in lines] == [2, 2, 1]
    # What stood before the first day that is shown needs no mark.
    assert not [text for text in found.texts() if text == "version 1"]
    (since,) = {found.points("version 2")[0][0]}
    (band,) = [one.get("d") for one in found.root if one.get("class") == "area grey"]
    assert band.startswith(f"M{since} ")
    assert f"H{found.points('version 3')[0][0]}V" in band
    assert "test split of version 3" in found.labels()


def test_of_many_versions_the_last_are_named():
    served = [one for number in range(9) for one in points(number, 0.9, first=number)]
    periods = [Period(number, day(number)) for number in range(9)]
    found = Drawing(draw(History("accuracy", served, periods)))
    named = [one for one in found.labels() if one.startswith("accuracy of version")]
    assert named == [f"accuracy of version {number}" for number in range(3, 9)]


@pytest.mark.parametrize("count", [1, 2, 40])
def test_names_of_days_have_room(count):
    found = history(*[0.9] * count)
    places = [found.place(text)[0] for text in found.texts("middle")]
    assert all(later - x > 70 for x, later in pairwise(places))


NUMBER = st.none() | st.floats()


@given(st.text(), st.lists(st.tuples(NUMBER, NUMBER, NUMBER, NUMBER), max_size=5), st.floats())
def test_any_history_is_a_picture(metric, points, threshold):
    days = [Point(day(0) + timedelta(3 * n), *numbers, n) for n, numbers in enumerate(points)]
    periods = [Period(n, day(0) + timedelta(3 * n)) for n in range(len(days))]
    Drawing(draw(History(metric, days, periods, nan, threshold)))


TEXTS = st.lists(st.text(st.characters(exclude_categories=["Cs"])))


@given(st.text(), TEXTS, TEXTS)
def test_any_names_of_a_panel_make_a_picture(name, values, current):
    texts = [
        [text.encode("utf-8", "replace").decode() for text in side] for side in (values, current)
    ]
    Drawing(draw([panel(*texts, "categorical", name, name)]))


def test_heavy_libraries_load_only_when_they_are_needed():
    code = (
        "import sys\n"
        "from mlops_drift.charts import monitors\n"
        "from mlops_drift.compare import compare\n"
        "from mlops_drift.drift import config, explain, metrics, profile\n"
        "from mlops_drift.drift import reference, verdict\n"
        "print({'scipy', 'sklearn', 'pandas'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"
