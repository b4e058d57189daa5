import re
from datetime import date
from itertools import pairwise
from math import nan

import pytest

from mlops_drift.reports.backtest_page import backtest_page
from mlops_drift_tests.compare.test_page import Page
from mlops_drift_tests.reports.a_backtest import alarm, compared, decision, policy, result

BOTTOM = 296.0


@pytest.fixture(scope="module")
def page():
    return Page(backtest_page(compared()))


def curves(found):
    """The points of each line, as pairs of numbers."""
    return [
        [tuple(map(float, point.split(","))) for point in line["points"].split()]
        for line in found.find("polyline")
    ]


CASES = {
    "compared": compared(),
    "floor": {**compared(), "floor": 0.8},
    "one": result({"never": policy([0.9, 0.8])}, months=2),
    "gaps": result({"never": policy([0.9, nan, 0.8, None])}, months=4),
    "unmeasured": result({"alert": policy([None], mean_value=nan)}, months=1),
    "no period": result({"alert": policy([])}),
    "no policy": result({}),
    "one day": result({"a": policy([0.5])}, last_day=date(2020, 1, 1)),
    "zero": result({"a": policy([0.0, 0.0])}, months=2),
    "large": result({"a": policy([15200.0, 48000.0])}, months=2, greater_is_better=False),
    "eight": result({f"p{number}": policy([0.5 + number / 20] * 3) for number in range(8)}),
}


@pytest.mark.parametrize("backtest", CASES.values(), ids=CASES)
def test_the_page_is_whole_and_needs_nothing_else(backtest):
    text = backtest_page(backtest)
    found = Page(text)
    assert not re.search(r"https?:|url\(|@import|javascript:", text)
    assert {name for name, _ in found.elements}.isdisjoint(
        {"script", "link", "img", "iframe", "object", "base"}
    )
    assert not any({"src", "href"} & set(attrs) for _, attrs in found.elements)
    assert not re.search(r"\b(nan|None|inf)\b", " ".join(found.text))
    assert not any("nan" in value for _, attrs in found.elements for value in attrs.values())


@pytest.mark.parametrize("backtest", CASES.values(), ids=CASES)
def test_the_same_result_gives_the_same_page(backtest):
    assert backtest_page(backtest) == backtest_page(backtest)


def test_a_policy_has_a_line_with_a_point_a_period(page):
    falling, steady = curves(page)
    assert len(falling) == len(steady) == 12
    heights = [y for _, y in falling]
    assert heights == sorted(heights)
    assert [x for x, _ in falling] == [x for x, _ in steady]
    assert [x for x, _ in falling] == sorted(x for x, _ in falling)
    assert falling[0] == steady[0]
    assert all(14 < y < BOTTOM for line in (falling, steady) for _, y in line)


def test_a_point_tells_period_value_labels_and_version(page):
    assert "never, 2020-02-01 to 2020-02-29: 0.870 on 1500 labels, version 1" in page.text


def test_a_period_without_labels_breaks_the_line():
    found = Page(backtest_page(result({"a": policy([0.9, 0.8, nan, 0.7, None, 0.6, 0.5])})))
    assert [len(line) for line in curves(found)] == [2, 1, 2]
    assert len(found.find("circle", class_="point")) == 5


def test_the_floor_is_drawn_at_its_height_and_only_if_there_is_one(page):
    found = Page(backtest_page({**compared(), "floor": 0.9}))
    [line] = found.find("line", class_="floor")
    assert float(line["y1"]) == curves(found)[0][0][1]
    assert "floor 0.9" in found.text
    assert page.find("line", class_="floor") == []


def test_a_floor_beyond_all_values_is_still_in_the_drawing():
    found = Page(backtest_page({**compared(), "floor": 0.1}))
    [line] = found.find("line", class_="floor")
    assert max(y for curve in curves(found) for _, y in curve) < float(line["y1"]) < BOTTOM


def test_a_retraining_is_marked_on_its_day_by_its_outcome(page):
    promoted = page.find("circle", class_="promoted")
    [rejected] = page.find("circle", class_="rejected")
    assert len(promoted) == 2
    assert float(promoted[0]["cx"]) < float(rejected["cx"]) < float(promoted[1]["cx"])
    assert "on failed checks, 2020-04-10: feature_drift, promoted v2" in page.text
    text = "on failed checks, 2020-07-02: performance_drop, feature_drift, rejected v3"
    assert text in page.text


def test_a_decision_that_trained_nothing_has_no_marker():
    alerted = {**decision(date(2020, 3, 1), 2, None), "action": "alert", "challenger": None}
    found = Page(backtest_page(result({"alert": policy([0.9, 0.9], decisions=[alerted])})))
    assert found.find("circle", class_="promoted") == found.find("circle", class_="rejected") == []
    assert "alert" in found.text


def test_the_scale_has_round_values_and_the_axis_firsts_of_months(page):
    assert {"0.6", "0.7", "0.8", "0.9"} <= set(page.text)
    assert [text for text in page.text if re.fullmatch(r"[A-Z][a-z]{2} 2020", text)] == [
        "Jan 2020",
        "Mar 2020",
        "May 2020",
        "Jul 2020",
        "Sep 2020",
        "Nov 2020",
    ]


@pytest.mark.parametrize(("months", "step"), [(2, 1), (36, 4), (60, 6), (120, 12), (240, 24)])
def test_of_long_histories_only_some_months_are_named(months, step):
    found = Page(backtest_page(result({"a": policy([0.9] * months)}, months=months)))
    assert len(found.find("text", class_="day")) == months // step <= 10


def test_the_summary_tells_what_each_policy_reached_and_marks_the_best(page):
    assert len(page.find("tr", class_="best")) == 1
    start = page.text.index("best mean")
    assert page.text[start - 1 : start + 9] == [
        "on failed checks",
        "best mean",
        "0.895",
        "0.840",
        "from 2020-04-01",
        "3",
        "1",
        "12.2",
        "13,500",
        "1.5",
    ]


def test_a_single_policy_is_not_called_the_best():
    assert "best mean" not in backtest_page(CASES["one"])


def test_decisions_and_versions_of_a_policy_are_listed(page):
    for told in ("performance_drop, feature_drift: miles moved", "rejected v3", "promoted v4"):
        assert told in page.text
    assert "recent since 2020-01-11" in page.text
    row = page.text.index("v3")
    assert page.text[row : row + 6] == ["v3", "2020-07-02", "4,500", "linear", "0.871", "no"]


def test_alarms_are_folded_and_counted(page):
    assert len(page.find("details")) == 2
    assert all("open" not in attrs for attrs in page.find("details"))
    assert "3 failed numbers on 2 days" in page.text
    assert "1 failed number on 1 day" in page.text


def test_of_many_alarms_the_first_two_hundred_are_listed():
    alarms = [alarm(date(2020, 1, 5), f"reason {number}") for number in range(1234)]
    found = Page(backtest_page(result({"a": policy([0.9], alarms=alarms)}, months=1)))
    assert "1,234 failed numbers on 1 day, the first 200" in found.text
    assert [text for text in found.text if text.startswith("reason")] == [
        f"reason {number}" for number in range(200)
    ]


@pytest.mark.parametrize("ugly", ["<b>", "</script>", "\"'><img src=x>", "a & b", "{{ 1 }}"])
def test_everything_that_is_text_is_escaped(ugly):
    told = policy(
        [0.9],
        alarms=[alarm(date(2020, 1, 5), ugly)],
        decisions=[
            decision(date(2020, 1, 6), 2, ugly, [ugly], reason=ugly, outcome_reason=ugly),
        ],
    )
    found = Page(backtest_page(result({ugly: told}, model=ugly, metric=ugly, months=1)))
    assert found.find("b") == found.find("img") == found.find("script") == []
    assert sum(ugly in text for text in found.text) >= 8
    assert any(cell.get("title") == ugly for cell in found.find("td"))


def test_a_long_name_is_shortened_in_the_drawing_and_whole_elsewhere():
    name = "a policy whose name is rather long"
    found = Page(backtest_page(result({name: policy([0.9, 0.8])}, months=2)))
    assert "a policy whose n…" in found.text
    assert found.text.count(name) >= 3


def test_from_the_seventh_policy_on_colours_come_again_dashed():
    found = Page(backtest_page(CASES["eight"]))
    classes = [attrs["class"] for attrs in found.find("g")]
    assert classes == [f"c{number}" for number in range(6)] + ["c0 dashed", "c1 dashed"]


def test_the_drawing_has_a_name(page):
    assert [drawing["role"] for drawing in page.find("svg")] == ["img"]
    assert page.find("svg")[0]["aria-label"].startswith("accuracy by month and policy")


def test_names_at_the_ends_of_equal_curves_do_not_hide_each_other():
    many = {f"p{number}": policy([0.9, 0.8]) for number in range(4)}
    found = Page(backtest_page(result({**many, "low": policy([0.9, 0.1])}, months=2)))
    ends = sorted(float(text["y"]) for text in found.find("text", class_="end"))
    assert len(ends) == 5
    assert all(after - before >= 14 for before, after in pairwise(ends))
    assert ends[-1] <= BOTTOM + 4


def test_a_short_history_is_drawn_by_week():
    weekly = policy([0.9, 0.8], weeks=policy([0.5, 0.6, 0.7, 0.9])["periods"])
    found = Page(backtest_page(result({"a": weekly}, months=2)))
    assert [len(line) for line in curves(found)] == [4]
    assert "accuracy of every week from" in " ".join(found.text)
