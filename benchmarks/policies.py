"""What a backtest costs, how often performance_drop is wrong, and how far estimates are off.

Everything is simulated and seeded; nothing is downloaded, and no file is left behind.
"""

import argparse
import os
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, timedelta

import numpy as np
from rich.console import Console
from rich.table import Table

from mlops_drift.config.loading import Model, find_model
from mlops_drift.learning.metrics.base import Array
from mlops_drift.learning.metrics.evaluation import evaluate
from mlops_drift.monitors.config import PerformanceMonitor
from mlops_drift.monitors.estimation import ScoreEstimator
from mlops_drift.monitors.measured import measure_metric
from mlops_drift.monitors.performance import Limits, MeasuredWindow, judge_windows
from mlops_drift.schema.columns import Target
from mlops_drift.settings import DATA_VARIABLE
from mlops_drift.simulation.backtest import Backtest
from mlops_drift.simulation.instance import quiet
from mlops_drift.simulation.variants import standard_policies

TARGET = Target(column="y", kind="binary", classes=["no", "yes"], positive="yes")
START = date(2024, 1, 1)


@contextmanager
def elsewhere() -> Iterator[None]:
    """Keeps everything out of the checkout's data folder."""
    with tempfile.TemporaryDirectory() as folder:
        os.environ[DATA_VARIABLE] = folder
        yield


def backtests(processes: int) -> Table:
    """The standard policies of both shipped models, on their simulators."""
    table = Table(title="Backtests of the four standard policies", title_justify="left")
    for column in ("model", "days", "policy", "mean", "worst month", "retrained", "seconds"):
        table.add_column(column)
    for name in ("glassware", "insurance"):
        model = find_model(name)
        history = Backtest(model)
        started = time.monotonic()
        result = history.run(standard_policies(model.spec), processes=processes)
        seconds = time.monotonic() - started
        days = str((history.last - history.first).days + 1)
        for policy, found in result["policies"].items():
            values = [row["value"] for row in found["periods"] if row["value"] == row["value"]]
            table.add_row(
                name,
                days,
                policy,
                f"{found['mean_value']:.3f}",
                f"{min(values):.3f}",
                str(found["retrainings"]),
                f"{found['seconds']:.1f}",
            )
        table.add_row(name, days, f"together, {processes} processes", "", "", "", f"{seconds:.1f}")
    return table


def stable_world(days: int, seeds: int) -> Table:
    """Retrainings of glassware with its changes switched off."""
    table = Table(title=f"A stable world, {days} days", title_justify="left")
    for column in ("seed", "days with an alarm other than age", "retrained by age", "otherwise"):
        table.add_column(column)
    model = find_model("glassware")
    for seed in range(1, seeds + 1):
        source = model.spec.source.model_copy(update={"stationary": True, "seed": seed})
        spec = model.spec.model_copy(update={"source": source, "end_date": None})
        last = spec.start_date + timedelta(days=days - 1)
        history = Backtest(Model(spec, model.folder), last=last)
        found = history.run({"own": spec})["policies"]["own"]
        rules = [row["rules"] for row in found["decisions"]][1:]
        by_age = sum(rule == ["model_age"] for rule in rules)
        alarms = {row["day"] for row in found["alarms"] if row["check"] != "model_age"}
        table.add_row(str(seed), str(len(alarms)), str(by_age), str(len(rules) - by_age))
    return table


def labelled_rows(rng: np.random.Generator, n: int, wrong: float) -> tuple[Array, Array, Array]:
    """Truth, prediction and score of a classifier that is wrong at random."""
    says_yes = rng.random(n) < 0.5
    truth = np.where(says_yes ^ (rng.random(n) < wrong), "yes", "no").astype(object)
    return truth, np.where(says_yes, "yes", "no").astype(object), says_yes.astype(float)


def failing_days(seed: int, days: int, n_test: int, drop: float) -> list[int]:
    """Days on which performance_drop fails, at 100 rows a day and an accuracy of .85."""
    rng = np.random.default_rng(seed)
    monitor = PerformanceMonitor()
    test = measure_metric("accuracy", TARGET, *labelled_rows(rng, n_test, 0.15), seed=0)
    served = [labelled_rows(rng, 100, 0.15 + drop) for _ in range(days)]
    columns = [np.concatenate(parts) for parts in zip(*served, strict=True)]
    failing = []
    for day in range(days):
        now = START + timedelta(days=day)
        windows = []
        for length in monitor.windows:
            if length <= day + 1:
                part = slice(max(0, day + 1 - length) * 100, (day + 1) * 100)
                rows = (column[part] for column in columns)
                found = measure_metric("accuracy", TARGET, *rows, seed=0)
                windows.append(MeasuredWindow(now, length, "accuracy", found, test))
        limits = Limits.of(monitor, "accuracy")
        verdicts = judge_windows("performance_drop", now, 1, windows, limits)
        if any(item.verdict == "fail" for item in verdicts):
            failing.append(day)
    return failing


def false_alarms(worlds: int) -> Table:
    """False alarms without a drop, and how soon a drop of ten points is found."""
    table = Table(title="performance_drop, 100 rows a day, accuracy .85", title_justify="left")
    for column in (
        "rows of the test split",
        "false alarms in 1,000 days",
        "drop of 10 points found within 10 days",
    ):
        table.add_column(column)
    for n_test in (200, 300, 1000, 2000):
        alarms = sum(len(failing_days(seed, 60, n_test, 0)) for seed in range(worlds))
        found = sum(bool(failing_days(seed, 10, n_test, 0.1)) for seed in range(worlds))
        table.add_row(str(n_test), f"{1000 * alarms / (60 * worlds):.1f}", f"{found / worlds:.0%}")
    return table


def estimates(chunks: int) -> Table:
    """How far estimated accuracy and AUC are from what labels show, for calibrated scores."""
    table = Table(title="Estimates without labels, 5,000 rows a chunk", title_justify="left")
    for column in ("scores", "metric", "mean absolute error", "by chance alone", "in the interval"):
        table.add_column(column)
    for shape in ((0.1, 0.1), (0.5, 0.5), (0.3, 0.9), (2.0, 2.0)):
        for metric in ("accuracy", "auc"):
            rng = np.random.default_rng(7)
            errors, floors, inside = [], [], []
            for number in range(chunks):
                if number % 10 == 0:
                    truth, prediction, score = scored_rows(rng, 20_000, shape)
                    estimator = ScoreEstimator(metric, TARGET, truth, prediction, score, seed=7)
                truth, prediction, score = scored_rows(rng, 5000, shape)
                again = np.where(rng.random(5000) < score, "yes", "no").astype(object)
                realized = evaluate(metric, TARGET, truth, prediction, score)
                other = evaluate(metric, TARGET, again, prediction, score)
                found = estimator.estimate(prediction, score)
                errors.append(abs(found.value - realized))
                # Two draws of labels differ by the square root of two more than one from its mean.
                floors.append(abs(other - realized) / np.sqrt(2))
                inside.append(found.lower <= realized <= found.upper)
            table.add_row(
                f"beta{shape}",
                metric,
                f"{np.mean(errors):.4f}",
                f"{np.mean(floors):.4f}",
                f"{np.mean(inside):.0%}",
            )
    return table


def scored_rows(
    rng: np.random.Generator, n: int, shape: tuple[float, float]
) -> tuple[Array, Array, Array]:
    """Truth, prediction and score of a classifier whose scores are true probabilities."""
    score = rng.beta(*shape, size=n)
    truth = np.where(rng.random(n) < score, "yes", "no").astype(object)
    return truth, np.where(score > 0.5, "yes", "no").astype(object), score


def main() -> None:
    """Prints everything, the quickest first."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--worlds", type=int, default=200, help="simulated test splits")
    parser.add_argument("--chunks", type=int, default=200, help="chunks of an estimate")
    parser.add_argument("--processes", type=int, default=os.cpu_count() or 1)
    asked = parser.parse_args()
    console = Console(width=110)
    with elsewhere(), quiet():
        console.print(estimates(asked.chunks))
        console.print(false_alarms(asked.worlds))
        console.print(backtests(asked.processes))
        console.print(stable_world(365, 3))


if __name__ == "__main__":
    main()
