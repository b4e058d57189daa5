from datetime import date, timedelta

import numpy as np
import pytest

from mlops_drift.config.spec import ModelSpec
from mlops_drift.monitors.context import LandedDay
from mlops_drift.monitors.freshness import Freshness, FreshnessMonitor
from mlops_drift_tests.monitors.contexts import MemoryContext
from mlops_drift_tests.tiny import SPEC, merged

START = date(2024, 1, 1)
DELAYED = ModelSpec(
    **merged(SPEC, {"start_date": START, "end_date": None, "target": {"label_delay_days": 10}})
)


def judged(source, number, newest, margin=3):
    day = START + timedelta(days=number)
    answer = None if newest is None else START + timedelta(days=newest)
    landed = [LandedDay(source)]
    context = MemoryContext(DELAYED, [day], landed=landed, newest=lambda *_: answer)
    [found] = Freshness(FreshnessMonitor(margin_days=margin)).evaluate(context, day)
    return found


@pytest.mark.parametrize(
    ("source", "age", "verdict"),
    [
        ("events", 0, "pass"),
        ("events", 3, "pass"),
        ("events", 4, "fail"),
        ("labels", 13, "pass"),
        ("labels", 14, "fail"),
    ],
)
def test_events_may_be_as_old_as_the_margin_and_labels_older_by_their_delay(source, age, verdict):
    found = judged(source, 100, 100 - age)
    assert (found.verdict, found.value, found.subject) == (verdict, age, source)
    assert found.threshold == (13 if source == "labels" else 3)
    assert f"{age} days old" in found.reason


def test_what_never_came_is_unknown_until_it_is_due():
    assert judged("labels", 12, None).verdict == "unknown"
    assert judged("labels", 13, None).verdict == "fail"
    assert judged("events", 0, None).code == "not_due"


def test_labels_that_come_now_and_then_within_the_margin_never_fail():
    rng = np.random.default_rng(3)
    failing = 0
    for _ in range(20):
        # Nine of ten labels of a day come on time, the rest up to a week later.
        arrival = np.arange(300) + 10 + rng.integers(0, 8, 300) * (rng.random(300) < 0.1)
        for number in range(20, 300):
            known = np.flatnonzero(arrival <= number)
            failing += judged("labels", number, int(known.max()), margin=7).verdict == "fail"
    assert failing == 0
