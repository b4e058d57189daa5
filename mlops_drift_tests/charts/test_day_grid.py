from datetime import date, timedelta
from xml.etree import ElementTree

from mlops_drift.charts.day_grid import GridRow, Mark, day_grid

MARKS = {"p": Mark("pass", 0.5, "pass"), "f": Mark("fail", 1, "fail")}
FIRST = date(2023, 12, 30)


def drawn(letters, name="drift"):
    days = [FIRST + timedelta(number) for number in range(len(letters))]
    marks = [letter if letter in MARKS else None for letter in letters]
    return ElementTree.fromstring(day_grid("checks", days, [GridRow(name, marks)], MARKS))


def lines(root, style):
    return [path.get("d").count("M") for path in root.iter("path") if path.get("class") == style]


def test_neighbours_that_are_alike_are_one_line():
    root = drawn("ppffppp fp")
    assert lines(root, "pass") == [3]
    assert lines(root, "fail") == [2]


def test_a_fail_is_higher_than_a_pass_so_that_colour_is_not_needed():
    heights = {
        path.get("class"): path.get("stroke-width")
        for path in drawn("pf").iter("path")
        if path.get("data-word")
    }
    assert float(heights["fail"]) == 2 * float(heights["pass"])


def test_a_row_without_a_verdict_has_its_name_and_no_box():
    root = drawn("   ")
    assert not lines(root, "pass") + lines(root, "fail")
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
    assert not lines(drawn(""), "pass")
