import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from scipy import stats

from mlops_drift.drift.sorted_values import SortedValues

pytestmark = pytest.mark.filterwarnings("error")
repeatable = settings(derandomize=True, max_examples=100)

NAN, INF = np.nan, np.inf
LARGEST = np.finfo(np.float64).max


def rng(seed=0):
    return np.random.default_rng(seed)


def mixed(n, seed):
    values = rng(seed).normal(size=n)
    values[:: max(n // 50, 2)] = NAN
    values[1 :: max(n // 40, 3)] = INF
    values[2 :: max(n // 30, 3)] = -INF
    return values


def ks(x, y):
    return SortedValues(x).distances(SortedValues(y))[0]


def wasserstein(x, y):
    return SortedValues(x).distances(SortedValues(y))[1]


PAIRS = {
    "normal": (rng().normal(size=5000), rng(1).normal(0.2, 1, 7000)),
    "far apart": (rng().normal(size=3000), rng(1).normal(50, 1, 2000)),
    "one inside the other": (rng().normal(0, 9, 3000), rng(1).normal(size=2000)),
    "whole numbers": (rng().integers(0, 9, 4000), rng(1).integers(0, 10, 3000)),
    "many ties": (rng().normal(size=4000).round(1), rng(1).normal(size=900).round(1)),
    "mostly zero": (np.repeat([0.0, 1.0], [3900, 100]), np.repeat([0.0, 1.0], [900, 100])),
    "constants": (np.full(3000, 3.0), np.full(600, 3.0)),
    "other constants": (np.full(3000, 3.0), np.full(600, 4.0)),
    "constants that are no sums of halves": (np.full(3000, 0.1), np.full(600, 0.2)),
    "a constant and numbers": (rng().normal(size=3000), np.full(600, 0.3)),
    "nulls and infinities": (mixed(4000, 0), mixed(3000, 1)),
    "heavy tails": (rng().standard_cauchy(5000), 2 * rng(1).standard_cauchy(4000)),
    "an outlier": (np.append(rng().normal(size=3000), 1e6), rng(1).normal(1, 1, 3000)),
    "far from zero": (1e9 + rng().normal(size=4000), 1e9 + rng(1).normal(0.1, 1, 3000)),
    "one current row": (rng().normal(size=4000), [0.1]),
    "one reference row": ([0.1], rng().normal(size=4000)),
    "a row below all": (rng().normal(size=4000), [-99.0]),
    "a row above all": (rng().normal(size=4000), [99.0]),
    "the same": (rng().normal(size=4000), rng().normal(size=4000)),
}


def expected_distances(x, y):
    """What scipy finds, in units of the reference."""
    x, y = (np.asarray(side, dtype=np.float64) for side in (x, y))
    x, y = x[~np.isnan(x)], y[~np.isnan(y)]
    with np.errstate(divide="ignore"):
        ks = stats.ks_2samp(x, y, method="asymp").statistic
    x, y = x[np.isfinite(x)], y[np.isfinite(y)]
    unit = (stats.iqr(x) or np.std(x) if np.ptp(x) else 0.0) or 1.0
    return ks, stats.wasserstein_distance(x, y) / unit


def assert_exact(x, y):
    found, expected = SortedValues(x).distances(SortedValues(y)), expected_distances(x, y)
    assert found[0] == pytest.approx(expected[0], rel=0, abs=1e-15)
    assert found[1] == pytest.approx(expected[1], rel=1e-12, abs=1e-14)


@pytest.mark.parametrize("name", PAIRS)
def test_distances_equal_scipy(name):
    x, y = PAIRS[name]
    assert_exact(x, y)
    assert_exact(y, x)


@pytest.mark.parametrize("scale", [1e300, 1e150, 1e139, 1e-139, 1e-150, 1e-300, 2.0**-1040])
def test_magnitudes_do_not_matter(scale):
    # As coarse as the smallest doubles, so that scaling rounds nothing.
    x, y = (np.round(side * 512) / 512 for side in PAIRS["normal"])
    ks, distance = SortedValues(x).distances(SortedValues(y))
    scaled = SortedValues(x * scale).distances(SortedValues(y * scale))
    assert scaled[0] == ks
    assert scaled[1] == pytest.approx(distance, rel=1e-9)


def test_extreme_magnitudes_beside_each_other_have_an_answer():
    tiny, huge = np.arange(1, 21) * 1e-308, np.array([-1e308, 1e308])
    assert SortedValues(tiny).distances(SortedValues(huge)) == (0.5, INF)
    ks, distance = SortedValues(huge).distances(SortedValues(tiny))
    assert (ks, distance) == (0.5, pytest.approx(1.0))
    spoiled = np.append(tiny, 1e308)
    assert SortedValues(spoiled).distances(SortedValues(spoiled)) == (0.0, 0.0)
    ends = np.repeat([-LARGEST, LARGEST], 2000)
    assert SortedValues(ends).distances(SortedValues(-ends[:7])) == (0.5, pytest.approx(1.0))


@pytest.mark.parametrize(
    ("x", "y", "expected"),
    [
        ([], [], (0, 0)),
        ([], [1.0], (0, 0)),
        ([NAN], [1.0], (0, 0)),
        ([1.0], [NAN, NAN], (0, 0)),
        ([INF], [1.0], (1, 0)),
        ([1.0], [-INF], (1, 0)),
        ([-INF, INF], [INF, INF], (0.5, 0)),
        (np.arange(5000.0), [INF], (1, 0)),
        (np.arange(5000.0), [-INF, NAN], (1, 0)),
    ],
)
def test_what_is_not_finite_is_ranked_but_has_no_distance(x, y, expected):
    assert SortedValues(x).distances(SortedValues(y)) == expected


def test_values_are_sorted_without_nulls_and_left_alone():
    values = np.array([3.0, NAN, -INF, 1.0, INF])
    sample = SortedValues(values)
    assert sample.values.tolist() == [-INF, 1.0, 3.0, INF]
    assert sample.finite.tolist() == [1.0, 3.0]
    assert len(sample) == 4
    np.testing.assert_array_equal(values, [3.0, NAN, -INF, 1.0, INF])
    assert SortedValues.presorted(sample.values).values is sample.values


@pytest.mark.parametrize(
    ("values", "unit"),
    [
        (np.arange(101.0), 50.0),
        ([1.0, 2.0, 4.0, 8.0, INF], 3.25),
        ([0.0] * 90 + [1.0] * 10, 0.3),
        ([5.0] * 10, 1.0),
        ([7.0], 1.0),
        ([], 1.0),
        ([NAN, INF], 1.0),
        ([0.0, 0.0, 0.0, 5e-324], 1.0),
        ([-1.7e308] * 5 + [1.7e308] * 5, 1.7e308),
        (np.arange(101) * 1e-310, 50e-310),
    ],
)
def test_unit_is_a_range_that_one_value_does_not_stretch(values, unit):
    assert SortedValues(values).unit == pytest.approx(unit, rel=1e-12)


@repeatable
@given(st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=60))
def test_unit_is_the_interquartile_range_of_numpy(values):
    upper, lower = np.quantile(values, [0.75, 0.25])
    # Between equal values numpy may find one that differs in its last digits.
    same = np.quantile(values, 0.25, method="lower") == np.quantile(values, 0.75, method="higher")
    expected = 0.0 if same else upper - lower
    if not expected:
        expected = np.std(values) if np.ptp(values) else 1.0
    assert SortedValues(values).unit == pytest.approx(expected, rel=1e-9, abs=1e-9)


numbers = st.one_of(
    st.integers(-4, 4).map(float),
    st.floats(-1e3, 1e3).map(lambda value: round(value, 3)),
    st.sampled_from([INF, -INF, NAN]),
)
samples = st.lists(numbers, max_size=80)


@repeatable
@given(samples, samples)
@example([0.0], [0.0, 0.0, 1.0])
@example([0.0, 1.0, 2.0, 3.0], [1.0, 1.0, 1.0])
@example([-INF, 0.0, 0.0, 0.0, INF], [0.0, INF])
@example([0.0, *[INF] * 9], [*[0.0] * 8, 1.0, 2.0])
def test_distances_are_exact(x, y):
    if not np.isfinite(x).any() or not np.isfinite(y).any():
        return
    found, expected = SortedValues(x).distances(SortedValues(y)), expected_distances(x, y)
    assert found[0] == pytest.approx(expected[0], rel=0, abs=1e-15)
    assert found[1] == pytest.approx(expected[1], rel=1e-11, abs=1e-12)


@repeatable
@given(samples)
def test_a_sample_has_no_distance_to_itself(x):
    assert SortedValues(x).distances(SortedValues(x)) == (0.0, 0.0)


@repeatable
@given(samples, samples)
def test_ks_does_not_depend_on_which_sample_is_the_reference(x, y):
    there, back = (SortedValues(a).distances(SortedValues(b))[0] for a, b in ((x, y), (y, x)))
    assert there == pytest.approx(back, rel=0, abs=1e-15)


@pytest.mark.parametrize(
    ("mean", "sd", "expected"),
    [(0.1, 1, 0.039878), (0.5, 1, 0.197413), (1, 1, 0.382925), (0, 1.5, 0.096790)],
)
def test_ks_between_normals_is_known(mean, sd, expected):
    quantiles = stats.norm.ppf((np.arange(100_000) + 0.5) / 100_000)
    assert ks(quantiles, quantiles * sd + mean) == pytest.approx(expected, abs=2e-5)


def test_one_extreme_value_hides_no_shift_from_ks_and_wasserstein():
    rng = np.random.default_rng(2)
    reference, current = rng.normal(size=30_000), rng.normal(1, 1, 30_000)
    reference[0] = 1e6
    assert ks(reference, current) == pytest.approx(0.38, abs=0.01)
    spoiled, clean = (wasserstein(reference[i:], current) for i in (0, 1))
    assert clean == pytest.approx(1 / 1.349, rel=0.02)
    assert spoiled > clean


def test_wasserstein_is_scipys_in_units_of_the_reference():
    rng = np.random.default_rng(4)
    x, y = rng.gamma(2, 3, 400), rng.gamma(2, 4, 300)
    expected = stats.wasserstein_distance(x, y) / stats.iqr(x)
    assert wasserstein(x, y) == pytest.approx(expected, rel=1e-12)


def test_wasserstein_has_a_unit_for_narrow_references():
    mostly_zero = [0.0] * 90 + [1.0] * 10
    assert wasserstein(mostly_zero, [1.0]) == pytest.approx(0.9 / 0.3)
    assert wasserstein([5.0] * 10, [7.0] * 3) == 2.0
    assert wasserstein([], [7.0]) == wasserstein([np.inf], [7.0]) == 0.0
