from datetime import date, timedelta

import numpy as np
import pytest

from mlops_drift.config.spec import ModelSpec
from mlops_drift.monitors.context import LandedDay
from mlops_drift.monitors.volume import Expected, Volume, VolumeMonitor
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


# Days of which chance alone fails so many of a thousand, at the default of one: as the help says.
@pytest.mark.parametrize(
    ("most", "counts_of"),
    [
        (1, lambda rng, shape: rng.poisson(50, shape)),
        (1, lambda rng, shape: rng.poisson(3, shape)),
        (1.5, lambda rng, shape: rng.negative_binomial(20, 20 / (20 + 100 * WEEKLY), shape)),
        (2.5, lambda rng, shape: 1000 * WEEKLY * np.exp(0.2 * rng.normal(size=shape)) // 1),
    ],
    ids=["poisson", "few", "over-dispersed", "lognormal"],
)
def test_chance_alone_fails_about_one_day_in_a_thousand(most, counts_of):
    counts = counts_of(np.random.default_rng(7), (20_000, 9, 7))
    today, expected = counts[:, 8, 0], Expected.of(counts[:, :8])
    lower, upper = expected.range(VolumeMonitor().alpha)
    assert 1000 * np.mean((today < lower) | (today > upper)) <= most
