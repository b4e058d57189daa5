import datetime as dt
import json
from decimal import Decimal

import numpy as np
import pyarrow as pa
import pytest

from mlops_drift.drift.reference import Reference


def fit(values, kind="numeric", bins=10, arrow_type=None):
    table = pa.table({"x": pa.array(values, arrow_type)})
    return Reference.fit(table, {"x": kind}, bins).columns["x"]


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
    assert named(column, column.bin(pa.array([-1e300, 1e300]))) == {"< 250": 1, ">= 750": 1}


def test_intervals_are_closed_on_the_left():
    column = fit(range(1000), bins=4)
    assert named(column, column.bin(pa.array([249, 250, 499, 500]))) == {
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
    counts = column.bin(pa.array([1, 9, None, np.nan, np.inf, -np.inf], pa.float64()))
    assert named(column, counts) == {"1": 1, "other": 1, "non-finite": 2, "null": 2}
    assert column.unseen(counts) == 1


@pytest.mark.parametrize(("n", "regular_bins"), [(200, 10), (100, 5), (40, 2), (7, 2)])
def test_small_references_keep_filled_bins(n, regular_bins):
    column = fit(np.random.default_rng(1).normal(size=n))
    assert len(column.counts) == regular_bins + 2
    assert column.counts[:-2].min() >= min(20, n // 2)


def test_distinct_values_of_a_small_reference_do_not_get_a_bin_each():
    assert len(fit(np.arange(20) / 7).edges) == 1


def test_categories_under_half_a_percent_share_a_bin():
    column = fit(["a"] * 900 + ["b"] * 95 + ["c"] * 4 + ["d"], "categorical")
    assert named(column) == {"a": 900, "b": 95, "rare": 5}
    assert (column.rare, column.singletons) == (("c", "d"), 1)
    counts = column.bin(pa.array(["b", "c", "d", "e", None]))
    assert named(column, counts) == {"b": 1, "rare": 2, "unseen": 1, "null": 1}
    assert column.unseen(counts) == 1


def test_a_category_named_like_a_special_bin_stays_apart():
    column = fit(["null", "unseen", "rare", None] * 50, "categorical")
    assert len(set(column.labels)) == len(column.labels)
    assert named(column) == {"'null'": 50, "'unseen'": 50, "'rare'": 50, "null": 50}


def test_labels_keep_close_edges_apart():
    column = fit(1e6 + np.arange(1000) / 1000)
    assert len(set(column.labels)) == len(column.labels) == 12


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
    "signed zeros": (pa.array([0.0, -0.0] * 30), "numeric"),
    "dictionary": (pa.array(["a", "b", None] * 20).dictionary_encode(), "categorical"),
    "whole numbers as text": (pa.array([1, 2, None] * 20), "categorical"),
    "small floats": (pa.array(np.arange(60) % 7, pa.float16()), "numeric"),
}


@pytest.mark.parametrize(("values", "kind"), UGLY.values(), ids=UGLY)
def test_ugly_columns_are_counted_completely_and_survive_json(values, kind):
    reference = Reference.fit(pa.table({"x": values}), {"x": kind}, bins=10)
    column = reference.columns["x"]
    assert column.n == len(values)
    assert len(column.labels) == len(column.counts)
    assert column.counts.tolist() == column.bin(values).tolist()
    assert column.counts.dtype == column.bin(values).dtype == np.int64
    assert 0 <= column.null_share <= 1

    text = json.dumps(reference.to_dict(), allow_nan=False)
    again = Reference.from_dict(json.loads(text))
    assert again.to_dict() == reference.to_dict()
    assert again.digest == reference.digest
    assert again.columns["x"].labels == column.labels
    assert again.columns["x"].bin(values).tolist() == column.counts.tolist()


def test_nan_is_null_and_infinity_is_not():
    column = fit([1.0, np.nan, None, np.inf], arrow_type=pa.float64())
    assert named(column) == {"1": 1, "non-finite": 1, "null": 2}
    assert column.null_share == 0.5
    assert fit([1.0, np.nan], "categorical").null_share == 0.5


def test_dates_are_days():
    column = fit([dt.date(1970, 1, 3)] * 40)
    assert column.values == (2.0,)
    midnight = pa.array([dt.datetime(1970, 1, 3)], pa.timestamp("ns"))
    assert named(column, column.bin(midnight)) == {"2": 1}


def test_a_whole_number_stays_its_category_when_it_arrives_as_float():
    column = fit([1, 2] * 50, "categorical")
    assert named(column, column.bin(pa.array([1.0, None]))) == {"1": 1, "null": 1}


def test_missing_column_is_named_beside_those_found():
    with pytest.raises(ValueError, match=r"'age'.*\['miles'\]"):
        Reference.fit(pa.table({"miles": [1]}), {"age": "numeric"}, bins=10)


@pytest.mark.parametrize(
    ("values", "kind", "message"),
    [
        (["a"], "numeric", "'x'.*string"),
        ([[1]], "categorical", "'x'.*list"),
        ([1], "ordinal", "'x'.*'ordinal'"),
    ],
)
def test_unreadable_column_is_named(values, kind, message):
    with pytest.raises(ValueError, match=message):
        fit(values, kind)


def test_too_few_bins_are_refused():
    with pytest.raises(ValueError, match="bins must be at least 2, found 1"):
        fit([1.0], bins=1)


def test_digest_ignores_column_order_and_sees_every_count():
    table = pa.table({"a": [1, 2] * 20, "b": ["x", "y"] * 20})
    reference = Reference.fit(table, {"a": "numeric", "b": "categorical"}, 10)
    swapped = Reference.fit(table, {"b": "categorical", "a": "numeric"}, 10)
    shorter = Reference.fit(table.slice(1), {"a": "numeric", "b": "categorical"}, 10)
    assert reference.digest == swapped.digest != shorter.digest
    assert len(reference.digest) == 64
