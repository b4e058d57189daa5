"""Right and wrong answers of a version, and what is judged of them."""

from datetime import date

import numpy as np

from mlops_drift.learning.metrics.evaluation import evaluate_within
from mlops_drift.monitors.config import PerformanceMonitor
from mlops_drift.monitors.measured import Measured, measure_metric
from mlops_drift.monitors.performance import Limits, MeasuredWindow, judge_windows
from mlops_drift.schema.columns import Target

DAY = date(2024, 10, 7)
BINARY = Target(column="y", kind="binary", classes=["no", "yes"], positive="yes")
NUMBER = Target(column="y", kind="regression")


def answers(right, wrong):
    """Truth, prediction and score with so many right and wrong answers, both classes alike."""
    prediction = np.array(["yes", "no"] * (right + wrong))[: right + wrong]
    flipped = np.where(prediction == "yes", "no", "yes")
    truth = np.where(np.arange(right + wrong) < right, prediction, flipped)
    return truth, prediction, np.where(prediction == "yes", 0.9, 0.1)


def born_with(right, wrong):
    """The result of a test split, as a version has it."""
    _, lower, upper = evaluate_within("accuracy", BINARY, *answers(right, wrong), seed=7)
    return Measured(right / (right + wrong), lower, upper, right + wrong)


def window_of(rows, test, metric="accuracy", target=BINARY, window=1, part=""):
    return MeasuredWindow(DAY, window, metric, measure_metric(metric, target, *rows, 7), test, part)


def judge(rows, test, metric="accuracy", target=BINARY, window=1, **monitor):
    monitor = PerformanceMonitor(**{"drop": 0.05, "min_rows": 20, "alpha": 0.01, **monitor})
    windows = [window_of(rows, test, metric, target, window)]
    limits = Limits.of(monitor, metric)
    [found] = judge_windows("performance_drop", DAY, 3, windows, limits)
    return found


def measured(error, n=400):
    """Truth and prediction of a regression with errors of this size."""
    truth = np.linspace(0, 100, n)
    prediction = truth + error * np.where(np.arange(n) % 2, 1, -1)
    return truth, prediction, prediction


ACCURATE = born_with(360, 40)
