import numpy as np
import pytest
from scipy import stats

from mlops_drift.explore.association import (
    correlation_ratios,
    cramers_v,
    pearson,
    ranks,
    spearman,
    spearman_of,
)


@pytest.fixture(scope="module")
def x():
    """Four columns with equal values and gaps, of which the last is constant."""
    rng = np.random.default_rng(1)
    first = rng.integers(0, 20, 400).astype(float)
    second = first + rng.normal(0, 5, 400)
    third = np.exp(-first / 4)
    found = np.column_stack([first, second, third, np.full(400, 7.0)])
    found[rng.random(400) < 0.1, 1] = np.nan
    found[3, 0] = np.inf
    return found


def test_pearson_of_the_rows_that_have_both_is_that_of_scipy(x):
    found, rows = pearson(x)
    for i, j in ((0, 1), (0, 2), (1, 2)):
        both = np.isfinite(x[:, i]) & np.isfinite(x[:, j])
        assert found[i, j] == pytest.approx(stats.pearsonr(x[both, i], x[both, j]).statistic)
        assert rows[i, j] == both.sum()
    assert np.isnan(found[3]).all()


def test_pearson_holds_for_numbers_far_from_zero_and_of_any_size():
    values = np.arange(50.0)
    x = np.column_stack([1e9 + values, 1e-200 * values, -1e200 * values**2])
    expected = stats.pearsonr(values, values**2).statistic
    assert pearson(x)[0][0] == pytest.approx([1, 1, -expected])


def test_spearman_is_that_of_scipy_with_equal_values_and_gaps(x):
    expected = stats.spearmanr(x[:, 0], x[:, 1], nan_policy="omit")
    without = x.copy()
    without[3, 0] = np.nan
    expected = stats.spearmanr(without[:, 0], without[:, 1], nan_policy="omit").statistic
    assert spearman_of(x[:, 0], x[:, 1]) == pytest.approx(expected)
    assert spearman(x)[0, 1] == pytest.approx(expected, abs=0.01)
    assert spearman(x[4:, [0, 2]])[0, 1] == pytest.approx(-1)


def test_ranks_are_those_of_scipy(x):
    assert ranks(x[4:, 0]) == pytest.approx(stats.rankdata(x[4:, 0]))


def test_cramers_v_is_the_corrected_one_of_bergsma():
    rng = np.random.default_rng(2)
    a = rng.integers(0, 4, 500)
    b = np.where(rng.random(500) < 0.6, a, rng.integers(0, 3, 500))
    table = stats.contingency.crosstab(a, b).count
    chi2 = stats.chi2_contingency(table, correction=False).statistic
    r, k, n = *table.shape, 500
    phi = max(0, chi2 / n - (r - 1) * (k - 1) / (n - 1))
    least = min(r - (r - 1) ** 2 / (n - 1), k - (k - 1) ** 2 / (n - 1)) - 1
    assert cramers_v(a, b) == pytest.approx(np.sqrt(phi / least))


def test_cramers_v_is_one_for_the_same_zero_for_independent_and_none_for_constant_categories():
    a = np.tile([0, 1, 2], 100)
    assert cramers_v(a, (a + 1) % 3) == pytest.approx(1)
    assert cramers_v(a, np.repeat([0, 1], 150)) == 0
    assert cramers_v(a, np.zeros(300, dtype=int)) is None
    assert cramers_v(a, np.full(300, -1)) is None


def test_eta_is_the_root_of_the_corrected_share_of_variance_between_categories():
    codes = np.array([0, 0, 1, 1, 2, 2, -1])
    values = np.array([1.0, 3, 5, 7, 9, 11, 500])
    # Between 64 of 70 by categories of two: eta² is .914, epsilon² less.
    between, whole = 64, 70
    epsilon = 1 - (1 - between / whole) * 5 / 3
    found, rows = correlation_ratios(codes, np.column_stack([values, np.full(7, 2.0)]))
    assert found[0] == pytest.approx(np.sqrt(epsilon))
    assert np.isnan(found[1])
    assert rows.tolist() == [6, 6]


def test_eta_of_categories_that_say_nothing_is_small_however_many_there_are():
    rng = np.random.default_rng(4)
    found, _ = correlation_ratios(rng.integers(0, 100, 400), rng.normal(size=(400, 3)))
    assert (found < 0.25).all()
