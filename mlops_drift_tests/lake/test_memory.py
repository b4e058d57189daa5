"""The lake in memory answers as the lake on disk does."""

from datetime import date, timedelta

import duckdb
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mlops_drift.lake.delta import DeltaLake
from mlops_drift.lake.lake import Scan
from mlops_drift.lake.memory import MemoryLake
from mlops_drift.lake.table import DAY, Table

FIRST = date(2024, 10, 1)
DAYS = Table(
    "features.shop",
    pa.schema(
        [
            DAY,
            pa.field("source", pa.string(), nullable=False),
            pa.field("x", pa.float64()),
            pa.field("tags", pa.list_(pa.string())),
        ]
    ),
    partition_by=("day", "source"),
)
LOG = Table(
    "monitoring.shop_log",
    pa.schema([pa.field("id", pa.string(), nullable=False), pa.field("n", pa.int64())]),
    partition_by=(),
)


def day(number):
    return FIRST + timedelta(days=number)


def rows(first, last, source, value):
    made = [
        {"day": day(number), "source": source, "x": value, "tags": [source, str(number)]}
        for number in range(first, last + 1)
    ]
    return pa.Table.from_pylist(made, schema=DAYS.schema)


def replaced(lake, first, last, source, value):
    lake.replace_days(
        DAYS, day(first), day(last), rows(first, last, source, value), where=f"source = '{source}'"
    )


def emptied(lake, first, last, source, value):
    lake.replace_days(DAYS, day(first), day(last), DAYS.schema.empty_table())


def rewritten(lake, first, last, source, value):
    def build(existing):
        return pa.concat_tables([existing, rows(first, first, source, value)])

    lake.rewrite_days(DAYS, day(first), day(last), build)


def left_alone(lake, first, last, source, value):
    lake.rewrite_days(DAYS, day(first), day(last), lambda existing: None)


def logged(lake, first, last, source, value):
    lake.append_unless(LOG, {"id": source, "n": first}, {"id": [source], "n": range(last + 1)})


OPERATIONS = [replaced, emptied, rewritten, left_alone, logged]


@pytest.fixture
def connection():
    with duckdb.connect() as opened:
        yield opened


def content(lake):
    """What both tables hold, in an order of its own."""
    found = [sorted(map(repr, lake.read(table).to_pylist())) for table in (DAYS, LOG)]
    some = lake.read(Scan(DAYS, day(1), day(2))).to_pylist()
    counted = lake.rows(
        "WITH n AS (SELECT source, count(*) AS n FROM d GROUP BY source) "
        "SELECT n.*, l.n AS m FROM n LEFT JOIN l ON l.id = n.source ORDER BY 1, 2, 3",
        d=Scan(DAYS, until=day(3)),
        l=LOG,
    )
    return [*found, sorted(map(repr, some)), counted]


@settings(max_examples=25, deadline=None)
@given(
    steps=st.lists(
        st.tuples(
            st.sampled_from(OPERATIONS),
            st.integers(0, 4),
            st.integers(0, 4),
            st.sampled_from(["a", "b"]),
            st.none() | st.floats(allow_nan=False),
        ),
        max_size=6,
    )
)
def test_the_same_operations_give_the_same_tables(steps, tmp_path_factory):
    with duckdb.connect() as connection:
        lakes = [
            kind(tmp_path_factory.mktemp("lake"), connection) for kind in (DeltaLake, MemoryLake)
        ]
        for operation, first, more, source, value in steps:
            for lake in lakes:
                operation(lake, first, first + more, source, value)
        on_disk, in_memory = map(content, lakes)
    assert in_memory == on_disk


def test_columns_have_their_declared_order_and_types(connection, tmp_path):
    lake = MemoryLake(tmp_path, connection)
    lake.replace_days(
        DAYS, day(0), day(0), rows(0, 0, "a", 1.0).select(["x", "tags", "source", "day"])
    )
    assert lake.read(DAYS).schema == DAYS.schema
    assert lake.read(LOG).schema == LOG.schema
    assert lake.names() == ["features.shop"]


@pytest.mark.parametrize("kind", [DeltaLake, MemoryLake])
def test_what_must_not_be_null_is_refused(kind, connection, tmp_path):
    lake = kind(tmp_path, connection)
    bad = pa.table({"id": pa.array([None], pa.string()), "n": [1]})
    with pytest.raises(Exception, match=r"(?i)null"):
        lake.rewrite(LOG, lambda existing: bad)
    assert lake.read(LOG).num_rows == 0


def test_a_copy_shares_what_was_there_and_goes_its_own_way(connection, tmp_path):
    lake = MemoryLake(tmp_path / "one", connection)
    replaced(lake, 0, 1, "a", 1.0)
    copy = lake.copy(tmp_path / "two")
    replaced(copy, 1, 2, "a", 2.0)
    replaced(lake, 0, 0, "b", 3.0)
    assert [row["x"] for row in copy.read(DAYS).sort_by("day").to_pylist()] == [1.0, 2.0, 2.0]
    assert sorted(row["x"] for row in lake.read(DAYS).to_pylist()) == [1.0, 1.0, 3.0]
    assert (lake.root, copy.root) == (str(tmp_path / "one"), str(tmp_path / "two"))
