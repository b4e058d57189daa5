import sys

import numpy as np
import pytest
from pydantic import ValidationError

from mlops_drift.monitors.streaming import DEFAULTS, StreamingMonitor, detect

DETECTORS = list(DEFAULTS)
SEEDS = range(40)


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


# The rates of the field's description, with room for chance in 40 sequences.
@pytest.mark.parametrize(
    ("detector", "share", "length", "most"),
    [
        ("adwin", 0.05, 3000, 2),
        ("adwin", 0.2, 3000, 2),
        ("ddm", 0.05, 3000, 6),
        ("ddm", 0.2, 3000, 4),
        ("page_hinkley", 0.05, 3000, 2),
        ("page_hinkley", 0.2, 3000, 3),
    ],
)
def test_false_alarms_are_as_rare_as_described(detector, share, length, most):
    monitor = StreamingMonitor(detector=detector)
    found = [detect(wrong(seed, (length, share)), monitor) for seed in SEEDS]
    assert sum(one.verdict == "fail" for one in found) <= most


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
    monkeypatch.setitem(sys.modules, "river", None)
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
