"""The drift metrics by name."""

from collections.abc import Iterable
from functools import cache

from mlops_drift import plugins
from mlops_drift.drift.metrics.base import DriftMetric, Pair

# In the order in which reports list them.
SHIPPED: dict[str, str] = {
    "js": "mlops_drift.drift.metrics.js:JensenShannon",
    "psi": "mlops_drift.drift.metrics.psi:Psi",
    "hellinger": "mlops_drift.drift.metrics.hellinger:Hellinger",
    "tvd": "mlops_drift.drift.metrics.tvd:TotalVariation",
    "linf": "mlops_drift.drift.metrics.linf:LargestChange",
    "ks": "mlops_drift.drift.metrics.ks:KolmogorovSmirnov",
    "wasserstein": "mlops_drift.drift.metrics.wasserstein:Wasserstein",
}

# Stands in for a metric of values where a column has only counts.
DEFAULT = "js"


@cache
def drift_metric(name: str) -> DriftMetric:
    """The metric of a name: a shipped one, an import path `package.module:Name`, an entry point.

    Raises:
        ValueError: there is no such metric.
    """
    return plugins.load("drift_metrics", name, SHIPPED, DriftMetric)()  # type: ignore[type-abstract]


def bin_metrics() -> str:
    """The names of the shipped metrics that counts are enough for, as a sentence lists them."""
    *names, last = (name for name in SHIPPED if not drift_metric(name).needs_values)
    return f"{', '.join(names)} or {last}"


def distances(pair: Pair, further: Iterable[str] = ()) -> dict[str, float | None]:
    """The distances by every shipped metric and by further ones, by name.

    >>> distances(Pair.of([50, 50], [75, 25]))["tvd"]
    0.25
    """
    return {name: drift_metric(name).distance(pair) for name in dict.fromkeys([*SHIPPED, *further])}
