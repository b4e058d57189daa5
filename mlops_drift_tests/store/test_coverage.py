"""The running count of first labels is what all predictions and labels say, whatever happens."""

from collections import defaultdict

import duckdb
import pyarrow as pa
from hypothesis import given, settings
from hypothesis import strategies as st

from mlops_drift.store.compaction import compact
from mlops_drift.store.delta import DeltaLake
from mlops_drift.store.memory import MemoryLake
from mlops_drift.store.model_store import ModelStore
from mlops_drift_tests.store.model_samples import TABLES, TARGET, day

DATABASE = duckdb.connect()
AGES = [(0, 1), (2, 3), (4, 9)]
OLDEST = 9
DAYS = 6
KEYS = "abcdefgh"

numbers = st.integers(0, DAYS)
# Events that versions predicted, and labels that arrived, each with its day.
predictions = st.lists(st.tuples(numbers, st.integers(1, 2), st.sampled_from(KEYS)), unique=True)
labels = st.lists(st.tuples(numbers, st.sampled_from(KEYS)), unique=True)


def memory_model():
    return ModelStore(MemoryLake("unused", DATABASE), "churn", TABLES, "id", TARGET)


def put_all(model, predicted, labelled):
    rows = [
        {"day": day(n), "version": version, "id": key, "prediction": "yes", "score": 0.9}
        for n, version, key in predicted
    ]
    replace(model, TABLES.predictions, rows)
    replace(model, TABLES.labels, [{"day": day(n), "id": key, "y": "yes"} for n, key in labelled])


def replace(model, table, rows):
    data = pa.Table.from_pylist(rows, schema=table.schema)
    model.lake.replace_days(table, day(0), day(DAYS), data)


def expected(predicted, labelled, look):
    """By age, the served events and those without a label, counted one by one."""
    found = defaultdict(lambda: [0, 0])
    for served, key in {(n, key) for n, _, key in predicted if n <= look}:
        age = next(one for one in AGES if one[0] <= look - served <= one[1])
        found[age][0] += 1
        found[age][1] += not any(one == key and served <= n <= look for n, one in labelled)
    return {age: tuple(counts) for age, counts in found.items()}


def counted(model, look):
    model.coverage.count_on(day(look), day(look), OLDEST)
    return known(model, look)


def known(model, look):
    found = model.coverage.by_age(day(look), AGES)
    return {(one.age_from, one.age_until): (one.predictions, one.unlabelled) for one in found}


@settings(max_examples=15, deadline=None)
@given(predictions, labels)
def test_every_day_counts_what_was_known_on_it(predicted, labelled):
    model = memory_model()
    put_all(model, predicted, labelled)
    for look in range(DAYS + 1):
        assert counted(model, look) == expected(predicted, labelled, look)


@settings(max_examples=15, deadline=None)
@given(predictions, labels, predictions, labels)
def test_days_that_came_late_or_were_made_again_correct_the_count(predicted, labelled, more, late):
    model = memory_model()
    put_all(model, predicted, labelled)
    for look in range(DAYS + 1):
        counted(model, look)
    predicted, labelled = list({*predicted, *more}), list({*labelled, *late})
    put_all(model, predicted, labelled)
    assert counted(model, DAYS) == expected(predicted, labelled, DAYS)


def test_several_days_at_once_are_each_of_them_alone():
    predicted = [(0, 1, "a"), (0, 1, "b"), (1, 1, "c"), (3, 2, "a")]
    labelled = [(1, "a"), (2, "c"), (4, "a"), (5, "b")]
    model = memory_model()
    put_all(model, predicted, labelled)
    model.coverage.count_on(day(0), day(5), OLDEST)
    for look in range(6):
        assert known(model, look) == expected(predicted, labelled, look)


def test_later_days_that_were_counted_are_counted_again():
    predicted, model = [(0, 1, "a"), (0, 1, "b"), (2, 1, "c")], memory_model()
    put_all(model, predicted, [(5, "a")])
    for look in range(6):
        counted(model, look)
    labelled = [(3, "a"), (5, "a")]
    put_all(model, predicted, labelled)
    assert counted(model, 3) == expected(predicted, labelled, 3)
    assert known(model, 4) == expected(predicted, labelled, 4)
    assert counted(model, 6) == expected(predicted, labelled, 6)


def test_an_old_day_that_is_run_again_changes_nothing_where_older_ones_are_removed():
    model = memory_model()
    put_all(model, [(n, 1, KEYS[n]) for n in range(6)], [(n, KEYS[n]) for n in range(1, 6, 2)])
    before = [counted(model, look) for look in range(6)][-1]
    model.lake.replace_days(
        TABLES.predictions, day(0), day(0), TABLES.predictions.schema.empty_table()
    )
    counted(model, 2)
    # Of what the youngest ages hold; the removed day is of the oldest.
    assert {age: known(model, 5)[age] for age in AGES[:2]} == {age: before[age] for age in AGES[:2]}


def test_days_that_the_retention_removed_count_as_they_did():
    model = memory_model()
    put_all(model, [(0, 1, "a"), (0, 1, "b"), (1, 1, "c")], [(1, "a"), (2, "c")])
    before = [counted(model, look) for look in range(4)][-1]
    model.lake.replace_days(TABLES.labels, day(0), day(1), TABLES.labels.schema.empty_table())
    assert counted(model, 3) == before


def test_days_in_files_are_counted_as_in_memory_before_and_after_a_compaction(tmp_path):
    predicted = [(0, 1, "a"), (0, 1, "b"), (1, 1, "c"), (2, 1, "d"), (3, 2, "e")]
    labelled = [(1, "a"), (2, "c"), (4, "d")]
    model = ModelStore(DeltaLake(tmp_path, DATABASE), "churn", TABLES, "id", TARGET)
    for number in range(DAYS + 1):
        put_day(model, predicted, labelled, number)
        assert counted(model, number) == expected(predicted, labelled, number)
    for table in (TABLES.predictions, TABLES.labels):
        compact(model.lake, table)
    for look in (DAYS, DAYS - 1, DAYS):
        assert counted(model, look) == expected(predicted, labelled, look)
    # One file, which holds other days too, and as many rows in all as before.
    labelled = [(1, "b"), (1, "a"), (4, "d")]
    for number in (1, 2):
        put_day(model, predicted, labelled, number)
    assert counted(model, DAYS) == expected(predicted, labelled, DAYS)


def put_day(model, predicted, labelled, number):
    """Writes what is of one day; other days keep their files."""
    of_day = ([row for row in rows if row[0] == number] for rows in (predicted, labelled))
    other = memory_model()
    put_all(other, *of_day)
    for table in (TABLES.predictions, TABLES.labels):
        model.lake.replace_days(table, day(number), day(number), other.lake.read(table))
