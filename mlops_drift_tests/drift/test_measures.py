import math

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from mlops_drift.drift.column_profile import ColumnProfile
from mlops_drift.drift.measures import comparable_counts, measure
from mlops_drift.drift.metrics.base import Pair
from mlops_drift.drift.metrics.registry import SHIPPED, distances, drift_metric
from mlops_drift.drift.profile import profile
from mlops_drift.drift.reference import Reference
from mlops_drift.drift.significance import chi2, proportion_rise
from mlops_drift.drift.sorted_values import SortedValues

pytestmark = pytest.mark.filterwarnings("error")
repeatable = settings(derandomize=True, max_examples=30)

NAN, INF = np.nan, np.inf
LARGEST = np.finfo(np.float64).max
RNG = np.random.default_rng(0)
PAST, NOW = RNG.normal(size=2000), RNG.normal(0.5, 2, 500)
EXACT = ("ks", "ks_p", "wasserstein")


def fit(values, bins=10):
    return Reference.fit(pa.table({"x": values}), bins=bins)


def measured(past, now, with_sample=True, base=None, bins=10):
    reference = fit(past, bins)
    found = profile(reference, pa.table({"x": now}))["x"]
    sample = SortedValues(np.asarray(now, dtype=float)) if with_sample else None
    before = profile(reference, pa.table({"x": base}))["x"] if base is not None else None
    return measure(reference.columns["x"], found, sample, before)


def test_every_metric_is_measured():
    found = measured(PAST, NOW)
    for name, value in found.to_dict().items():
        assert (value is None) == (name == "unseen"), name
    assert list(found.distances) == list(SHIPPED)


def test_numbers_about_the_bins_are_those_of_their_counts():
    reference = fit(PAST)
    column, current = reference.columns["x"], profile(reference, pa.table({"x": NOW}))["x"]
    found = measure(column, current)
    assert found.distances == distances(Pair.of(column.counts, current.counts))
    assert (found.chi2, found.chi2_p) == chi2(column.counts, current.counts)
    assert (found.n_reference, found.n) == (2000, 500)


def test_numbers_about_the_values_are_those_of_scipy_and_numpy():
    found = measured(PAST, NOW)
    expected = stats.ks_2samp(PAST, NOW)
    assert (found.value("ks"), found.ks_p) == pytest.approx(tuple(expected[:2]), rel=1e-12)
    unit = stats.iqr(PAST)
    assert found.value("wasserstein") == pytest.approx(stats.wasserstein_distance(PAST, NOW) / unit)
    assert found.out_of_range == np.mean((PAST.min() > NOW) | (PAST.max() < NOW)) > 0
    for side, values in (("_reference", PAST), ("", NOW)):
        moments = getattr(found, f"mean{side}"), getattr(found, f"std{side}")
        assert moments == pytest.approx((values.mean(), values.std()), abs=1e-5)
    assert (found.minimum, found.maximum) == (NOW.min(), NOW.max())


def test_without_values_there_are_no_exact_metrics():
    found, exact = measured(PAST, NOW, with_sample=False), measured(PAST, NOW)
    assert [found.to_dict()[name] for name in EXACT] == [None] * 3
    assert found.to_dict() | {name: exact.to_dict()[name] for name in EXACT} == exact.to_dict()


def test_a_base_stands_in_for_the_reference():
    base = np.append(RNG.normal(0.5, 2, 300), [NAN] * 100)
    found = measured(PAST, NOW, base=base)
    assert [found.to_dict()[name] for name in EXACT] == [None] * 3
    assert (found.n_reference, found.null_reference) == (400, 0.25)
    assert found.mean_reference == pytest.approx(np.nanmean(base), abs=1e-5)
    assert found.std_reference == pytest.approx(np.nanstd(base), abs=1e-4)
    # The frozen bins, but not the frozen counts.
    reference = fit(PAST)
    before, after = (profile(reference, pa.table({"x": v}))["x"].counts for v in (base, NOW))
    assert found.value("tvd") == drift_metric("tvd").distance(Pair.of(before, after))
    assert measured(PAST, base, base=base).value("psi") == 0


def test_nulls_and_unknown_values_are_shares_of_all_rows():
    found = measured([1, 2] * 50, [1.0, 9.0, NAN, INF], with_sample=False)
    assert (found.null_share, found.unseen, found.out_of_range) == (0.25, 0.25, 0.25)
    assert (found.null_reference, found.null_p) == (0, proportion_rise(0, 100, 1, 4))
    found = measured(["a", "b"] * 50, ["a", "zz", None, "yy"], with_sample=False)
    assert (found.null_share, found.unseen, found.out_of_range) == (0.25, 0.5, None)
    numbers = (found.mean_reference, found.mean, found.std_reference, found.std, found.minimum)
    assert numbers == (None,) * 5


def test_unseen_is_measured_where_a_category_can_be_unseen():
    assert measured(PAST, NOW).unseen is None
    assert measured([1, 2] * 50, [1.0, 2.0]).unseen == 0


def test_the_p_value_belongs_to_the_metric():
    found = measured(PAST, NOW)
    for metric in SHIPPED:
        assert found.value(metric) == found.distances[metric]
        exact = metric in ("ks", "wasserstein")
        assert found.p(metric) == (found.ks_p if exact else found.chi2_p)


def test_a_distance_that_no_double_holds_is_left_out():
    found = measured(np.arange(1.0, 101) * 1e-300, [1e300, -1e300] * 20)
    assert found.value("wasserstein") is None
    assert found.value("ks") == 0.5


numbers = st.one_of(
    st.floats(),
    st.integers(-3, 3).map(float),
    st.sampled_from([LARGEST, -LARGEST, 5e-324, INF, NAN]),
)


@repeatable
@given(st.lists(numbers, max_size=60), st.lists(numbers, max_size=40))
def test_every_number_is_finite_or_none(past, now):
    found = measured(pa.array(past, pa.float64()), pa.array(now, pa.float64()), bins=4)
    for name, value in found.to_dict().items():
        assert value is None or math.isfinite(value), name
    for name in ("chi2_p", "null_p", "null_share", "out_of_range", "js"):
        assert 0 <= found.to_dict()[name] <= 1
    if np.isnan(past).all() or np.isnan(now).all():
        assert (found.value("ks"), found.ks_p, found.value("wasserstein")) == (None, None, None)
    else:
        assert 0 <= found.value("ks") <= 1
        assert 0 <= found.ks_p <= 1


def test_a_profile_with_other_bins_is_refused():
    with pytest.raises(ValueError, match="a profile of 12 bins is needed, found 3"):
        measure(fit(PAST).columns["x"], ColumnProfile(np.array([1, 2, 3])))


def comparable(past, now):
    reference = fit(past)
    column = reference.columns["x"]
    counts = profile(reference, pa.table({"x": now}))["x"].counts
    found = comparable_counts(column, column.counts, counts, np.zeros(0, int))
    assert [side.sum() for side in found] == [len(past), len(now)]
    return [dict(zip(column.labels, side.tolist(), strict=True)) for side in found]


def test_categories_with_a_few_lucky_rows_count_as_rare():
    past = ["a"] * 90 + ["b"] * 15 + ["c"] * 4
    before, after = comparable(past, ["a", "b", "c", "c"])
    assert before == {"a": 90, "b": 15, "c": 0, "rare": 4, "unseen": 0, "null": 0}
    assert after == {"a": 1, "b": 1, "c": 0, "rare": 2, "unseen": 0, "null": 0}
    # By the rows of both sides: one that became frequent is no longer one of them.
    assert comparable(past, ["c"] * 50)[1]["c"] == 50


@pytest.mark.parametrize(("n", "m"), [(1_000, 1_000), (1_000, 10_000), (5_000, 5_000)])
@pytest.mark.parametrize("categories", [150, 300, 700])
def test_many_even_categories_without_drift_raise_no_alarm(categories, n, m):
    for seed in range(3):
        rng = np.random.default_rng(seed)
        past, now = (rng.integers(0, categories, rows).astype(str) for rows in (n, m))
        found = measured(past, now, with_sample=False)
        assert found.value("js") < 0.1 or found.chi2_p > 0.001


def texts(first, last):
    return [f"user {number}" for number in range(first, last)]


@pytest.mark.parametrize(("n", "m"), [(5_000, 1_000), (500, 5_000), (5_000, 100)])
def test_new_texts_in_place_of_new_texts_are_no_drift(n, m):
    found = measured(texts(0, n), texts(n, n + m), with_sample=False)
    assert found.unseen == 1.0
    assert found.value("js") < 0.1 or found.chi2_p > 0.001


@pytest.mark.parametrize("broken", [["BROKEN"] * 1_000, ["BROKEN"] * 300 + texts(0, 700)])
def test_one_new_text_in_place_of_many_is_drift(broken):
    orders = [f"order {number}" for number in range(5_000)]
    found = measured(orders, broken, with_sample=False)
    assert found.value("js") > 0.2
    assert found.chi2_p < 1e-9


def test_unseen_categories_are_held_against_those_seen_once():
    past = ["a"] * 80 + [f"once {i}" for i in range(20)]
    before, _ = comparable(past, ["a"] * 9 + ["new"])
    assert (before["unseen"], before["rare"], before["a"]) == (10, 10, 80)
    # No more than the singletons promise, however many are unseen.
    before, after = comparable(past, ["new"] * 10)
    assert (before["unseen"], before["rare"], after["unseen"]) == (20, 0, 10)
    before, _ = comparable(past, ["a"] * 10)
    assert (before["unseen"], before["rare"]) == (0, 20)


def test_a_base_has_its_own_unseen_rows():
    column = fit(["a"] * 80 + [f"once {i}" for i in range(20)]).columns["x"]
    size = len(column.counts)
    base, current = np.zeros(size, dtype=np.int64), np.zeros(size, dtype=np.int64)
    base[[0, -2]] = 70, 30
    current[[0, -2]] = 60, 40
    before, after = comparable_counts(column, base, current, np.zeros(0, int))
    assert (before[[0, -2]].tolist(), after[[0, -2]].tolist()) == ([70, 30], [60, 40])


def test_counts_of_numbers_are_left_as_they_are():
    column = fit([1, 2, 3] * 40).columns["x"]
    counts = np.array([1, 0, 0, 5, 0, 2])
    assert comparable_counts(column, column.counts, counts, np.zeros(0, int)) == (
        column.counts,
        counts,
    )
