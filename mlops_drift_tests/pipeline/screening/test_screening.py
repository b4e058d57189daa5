"""Rows that are accepted or quarantined: with which content, for which reason, of which columns."""

import json
import math
import re
from dataclasses import replace
from datetime import datetime

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mlops_drift.pipeline.screening import screen_events
from mlops_drift.schema.columns import Column
from mlops_drift.sources.base import Batch, SourceError
from mlops_drift.store.delta import DeltaLake
from mlops_drift.store.tables import model_tables
from mlops_drift_tests.pipeline.screening.samples import (
    BINARY,
    MONDAY,
    batch,
    day,
    decimals,
    events_of,
    screened_events,
    screened_labels,
)


def test_every_fault_of_a_row_is_named(lake):
    declared = {"x": Column(type="number", max=1), "y": Column(type="integer", nullable=False)}
    columns = {"id": pa.array([None], pa.string()), "x": [3.0], "y": ["many"]}
    screened = screened_events(lake, columns, declared)
    assert screened.quarantined["reason"].to_pylist() == [
        "id: the key is missing; x: 3.0 is above 1; y: many is not an integer"
    ]


def test_a_quarantined_row_keeps_its_day_source_key_and_raw_content(lake):
    columns = {"id": ["a"], "x": ["many"], "note": ['say "hi"'], "z": [math.inf]}
    screened = screened_events(lake, columns, {"x": Column(type="number")}, days=[3])
    (row,) = screened.quarantined.to_pylist()
    assert (row["day"], row["source"], row["key"]) == (day(3), "events", "a")
    assert json.loads(row["row"]) == {"id": "a", "x": "many", "note": 'say "hi"', "z": "inf"}


def test_accepted_rows_have_the_declared_schema_in_the_order_of_the_file(lake):
    columns = {"x": [1.0, 2.0, 3.0], "extra": [0, 0, 0], "id": ["c", "a", "b"]}
    declared = {"x": Column(type="number")}
    accepted = screened_events(lake, columns, declared, days=[1, 0, 0]).accepted
    assert accepted.schema == model_tables("churn", "id", "text", declared, BINARY).events.schema
    assert accepted["id"].to_pylist() == ["a", "b", "c"]


def test_no_rows_give_no_rows(lake):
    to = events_of(lake, {"x": Column(type="number")})
    screened = screen_events(to, Batch(()), MONDAY, MONDAY)
    assert screened.accepted == to.table.schema.empty_table()
    assert screened.quarantined == to.tables.quarantined.schema.empty_table()


def test_a_missing_column_is_an_error_that_names_where_what_and_the_remedy(lake):
    with pytest.raises(SourceError) as raised:
        screened_events(lake, {"id": ["a"], "z": [1.0]}, {"x": Column(type="number")})
    assert str(raised.value) == (
        "data/events.csv: missing columns: 'x'; found 'id', 'z'; "
        "add it to the source, or correct `key`, `columns` or `inputs` in the model's defs.yaml"
    )
    with pytest.raises(SourceError, match=r"missing columns: 'y'; found 'id'; .*`target\.column`"):
        screened_labels(lake, {"id": ["a"]})


UGLY = st.one_of(
    st.none(),
    st.text(max_size=6),
    st.floats().map(str),
    st.integers().map(str),
    st.sampled_from(["", " ", "nan", "inf", "-0", "1e400", "0x10", "true", "3.5", "'", '"', "%"]),
)


@settings(max_examples=10)
@given(st.lists(st.tuples(UGLY, UGLY, UGLY, UGLY, st.integers(0, 2)), min_size=1, max_size=8))
def test_every_row_is_either_accepted_or_quarantined_with_a_reason(lake_of_properties, rows):
    declared = {
        "number": Column(type="number", min=-5),
        "flag": Column(type="boolean", nullable=False),
        "city": Column(type="category", allowed=["a", "'"]),
    }
    keys, *values, days = zip(*rows, strict=True)
    columns = dict(zip(["id", *declared], [keys, *values], strict=True))
    typed = {name: pa.array(column, pa.string()) for name, column in columns.items()}
    screened = screened_events(lake_of_properties, typed, declared, days)
    assert screened.accepted.num_rows + screened.quarantined.num_rows == len(rows)
    assert all(screened.quarantined["reason"].to_pylist())
    raw = [json.loads(row) for row in screened.quarantined["row"].to_pylist()]
    given_rows = [dict(zip(columns, row[:4], strict=True)) for row in rows]
    assert all(row in given_rows for row in raw)
    ids = screened.accepted["id"].to_pylist()
    assert len(set(ids)) == len(ids)
    numbers = screened.accepted["number"].drop_null().to_numpy()
    assert np.isfinite(numbers).all()
    assert (numbers >= -5).all()
    assert screened.accepted["flag"].null_count == 0


@pytest.fixture(scope="module")
def lake_of_properties(tmp_path_factory, database):
    return DeltaLake(tmp_path_factory.mktemp("lake"), database)


def test_columns_of_the_source_may_have_any_name(lake):
    names = ["ordinal", "faults", "row", "rank", "key", "reason", "source"]
    further = {name: [3, 2, 1] for name in names}
    columns = {"id": ["a", "a", "b"], "x": ["1", "2", "many"], **further}
    screened = screened_events(lake, columns, {"x": Column(type="number")})
    assert screened.accepted["x"].to_pylist() == [1.0]
    assert screened.quarantined["reason"].to_pylist() == [
        "id: duplicate key",
        "x: many is not a number",
    ]
    expected = {"id": "b", "x": "many", **dict.fromkeys(names, 1)}
    assert json.loads(screened.quarantined["row"][1].as_py()) == expected


def test_parts_of_a_batch_may_differ_in_case_type_and_further_columns(lake):
    (first,) = batch({"id": ["a"], "x": [1.5], "note": ["n"]}).parts
    (second,) = batch({"Note": [7], "x": ["2.5"], "id": [3]}, [1]).parts
    to = events_of(lake, {"x": Column(type="number", max=2)})
    screened = screen_events(to, Batch((first, second)), day(0), day(1))
    assert screened.accepted.select(["id", "x"]).to_pylist() == [{"id": "a", "x": 1.5}]
    assert json.loads(screened.quarantined["row"][0].as_py()) == {"Note": 7, "x": "2.5", "id": 3}


def test_each_part_needs_its_columns_unless_its_rows_may_leave_them_out(lake):
    to = events_of(lake, {"x": Column(type="number")})
    (whole,) = batch({"id": ["a"], "x": ["1"]}).parts
    (lacking,) = batch({"id": ["b"]}, [1]).parts
    with pytest.raises(SourceError, match=r"data/events\.csv: missing columns: 'x'; found 'id'"):
        screen_events(to, Batch((whole, lacking)), day(0), day(1))
    sparse = Batch((whole, replace(lacking, sparse=True)))
    screened = screen_events(to, sparse, day(0), day(1))
    assert screened.accepted["x"].to_pylist() == [1.0, None]
    assert screened.notes == {day(1): "no record has 'x': it is null in its only row"}
    assert not screen_events(to, Batch((whole,)), day(0), day(1)).notes


@pytest.mark.parametrize("sparse", [False, True])
@pytest.mark.parametrize(
    ("names", "message"),
    [
        (["ID", "x"], "'id'; found 'ID', 'x'; names are case-sensitive: write 'ID' as 'id'"),
        (["id", "X"], "'x'; found 'id', 'X'; names are case-sensitive: write 'X' as 'x'"),
        ([" id", "x"], "'id'; found ' id', 'x'; remove the space around ' id'"),
        (["number", "x"], "'id'; found 'number', 'x'; add it to the source, or correct `key`"),
        (["id;x"], "the only column holds ';': is it what divides the columns?; add it"),
    ],
)
def test_a_key_and_a_name_in_another_case_are_missing_too(lake, sparse, names, message):
    (part,) = batch({name: ["1"] for name in names}).parts
    arrived = Batch((replace(part, sparse=sparse),))
    with pytest.raises(SourceError, match=re.escape(message)):
        screen_events(events_of(lake, {"x": Column(type="number")}), arrived, day(0), day(0))


def test_a_quarantined_row_is_json_for_every_reader(lake):
    columns = {
        "id": pa.array([None], pa.string()),
        "nan": [math.nan],
        "large": [2**63 - 1],
        "nested": pa.array([[math.inf, 1.0]]),
        "moment": pa.array([datetime(2024, 10, 7)], pa.timestamp("us", "UTC")),
        "bytes": pa.array([b"\x00\xff"]),
        "decimal": decimals("1.5"),
        "truth": [True],
        "nothing": pa.nulls(1),
        'quote "': ["\u2028"],
    }
    (row,) = screened_events(lake, columns, {}).quarantined["row"].to_pylist()

    def refuse(constant):
        raise AssertionError(constant)

    kept = json.loads(row, parse_constant=refuse)
    assert list(kept) == list(columns)
    assert (kept["nan"], kept["large"], kept["truth"]) == ("nan", 2**63 - 1, True)
    assert kept["nothing"] is None
    assert kept["moment"].startswith("2024-10-07 00:00:00")
