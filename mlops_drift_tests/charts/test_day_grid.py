from datetime import date, timedelta
from itertools import accumulate
from xml.etree import ElementTree

import pytest

from mlops_drift.charts.day_grid import GridRow, Mark, day_grid

MARKS = {"p": Mark("pass", 0.5, "pass"), "f": Mark("fail", 1, "fail")}
FIRST = date(2023, 12, 30)


def drawn(letters, name="drift"):
    days = [FIRST + timedelta(number) for number in range(len(letters))]
    marks = [letter if letter in MARKS else None for letter in letters]
    return ElementTree.fromstring(day_grid("checks", days, [GridRow(name, marks)], MARKS))


def boxes(root, style):
    return [path.get("d").count("z") for path in root.iter("path") if path.get("class") == style]


def test_neighbours_that_are_alike_are_one_box():
    root = drawn("ppffppp fp")
    assert boxes(root, "pass") == [3]
    assert boxes(root, "fail") == [2]


def test_boxes_begin_where_their_days_do():
    root = drawn("p" + "fp" * 182)
    width = float(root.find("g/rect").get("width")) / 365
    [path] = [path.get("d") for path in root.iter("path") if path.get("class") == "fail"]
    steps = [float(box.split(" ")[0]) for box in path.lstrip("M").replace("m", "").split("z")[:-1]]
    for number, x in enumerate(accumulate(steps)):
        assert x == pytest.approx((1 + 2 * number) * width, abs=0.06)


def test_a_fail_is_higher_than_a_pass_so_that_colour_is_not_needed():
    heights = {
        path.get("class"): path.get("d").split("v")[1].split("h")[0]
        for path in drawn("pf").iter("path")
        if path.get("data-word")
    }
    assert float(heights["fail"]) == 2 * float(heights["pass"])


def test_a_row_without_a_verdict_has_its_name_and_no_box():
    root = drawn("   ")
    assert not boxes(root, "pass") + boxes(root, "fail")
    assert next(root.iter("text")).text == "drift"


def test_the_days_are_named_with_the_year_where_it_is_new():
    assert [text.text for text in drawn("pppp").iter("text")][1:] == [
        *("2023-12-30", "12-31", "2024-01-01", "01-02")
    ]


def test_a_name_is_cut_and_escaped():
    text = next(drawn("p", "<b>" + "x" * 90).iter("text")).text
    assert text.startswith("<b>x")
    assert text.endswith("…")


def test_a_page_of_no_day_has_no_cell():
    assert not boxes(drawn(""), "pass")
