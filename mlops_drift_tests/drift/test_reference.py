import datetime as dt
import json
from decimal import Decimal

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from mlops_drift.drift import column_reference as reference_module
from mlops_drift.drift.profile import profile, profile_sorted
from mlops_drift.drift.reference import JSON_FILE, VALUES_FILE, Reference

pytestmark = pytest.mark.filterwarnings("error")


def fit(values, kind="numeric", bins=10, arrow_type=None):
    table = pa.table({"x": pa.array(values, arrow_type)})
    return Reference.fit(table, {"x": kind}, bins).columns["x"]


def counted(column, values, arrow_type=None):
    """Rows per bin of other values."""
    table = pa.table({"x": pa.array(values, arrow_type)})
    return profile(Reference({"x": column}), table)["x"].counts


def named(column, counts=None):
    """Filled bins by label."""
    counts = column.counts if counts is None else counts
    return {label: int(count) for label, count in zip(column.labels, counts, strict=True) if count}


def test_deciles_hold_a_tenth_each():
    column = fit(np.random.default_rng(0).normal(size=2000))
    assert column.counts.tolist() == [200] * 10 + [0, 0]
    assert column.labels[-2:] == ["non-finite", "null"]


def test_outer_bins_are_open():
    column = fit(range(1000), bins=4)
    assert named(column, counted(column, [-1e300, 1e300])) == {"< 250": 1, ">= 750": 1}


def test_intervals_are_closed_on_the_left():
    column = fit(range(1000), bins=4)
    assert named(column, counted(column, [249, 250, 499, 500])) == {
        "< 250": 1,
        "[250, 500)": 2,
        "[500, 750)": 1,
    }


def test_duplicate_edges_collapse():
    column = fit([0.0] * 700 + list(range(1, 301)))
    assert len(column.edges) == len(set(column.edges)) < 9
    assert column.counts.sum() == 1000


def test_few_distinct_values_get_a_bin_each_and_other():
    column = fit([1, 2, 3] * 100)
    assert named(column) == {"1": 100, "2": 100, "3": 100}
    counts = counted(column, [1, 9, None, np.nan, np.inf, -np.inf], pa.float64())
    assert named(column, counts) == {"1": 1, "other": 1, "non-finite": 2, "null": 2}
    assert column.unseen(counts) == 1


def test_intervals_have_no_unseen_values():
    column = fit(np.arange(1000.0))
    assert column.unseen(counted(column, [-5.0, 5000.0])) == 0


@pytest.mark.parametrize(("n", "regular_bins"), [(200, 10), (100, 5), (40, 2), (7, 2)])
def test_small_references_keep_filled_bins(n, regular_bins):
    column = fit(np.random.default_rng(1).normal(size=n))
    assert len(column.counts) == regular_bins + 2
    assert column.counts[:-2].min() >= min(20, n // 2)


def test_distinct_values_of_a_small_reference_do_not_get_a_bin_each():
    assert len(fit(np.arange(20) / 7).edges) == 1


@pytest.mark.parametrize(("distinct", "own_bins"), [(20, True), (21, False)])
def test_twenty_distinct_values_are_few(distinct, own_bins):
    column = fit(np.arange(distinct).repeat(30))
    assert (len(column.values) == distinct) == own_bins
    assert bool(column.edges) != own_bins


def test_categories_under_half_a_percent_share_a_bin():
    column = fit(["a"] * 900 + ["b"] * 95 + ["c"] * 4 + ["d"], "categorical")
    assert named(column) == {"a": 900, "b": 95, "rare": 5}
    assert (column.rare, column.singletons) == (("c", "d"), 1)
    counts = counted(column, ["b", "c", "d", "e", None])
    assert named(column, counts) == {"b": 1, "rare": 2, "unseen": 1, "null": 1}
    assert column.unseen(counts) == 1


def test_categories_beyond_the_longest_list_count_as_unseen(monkeypatch):
    monkeypatch.setattr(reference_module, "MAX_CATEGORIES", 2)
    column = fit(["a"] * 900 + ["b", "b", "b", "c", "c", "d"], "categorical")
    assert (column.values, column.rare, column.singletons) == (("a",), ("b",), 0)
    assert named(column) == {"a": 900, "rare": 3, "unseen": 3}
    assert column.bins_of(["a", "b", "c", "zz", None]).tolist() == [0, 1, 2, 2, 3]


def test_a_category_named_like_a_special_bin_stays_apart():
    column = fit(["null", "unseen", "rare", None] * 50, "categorical")
    assert len(set(column.labels)) == len(column.labels)
    assert named(column) == {"'null'": 50, "'unseen'": 50, "'rare'": 50, "null": 50}


def test_labels_keep_close_edges_apart():
    column = fit(1e6 + np.arange(1000) / 1000)
    assert len(set(column.labels)) == len(column.labels) == 12


def test_moments_are_those_of_the_finite_values():
    values = np.random.default_rng(2).gamma(2, 3, 1001)
    moments = fit([*values, None, np.inf, np.nan]).moments
    assert moments.center == np.median(values)
    assert moments.unit == pytest.approx(np.subtract(*np.quantile(values, [0.75, 0.25])))
    assert (moments.mean, moments.std) == pytest.approx((values.mean(), values.std()), rel=1e-12)
    assert (moments.minimum, moments.maximum) == (values.min(), values.max())
    assert fit(["a", "b"], "categorical").moments is None
    assert fit([np.inf, None]).moments is None


UGLY = {
    "constant": (pa.array([4.2] * 60), "numeric"),
    "all null": (pa.array([None] * 60, pa.float64()), "numeric"),
    "no type": (pa.array([None] * 60), "numeric"),
    "no type, text": (pa.array([None] * 60), "categorical"),
    "null of another type": (pa.array([None] * 60, pa.string()), "numeric"),
    "one row": (pa.array([1.5]), "numeric"),
    "one text": (pa.array(["a"]), "categorical"),
    "no rows": (pa.array([], pa.float64()), "numeric"),
    "no texts": (pa.array([], pa.string()), "categorical"),
    "10,000 texts": (pa.array([f"id {i}" for i in range(10_000)]), "categorical"),
    "booleans": (pa.array([True, False, None] * 20), "categorical"),
    "boolean numbers": (pa.array([True, False, None] * 20), "numeric"),
    "dates": (pa.array([dt.date(2024, 1, 1 + i % 28) for i in range(600)]), "numeric"),
    "dates as text": (pa.array([dt.date(2024, 1, 1 + i % 28) for i in range(60)]), "categorical"),
    "times": (
        pa.array([dt.datetime(2024, 1, 1, i % 24, i % 60, tzinfo=dt.UTC) for i in range(600)]),
        "numeric",
    ),
    "clock": (pa.array([dt.time(i % 24) for i in range(60)]), "numeric"),
    "durations": (pa.array([dt.timedelta(hours=i) for i in range(60)]), "numeric"),
    "decimals": (pa.array([Decimal(i) / 10 for i in range(600)]), "numeric"),
    "unsigned": (pa.array([2**64 - 1 - i for i in range(60)], pa.uint64()), "numeric"),
    "infinities": (pa.array([np.inf, -np.inf, np.nan, None] * 15, pa.float64()), "numeric"),
    "huge": (pa.array([-1.7e308, 1.7e308, 0.0, *range(500)], pa.float64()), "numeric"),
    "nothing but huge": (pa.array([-1.7e308, 1.7e308, 1e308] * 200), "numeric"),
    "tiny": (pa.array(np.arange(600) * 5e-324), "numeric"),
    "signed zeros": (pa.array([0.0, -0.0] * 30), "numeric"),
    "dictionary": (pa.array(["a", "b", None] * 20).dictionary_encode(), "categorical"),
    "whole numbers as text": (pa.array([1, 2, None] * 20), "categorical"),
    "small floats": (pa.array(np.arange(60) % 7, pa.float16()), "numeric"),
}


@pytest.mark.parametrize(("values", "kind"), UGLY.values(), ids=UGLY)
def test_ugly_columns_are_counted_completely_and_survive_their_files(values, kind):
    table = pa.table({"x": values})
    reference = Reference.fit(table, {"x": kind})
    column = reference.columns["x"]
    assert column.n == len(values)
    assert len(column.labels) == len(column.counts) == len(set(column.labels))
    assert column.counts.dtype == np.int64
    found = profile(reference, table)
    assert found["x"].counts.tolist() == column.counts.tolist()

    again = Reference.from_files(reference.to_files())
    assert again.to_dict() == reference.to_dict()
    assert again.digest == reference.digest
    assert again.columns["x"].labels == column.labels
    assert profile(again, table) == found
    if kind == "numeric":
        sample = again.columns["x"].sample
        assert sample.values.tobytes() == column.sample.values.tobytes()
        assert profile_sorted(again.columns["x"], sample, len(values)) == found["x"]
    else:
        assert again.columns["x"].sample is None


def test_nan_is_null_and_infinity_is_not():
    column = fit([1.0, np.nan, None, np.inf], arrow_type=pa.float64())
    assert named(column) == {"1": 1, "non-finite": 1, "null": 2}
    assert named(fit([1.0, np.nan] * 20, "categorical")) == {"1": 20, "null": 20}


def test_dates_are_days():
    column = fit([dt.date(1970, 1, 3)] * 40)
    assert column.values == (2.0,)
    midnight = counted(column, [dt.datetime(1970, 1, 3)], pa.timestamp("ns"))
    assert named(column, midnight) == {"1970-01-03": 1}


@pytest.mark.parametrize(
    ("values", "labels"),
    [
        ([dt.date(2024, 1, 31), dt.date(2024, 2, 1)], ["2024-01-31", "2024-02-01"]),
        ([dt.datetime(2024, 1, 31), dt.datetime(1969, 2, 1)], ["1969-02-01", "2024-01-31"]),
        (
            [dt.datetime(2024, 1, 31), dt.datetime(2024, 1, 31, 6, 30)],
            ["2024-01-31T00:00:00", "2024-01-31T06:30:00"],
        ),
        ([dt.time(6), dt.time(12)], ["0.25", "0.5"]),
    ],
)
def test_dates_and_timestamps_read_as_such(values, labels):
    column = fit(values * 20)
    assert column.labels[:2] == labels
    loaded = Reference.from_files(Reference({"x": column}).to_files()).columns["x"]
    assert loaded.labels == column.labels


def test_intervals_of_dates_read_as_dates():
    column = fit([dt.date(2024, 1, 1) + dt.timedelta(days=i) for i in range(100)], bins=2)
    assert column.labels[:2] == ["< 2024-02-20", ">= 2024-02-20"]


def test_a_whole_number_stays_its_category_when_it_arrives_as_float():
    column = fit([1, 2] * 50, "categorical")
    assert named(column, counted(column, [1.0, None])) == {"1": 1, "null": 1}


def test_every_source_gives_the_same_reference(tmp_path):
    table = pa.table({"x": np.arange(100.0) / 3, "y": ["a", "b", None, "c"] * 25})
    expected = Reference.fit(table).digest
    pq.write_table(table, tmp_path / "t.parquet")
    duckdb.from_arrow(table).write_csv(str(tmp_path / "t.csv"))
    shuffled = table.take(np.random.default_rng(0).permutation(100))
    sources = (shuffled, duckdb.from_arrow(table), tmp_path / "t.parquet", tmp_path / "t.csv")
    assert [Reference.fit(source).digest for source in sources] == [expected] * 4


def test_kinds_follow_the_types_unless_told():
    table = pa.table({"n": [1, 2], "t": ["a", "b"], "b": [True, False], "list": [[1], [2]]})
    kinds = {name: column.kind for name, column in Reference.fit(table).columns.items()}
    assert kinds == {"n": "numeric", "t": "categorical", "b": "categorical"}
    told = Reference.fit(table, {"n": "categorical"})
    assert list(told.columns) == ["n"]
    assert told.columns["n"].values == ("1", "2")


def test_missing_column_is_named_beside_those_found():
    with pytest.raises(ValueError, match=r"'age'.*\['miles'\]"):
        Reference.fit(pa.table({"miles": [1]}), {"age": "numeric"})


@pytest.mark.parametrize(
    ("values", "kind", "message"),
    [
        (["a"], "numeric", "'x'.*text such as 'a'"),
        ([[1]], "categorical", r"'x'.*BIGINT\[\], text"),
        ([[1]], "numeric", r"'x'.*BIGINT\[\], numbers"),
        ([1], "ordinal", "'x'.*'ordinal'"),
    ],
)
def test_unreadable_column_is_named(values, kind, message):
    with pytest.raises(ValueError, match=message):
        fit(values, kind)


def test_too_few_bins_are_refused():
    with pytest.raises(ValueError, match="bins must be at least 2, found 1"):
        fit([1.0], bins=1)


def test_digest_ignores_the_order_of_columns_and_rows_and_sees_every_count():
    table = pa.table({"a": [1, 2] * 20, "b": ["x", "y"] * 20})
    reference = Reference.fit(table, {"a": "numeric", "b": "categorical"})
    swapped = Reference.fit(table, {"b": "categorical", "a": "numeric"})
    shorter = Reference.fit(table.slice(1), {"a": "numeric", "b": "categorical"})
    assert reference.digest == swapped.digest != shorter.digest
    assert len(reference.digest) == 64
    assert Reference.from_files(swapped.to_files()).digest == reference.digest


def test_digest_sees_a_value_that_stays_in_its_bin():
    values = np.arange(1000.0)
    reference = Reference.fit(pa.table({"x": values}))
    values[501] += 0.25
    # Another value takes the difference, so that not even the mean tells them apart.
    values[503] -= 0.25
    moved = Reference.fit(pa.table({"x": values}))
    before, after = reference.columns["x"], moved.columns["x"]
    assert (before.edges, before.counts.tolist()) == (after.edges, after.counts.tolist())
    assert before.moments.mean == after.moments.mean
    assert reference.digest != moved.digest


def test_the_json_has_no_number_but_those_of_json_itself():
    reference = Reference.fit(pa.table({"x": [1.0, np.inf, np.nan] * 40}))
    json.loads(reference.to_files()[JSON_FILE], parse_constant=pytest.fail)


def test_a_saved_reference_is_loaded(tmp_path):
    folder = tmp_path / "new" / "folder"
    reference = Reference.fit(pa.table({"b": [2.0, 1.0, None], "a": [5, 3, 4], "t": ["x"] * 3}))
    reference.save(folder)
    assert sorted(path.name for path in folder.iterdir()) == [JSON_FILE, VALUES_FILE]
    loaded = Reference.load(folder)
    assert loaded.digest == reference.digest
    assert loaded.columns["b"].sample.values.tolist() == [1.0, 2.0]
    assert loaded.columns["a"].sample.values.tolist() == [3.0, 4.0, 5.0]
    assert pq.read_table(folder / VALUES_FILE).to_pydict() == {
        "column": ["a", "a", "a", "b", "b"],
        "value": [3.0, 4.0, 5.0, 1.0, 2.0],
    }
    (folder / VALUES_FILE).unlink()
    with pytest.raises(FileNotFoundError):
        Reference.load(folder)


@pytest.mark.parametrize(
    ("other", "message"),
    [
        ({"x": np.arange(120.0)}, "'x' .* has 100 numbers by reference.json and 120 by"),
        ({"x": np.arange(100.0), "y": np.arange(100.0)}, "values of 2 columns.*says 1"),
        ({"x": ["a"] * 100}, "values of 0 columns.*says 1"),
    ],
)
def test_files_of_different_references_are_refused(other, message):
    files = Reference.fit(pa.table({"x": np.arange(100.0)})).to_files()
    mixed = {**files, VALUES_FILE: Reference.fit(pa.table(other)).to_files()[VALUES_FILE]}
    with pytest.raises(ValueError, match=f"{message}.*must come from the same reference"):
        Reference.from_files(mixed)


def test_some_of_the_columns_are_selected():
    table = pa.table({"a": [1, 2] * 20, "b": ["x", "y"] * 20})
    assert list(Reference.fit(table).select(["b"]).columns) == ["b"]
    with pytest.raises(KeyError, match="age"):
        Reference.fit(table).select(["age"])
