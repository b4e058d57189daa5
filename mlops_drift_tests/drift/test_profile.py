import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mlops_drift.drift.profile import add, profile
from mlops_drift.drift.reference import Reference

repeatable = settings(derandomize=True, deadline=None)

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


@repeatable
@given(rows, st.lists(rows, min_size=1, max_size=4))
def test_profiles_of_days_add_up_to_the_profile_of_all_rows(reference_rows, days):
    reference = Reference.fit(as_table(reference_rows), KINDS, bins=5)
    tables = [as_table(day) for day in days]
    total = add(profile(reference, table) for table in tables)
    whole = profile(reference, pa.concat_tables(tables))
    assert {name: counts.tolist() for name, counts in total.items()} == {
        name: counts.tolist() for name, counts in whole.items()
    }
    assert all(counts.sum() == sum(map(len, days)) for counts in total.values())


def test_profile_of_the_reference_rows_is_the_reference():
    table = as_table([(float(i), i % 4, "ab"[i % 2]) for i in range(500)])
    reference = Reference.fit(table, KINDS, bins=10)
    for name, counts in profile(reference, table).items():
        assert counts.tolist() == reference.columns[name].counts.tolist()


def test_one_outlier_in_the_current_data_leaves_the_bins_alone():
    rng = np.random.default_rng(0)
    reference = Reference.fit(pa.table({"x": rng.normal(size=1000)}), {"x": "numeric"}, 10)
    values = rng.normal(1, 1, 1000)
    clean = profile(reference, pa.table({"x": values}))["x"]
    values[0] = 1000.0
    spoiled = profile(reference, pa.table({"x": values}))["x"]
    assert np.abs(clean - spoiled).sum() <= 2


def test_added_profiles_are_left_as_they_were():
    day = {"x": np.array([1, 2])}
    add([day, day])
    assert day["x"].tolist() == [1, 2]


def test_no_profiles_add_up_to_nothing():
    assert add([]) == {}


@pytest.mark.parametrize("other", [{"y": np.array([1, 2])}, {"x": np.array([1])}, {}])
def test_profiles_of_different_references_do_not_add_up(other):
    with pytest.raises(ValueError, match="must share columns and bins"):
        add([{"x": np.array([1, 2])}, other])


@pytest.mark.parametrize(
    ("table", "message"),
    [(pa.table({"y": [1]}), r"'x'.*\['y'\]"), (pa.table({"x": ["a"]}), "'x'.*string")],
)
def test_missing_or_unreadable_column_is_named(table, message):
    reference = Reference.fit(pa.table({"x": [1.0, 2.0]}), {"x": "numeric"}, 10)
    with pytest.raises(ValueError, match=message):
        profile(reference, table)
