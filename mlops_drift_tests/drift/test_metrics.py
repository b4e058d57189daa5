import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from mlops_drift.drift import metrics

repeatable = settings(derandomize=True)

DECILES = stats.norm.ppf(np.arange(1, 10) / 10)
DISTANCES = [metrics.js_distance, metrics.hellinger, metrics.tvd, metrics.linf]

count_pairs = st.integers(1, 12).flatmap(
    lambda bins: st.tuples(*[st.lists(st.integers(0, 10_000), min_size=bins, max_size=bins)] * 2)
)


def normal_counts(mean=0.0, sd=1.0, n=1e12):
    """Expected counts of a normal sample in the decile bins of N(0, 1)."""
    cdf = stats.norm.cdf(DECILES, mean, sd)
    return n * np.diff(np.concatenate([[0.0], cdf, [1.0]]))


@pytest.mark.parametrize(
    ("mean", "sd", "psi", "js", "tvd", "linf"),
    [
        (0.1, 1, 0.009587, 0.041561, 0.039828, 0.018692),
        (0.25, 1, 0.059816, 0.103555, 0.098706, 0.051141),
        (0.5, 1, 0.237749, 0.204684, 0.197412, 0.117239),
        (1, 1, 0.926142, 0.391436, 0.382820, 0.289144),
        (0, 1.5, 0.193543, 0.185489, 0.192901, 0.096451),
    ],
)
def test_distances_between_normals_are_known(mean, sd, psi, js, tvd, linf):
    reference, current = normal_counts(), normal_counts(mean, sd)
    found = [f(reference, current) for f in (metrics.psi, metrics.js_distance, metrics.tvd)]
    assert found == pytest.approx([psi, js, tvd], abs=1e-6)
    assert metrics.linf(reference, current) == pytest.approx(linf, abs=1e-6)


@pytest.mark.parametrize(
    ("mean", "sd", "expected"),
    [(0.1, 1, 0.039878), (0.5, 1, 0.197413), (1, 1, 0.382925), (0, 1.5, 0.096790)],
)
def test_ks_between_normals_is_known(mean, sd, expected):
    quantiles = stats.norm.ppf((np.arange(100_000) + 0.5) / 100_000)
    assert metrics.ks(quantiles, quantiles * sd + mean)[0] == pytest.approx(expected, abs=2e-5)


def test_psi_and_hellinger_of_known_shares():
    reference, current = [5e9, 3e9, 2e9], [4e9, 3.5e9, 2.5e9]
    assert metrics.psi(reference, current) == pytest.approx(0.0411791, abs=1e-7)
    overlap = sum(np.sqrt([0.5 * 0.4, 0.3 * 0.35, 0.2 * 0.25]))
    assert metrics.hellinger(reference, current) == pytest.approx(np.sqrt(1 - overlap))


def test_psi_without_drift_follows_its_known_distribution():
    rng = np.random.default_rng(7)
    counts = rng.multinomial(1000, np.full(10, 0.1), size=(4000, 2))
    values = [metrics.psi(*pair) for pair in counts]
    assert np.mean(values) == pytest.approx(9 * 2 / 1000, rel=0.05)
    assert np.quantile(values, 0.95) == pytest.approx(stats.chi2.ppf(0.95, 9) * 2 / 1000, rel=0.06)


def test_psi_adds_half_a_count_to_every_bin_of_both_sides():
    p, q = np.array([10.5, 0.5]) / 11, np.array([18.5, 2.5]) / 21
    expected = np.sum((q - p) * np.log(q / p))
    assert metrics.psi([10, 0], [18, 2]) == pytest.approx(expected, rel=1e-12)


def test_psi_stays_finite_when_a_bin_is_empty_on_one_side():
    assert 0 < metrics.psi([10_000, 0], [9_999, 1]) < 0.001
    assert metrics.psi([50, 50, 0], [50, 50, 0]) == metrics.psi([50, 50], [50, 50]) == 0


@repeatable
@given(count_pairs)
def test_distances_are_symmetric_bounded_and_finite(pair):
    for distance in DISTANCES:
        value = distance(*pair)
        assert 0 <= value <= 1
        assert value == pytest.approx(distance(*pair[::-1]), abs=1e-12)
    assert 0 <= metrics.psi(*pair) < np.inf
    assert metrics.psi(*pair) == pytest.approx(metrics.psi(*pair[::-1]), abs=1e-12)


@repeatable
@given(count_pairs)
def test_identical_counts_have_no_distance(pair):
    counts = pair[0]
    assert [distance(counts, counts) for distance in [*DISTANCES, metrics.psi]] == [0.0] * 5
    assert metrics.chi2(counts, counts)[1] == 1.0


@pytest.mark.parametrize("distance", DISTANCES)
def test_disjoint_counts_have_the_largest_distance(distance):
    assert distance([70, 30, 0], [0, 0, 11]) >= (0.7 if distance is metrics.linf else 1.0)


@repeatable
@given(count_pairs)
def test_all_distances_at_once_are_those_one_by_one(pair):
    assert metrics.distances(*pair) == {
        "psi": metrics.psi(*pair),
        "js": metrics.js_distance(*pair),
        "hellinger": metrics.hellinger(*pair),
        "tvd": metrics.tvd(*pair),
        "linf": metrics.linf(*pair),
    }


def test_a_side_without_rows_says_nothing():
    for empty in ([], [0, 0, 0]):
        for other in (empty, [3, 2, 1][: len(empty)]):
            for pair in ((empty, other), (other, empty)):
                assert [distance(*pair) for distance in [*DISTANCES, metrics.psi]] == [0.0] * 5
                assert metrics.chi2(*pair) == (0.0, 1.0)


def test_counts_over_different_bins_are_refused():
    with pytest.raises(ValueError, match=r"\(2,\) and \(3,\)"):
        metrics.tvd([1, 2], [1, 2, 3])


def test_chi2_is_the_contingency_test():
    reference, current = [25, 25, 25, 25, 0], [35, 20, 25, 20, 0]
    statistic, p = metrics.chi2(reference, current)
    expected = stats.chi2_contingency([reference[:4], current[:4]], correction=False)
    assert (statistic, p) == pytest.approx((expected.statistic, expected.pvalue), rel=1e-12)
    assert (round(statistic, 3), round(p, 3)) == (2.778, 0.427)


def test_chi2_raises_as_many_false_alarms_as_promised():
    rng = np.random.default_rng(3)
    counts = rng.multinomial(1000, np.full(10, 0.1), size=(4000, 2))
    alarms = np.mean([metrics.chi2(*pair)[1] < 0.05 for pair in counts])
    assert 0.04 < alarms < 0.06


@pytest.mark.parametrize(("n_reference", "n"), [(10_000, 100), (100, 10_000), (2000, 150)])
def test_chi2_holds_its_level_far_out_with_sparse_bins(n_reference, n):
    rng = np.random.default_rng(5)
    shares = np.array([0.5, 0.2, 0.1, 0.1, 0.05, 0.02, 0.02, 0.006, 0.002, 0.001, 0.0005, 0.0005])
    pairs = zip(
        rng.multinomial(n_reference, shares, size=6000),
        rng.multinomial(n, shares, size=6000),
        strict=True,
    )
    p = np.array([metrics.chi2(*pair)[1] for pair in pairs])
    assert np.mean(p < 0.001) < 0.003
    assert np.mean(p < 0.05) < 0.06


@pytest.mark.parametrize(("n_reference", "n"), [(10_000, 100), (10_000, 10_000), (1000, 100_000)])
def test_one_row_of_a_new_category_is_no_evidence(n_reference, n):
    assert metrics.chi2([n_reference // 2] * 2 + [0], [n // 2 - 1, n // 2, 1])[1] > 0.01


def test_a_new_category_with_many_rows_is_evidence_even_in_a_small_sample():
    assert metrics.chi2([9_500, 500, 0], [95, 0, 5])[1] < 1e-7


def test_many_sparse_categories_collapsing_into_one_is_evidence():
    current = [0] * 100
    current[40] = 100
    assert metrics.chi2([100] * 100, current)[1] < 1e-10


@repeatable
@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 3)), max_size=5))
def test_chi2_of_a_handful_of_rows_is_no_evidence(rows):
    statistic, p = metrics.chi2([a for a, _ in rows], [b for _, b in rows])
    assert 0 <= statistic < np.inf
    assert 0 < p <= 1


def test_proportion_rise_is_fishers_exact_test():
    found = metrics.proportion_rise(3, 200, 9, 150)
    expected = stats.fisher_exact([[9, 141], [3, 197]], alternative="greater").pvalue
    assert found == pytest.approx(expected, rel=1e-9)
    assert metrics.proportion_rise(3, 0, 9, 10) == metrics.proportion_rise(0, 10, 0, 0) == 1.0


@repeatable
@given(st.lists(st.floats(0, 1), max_size=30))
def test_benjamini_hochberg_equals_scipy(p):
    expected = stats.false_discovery_control(p) if p else []
    assert metrics.benjamini_hochberg(p) == pytest.approx(expected, abs=1e-12)


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
    statistic, p = metrics.ks(x, y)
    assert statistic == pytest.approx(expected.statistic, abs=1e-12)
    assert p == pytest.approx(expected.pvalue, abs=1e-12)


def test_ks_of_the_scipy_example():
    rng = np.random.RandomState(12345678)
    x = stats.norm.rvs(size=200, random_state=rng)
    y = stats.norm.rvs(size=300, loc=0.5, scale=1.5, random_state=rng)
    assert metrics.ks(x, y)[0] == pytest.approx(0.20833333, abs=1e-8)
    assert metrics.ks(x, y)[1] == pytest.approx(5.12928e-05, abs=5e-11)


@pytest.mark.parametrize("n", [1, 2, 100, 4_999, 5_000, 5_001, 20_000, 100_000, 500_000])
def test_asymptotic_p_of_ks_equals_scipy(n):
    # Above 2.2 the p-value is a sum of n terms, for which scipy takes long.
    scaled = [0.01, 0.3, 1, 2, 2.199, 2.201, 3, 9, 30, 100, 369, 371]
    if n > 20_000:
        scaled = [0.3, 2.201, 9, 371]
    distances = np.minimum(np.sqrt(np.divide(scaled, n)), 1.0)
    # Multiples of 1 / n, at which the sum has a term more or less, and a hair beside them.
    steps = np.minimum(np.ceil(distances * n) / n, 1.0)
    distances = np.concatenate([steps, steps * (1 - 1e-15), np.minimum(steps * (1 + 1e-14), 1.0)])
    with np.errstate(all="raise", under="ignore"):
        found = [metrics._kolmogorov_p(float(distance), n) for distance in distances]
    expected = np.tile(stats.kstwo.sf(steps, n), 3).tolist()
    assert found == pytest.approx(expected, rel=0, abs=1e-12)


def test_p_of_ks_where_a_term_lies_on_the_edge_of_the_sum():
    # 500,000 times this is 1995 and a hair.
    assert metrics._kolmogorov_p(0.003990000000000049, 500_000) == pytest.approx(
        stats.kstwo.sf(0.00399, 500_000), rel=1e-9
    )


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize(("n", "m"), [(9_999, 10_000), (10_000, 10_001), (50_000, 300)])
def test_ks_equals_scipy_around_the_largest_exact_size(seed, n, m):
    rng = np.random.default_rng(seed)
    x, y = rng.normal(size=n), rng.normal(0.01 * seed, 1, m).round(seed)
    expected = stats.ks_2samp(x, y)
    assert metrics.ks(x, y) == pytest.approx((expected.statistic, expected.pvalue), abs=1e-12)


@pytest.mark.parametrize(
    ("x", "y", "expected"),
    [([], [], (0, 1)), ([np.nan], [1.0], (0, 1)), ([1.0], [2.0], (1, 1)), ([2], [2], (0, 1))],
)
def test_ks_of_too_few_values_is_no_evidence(x, y, expected):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert metrics.ks(x, y) == expected


def test_one_extreme_value_hides_no_shift_from_ks_and_wasserstein():
    rng = np.random.default_rng(2)
    reference, current = rng.normal(size=30_000), rng.normal(1, 1, 30_000)
    reference[0] = 1e6
    assert metrics.ks(reference, current)[0] == pytest.approx(0.38, abs=0.01)
    spoiled, clean = (metrics.wasserstein(reference[i:], current) for i in (0, 1))
    assert clean == pytest.approx(1 / 1.349, rel=0.02)
    assert spoiled > clean


def test_wasserstein_is_scipys_in_units_of_the_reference():
    rng = np.random.default_rng(4)
    x, y = rng.gamma(2, 3, 400), rng.gamma(2, 4, 300)
    expected = stats.wasserstein_distance(x, y) / stats.iqr(x)
    assert metrics.wasserstein(x, y) == pytest.approx(expected, rel=1e-12)


def test_wasserstein_has_a_unit_for_narrow_references():
    mostly_zero = [0.0] * 90 + [1.0] * 10
    assert metrics.wasserstein(mostly_zero, [1.0]) == pytest.approx(0.9 / 0.3)
    assert metrics.wasserstein([5.0] * 10, [7.0] * 3) == 2.0
    assert metrics.wasserstein([], [7.0]) == metrics.wasserstein([np.inf], [7.0]) == 0.0
