"""Limits of the retention: what is too short is refused, with the field and what would do."""

import pytest
from pydantic import ValidationError

from mlops_drift.drift.config import DriftMonitor
from mlops_drift.monitors.config import PerformanceMonitor
from mlops_drift.policy.config import RetrainingPolicy
from mlops_drift.policy.retention import Retention, lookback_of, require_within_lookback
from mlops_drift.schema.columns import Target

TARGET = Target(column="y", kind="regression", label_delay_days=10)
RECENT = RetrainingPolicy(window_days=60, training_windows=["recent", "since_change"])


def reach(policy=RECENT, history=0, **drift):
    monitor = DriftMonitor(**{"windows": [1, 7], **drift})
    return lookback_of(TARGET, monitor, PerformanceMonitor(windows=[1, 14]), policy, history)


def test_everything_is_kept_by_default():
    assert Retention().is_empty
    require_within_lookback(Retention(), reach(RetrainingPolicy()))


@pytest.mark.parametrize("name", Retention.model_fields)
def test_a_limit_is_at_least_one(name):
    with pytest.raises(ValidationError, match=name):
        Retention(**{name: 0})


def test_predictions_are_kept_until_their_labels_and_windows_are_measured():
    require_within_lookback(Retention(predictions_days=24), reach())
    with pytest.raises(ValueError, match=r"retention.predictions_days is 23.*use at least 24"):
        require_within_lookback(Retention(predictions_days=23), reach())


@pytest.mark.parametrize(
    "policy",
    [
        RetrainingPolicy(),
        RetrainingPolicy(window_days=60),
        RetrainingPolicy(window_days=60, training_windows=["everything"]),
        RetrainingPolicy(window_days=60, training_windows=["since_change"]),
        RetrainingPolicy(training_windows=["recent", "since_change"]),
    ],
)
def test_a_model_that_may_train_on_everything_keeps_it(policy):
    with pytest.raises(ValueError, match=r"retention.landing_days is 99.*set policy.window_days"):
        require_within_lookback(Retention(landing_days=99, predictions_days=90), reach(policy))


@pytest.mark.parametrize("predictions", [None, 100])
def test_predictions_are_not_kept_longer_than_what_measures_them(predictions):
    with pytest.raises(ValueError, match=r"set retention\.predictions_days to at most 99"):
        require_within_lookback(Retention(landing_days=99, predictions_days=predictions), reach())


@pytest.mark.parametrize(
    ("facts", "least"),
    [
        ({}, 70),
        ({"history": 8}, 78),
        # A window of 7 days and one of its kind a year before it.
        ({"season": {"period_days": 364}}, 371),
        # Four weeks, of which the first would overlap none of the window of 7 days.
        ({"season": {"period_days": 20, "periods": 4}}, 87),
    ],
)
def test_landing_is_kept_as_long_as_trainings_and_seasons_reach(facts, least):
    require_within_lookback(Retention(landing_days=least, predictions_days=30), reach(**facts))
    with pytest.raises(ValueError, match=f"use at least {least}"):
        require_within_lookback(
            Retention(landing_days=least - 1, predictions_days=30), reach(**facts)
        )


def test_a_season_reaches_behind_the_windows_that_it_overlaps():
    # 7 days against 3-day periods: the nearest that does not overlap is three periods back.
    assert reach(season={"period_days": 3, "periods": 2}).season == 7 + (3 + 1) * 3
