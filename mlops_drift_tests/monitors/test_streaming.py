import sys

import numpy as np
import pytest
from pydantic import ValidationError

from mlops_drift.monitors.streaming import DEFAULTS, StreamingMonitor, detect

DETECTORS = list(DEFAULTS)
SEEDS = range(20)


def wrong(seed, *phases):
    """0 and 1 by phases of a length and a share of errors."""
    share = np.concatenate([np.full(length, rate) for length, rate in phases])
    return (np.random.default_rng(seed).random(len(share)) < share).astype(float)


@pytest.mark.parametrize(
    ("detector", "within"), [("adwin", 300), ("ddm", 700), ("page_hinkley", 450)]
)
def test_a_rise_from_a_tenth_to_three_tenths_is_found(detector, within):
    monitor = StreamingMonitor(detector=detector)
    found = [detect(wrong(seed, (1000, 0.1), (1000, 0.3)), monitor) for seed in SEEDS]
    after_the_rise = [one for one in found if one.position is not None and one.position >= 1000]
    assert len(after_the_rise) >= 0.9 * len(SEEDS)
    delays = [one.position - 1000 for one in after_the_rise]
    assert np.quantile(delays, 0.95) <= within
    assert np.median([one.before for one in after_the_rise]) == pytest.approx(0.1, abs=0.02)
    assert np.median([one.value for one in after_the_rise]) == pytest.approx(0.3, abs=0.05)


def ddm(errors, warm_up=100, threshold=4.0):
    """Where DDM with its defaults alarms in each of many sequences of shape (n, sequences)."""
    wrong_so_far = np.zeros(errors.shape[1])
    lowest, limit = np.full((2, errors.shape[1]), np.inf)
    found = np.full(errors.shape[1], -1)
    for position, error in enumerate(errors):
        n = position + 1
        wrong_so_far += error
        if n > warm_up:
            share = wrong_so_far / n
            spread = np.sqrt(share * (1 - share) / n)
            limit = np.where(share + spread <= lowest, share + threshold * spread, limit)
            lowest = np.minimum(lowest, share + spread)
            found[(share + spread > limit) & (found < 0)] = position
    return found


def page_hinkley(errors, warm_up=100, delta=0.005, threshold=50.0, forgetting=1 - 1e-4):
    """Where Page-Hinkley with its defaults alarms in each of many sequences."""
    wrong_so_far, surplus = np.zeros((2, errors.shape[1]))
    lowest = np.full(errors.shape[1], np.inf)
    found = np.full(errors.shape[1], -1)
    for position, error in enumerate(errors):
        n = position + 1
        wrong_so_far += error
        surplus = forgetting * surplus + error - wrong_so_far / n - delta
        lowest = np.minimum(lowest, surplus)
        if n >= warm_up:
            found[(surplus - lowest > threshold) & (found < 0)] = position
    return found


VECTORISED = {"ddm": ddm, "page_hinkley": page_hinkley}


def many(share, length, sequences):
    return np.random.default_rng(8).random((length, sequences)) < share


@pytest.mark.parametrize(("detector", "share"), [("ddm", 0.05), ("page_hinkley", 0.4)])
def test_many_sequences_at_once_alarm_as_each_does_alone(detector, share):
    errors = many(share, 5000, 12)
    alone = [detect(one, StreamingMonitor(detector=detector)).position for one in errors.T]
    at_once = VECTORISED[detector](errors)
    assert alone == [None if position < 0 else position for position in at_once]
    assert 0 < alone.count(None) < len(alone)


# The rates that the help of `detector` states.
@pytest.mark.parametrize(
    ("detector", "alarms"),
    [
        (
            "page_hinkley",
            {(0.05, 10_000): 0.0, (0.1, 10_000): 0.01, (0.3, 10_000): 0.28, (0.3, 3_000): 0.02},
        ),
        ("ddm", {(0.05, 10_000): 0.12, (0.1, 10_000): 0.05, (0.3, 10_000): 0.01}),
    ],
)
def test_false_alarms_are_as_frequent_as_described(detector, alarms):
    shares, sequences = [0.05, 0.1, 0.3], 1000
    errors = np.hstack([many(share, 10_000, sequences) for share in shares])
    positions = VECTORISED[detector](errors).reshape(len(shares), sequences)
    found = {
        (share, length): np.mean((positions[number] >= 0) & (positions[number] < length))
        for number, share in enumerate(shares)
        for length in (3_000, 10_000)
    }
    assert {one: found[one] for one in alarms} == pytest.approx(alarms, abs=0.02)


@pytest.mark.parametrize("share", [0.05, 0.3])
def test_adwin_hardly_ever_alarms_without_a_rise(share):
    found = [detect(one, StreamingMonitor()).verdict for one in many(share, 10_000, 20).T]
    assert "fail" not in found


@pytest.mark.parametrize("detector", ["adwin", "page_hinkley"])
def test_an_improvement_is_no_alarm(detector):
    monitor = StreamingMonitor(detector=detector)
    found = [detect(wrong(seed, (1500, 0.3), (1500, 0.1)), monitor) for seed in SEEDS]
    assert [one.verdict for one in found] == ["pass"] * len(SEEDS)


def test_a_rise_after_an_improvement_is_compared_with_the_improved_share():
    errors = wrong(1, (1000, 0.4), (1000, 0.1), (1000, 0.3))
    found = detect(errors, StreamingMonitor(detector="adwin"))
    assert found.position >= 2000
    assert found.before == pytest.approx(0.1, abs=0.04)


@pytest.mark.parametrize("detector", DETECTORS)
def test_later_errors_do_not_change_what_was_found(detector):
    monitor = StreamingMonitor(detector=detector)
    errors = wrong(3, (600, 0.1), (1400, 0.4))
    whole = detect(errors, monitor)
    assert detect(errors[: whole.position], monitor).verdict == "pass"
    then = detect(errors[: whole.position + 1], monitor)
    assert (then.position, then.value, then.before) == (whole.position, whole.value, whole.before)


@pytest.mark.parametrize("detector", DETECTORS)
def test_absolute_errors_are_judged_whatever_their_unit(detector):
    rng = np.random.default_rng(5)
    errors = np.abs(rng.standard_t(3, 1500)) * np.repeat([1.0, 2.5], [900, 600])
    monitor = StreamingMonitor(detector=detector)
    small, large = detect(errors / 1000, monitor), detect(errors * 1000, monitor)
    assert small.position == large.position
    assert 900 <= small.position < 1300
    assert large.value == pytest.approx(1e6 * small.value)
    assert small.value > 1.5 * small.before


def test_one_huge_absolute_error_is_no_rise():
    errors = np.abs(np.random.default_rng(2).normal(size=1000))
    errors[700] = 1e9
    assert detect(errors, StreamingMonitor(detector="page_hinkley")).verdict == "pass"


@pytest.mark.parametrize("detector", DETECTORS)
@pytest.mark.parametrize("n", [0, 1, 100])
def test_too_few_errors_say_nothing(detector, n):
    found = detect(np.ones(n), StreamingMonitor(detector=detector, warm_up=100))
    assert found.verdict == "unknown"
    assert found.position is None
    assert found.reason == f"{n} labelled predictions, more than 100 are needed"


@pytest.mark.parametrize("bad", [-1.0, float("nan"), float("inf")])
def test_an_impossible_error_is_named(bad):
    with pytest.raises(ValueError, match=f"found {bad} at position 2"):
        detect([0, 1, bad], StreamingMonitor())


def test_without_river_the_error_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "river.drift", None)
    with pytest.raises(ImportError, match=r"pip install mlops_drift\[streaming\]"):
        detect([], StreamingMonitor())


def test_a_stricter_setting_alarms_later():
    errors = wrong(4, (800, 0.1), (1200, 0.4))
    positions = [
        detect(errors, StreamingMonitor(detector="page_hinkley", threshold=threshold)).position
        for threshold in (20, 50, 100)
    ]
    assert positions == sorted(set(positions))


def test_a_setting_of_another_detector_is_an_error():
    with pytest.raises(ValidationError, match="adwin is set by delta, found threshold"):
        StreamingMonitor(detector="adwin", threshold=3)
