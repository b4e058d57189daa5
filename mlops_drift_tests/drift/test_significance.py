import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from mlops_drift.drift import significance
from mlops_drift.drift.significance import benjamini_hochberg, chi2, ks_p, proportion_rise
from mlops_drift.drift.sorted_values import SortedValues

repeatable = settings(derandomize=True, max_examples=30)


def ks(x, y):
    past, now = SortedValues(x), SortedValues(y)
    statistic, _ = past.distances(now)
    return statistic, ks_p(statistic, past, now)


def test_chi2_is_the_contingency_test():
    reference, current = [25, 25, 25, 25, 0], [35, 20, 25, 20, 0]
    statistic, p = chi2(reference, current)
    expected = stats.chi2_contingency([reference[:4], current[:4]], correction=False)
    assert (statistic, p) == pytest.approx((expected.statistic, expected.pvalue), rel=1e-12)
    assert (round(statistic, 3), round(p, 3)) == (2.778, 0.427)


def test_chi2_raises_as_many_false_alarms_as_promised():
    rng = np.random.default_rng(3)
    counts = rng.multinomial(1000, np.full(10, 0.1), size=(2000, 2))
    alarms = np.mean([chi2(*pair)[1] < 0.05 for pair in counts])
    assert 0.036 < alarms < 0.064


@pytest.mark.parametrize(("n_reference", "n"), [(10_000, 100), (100, 10_000), (2000, 150)])
def test_chi2_holds_its_level_far_out_with_sparse_bins(n_reference, n):
    rng = np.random.default_rng(5)
    shares = np.array([0.5, 0.2, 0.1, 0.1, 0.05, 0.02, 0.02, 0.006, 0.002, 0.001, 0.0005, 0.0005])
    pairs = zip(
        rng.multinomial(n_reference, shares, size=2000),
        rng.multinomial(n, shares, size=2000),
        strict=True,
    )
    p = np.array([chi2(*pair)[1] for pair in pairs])
    assert np.mean(p < 0.001) < 0.003
    assert np.mean(p < 0.05) < 0.06


@pytest.mark.parametrize(("n_reference", "n"), [(10_000, 100), (10_000, 10_000), (1000, 100_000)])
def test_one_row_of_a_new_category_is_no_evidence(n_reference, n):
    assert chi2([n_reference // 2] * 2 + [0], [n // 2 - 1, n // 2, 1])[1] > 0.01


def test_a_new_category_with_many_rows_is_evidence_even_in_a_small_sample():
    assert chi2([9_500, 500, 0], [95, 0, 5])[1] < 1e-7


def test_many_sparse_categories_collapsing_into_one_is_evidence():
    current = [0] * 100
    current[40] = 100
    assert chi2([100] * 100, current)[1] < 1e-10


@repeatable
@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 3)), max_size=5))
def test_chi2_of_a_handful_of_rows_is_no_evidence(rows):
    statistic, p = chi2([a for a, _ in rows], [b for _, b in rows])
    assert 0 <= statistic < np.inf
    assert 0 < p <= 1


def test_proportion_rise_is_fishers_exact_test():
    found = proportion_rise(3, 200, 9, 150)
    expected = stats.fisher_exact([[9, 141], [3, 197]], alternative="greater").pvalue
    assert found == pytest.approx(expected, rel=1e-9)
    assert proportion_rise(3, 0, 9, 10) == proportion_rise(0, 10, 0, 0) == 1.0


@repeatable
@given(st.lists(st.floats(0, 1), max_size=30))
def test_benjamini_hochberg_equals_scipy(p):
    expected = stats.false_discovery_control(p) if p else []
    assert benjamini_hochberg(p) == pytest.approx(expected, abs=1e-12)


RNG = np.random.default_rng(11)


@pytest.mark.parametrize(
    ("x", "y"),
    [
        (RNG.normal(size=500), RNG.normal(0.2, 1, 700)),
        (RNG.normal(size=20_000), RNG.normal(0.02, 1, 30_000)),
        (RNG.integers(0, 5, 300), RNG.integers(0, 6, 200)),
        (RNG.normal(size=300).round(1), RNG.normal(size=900).round(1)),
        (np.where(RNG.random(400) < 0.2, np.nan, RNG.normal(size=400)), RNG.normal(size=100)),
        (np.full(50, 3.0), np.full(60, 3.0)),
        (np.full(50, 3.0), np.full(60, 4.0)),
        (np.array([1.0]), RNG.normal(size=10)),
        (np.array([-np.inf, 0.0, np.inf]), np.array([0.0, np.inf, np.inf, 5.0])),
    ],
)
def test_ks_equals_scipy(x, y):
    expected = stats.ks_2samp(x, y, nan_policy="omit")
    statistic, p = ks(x, y)
    assert statistic == pytest.approx(expected.statistic, abs=1e-12)
    assert p == pytest.approx(expected.pvalue, abs=1e-12)


def test_ks_of_the_scipy_example():
    rng = np.random.RandomState(12345678)
    x = stats.norm.rvs(size=200, random_state=rng)
    y = stats.norm.rvs(size=300, loc=0.5, scale=1.5, random_state=rng)
    assert ks(x, y)[0] == pytest.approx(0.20833333, abs=1e-8)
    assert ks(x, y)[1] == pytest.approx(5.12928e-05, abs=5e-11)


@pytest.mark.parametrize("n", [1, 100, 4_999, 5_000, 20_000])
def test_asymptotic_p_of_ks_equals_scipy(n):
    # Above 2.2 the p-value is a sum of n terms, for which scipy takes long.
    scaled = [0.01, 0.3, 1, 2, 2.199, 2.201, 3, 9, 30, 100, 369, 371]
    if n == 20_000:
        scaled = [0.3, 2.201, 9, 371]
    distances = np.minimum(np.sqrt(np.divide(scaled, n)), 1.0)
    # Multiples of 1 / n, at which the sum has a term more or less, and a hair beside them.
    steps = np.minimum(np.ceil(distances * n) / n, 1.0)
    distances = np.concatenate([steps, steps * (1 - 1e-15), np.minimum(steps * (1 + 1e-14), 1.0)])
    with np.errstate(all="raise", under="ignore"):
        found = [significance._kolmogorov_p(float(distance), n) for distance in distances]
    expected = np.tile(stats.kstwo.sf(steps, n), 3).tolist()
    assert found == pytest.approx(expected, rel=0, abs=1e-12)


@pytest.mark.parametrize(
    ("n", "m", "seed"),
    [(9_999, 10_000, 0), (10_000, 10_001, 0), (10_000, 10_001, 2), (50_000, 300, 2)],
)
def test_ks_equals_scipy_around_the_largest_exact_size(n, m, seed):
    rng = np.random.default_rng(seed)
    x, y = rng.normal(size=n), rng.normal(0.01 * seed, 1, m).round(seed)
    expected = stats.ks_2samp(x, y)
    assert ks(x, y) == pytest.approx((expected.statistic, expected.pvalue), abs=1e-12)


@pytest.mark.parametrize(
    ("x", "y", "expected"),
    [([], [], (0, 1)), ([np.nan], [1.0], (0, 1)), ([1.0], [2.0], (1, 1)), ([2], [2], (0, 1))],
)
def test_ks_of_too_few_values_is_no_evidence(x, y, expected):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert ks(x, y) == expected
