from math import inf, nan

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlops_drift.charts.gates import draw, draw_overview
from mlops_drift.learning.gates.margins import margin, tightest_first
from mlops_drift.learning.gates.pictures import (
    Bars,
    Confusion,
    Curve,
    Differences,
    Estimate,
    Shares,
)
from mlops_drift_tests.charts.drawing import Drawing


def drawn(picture):
    return Drawing(draw(picture))


PICTURES = [
    Estimate("test f1", 0.6, 0.55, True, 0.5, 0.7),
    Estimate("huge", 1e-9, 100, False, -inf, nan),
    Curve([0.2], [0.1], [50]),
    Curve([0.5, 0.5], [0.5, 0.5], [50, 50]),
    Curve([], [], []),
    Shares("shares", ["a $1 and $2", "b" * 90], {"labels": [0.3, 0.7], "predictions": [0, 1]}),
    Shares("nothing", [], {"labels": []}),
    Bars("F1 by class", ["no"], [0.0], 0.5),
    Bars("gap", [f"slice {number}" for number in range(15)], [0.1] * 15, 0.15),
    Bars("milliseconds", ["first", "second"], [nan, inf], 5),
    Differences("accuracy", [0.0] * 1000, 0.0, -0.02),
    Differences("huge", [1e308, -1e308, nan], 5e-324, -inf),
    Confusion(["no", "yes"], [[90, 10], [0, 0]]),
    Confusion([f"class {number}" for number in range(40)], np.eye(40).tolist()),
]


def test_every_picture_is_a_small_svg_of_its_own():
    svgs = [draw(picture) for picture in PICTURES]
    assert all(Drawing(svg).texts("title") for svg in svgs)
    assert max(map(len, svgs)) < 12_000
    assert len(set(svgs)) == len(PICTURES)


def test_an_estimate_shows_the_number_its_interval_and_the_accepted_side():
    found = drawn(Estimate("test f1", 0.6, 0.55, True, 0.5, 0.7))
    assert found.labels() == ["95 % interval", "0.6", "at least 0.55"]
    (start, y), (end, same) = found.points("95 % interval")
    assert found.points("0.6") == [((start + end) / 2, y)]
    limit = start + (end - start) / 4
    assert found.points("at least 0.55")[0][0] == pytest.approx(limit, abs=0.1)
    assert same == y
    without = drawn(Estimate("size", 1, 2, False, nan, nan))
    assert without.labels() == ["1", "at most 2"]


def test_a_curve_has_a_point_for_each_bin_and_the_line_of_perfect_scores():
    found = drawn(Curve([0.2, 0.5], [0.2, 0.8], [70, 50]))
    first, second = found.points("2 bins of 50 rows or more")
    perfect = found.points("perfect calibration")
    assert first == perfect[0]
    assert second[1] == perfect[1][1]
    assert second[0] == pytest.approx((first[0] + perfect[1][0]) / 2, abs=0.1)
    assert [found.texts("")[-1], *found.texts("end")[-1:]] == ["observed", "predicted"]


def test_shares_have_a_bar_for_each_name_and_distribution():
    found = drawn(Shares("shares", ["no", "yes"], {"labels": [0.3, 0.7], "predictions": [0, 1]}))
    assert found.lengths("labels") == pytest.approx([30, 70], abs=0.3)
    assert found.lengths("predictions") == pytest.approx([0, 100], abs=0.3)
    assert found.styles("area")[2:] == [["grey", "pale"], ["blue"]]


def test_bars_go_from_zero_to_both_sides_of_the_limit():
    found = drawn(Bars("gap", ["a", "b", "c"], [0.2, -0.1, nan], 0.1))
    assert found.texts("end") == ["a", "b", "c"]
    ((zero, _, end, upper), (start, _, same, lower)) = found.boxes("")
    assert same == zero
    assert end - zero == pytest.approx(2 * (zero - start), abs=0.2)
    assert found.points("limit 0.1")[0][0] == pytest.approx((zero + end) / 2, abs=0.2)
    assert upper < lower


def test_differences_are_a_histogram_with_the_observed_one_and_the_limit():
    found = drawn(Differences("accuracy", [0.0, 0.3, 0.3], 0.2, -0.02))
    (_, low, _, base), (_, high, _, same) = found.boxes("")
    assert base == same
    assert base - high == pytest.approx(2 * (base - low), abs=0.2)
    assert found.labels() == ["observed +0.2", "limit -0.02", "by chance"]
    assert found.points("limit -0.02")[0][0] < found.points("observed +0.2")[0][0]


def test_a_confusion_has_the_truth_in_rows_and_darker_cells_for_larger_shares():
    found = drawn(Confusion(["no", "yes"], [[90, 10], [5, 95]]))
    assert found.texts("middle") == found.texts("end") == ["no", "yes"]
    assert found.texts("cell") == ["90", "10", "5", "95"]
    assert found.place("90")[0] == found.place("5")[0] < found.place("10")[0]
    assert found.place("90")[1] == found.place("10")[1] < found.place("5")[1]
    shades = {float(path.get("fill-opacity", 1)) for path in found.root.iter() if path.get("d")}
    assert min(shades) == 0.06


def test_of_many_classes_no_counts_are_written_and_few_columns_are_named():
    found = drawn(Confusion([f"class {n}" for n in range(20)], [[1] * 20] * 20))
    assert found.texts("cell") == []
    assert found.texts("middle") == [f"class {n}" for n in range(0, 20, 2)]


OVERVIEW = [
    margin("test_f1", "pass", 0.9, 0.6, ">="),
    margin("artifact_size", "fail", 150.0, 100.0, "<="),
    margin("no_key_overlap", "pass", 0.0, 0.0, "<="),
    margin("calibration", "unknown", nan, 0.05, "<="),
]


def test_the_overview_has_a_bar_for_each_gate_the_tightest_on_top_in_words_too():
    found = Drawing(draw_overview(3, tightest_first(OVERVIEW)))
    assert found.texts("end")[:4] == [
        "artifact_size: fail",
        "calibration: unknown",
        "test_f1: pass",
        "no_key_overlap: pass",
    ]
    assert found.texts("title") == [
        "version 3: 2 of 4 gates passed; not passed: artifact_size, calibration"
    ]
    assert found.texts("cell") == [
        "150 of at most 100",
        "nothing to compare",
        "0.9 of at least 0.6",
        "none",
    ]
    assert found.lengths("pass") == pytest.approx([50], abs=1)
    assert found.lengths("fail") == pytest.approx([50], abs=1)
    (beyond,), (limit, *_) = found.boxes("fail"), found.points("limit")
    assert beyond[2] == pytest.approx(limit[0], abs=0.2)


def test_the_overview_of_far_gates_keeps_its_scale():
    found = Drawing(draw_overview(1, [margin("auc", "pass", 1e9, 1e-9, ">=")]))
    assert found.lengths("pass") == pytest.approx([100], abs=1)
    assert Drawing(draw_overview(1, [])).texts("title") == ["version 1: 0 of 0 gates passed"]


@given(st.text(), st.dictionaries(st.text(), st.floats(), max_size=5), st.floats())
def test_any_bars_are_a_picture(title, values, limit):
    drawn(Bars(title, [*values], [*values.values()], limit))


@given(st.text(), *[st.floats()] * 4, st.booleans())
def test_any_estimate_is_a_picture(title, value, limit, lower, upper, at_least):
    drawn(Estimate(title, value, limit, at_least, lower, upper))


@given(st.lists(st.tuples(st.floats(), st.floats()), max_size=5), *[st.floats()] * 2)
def test_any_curve_and_differences_are_pictures(points, observed, limit):
    promised, found = zip(*points, strict=True) if points else ((), ())
    drawn(Curve(promised, found, [1] * len(points)))
    drawn(Differences("difference", found, observed, limit))
