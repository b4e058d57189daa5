import numpy as np
import pytest
from scipy import stats

from mlops_drift.drift.location_spread import levene, mann_whitney

pytestmark = pytest.mark.filterwarnings("error")

RNG = np.random.default_rng(0)
NAN, INF = np.nan, np.inf
LARGEST = np.finfo(np.float64).max

SAMPLES = {
    "normal": (RNG.normal(size=300), RNG.normal(0.3, 1.5, size=200)),
    "whole numbers with ties": (
        RNG.integers(0, 5, 400).astype(float),
        RNG.integers(1, 6, 90).astype(float),
    ),
    "heavy tails": (RNG.standard_cauchy(500), RNG.standard_cauchy(700) * 2),
    "small spread far from zero": (1e9 + RNG.normal(size=100), 1e9 + 2 * RNG.normal(size=100)),
    "one row": (RNG.normal(size=50), np.array([3.0])),
    "one side constant": (np.full(40, 2.0), RNG.normal(size=60)),
    "nulls": (np.where(RNG.random(200) < 0.3, NAN, RNG.normal(size=200)), RNG.normal(size=100)),
}
NOTHING = [
    ([], []),
    ([], [1.0, 2.0]),
    ([1.0, 2.0], []),
    ([NAN, NAN], [1.0, 2.0]),
    ([1.0], [1.0]),
    ([2.0] * 5, [2.0] * 7),
    ([0.0] * 5, [0.0] * 7),
]


@pytest.mark.parametrize("name", SAMPLES)
def test_both_tests_equal_scipy(name):
    x, y = SAMPLES[name]
    expected = stats.mannwhitneyu(x, y, method="asymptotic", nan_policy="omit")
    assert mann_whitney(x, y) == pytest.approx(tuple(expected), rel=1e-12, abs=1e-12)
    expected = stats.levene(x, y, center="median", nan_policy="omit")
    assert levene(x, y) == pytest.approx(tuple(expected), rel=1e-12, abs=1e-12)


@pytest.mark.parametrize(("x", "y"), NOTHING)
def test_nothing_to_compare_is_no_evidence(x, y):
    assert mann_whitney(np.array(x), np.array(y))[1] == 1.0
    assert levene(np.array(x), np.array(y)) == (0.0, 1.0)


def test_each_test_sees_its_own_kind_of_difference():
    x, moved, wider = RNG.normal(size=2000), RNG.normal(0.5, 1, 2000), RNG.normal(0, 2, 2000)
    assert mann_whitney(x, moved)[1] < 1e-9
    assert mann_whitney(x, wider)[1] > 0.01
    assert levene(x, wider)[1] < 1e-9
    assert levene(x, moved)[1] > 0.01


def test_infinities_are_ranked_but_have_no_spread():
    x, y = np.array([1.0, 2.0, 3.0, INF]), np.array([-INF, 4.0, 6.0, 8.0])
    assert mann_whitney(x, y) == tuple(stats.mannwhitneyu(x, y, method="asymptotic"))
    assert levene(x, y) == tuple(stats.levene(x[:3], y[1:], center="median"))
    assert levene(np.array([INF, -INF]), y) == (0.0, 1.0)


@pytest.mark.parametrize("scale", [1e308, 1e-308, 5e-324 * 2**40])
def test_the_spread_of_huge_and_tiny_numbers_does_not_depend_on_their_scale(scale):
    x, y = np.array([0.0, 0.25, 0.5, -1.0]), np.array([0.125, 1.5, -1.5, 0.75, 1.0])
    assert levene(x * scale, y * scale) == pytest.approx(levene(x, y), rel=1e-9)


def test_an_infinite_statistic_is_the_largest_number():
    assert levene(np.array([-1.0, 1.0] * 9), np.array([-2.0, 2.0] * 9)) == (LARGEST, 0.0)
