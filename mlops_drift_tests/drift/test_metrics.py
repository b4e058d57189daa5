import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError
from scipy import stats

from mlops_drift.compare.compare import compare
from mlops_drift.drift.config import DriftMonitor
from mlops_drift.drift.metrics.base import BinMetric, Pair
from mlops_drift.drift.metrics.registry import SHIPPED, distances, drift_metric
from mlops_drift.drift.significance import chi2

repeatable = settings(derandomize=True)

DECILES = stats.norm.ppf(np.arange(1, 10) / 10)


def distance_of(name):
    return lambda *counts: drift_metric(name).distance(Pair.of(*counts))


psi, js, hellinger, tvd, linf = map(distance_of, ("psi", "js", "hellinger", "tvd", "linf"))
DISTANCES = [js, hellinger, tvd, linf]

count_pairs = st.integers(1, 12).flatmap(
    lambda bins: st.tuples(*[st.lists(st.integers(0, 10_000), min_size=bins, max_size=bins)] * 2)
)


def normal_counts(mean=0.0, sd=1.0, n=1e12):
    """Expected counts of a normal sample in the decile bins of N(0, 1)."""
    cdf = stats.norm.cdf(DECILES, mean, sd)
    return n * np.diff(np.concatenate([[0.0], cdf, [1.0]]))


@pytest.mark.parametrize(
    ("mean", "sd", "expected"),
    [
        (0.1, 1, [0.009587, 0.041561, 0.039828, 0.018692]),
        (0.25, 1, [0.059816, 0.103555, 0.098706, 0.051141]),
        (0.5, 1, [0.237749, 0.204684, 0.197412, 0.117239]),
        (1, 1, [0.926142, 0.391436, 0.382820, 0.289144]),
        (0, 1.5, [0.193543, 0.185489, 0.192901, 0.096451]),
    ],
)
def test_distances_between_normals_are_known(mean, sd, expected):
    counts = normal_counts(), normal_counts(mean, sd)
    found = [distance(*counts) for distance in (psi, js, tvd, linf)]
    assert found == pytest.approx(expected, abs=1e-6)


def test_psi_and_hellinger_of_known_shares():
    reference, current = [5e9, 3e9, 2e9], [4e9, 3.5e9, 2.5e9]
    assert psi(reference, current) == pytest.approx(0.0411791, abs=1e-7)
    overlap = sum(np.sqrt([0.5 * 0.4, 0.3 * 0.35, 0.2 * 0.25]))
    assert hellinger(reference, current) == pytest.approx(np.sqrt(1 - overlap))


def test_psi_without_drift_follows_its_known_distribution():
    rng = np.random.default_rng(7)
    counts = rng.multinomial(1000, np.full(10, 0.1), size=(4000, 2))
    values = [psi(*pair) for pair in counts]
    assert np.mean(values) == pytest.approx(9 * 2 / 1000, rel=0.05)
    assert np.quantile(values, 0.95) == pytest.approx(stats.chi2.ppf(0.95, 9) * 2 / 1000, rel=0.06)


def test_psi_adds_half_a_count_to_every_bin_of_both_sides():
    p, q = np.array([10.5, 0.5]) / 11, np.array([18.5, 2.5]) / 21
    expected = np.sum((q - p) * np.log(q / p))
    assert psi([10, 0], [18, 2]) == pytest.approx(expected, rel=1e-12)


def test_psi_stays_finite_when_a_bin_is_empty_on_one_side():
    assert 0 < psi([10_000, 0], [9_999, 1]) < 0.001
    assert psi([50, 50, 0], [50, 50, 0]) == psi([50, 50], [50, 50]) == 0


@repeatable
@given(count_pairs)
def test_distances_are_symmetric_bounded_and_finite(pair):
    for distance in DISTANCES:
        value = distance(*pair)
        assert 0 <= value <= 1
        assert value == pytest.approx(distance(*pair[::-1]), abs=1e-12)
    assert 0 <= psi(*pair) < np.inf
    assert psi(*pair) == pytest.approx(psi(*pair[::-1]), abs=1e-12)


@repeatable
@given(count_pairs)
def test_identical_counts_have_no_distance(pair):
    counts = pair[0]
    assert [distance(counts, counts) for distance in [*DISTANCES, psi]] == [0.0] * 5
    assert chi2(counts, counts)[1] == 1.0


@pytest.mark.parametrize("distance", DISTANCES)
def test_disjoint_counts_have_the_largest_distance(distance):
    assert distance([70, 30, 0], [0, 0, 11]) >= (0.7 if distance is linf else 1.0)


def test_a_side_without_rows_says_nothing():
    for empty in ([], [0, 0, 0]):
        for other in (empty, [3, 2, 1][: len(empty)]):
            for pair in ((empty, other), (other, empty)):
                assert [distance(*pair) for distance in [*DISTANCES, psi]] == [0.0] * 5


def test_counts_over_different_bins_are_refused():
    with pytest.raises(ValueError, match=r"\(2,\) and \(3,\)"):
        tvd([1, 2], [1, 2, 3])


@pytest.mark.parametrize("name", SHIPPED)
def test_a_metric_is_complete(name):
    metric = drift_metric(name)
    assert metric.name == name
    assert metric.title
    assert metric.threshold > 0
    found = distances(Pair.of([5, 5], [9, 1]))
    assert (found[name] is None) == metric.needs_values


class Chebyshev(BinMetric):
    """A third party's metric."""

    name = f"{__name__}:Chebyshev"
    title = "Chebyshev distance"
    threshold = 0.2

    def of_shares(self, p, q):
        return float(np.max(np.abs(p - q)))


def test_a_metric_of_ones_own_decides_by_its_import_path():
    monitor = DriftMonitor(metric=Chebyshev.name)
    found = compare(
        pa.table({"x": ["a", "b"] * 500}), pa.table({"x": ["a"] * 400}), monitor=monitor
    )
    column = found.columns["x"]
    assert found.drifted == ["x"]
    assert column.measures.value(Chebyshev.name) == 0.5
    assert column.reasons[0].startswith("x moved: Chebyshev distance 0.500 (limit 0.200, q ")


def test_an_unknown_metric_is_named_with_those_that_there_are():
    with pytest.raises(ValidationError, match=r"'kl' .*psi.*wasserstein"):
        DriftMonitor(metric="kl")
