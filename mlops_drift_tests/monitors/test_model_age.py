"""When a version is too old."""

from datetime import timedelta

import pytest

from mlops_drift.monitors.config import AgeMonitor
from mlops_drift.monitors.model_age import ModelAge
from mlops_drift.policy.decision import Champion
from mlops_drift_tests.monitors.answers import DAY
from mlops_drift_tests.monitors.contexts import MemoryContext


@pytest.mark.parametrize(("days", "verdict"), [(29, "pass"), (30, "fail"), (200, "fail")])
def test_a_version_is_too_old_from_its_greatest_age_on(days, verdict):
    day = DAY + timedelta(days=days)
    context = MemoryContext(None, [day], champion=lambda _: Champion(4, DAY), retrained=DAY)
    [found] = ModelAge(AgeMonitor(max_days=30)).evaluate(context, day)
    assert (found.verdict, found.value, found.threshold) == (verdict, days, 30)
