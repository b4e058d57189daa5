"""What one merge of sorted values saves beside scipy's KS statistic and Wasserstein distance.

    python benchmarks/sorted_speed.py

Both sides get values that are sorted already, as a reference stores them, and give the same
numbers. About half a minute.
"""

import time
from collections.abc import Callable

import click
import numpy as np
from scipy.stats import ks_2samp, wasserstein_distance

from mlops_drift.drift.sorted_values import SortedValues

REFERENCES = (1_000, 10_000, 100_000, 1_000_000)
ROWS = 1_000


def seconds(call: Callable[[], object], repeats: int = 5) -> float:
    """The fastest of some calls."""
    times = []
    for _ in range(repeats):
        began = time.perf_counter()
        call()
        times.append(time.perf_counter() - began)
    return min(times)


def main() -> None:
    """Prints a line for each size of the reference."""
    rng = np.random.default_rng(7)
    click.echo("| reference rows | merge, ms | scipy / merge |")
    click.echo("|---|---|---|")
    for size in REFERENCES:
        past, now = np.sort(rng.normal(size=size)), np.sort(rng.normal(0.1, 1, ROWS))
        x, y = SortedValues.presorted(past), SortedValues.presorted(now)

        def by_scipy(past=past, now=now) -> tuple[float, float]:
            statistic = ks_2samp(past, now, method="asymp").statistic
            return float(statistic), float(wasserstein_distance(past, now))

        def by_merge(x=x, y=y) -> tuple[float, float]:
            statistic, distance = x.distances(y)
            return statistic, distance * x.unit

        np.testing.assert_allclose(by_merge(), by_scipy(), rtol=1e-9)
        ours = seconds(by_merge)
        click.echo(f"| {size:,} | {1000 * ours:.2f} | {seconds(by_scipy) / ours:.1f} |")


if __name__ == "__main__":
    main()
