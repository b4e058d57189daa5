from datetime import date, timedelta

import numpy as np
import pytest

from mlops_drift.config.spec import ModelSpec
from mlops_drift.monitors.context import LandedDay
from mlops_drift.monitors.volume import Volume, VolumeMonitor
from mlops_drift_tests.monitors.contexts import MemoryContext
from mlops_drift_tests.tiny import SPEC

MONDAY = date(2024, 1, 1)
WEEKLY = np.array([1, 1, 1, 1, 1.1, 0.4, 0.3])
TINY = ModelSpec(**SPEC)


def days(counts):
    return {MONDAY + timedelta(days=number): int(n) for number, n in enumerate(counts)}


def judged(counts, settings=None, missing_file=""):
    """What the last of some days is."""
    by_day = days(counts)
    landed = [LandedDay("events", missing_file=missing_file)]
    context = MemoryContext(TINY, [max(by_day)], landed=landed, event_counts=by_day)
    [found] = Volume(settings or VolumeMonitor()).evaluate(context, max(by_day))
    return found


def test_the_first_weeks_are_unknown():
    assert judged([100] * 28).verdict == "unknown"
    assert judged([100] * 28).code == "too_few_days"
    assert judged([100] * 29).verdict == "pass"


@pytest.mark.parametrize(
    ("n", "verdict"), [(0, "fail"), (40, "fail"), (100, "pass"), (190, "fail")]
)
def test_a_day_far_from_the_same_weekdays_fails_on_either_side(n, verdict):
    noise = np.random.default_rng(1).poisson(100, 56)
    found = judged([*noise, n])
    assert found.verdict == verdict
    assert (found.value, found.subject) == (n, "events")
    assert found.lower < 100 < found.upper
    assert found.threshold == (found.lower if n < 100 else found.upper)
    assert (found.p < 0.001) == (verdict == "fail")
    assert f"{n} events: 10" in found.reason or f"{n} events: 9" in found.reason


def test_a_weekend_is_compared_with_weekends():
    pattern = [*np.tile(1000 * WEEKLY, 8)]
    assert judged([*pattern, *(1000 * WEEKLY[:6])]).verdict == "pass"
    assert judged([*pattern, 400]).verdict == "fail"


def test_a_day_without_its_file_is_unknown_and_no_count_of_later_days():
    assert judged([100] * 57, missing_file="e.csv").code == "no_file"
    by_day = days([100] * 57)
    del by_day[MONDAY], by_day[MONDAY + timedelta(days=7)]
    context = MemoryContext(TINY, [max(by_day)], landed=[LandedDay("events")], event_counts=by_day)
    [found] = Volume(VolumeMonitor()).evaluate(context, max(by_day))
    assert "100 on the last 6 Mondays" in found.reason


def test_weeks_without_any_event_make_the_first_one_no_alarm():
    assert judged([0] * 56 + [1]).verdict == "pass"
    assert judged([0] * 56 + [50]).verdict == "fail"


def counts_of(kind, rng, n):
    weekly = WEEKLY[np.arange(n) % 7]
    return {
        "poisson": lambda: rng.poisson(50, n),
        "few": lambda: rng.poisson(3, n),
        "over-dispersed": lambda: rng.negative_binomial(20, 20 / (20 + 100 * weekly)),
        "lognormal": lambda: (1000 * weekly * np.exp(0.2 * rng.normal(size=n))).astype(int),
    }[kind]()


@pytest.mark.parametrize("kind", ["poisson", "few", "over-dispersed", "lognormal"])
def test_chance_alone_fails_about_one_day_in_a_thousand(kind):
    rng = np.random.default_rng(7)
    worlds, later = 6, 100
    failing = sum(
        judged(counts[: number + 1]).verdict == "fail"
        for counts in (counts_of(kind, rng, 56 + later) for _ in range(worlds))
        for number in range(56, 56 + later)
    )
    # Six of 600 are ten times as many as are expected.
    assert failing <= 5
