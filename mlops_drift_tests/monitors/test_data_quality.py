from datetime import date

import pytest

from mlops_drift.monitors.config import QualityMonitor
from mlops_drift.monitors.context import LandedDay
from mlops_drift.monitors.data_quality import DataQuality
from mlops_drift_tests.monitors.contexts import MemoryContext

DAY = date(2024, 3, 1)


def judge_quality(accepted, unusable, source, limit=0.01):
    context = MemoryContext(None, [DAY], landed=[LandedDay(source, accepted, unusable)])
    [found] = DataQuality(QualityMonitor(max_rejected_share=limit)).evaluate(context, DAY)
    return found


@pytest.mark.parametrize(
    ("accepted", "aside", "verdict", "value"),
    [
        (100, 0, "pass", 0.0),
        (990, 10, "pass", 0.01),
        (989, 11, "fail", 0.011),
        (0, 1, "fail", 1.0),
        (0, 0, "unknown", 0.0),
    ],
)
def test_a_share_above_the_limit_fails_and_no_rows_are_unknown(accepted, aside, verdict, value):
    judged = judge_quality(accepted, {"age: missing": aside}, "events")
    assert judged.verdict == verdict
    assert judged.value == pytest.approx(value)
    assert (judged.n, judged.subject) == (accepted + aside, "events")
    assert judged.threshold == 0.01


def test_the_limit_may_be_everything_or_nothing():
    assert judge_quality(0, {"x": 5}, "events", 1).verdict == "pass"
    assert judge_quality(10**6, {"x": 1}, "events", 0).verdict == "fail"
    assert judge_quality(10**6, {"x": 0}, "events", 0).verdict == "pass"


def test_the_sentence_names_the_most_frequent_reasons():
    aside = {"b": 2, "a": 2, "c": 9, "none": 0, "d": 1}
    judged = judge_quality(86, aside, "labels")
    assert judged.reason == (
        "14 of 100 labels cannot be used (14.0 %, accepted 1.0 %): c (9), a (2), b (2) "
        "and 1 more reason"
    )


def test_the_sentence_of_a_sound_day_and_of_an_empty_one():
    assert judge_quality(5, {}, "events").reason == ("all 5 events meet their constraints")
    assert judge_quality(0, {}, "labels").reason == "no labels arrived"


def test_a_percent_sign_in_a_reason_stays_as_it_is():
    judged = judge_quality(99, {"rate: 5% is not a number": 1}, "events")
    assert "rate: 5% is not a number (1)" in judged.reason
