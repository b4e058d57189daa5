"""How often chance alone looks like a drop, and how soon a real drop is found."""

from datetime import date, timedelta

import numpy as np
import pytest

from mlops_drift.monitors.config import PerformanceMonitor
from mlops_drift.monitors.measured import measure_metric
from mlops_drift.monitors.performance import Limits, MeasuredWindow, judge_windows
from mlops_drift.schema.columns import Target

TARGET = Target(column="y", kind="binary", classes=["no", "yes"], positive="yes")
MONITOR = PerformanceMonitor()
START = date(2024, 1, 1)
A_DAY = 100


class World:
    """Events whose label follows a noisy score; a share of the labels can be turned around."""

    def __init__(self, seed, positive=0.5, noise=0.15):
        self._rng = np.random.default_rng(seed)
        self._positive, self._noise = positive, noise

    def rows(self, n, turned=0.0):
        says_yes = self._rng.random(n) < self._positive
        wrong = self._rng.random(n) < self._noise + turned
        truth = np.where(says_yes ^ wrong, "yes", "no").astype(object)
        prediction = np.where(says_yes, "yes", "no").astype(object)
        return truth, prediction, says_yes.astype(float)


def failing_days(metric, world, days, n_test, turned=0.0):
    """The numbers of the days on which any window fails."""
    test = measure_metric(metric, TARGET, *world.rows(n_test), seed=0)
    served = [world.rows(A_DAY, turned) for _ in range(days)]
    columns = [np.concatenate(parts) for parts in zip(*served, strict=True)]
    failing = []
    for day in range(days):
        now = START + timedelta(days=day)
        windows = [
            MeasuredWindow(
                now,
                length,
                metric,
                measure_metric(
                    metric,
                    TARGET,
                    *(
                        column[max(0, day + 1 - length) * A_DAY : (day + 1) * A_DAY]
                        for column in columns
                    ),
                    seed=0,
                ),
                test,
            )
            for length in MONITOR.windows
            if length <= max(1, day + 1) or length == 1
        ]
        limits = Limits.of(MONITOR, metric)
        verdicts = judge_windows("performance_drop", now, 1, windows, limits)
        if any(item.verdict == "fail" for item in verdicts):
            failing.append(day)
    return failing


@pytest.mark.parametrize("n_test", [300, 2000])
def test_without_a_drop_at_most_four_of_a_thousand_days_fail(n_test):
    # Many short lives: what a lucky test split promises too much stays for a life.
    worlds, days = 20, 30
    failing = sum(
        len(failing_days("accuracy", World(seed), days, n_test)) for seed in range(worlds)
    )
    assert failing <= 0.004 * worlds * days


def test_a_drop_of_ten_points_is_found_within_ten_days():
    trials = 20
    found = sum(
        bool(failing_days("accuracy", World(seed), 10, 1000, turned=0.1)) for seed in range(trials)
    )
    assert found >= 0.95 * trials
