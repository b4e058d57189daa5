"""A sample of labelled rows: which rows are in it, exactly."""

from datetime import datetime
from hashlib import md5

import numpy as np

from mlops_drift.learning.sampling import Stratum, allocate
from mlops_drift.schema.columns import Column, Target
from mlops_drift.store.model_store import ModelStore
from mlops_drift.store.tables import model_tables
from mlops_drift_tests.store.model_samples import TABLES, TARGET, day, put

SEED = 7
# On each of three days, 40 rows of which every eighth is a yes, and one that no label is known of.
KEYS = [f"k{number:03}" for number in range(120)]


def label_of(number):
    return "yes" if number % 8 == 0 else "no"


def fill(model, order=range(120)):
    """Writes the rows of each day in such an order."""
    for number in range(3):
        features = [
            {"day": day(number), "id": KEYS[n], "event_time": datetime(2024, 10, 7), "x": n / 2}
            for n in order
            if n % 3 == number
        ]
        unknown = {**features[0], "id": f"unknown {number}"}
        put(model, TABLES.features, [*features, unknown])
    labels = [{"day": day(5), "id": KEYS[n], "y": label_of(n)} for n in order]
    put(model, TABLES.labels, labels)


def place(key):
    """Where a row comes among those of its stratum."""
    return int.from_bytes(md5(f"{SEED} {key}".encode()).digest()[:8], "little")


def sample(model, most, since=None, seed=SEED):
    start = None if since is None else day(since)
    taken = allocate(model.labels.strata(day(5), start), most)
    return model.labels.sample(day(5), start, taken, seed)


def keys(table):
    return set(table["id"].to_pylist())


def test_strata_count_the_labelled_rows_of_each_day_and_class(model):
    fill(model)
    found = model.labels.strata(day(5), None)
    assert found == [
        Stratum(day(number), label, n)
        for number in range(3)
        for label, n in (("no", 35), ("yes", 5))
    ]
    assert model.labels.strata(day(4), None) == []
    assert {one.day for one in model.labels.strata(day(5), day(2))} == {day(2)}


def test_the_first_by_the_hash_of_their_key_are_drawn_of_each_stratum(model):
    fill(model)
    found = sample(model, 24)
    for one in allocate(model.labels.strata(day(5), None), 24):
        mine = [KEYS[n] for n in range(120) if day(n % 3) == one.day and label_of(n) == one.label]
        drawn = [row["id"] for row in found.to_pylist() if row["id"] in mine]
        assert sorted(drawn, key=place) == sorted(mine, key=place)[: one.n]
    assert found.num_rows == 24


def test_rows_are_those_of_all_labelled_rows_in_their_order(model):
    fill(model)
    every = model.labels.labelled(day(5), None)
    found = sample(model, 60)
    assert found.schema == every.schema
    assert found.to_pylist() == [row for row in every.to_pylist() if row["id"] in keys(found)]
    assert sample(model, 120).equals(every)
    assert sample(model, 500).equals(every)


def test_neither_the_order_of_rows_nor_the_engine_changes_it(model, memory_lake):
    fill(model)
    expected = sample(model, 31)
    order = np.random.default_rng(1).permutation(120).tolist()
    fill(model, order)
    assert sample(model, 31).equals(expected)
    other = ModelStore(memory_lake, "churn", TABLES, "id", TARGET)
    fill(other, order)
    assert sample(other, 31).equals(expected)


def test_one_row_more_than_the_limit_leaves_out_one(model):
    fill(model)
    assert len(keys(model.labels.labelled(day(5), None)) - keys(sample(model, 119))) == 1


def test_samples_are_nested_where_shares_are_whole(model):
    fill(model)
    small, large = keys(sample(model, 24)), keys(sample(model, 48))
    assert (len(small), len(large)) == (24, 48)
    assert small < large
    assert keys(sample(model, 24, seed=8)) != small


def test_a_window_has_the_same_rows_of_its_days(model):
    fill(model)
    every, late = sample(model, 24), sample(model, 8, since=2)
    assert keys(late) == {row["id"] for row in every.to_pylist() if row["day"] == day(2)}


def test_a_regression_is_drawn_by_day_alone_whatever_its_columns_are_called(lake):
    target = Target(column="k", kind="regression")
    tables = model_tables("sales", "y", "integer", {"place": Column(type="number")}, target)
    sales = ModelStore(lake, "sales", tables, "y", target)
    features = [
        {"day": day(n % 2), "y": n, "event_time": datetime(2024, 10, 7), "place": n / 2}
        for n in range(20)
    ]
    put(sales, tables.features, features)
    put(sales, tables.labels, [{"day": day(5), "y": n, "k": n / 4} for n in range(20)])
    assert sales.labels.strata(day(5), None) == [Stratum(day(n), None, 10) for n in range(2)]
    rows = sample(sales, 6).to_pylist()
    assert [row["day"] for row in rows] == [day(0)] * 3 + [day(1)] * 3
    for number in range(2):
        first = sorted(range(number, 20, 2), key=place)[:3]
        assert [row["y"] for row in rows if row["day"] == day(number)] == sorted(first)
    assert all((row["k"], row["place"]) == (row["y"] / 4, row["y"] / 2) for row in rows)


def test_a_fingerprint_is_of_the_rows_and_not_of_their_order(model):
    assert model.labels.fingerprint(day(5)) == "0 None"
    fill(model)
    before = model.labels.fingerprint(day(5))
    fill(model, range(119, -1, -1))
    assert model.labels.fingerprint(day(5)) == before
    assert model.labels.fingerprint(day(4)) == "0 None"
    put(model, TABLES.labels, [{"day": day(6), "id": KEYS[1], "y": "yes"}])
    assert model.labels.fingerprint(day(5)) == before
    assert model.labels.fingerprint(day(6)) != before
