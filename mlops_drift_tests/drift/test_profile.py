"""Profiles of numbers, of days and of groups, and how they add up."""

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from mlops_drift.drift.column_profile import FARTHEST, ColumnProfile
from mlops_drift.drift.profile import add, empty_profile, profile, profile_by, profile_sorted
from mlops_drift.drift.reference import Reference
from mlops_drift.drift.sorted_values import SortedValues
from mlops_drift_tests.drift.one_column import fit, profiled

pytestmark = pytest.mark.filterwarnings("error")
repeatable = settings(derandomize=True, max_examples=20)

NAN, INF = np.nan, np.inf
LARGEST = np.finfo(np.float64).max

KINDS = {"number": "numeric", "level": "numeric", "text": "categorical"}

rows = st.lists(
    st.tuples(
        st.none() | st.floats(),
        st.none() | st.integers(-3, 3),
        st.none() | st.sampled_from(["a", "b", "c", "null", ""]),
    ),
    max_size=60,
)


def as_table(records):
    number, level, text = zip(*records, strict=True) if records else ((), (), ())
    return pa.table(
        {
            "number": pa.array(number, pa.float64()),
            "level": pa.array(level, pa.int64()),
            "text": pa.array(text, pa.string()),
        }
    )


@settings(repeatable, max_examples=12)
@given(rows, st.lists(rows, min_size=1, max_size=4))
def test_profiles_of_days_add_up_to_the_profile_of_all_rows(reference_rows, days):
    reference = Reference.fit(as_table(reference_rows), KINDS, bins=5)
    tables = [as_table(day) for day in days]
    total = add(profile(reference, table) for table in tables)
    whole = profile(reference, pa.concat_tables(tables))
    assert total == whole
    assert all(column.n == sum(map(len, days)) for column in total.values())


@settings(repeatable, max_examples=8)
@given(rows, rows)
def test_moments_of_a_sum_do_not_depend_on_the_order(monday, tuesday):
    reference = Reference.fit(as_table(monday + tuesday), KINDS, bins=5)
    one, other = (profile(reference, as_table(day)) for day in (monday, tuesday))
    assert add([one, other]) == add([other, one])
    assert add([one, empty_profile(reference)]) == one


any_number = st.one_of(
    st.floats(),
    st.sampled_from([LARGEST, -LARGEST, 5e-324, -5e-324, 0.0, -0.0, NAN, INF, -INF]),
    st.integers(-9, 9).map(float),
)
tiny_number = st.integers(-40, 40).map(lambda n: n * 5e-324)
huge_number = st.integers(-40, 40).map(lambda n: n / 40 * LARGEST)
samples = st.one_of(
    *(
        st.tuples(st.lists(number, max_size=80), st.lists(number, max_size=60))
        for number in (any_number, tiny_number, huge_number, st.integers(-9, 9).map(float))
    )
)


@repeatable
@given(samples)
@example(([-LARGEST] * 50 + [float(i) for i in range(50)], [-LARGEST, LARGEST, 3.0]))
@example(([-LARGEST, LARGEST] * 20, [LARGEST, -LARGEST, NAN]))
@example(([0.0, -0.0] * 20, [-0.0, 5e-324, -5e-324]))
def test_sql_counts_what_sorted_values_count(pair):
    past, now = pair
    reference = fit(pa.array(past, pa.float64()), bins=4)
    column = reference.columns["x"]
    found = profiled(reference, pa.array(now, pa.float64()))
    assert found == profile_sorted(column, SortedValues(now), len(now))
    mean, std = found.mean_and_std(column)
    finite = [value for value in now if np.isfinite(value)]
    if column.moments is None or not finite:
        assert (mean, std) == (None, None)
    elif mean is None:
        farthest = max(abs(value / 2 - column.moments.center / 2) for value in finite)
        assert std is None
        assert farthest / column.moments.unit > FARTHEST / 2 * (1 - 1e-9)
    else:
        assert (found.minimum, found.maximum) == (min(finite), max(finite))
        assert found.minimum <= mean <= found.maximum
        assert 0 <= std <= LARGEST


@repeatable
@given(st.lists(st.integers(-(2**60), 2**60), min_size=1, max_size=80))
def test_sql_counts_whole_numbers_as_sorted_values_do(values):
    reference = fit(values, bins=4)
    found = profiled(reference, values)
    assert found == profile_sorted(reference.columns["x"], SortedValues(values), len(values))
    assert found.counts.tolist() == reference.columns["x"].counts.tolist()


def test_profile_of_the_reference_rows_is_the_reference():
    table = as_table([(float(i), i % 4, "ab"[i % 2]) for i in range(500)])
    reference = Reference.fit(table, KINDS)
    for name, column in profile(reference, table).items():
        assert column.counts.tolist() == reference.columns[name].counts.tolist()
        assert (column.below, column.above) == (0, 0)


@pytest.mark.parametrize(
    "now",
    [
        np.random.default_rng(1).normal(5, 2, 4000),
        np.random.default_rng(1).normal(1e3, 0.1, 4000),
        np.random.default_rng(1).gamma(0.5, 1e-9, 4000),
        np.random.default_rng(1).integers(0, 100, 4000).astype(float),
        np.random.default_rng(1).normal(0, 3e307, 4000),
        np.random.default_rng(1).choice([-1.5e308, -1.4e308, 1.2e308], 4000),
    ],
    ids=["normal", "far from zero", "skewed and tiny", "whole numbers", "huge", "huge distances"],
)
def test_moments_are_those_of_numpy(now):
    column = fit(now[:2000]).columns["x"]
    found = profiled(fit(now[:2000]), np.append(now, [NAN, INF]))
    scale = np.abs(now).max()
    mean, std = found.mean_and_std(column)
    assert mean == pytest.approx(np.mean(now / scale) * scale, abs=1e-6 * scale)
    assert std == pytest.approx(np.std(now / scale) * scale, rel=1e-4)
    assert (found.minimum, found.maximum) == (now.min(), now.max())


def test_the_moments_of_a_constant_are_exact():
    reference = fit([0.1, 0.7, 3.0] * 40)
    found = profiled(reference, [0.3] * 7)
    assert found.mean_and_std(reference.columns["x"]) == (0.3, 0.0)


def test_one_outlier_beyond_what_the_sums_hold_leaves_no_mean():
    reference = fit(np.arange(1001.0))
    column = reference.columns["x"]
    near = profiled(reference, [500.0] * 999 + [500 + FARTHEST * 500.0])
    assert near.mean_and_std(column)[0] == pytest.approx(500 + FARTHEST * 500 / 1000)
    found = profiled(reference, [500.0] * 999 + [1e300])
    assert found.mean_and_std(column) == (None, None)
    assert (found.maximum, found.above, found.below) == (1e300, 1, 0)


def test_rows_outside_the_reference_are_counted_on_either_side():
    found = profiled(fit(np.arange(1000.0)), [-INF, -1.0, 0.0, 999.0, 999.5, 1e9, INF, None])
    assert (found.below, found.above, found.n) == (1, 2, 8)
    assert found.counts[-2:].tolist() == [2, 1]


def test_one_outlier_in_the_current_data_leaves_the_bins_alone():
    rng = np.random.default_rng(0)
    reference = fit(rng.normal(size=1000))
    values = rng.normal(1, 1, 1000)
    clean = profiled(reference, values).counts
    values[0] = 1000.0
    assert np.abs(clean - profiled(reference, values).counts).sum() <= 2


days = st.lists(
    st.tuples(
        st.sampled_from([None, 1, 2, 3]),
        st.none() | any_number,
        st.none() | st.sampled_from(["a", "b", ""]),
    ),
    max_size=40,
)


@settings(repeatable, max_examples=8)
@given(days)
def test_profiles_by_a_column_are_those_of_its_rows(records):
    day, number, text = zip(*records, strict=True) if records else ((), (), ())
    table = pa.table(
        {
            "day": pa.array(day, pa.int64()),
            "number": pa.array(number, pa.float64()),
            "text": pa.array(text, pa.string()),
        }
    )
    reference = Reference.fit(table, {"number": "numeric", "text": "categorical"}, bins=3)
    found = profile_by(reference, table, "day")
    ascending = [1, 2, 3, None]
    assert list(found) == [value for value in ascending if value in day]
    for value, part in found.items():
        is_part = pc.is_null(table["day"]) if value is None else pc.equal(table["day"], value)
        assert part == profile(reference, table.filter(is_part))
    if found:
        assert add(found.values()) == profile(reference, table)


def test_profiles_by_numbers_take_nan_for_null():
    table = pa.table({"x": [1.0] * 5, "by": [2.0, NAN, None, 1.0, 2.0]})
    found = profile_by(Reference.fit(table, {"x": "numeric"}), table, "by")
    assert {value: part["x"].n for value, part in found.items()} == {1.0: 1, 2.0: 2, None: 2}
    assert list(found) == [1.0, 2.0, None]


def test_three_hundred_columns_are_profiled_at_once():
    rng = np.random.default_rng(0)
    columns = {f"x{i}": rng.normal(size=200) for i in range(25)}
    columns |= {f"t{i}": rng.choice(["a", "b", None], 200).tolist() for i in range(275)}
    table = pa.table(columns)
    reference = Reference.fit(table)
    found = profile(reference, table)
    assert len(found) == 300
    for name, column in found.items():
        assert column.counts.tolist() == reference.columns[name].counts.tolist()


def test_a_profile_survives_json():
    found = profiled(fit([1.0, 2.0, 3.5] * 40), [1.0, 9.0, -INF, None])
    again = ColumnProfile.from_dict({**found.to_dict(), "day": "2024-01-01"})
    assert again == found
    assert again.counts.dtype == np.int64
    assert again != ColumnProfile(found.counts)


def test_a_profile_of_no_rows_is_empty():
    reference = fit([1.0, 2.0, None] * 30)
    found = profiled(reference, pa.array([], pa.float64()))
    assert found == empty_profile(reference)["x"]
    assert (found.n, found.minimum) == (0, None)
    assert found.mean_and_std(reference.columns["x"]) == (None, None)


def test_added_profiles_are_left_as_they_were():
    day = {"x": ColumnProfile(np.array([1, 2]), 1, 1, 5, 7, -1.0, 4.0)}
    total = add([day, day, {"x": ColumnProfile(np.array([0, 1]))}])
    assert total == {"x": ColumnProfile(np.array([2, 5]), 2, 2, 10, 14, -1.0, 4.0)}
    assert day["x"] == ColumnProfile(np.array([1, 2]), 1, 1, 5, 7, -1.0, 4.0)


def test_no_profiles_add_up_to_nothing():
    assert add([]) == {}


PROFILE = ColumnProfile(np.array([1, 2]))


@pytest.mark.parametrize("other", [{"y": PROFILE}, {"x": ColumnProfile(np.array([1]))}, {}])
def test_profiles_of_different_references_do_not_add_up(other):
    with pytest.raises(ValueError, match="must share their"):
        add([{"x": PROFILE}, other])
    with pytest.raises(ValueError, match="must share their bins, found 2 and 1"):
        PROFILE + ColumnProfile(np.array([1]))


@pytest.mark.parametrize(
    ("table", "message"),
    [
        (pa.table({"y": [1]}), r"'x'.*\['y'\]"),
        (pa.table({"x": ["a"]}), "'x'.*text such as 'a'"),
        (pa.table({"x": [[1.0]]}), r"'x'.*DOUBLE\[\]"),
    ],
)
def test_missing_or_unreadable_column_is_named(table, message):
    with pytest.raises(ValueError, match=message):
        profile(fit([1.0, 2.0]), table)


def test_a_missing_group_column_is_named():
    with pytest.raises(ValueError, match=r"no column 'day'.*\['x'\]"):
        profile_by(fit([1.0, 2.0]), pa.table({"x": [1.0]}), "day")


def test_nan_in_a_file_is_null_as_everywhere(tmp_path):
    # Its statistics say that all values lie between 1 and 4.
    values = pa.array([1.0, np.nan, 2.0, np.nan, 4.0, 3.0] * 50)
    table = pa.table({"x": values})
    pq.write_table(table, tmp_path / "x.parquet")
    for kind in ("numeric", "categorical"):
        reference = Reference.fit(tmp_path / "x.parquet", {"x": kind})
        assert reference.columns["x"].counts[-1] == 100
        assert profile(reference, tmp_path / "x.parquet") == profile(reference, table)
        assert profile(reference, table)["x"].counts[-1] == 100
