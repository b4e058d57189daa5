import math
from datetime import date, datetime, timedelta

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mlops_drift.learning.training_set import TrainingSet, split_at_random, split_by_time

NOON = datetime(2024, 10, 7, 12)
SCHEMA = pa.schema(
    [
        ("day", pa.date32()),
        ("event_time", pa.timestamp("us")),
        ("id", pa.int64()),
        ("x", pa.float64()),
        ("count", pa.int64()),
        ("flag", pa.bool_()),
        ("city", pa.string()),
    ]
)
ROWS = [
    {
        "day": date(2024, 10, 7),
        "event_time": NOON + timedelta(minutes=number),
        "id": number,
        "x": number / 4,
        "count": number,
        "flag": number % 2 == 0,
        "city": ["oslo", "rome"][number % 2],
    }
    for number in range(6)
]
TRAIN = pa.Table.from_pylist(ROWS[:4], schema=SCHEMA)
TEST = pa.Table.from_pylist(ROWS[4:], schema=SCHEMA)
SET = TrainingSet(TRAIN, TEST)


def id_of(**columns):
    table = pa.table(columns)
    return TrainingSet(table, table.slice(0, 0)).id


def with_value(name, value):
    rows = [dict(row) for row in ROWS[:4]]
    rows[1][name] = value
    return TrainingSet(pa.Table.from_pylist(rows, schema=SCHEMA), TEST)


@settings(max_examples=30)
@given(st.permutations(range(4)), st.permutations(SCHEMA.names), st.integers(0, 4))
def test_the_order_of_rows_columns_and_chunks_does_not_matter(rows, names, cut):
    shuffled = TRAIN.take(rows).select(names)
    chunked = pa.concat_tables([shuffled.slice(0, cut), shuffled.slice(cut)])
    assert TrainingSet(chunked, TEST.select(names)).id == SET.id


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("day", date(2024, 10, 8)),
        ("event_time", NOON + timedelta(microseconds=1)),
        ("id", 77),
        ("x", math.nextafter(0.25, 1)),
        ("count", 2),
        ("flag", True),
        ("city", "rom"),
        *((name, None) for name in SCHEMA.names),
    ],
)
def test_one_changed_value_is_another_set(name, value):
    assert with_value(name, value).id != SET.id


def test_a_changed_name_is_another_set():
    names = ["y" if name == "x" else name for name in SCHEMA.names]
    renamed = TrainingSet(TRAIN.rename_columns(names), TEST.rename_columns(names))
    assert renamed.id != SET.id


def test_swapped_columns_are_another_set():
    assert id_of(a=[1, 2], b=[3, 4]) != id_of(b=[1, 2], a=[3, 4])


@pytest.mark.parametrize(
    ("name", "other"), [("count", pa.float64()), ("count", pa.int32()), ("flag", pa.int64())]
)
def test_a_changed_type_is_another_set(name, other):
    place = SCHEMA.get_field_index(name)
    schema = SCHEMA.set(place, pa.field(name, other))
    assert TrainingSet(TRAIN.cast(schema), TEST.cast(schema)).id != SET.id


def test_a_row_in_the_other_part_is_another_set():
    both = pa.concat_tables([TRAIN, TEST])
    assert TrainingSet(both.slice(0, 3), both.slice(3)).id != SET.id
    assert TrainingSet(TEST, TRAIN).id != SET.id
    assert TrainingSet(both, both.slice(0, 0)).id != SET.id


def test_a_row_twice_is_another_set():
    assert TrainingSet(pa.concat_tables([TRAIN, TRAIN.slice(0, 1)]), TEST).id != SET.id


def test_null_zero_nan_and_blank_are_all_different():
    numbers = [pa.array([value, 1.0], pa.float64()) for value in (None, 0.0, math.nan)]
    assert len({id_of(x=column) for column in numbers}) == 3
    texts = [pa.array([value, "a"], pa.string()) for value in (None, "", "nan", "None", "0")]
    assert len({id_of(x=column) for column in texts}) == 5
    integers = [pa.array([value, 1], pa.int64()) for value in (None, 0)]
    truths = [pa.array([value, True], pa.bool_()) for value in (None, False)]
    assert len({id_of(x=column) for column in integers}) == 2
    assert len({id_of(x=column) for column in truths}) == 2


def test_zero_has_no_sign_and_nan_no_payload():
    assert id_of(x=[0.0, 1.0]) == id_of(x=[-0.0, 1.0])
    payload = pa.Array.from_buffers(
        pa.float64(), 1, [None, pa.py_buffer(bytes.fromhex("010000000000f8ff"))]
    )
    assert math.isnan(payload[0].as_py())
    assert id_of(x=payload) == id_of(x=pa.array([math.nan], pa.float64()))


CELLS = st.tuples(
    st.none() | st.sampled_from([0.0, 1.0, -1.5, math.nan, math.inf]),
    st.none() | st.text(alphabet="ab\x00é", max_size=3),
    st.none() | st.booleans(),
)


def comparable(rows):
    return sorted(repr(row) for row in rows)


def table_of(rows):
    columns = list(zip(*rows, strict=True)) or [(), (), ()]
    types = [pa.float64(), pa.string(), pa.bool_()]
    arrays = [pa.array(list(c), t) for c, t in zip(columns, types, strict=True)]
    return pa.table(dict(zip("xyz", arrays, strict=True)))


@settings(max_examples=50)
@given(st.lists(CELLS, max_size=3), st.lists(CELLS, max_size=3))
def test_two_sets_have_one_id_exactly_if_they_hold_the_same_rows(left, right):
    nothing = table_of([])
    same = TrainingSet(table_of(left), nothing).id == TrainingSet(table_of(right), nothing).id
    assert same == (comparable(left) == comparable(right))


def test_the_latest_rows_are_the_test_part():
    shuffled = pa.concat_tables([TEST, TRAIN]).take([3, 0, 5, 1, 4, 2])
    split = split_by_time(shuffled, "id", 1 / 3)
    assert sorted(split.train["id"].to_pylist()) == [0, 1, 2, 3]
    assert sorted(split.test["id"].to_pylist()) == [4, 5]
    assert split.id == SET.id
    assert split.rows == 6


@pytest.mark.parametrize("keys", [list(range(40)), [f"k{number}" for number in range(40)]])
def test_rows_of_one_moment_are_split_the_same_way_in_any_order_and_not_by_their_order(keys):
    table = pa.table({"event_time": pa.array([NOON] * 40, pa.timestamp("us")), "key": keys})
    split = split_by_time(table, "key", 0.25)
    backwards = split_by_time(table.take(list(range(39, -1, -1))), "key", 0.25)
    assert split.id == backwards.id
    chosen = set(split.test["key"].to_pylist())
    assert len(chosen) == 10
    assert chosen not in (set(keys[:10]), set(keys[-10:]))


@pytest.mark.parametrize(("share", "n_test"), [(0.001, 1), (0.999, 5), (0.5, 3)])
def test_both_parts_have_a_row(share, n_test):
    split = split_by_time(pa.concat_tables([TRAIN, TEST]), "id", share)
    assert (split.train.num_rows, split.test.num_rows) == (6 - n_test, n_test)


# Drawn at random


def rows_of(keys):
    return pa.table({"id": keys, "event_time": [NOON] * len(keys)})


def test_a_row_that_is_drawn_stays_drawn_as_others_come():
    before = split_at_random(rows_of(range(500)), "id", 0.2, seed=1)
    after = split_at_random(rows_of(range(2000)), "id", 0.2, seed=1)
    assert set(before.test["id"].to_pylist()) <= set(after.test["id"].to_pylist())
    assert set(before.train["id"].to_pylist()) <= set(after.train["id"].to_pylist())


@pytest.mark.parametrize("keys", [range(3000), [f"k{n}" for n in range(3000)]])
def test_about_the_share_is_drawn_and_another_seed_draws_others(keys):
    first, second = (split_at_random(rows_of(keys), "id", 0.2, seed) for seed in (1, 2))
    assert first.test.num_rows == pytest.approx(600, abs=70)
    shared = set(first.test["id"].to_pylist()) & set(second.test["id"].to_pylist())
    assert len(shared) == pytest.approx(120, abs=40)


@given(st.integers(2, 6), st.integers(0, 50), st.sampled_from([0.05, 0.5]))
def test_both_parts_have_a_row_and_every_row_is_in_one(count, seed, share):
    parts = split_at_random(rows_of(range(count)), "id", share, seed)
    assert parts.train.num_rows > 0
    assert parts.test.num_rows > 0
    together = [*parts.train["id"].to_pylist(), *parts.test["id"].to_pylist()]
    assert sorted(together) == list(range(count))


@pytest.mark.parametrize(
    ("keys", "drawn"), [(range(12), [5, 7]), ([f"k{n}" for n in range(12)], ["k0", "k7"])]
)
def test_which_rows_are_drawn_never_changes(keys, drawn):
    assert split_at_random(rows_of(keys), "id", 0.25, seed=7).test["id"].to_pylist() == drawn
