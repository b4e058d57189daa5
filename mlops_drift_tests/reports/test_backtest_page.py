import re
from datetime import date
from math import nan

import pytest

from mlops_drift.reports.backtest_page import backtest_page
from mlops_drift_tests.charts.drawing import Drawing
from mlops_drift_tests.compare.test_page import Page
from mlops_drift_tests.reports.a_backtest import alarm, compared, decision, policy, result


@pytest.fixture(scope="module")
def page():
    return Page(backtest_page(compared()))


def drawing(backtest):
    return Drawing(re.search(r"<svg xmlns.*?</svg>", backtest_page(backtest), re.DOTALL)[0])


@pytest.fixture(scope="module")
def drawn():
    return drawing(compared())


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
    assert not re.search(r"(src|href)=|url\((?!#)|@import|javascript:", text)
    assert {name for name, _ in found.elements}.isdisjoint(
        {"link", "img", "iframe", "object", "base"}
    )
    assert not re.search(r"\b(nan|None|inf)\b", " ".join(found.text))
    assert not any("nan" in value for _, attrs in found.elements for value in attrs.values())


@pytest.mark.parametrize("backtest", CASES.values(), ids=CASES)
def test_the_same_result_gives_the_same_page(backtest):
    assert backtest_page(backtest) == backtest_page(backtest)


def test_a_policy_has_a_line_with_a_point_a_period(drawn):
    falling, steady = drawn.points("never"), drawn.points("on failed checks")
    assert len(falling) == len(steady) == 12
    heights = [y for _, y in falling]
    assert heights == sorted(heights)
    assert [x for x, _ in falling] == [x for x, _ in steady] == sorted(x for x, _ in falling)
    assert falling[0] == steady[0]


def test_a_point_tells_period_value_labels_and_version(drawn):
    x, y, text = drawn.dots("round")[1]
    assert (x, y) == drawn.points("never")[1]
    assert text == "never, 2020-02-01 to 2020-02-29: 0.870 on 1500 labels, version 1"


def test_a_period_without_labels_breaks_the_line():
    found = drawing(result({"a": policy([0.9, 0.8, nan, 0.7, None, 0.6, 0.5])}))
    assert [len(piece) for piece in found.pieces("a")] == [2, 1, 2]
    assert len(found.dots("round")) == 5


def test_lines_that_lie_on_each_other_are_named_at_their_ends():
    found = drawing(result({"a": policy([0.9, 0.8]), "b": policy([0.9, 0.8])}, months=2))
    assert found.points("a") == found.points("b")
    assert found.labels() == ["a", "b"]


def test_the_floor_is_drawn_at_its_height_and_only_if_there_is_one(drawn):
    found = drawing({**compared(), "floor": 0.9})
    assert found.points("floor 0.9")[0][1] == found.points("never")[0][1]
    assert not any(text.startswith("floor") for text in drawn.texts())


def test_a_floor_beyond_all_values_is_still_in_the_drawing():
    found = drawing({**compared(), "floor": 0.1})
    lowest = max(y for name in ("never", "on failed checks") for _, y in found.points(name))
    assert lowest < found.points("floor 0.1")[0][1] < found.height


def test_a_training_is_marked_on_its_day_by_its_outcome(drawn):
    # After a sample, and after the periods of both policies.
    sample, *promoted = drawn.dots("round")[24:]
    _, rejected = drawn.dots("hollow")
    assert sample[2] == "promoted"
    assert promoted[0][0] < rejected[0] < promoted[1][0]
    assert promoted[0][2] == "on failed checks, 2020-04-10: feature_drift, promoted v2"
    text = "on failed checks, 2020-07-02: performance_drop, feature_drift, rejected v3"
    assert rejected[2] == text


def test_a_decision_that_trained_nothing_has_no_marker():
    alerted = {**decision(date(2020, 3, 1), 2, None), "action": "alert", "challenger": None}
    backtest = result({"alert": policy([0.9, 0.9], decisions=[alerted])})
    assert len(drawing(backtest).dots("round")) == 2
    assert drawing(backtest).dots("hollow") == []
    assert "alert" in Page(backtest_page(backtest)).text


def test_days_of_periods_and_trainings_are_at_the_same_places(drawn):
    months = [text for text in drawn.root.iter() if text.text and text.text.endswith(" 2020")]
    above, below = months[:6], months[6:]
    assert [text.text for text in above] == [text.text for text in below]
    assert [text.get("x") for text in above] == [text.get("x") for text in below]


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
    assert found.find("b") == found.find("img") == []
    assert len(found.find("script")) == 1
    assert sum(ugly in text for text in found.text) >= 8
    assert any(cell.get("title") == ugly for cell in found.find("td"))


def test_a_long_name_is_shortened_in_the_drawing_and_whole_elsewhere():
    name = "a policy whose name is rather long"
    backtest = result({name: policy([0.9, 0.8])}, months=2)
    assert drawing(backtest).labels() == ["a policy whose name is ra…"]
    assert Page(backtest_page(backtest)).text.count(name) >= 2


def test_every_second_line_is_dashed_and_none_is_like_another():
    styles = drawing(CASES["eight"]).styles("line")
    assert [style[1:] for style in styles] == [[], ["dashed"]] * 4
    assert len({*map(tuple, styles)}) == 8


def test_a_short_history_is_drawn_by_week():
    weekly = policy([0.9, 0.8], weeks=policy([0.5, 0.6, 0.7, 0.9])["periods"])
    short = result({"a": weekly}, months=2)
    assert len(drawing(short).points("a")) == 4
    assert "accuracy of every week from" in " ".join(Page(backtest_page(short)).text)
