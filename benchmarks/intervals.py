"""How often 95 % intervals of metrics, and of differences of two models, contain the truth.

    python benchmarks/intervals.py

Rows are drawn from worlds whose metrics are known exactly: positives that are rare, errors with
heavy tails. Each table has the intervals as they are used, beside those of resamples alone and of
influence values alone. Two processes, less than three minutes.
"""

import argparse
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from math import exp, isfinite, pi, sqrt

import click
import numpy as np
from scipy.integrate import quad
from scipy.stats import norm

from mlops_drift.learning.metrics import intervals
from mlops_drift.learning.metrics.base import Array, Metric
from mlops_drift.learning.metrics.differences import difference_within
from mlops_drift.learning.metrics.registry import metric_named
from mlops_drift.learning.metrics.resamples import draws
from mlops_drift.schema.columns import Target

# Rows, and the trials of the default.
SIZES = {50: 2000, 500: 1000, 2000: 500, 50_000: 1000}
CONFIDENCE = 0.95
# Scores of binary worlds are normal before they are squeezed into [0, 1].
POSITIVE, NEGATIVE, CUT = 0.3, -1.2, norm.ppf(0.6)
SHARES = np.array([0.6, 0.35, 0.05])

# Truth, prediction and score of n rows.
Rows = tuple[Array, Array, Array]
Errors = Callable[[np.random.Generator, int], Array]
Interval = tuple[float, float]


@dataclass(frozen=True)
class World:
    """Where rows come from, and what each metric is in the limit of all rows."""

    name: str
    draw: Callable[[np.random.Generator, int], Rows]
    truths: Mapping[str, float]


def binary(name: str, share: float) -> World:
    """So many positives; their scores are 1.5 standard deviations above the others."""

    def draw(rng: np.random.Generator, n: int) -> Rows:
        truth = (rng.random(n) < share).astype(int)
        score = norm.cdf(rng.normal(np.where(truth == 1, POSITIVE, NEGATIVE)))
        return truth, (score > 0.6).astype(int), score

    found, alarms = norm.sf(CUT - POSITIVE), norm.sf(CUT - NEGATIVE)
    said = share * found + (1 - share) * alarms
    sure, wrong = expected(norm.logcdf, POSITIVE), expected(norm.logsf, NEGATIVE)
    truths = {
        "auc": norm.cdf((POSITIVE - NEGATIVE) / sqrt(2)),
        "f1": 2 * share * found / (share + said),
        "precision": share * found / said,
        "recall": found,
        "balanced_accuracy": (found + 1 - alarms) / 2,
        "log_loss": -share * sure - (1 - share) * wrong,
    }
    return World(name, draw, {metric: float(value) for metric, value in truths.items()})


def expected(function: Callable[[float], float], mean: float) -> float:
    """The mean of a function of a normal number with that mean."""
    value, _ = quad(lambda x: function(x) * norm.pdf(x - mean), mean - 9, mean + 9)
    return float(value)


def three_classes() -> World:
    """Four of five rows of each class are predicted right, the others are spread evenly."""

    def draw(rng: np.random.Generator, n: int) -> Rows:
        truth = rng.choice(3, n, p=SHARES)
        right = rng.random(n) < 0.7
        return truth, np.where(right, truth, rng.integers(3, size=n)), np.ones(n)

    macro = float(np.mean(1.6 * SHARES / (SHARES + 0.1 + 0.7 * SHARES)))
    return World("three classes", draw, {"balanced_accuracy": 0.8, "f1_macro": macro})


def regression(name: str, errors: Errors, mae: float, variance: float) -> World:
    """A signal with a variance of 1, which is known, and errors."""

    def draw(rng: np.random.Generator, n: int) -> Rows:
        signal = rng.normal(size=n)
        return signal + errors(rng, n), signal, signal

    return World(
        name, draw, {"mae": mae, "rmse": sqrt(variance), "r2": 1 - variance / (1 + variance)}
    )


def normal_errors(rng: np.random.Generator, n: int) -> Array:
    return rng.normal(size=n)


def student_errors(rng: np.random.Generator, n: int) -> Array:
    return rng.standard_t(3, n)


def lognormal_errors(rng: np.random.Generator, n: int) -> Array:
    return rng.lognormal(0, 1, n) - exp(0.5)


WORLDS = (
    binary("30 % positive", 0.3),
    binary("5 % positive", 0.05),
    three_classes(),
    regression("normal", normal_errors, sqrt(2 / pi), 1.0),
    regression("t(3)", student_errors, 2 * sqrt(3) / pi, 3.0),
    regression(
        "log-normal(1)",
        lognormal_errors,
        2 * exp(0.5) * (2 * norm.cdf(0.5) - 1),
        (exp(1) - 1) * exp(1),
    ),
)
TARGETS = {
    "binary": Target(column="y", kind="binary", classes=["no", "yes"], positive="yes"),
    "regression": Target(column="y", kind="regression"),
}
# Two models that are equally good, by world and metric.
PAIRS = ((1, "auc"), (1, "f1"), (3, "mae"), (4, "rmse"))


def resampled(metric: Metric, rows: Rows, seed: int) -> Interval:
    """The percentile bootstrap alone."""
    weighted, ones = metric.weighted(*rows), np.ones(len(rows[0]), dtype=int)
    values = np.concatenate([weighted(one) for one in draws(ones, intervals.RESAMPLES, seed)])
    low, high = np.nanquantile(values, [(1 - CONFIDENCE) / 2, (1 + CONFIDENCE) / 2])
    return float(low), float(high)


def by_influence(metric: Metric, value: float, rows: Rows) -> Interval:
    """The influence of rows alone."""
    error = intervals.standard_error(metric.influence(*rows))
    return intervals.bounds_of(metric, value, error, rows[0], CONFIDENCE)


class Tally:
    """How often intervals contain a number, and how wide they are."""

    def __init__(self) -> None:
        self.hits: list[bool] = []
        self.widths: list[float] = []

    def add(self, found: Interval, truth: float) -> None:
        # What rounding leaves of a perfect metric is no miss.
        self.hits.append(found[0] - 1e-12 <= truth <= found[1] + 1e-12)
        self.widths.append(found[1] - found[0])

    def __str__(self) -> str:
        """The share in per cent, with its own 95 % interval."""
        if not self.hits:
            return ""
        share, n = float(np.mean(self.hits)), len(self.hits)
        return f"{100 * share:.1f} ± {196 * sqrt(share * (1 - share) / n):.1f}"

    @property
    def width(self) -> str:
        return f"{np.mean(self.widths):.3g}"


def of_metrics(job: tuple[int, int, int]) -> list[str]:
    """The lines of one world at one number of rows."""
    place, n, trials = job
    world, rng = WORLDS[place], np.random.default_rng([place, n])
    tallies = {name: (Tally(), Tally(), Tally()) for name in world.truths}
    for trial in range(trials):
        rows = world.draw(rng, n)
        for name, truth in world.truths.items():
            metric = metric_named(name)
            value = metric.compute(*rows)
            if not isfinite(value):
                continue
            found = intervals.interval_of(metric, value, rows, CONFIDENCE, trial)
            used, drawn, slopes = tallies[name]
            used.add(found, truth)
            slopes.add(by_influence(metric, value, rows), truth)
            if n <= intervals.RESAMPLED_ROWS:
                is_share = metric.trials(*rows[:2]) is not None
                drawn.add(resampled(metric, rows, trial) if is_share else found, truth)
    lines = []
    for name, (used, drawn, slopes) in tallies.items():
        cells = (f"{n:,}", world.name, name, used, used.width, drawn, slopes, f"{len(used.hits):,}")
        lines.append(line(*cells))
    return lines


def line(*cells: object) -> str:
    """A line of a table."""
    return f"| {' | '.join(map(str, cells))} |"


def of_differences(job: tuple[int, str, int, int]) -> list[str]:
    """The line of one metric: how often the interval of two equal models contains zero."""
    place, name, n, trials = job
    world, rng, tally = WORLDS[place], np.random.default_rng([place, n, 1]), Tally()
    target = TARGETS["regression" if "mae" in world.truths else "binary"]
    for trial in range(trials):
        truth, models = equals(world, rng, n)
        if target.is_classification:
            names = np.array(["no", "yes"], dtype=object)
            truth, models = names[truth], [(names[said], score) for said, score in models]
        found = difference_within(name, target, truth, models, seed=trial)
        if isfinite(found.value):
            tally.add(found.interval(CONFIDENCE), 0.0)
    return [line(f"{n:,}", world.name, name, tally, tally.width, f"{len(tally.hits):,}")]


def equals(
    world: World, rng: np.random.Generator, n: int
) -> tuple[Array, list[tuple[Array, Array]]]:
    """The truth, and two models that err alike on most rows and are equally good."""
    truth, prediction, score = world.draw(rng, n)
    if "mae" in world.truths:
        noise = [0.5 * rng.normal(size=n) for _ in range(2)]
        return truth, [(prediction + one, score + one) for one in noise]
    shifted = [norm.cdf(norm.ppf(score) + 0.5 * rng.normal(size=n)) for _ in range(2)]
    return truth, [((one > 0.6).astype(int), one) for one in shifted]


def printed(
    pool: ProcessPoolExecutor, lines: Callable[..., list[str]], jobs: Iterable[object]
) -> None:
    for found in pool.map(lines, jobs):
        click.echo("\n".join(found))


def main() -> None:
    """Prints a table of metrics and one of differences."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--trials", type=float, default=1.0, help="times as many; default 1")
    times = parser.parse_args().trials
    sizes = {n: max(1, round(times * trials)) for n, trials in SIZES.items()}
    with ProcessPoolExecutor(2) as pool:
        click.echo("| rows | world | metric | % as used | width | % resampled | % influence | n |")
        click.echo("|---|---|---|---|---|---|---|---|")
        jobs = [(place, n, trials) for n, trials in sizes.items() for place in range(len(WORLDS))]
        printed(pool, of_metrics, jobs)
        click.echo("\n| rows | world | difference of | % contain zero | width | n |")
        click.echo("|---|---|---|---|---|---|")
        pairs = [(*pair, n, max(1, trials // 2)) for n, trials in sizes.items() for pair in PAIRS]
        printed(pool, of_differences, pairs)


if __name__ == "__main__":
    main()
