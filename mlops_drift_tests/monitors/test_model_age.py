"""When a version is too old."""

from datetime import timedelta

import pytest

from mlops_drift.monitors.config import AgeMonitor
from mlops_drift.monitors.model_age import ModelAge
from mlops_drift.policy.decision import Champion
from mlops_drift_tests.monitors.answers import DAY
from mlops_drift_tests.monitors.contexts import MemoryContext

TRAINED, SERVING = DAY - timedelta(days=15), lambda _: Champion(4, DAY)


def judged(day, retrained=TRAINED):
    context = MemoryContext(None, [day], champion=SERVING, trained=TRAINED, retrained=retrained)
    (found,) = ModelAge(AgeMonitor(max_days=30)).evaluate(context, day)
    return found


@pytest.mark.parametrize(("days", "verdict"), [(29, "pass"), (30, "fail"), (200, "fail")])
def test_a_version_is_too_old_from_its_greatest_age_on(days, verdict):
    found = judged(TRAINED + timedelta(days=days))
    assert (found.verdict, found.value, found.threshold) == (verdict, days, 30)


def test_the_age_counts_from_the_training_data_and_not_from_the_approval():
    found = judged(DAY + timedelta(days=1))
    assert found.value == 16
    assert found.reason == (
        f"version 4 is 16 days old (accepted: under 30): trained as of {TRAINED}, serves since "
        f"{DAY + timedelta(days=1)}"
    )


def test_a_challenger_that_was_no_better_counts_as_a_look():
    found = judged(DAY + timedelta(days=20), retrained=DAY)
    assert (found.verdict, found.value) == ("pass", 20)
    assert found.reason.endswith(f"; no new version was better as of {DAY}")
