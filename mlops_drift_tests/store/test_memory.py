"""A lake in memory answers as one on disk does; and what only the one in memory can do."""

from datetime import datetime

import duckdb
import pyarrow as pa
import pytest

from mlops_drift.store.lake import Scan
from mlops_drift.store.memory import MemoryLake
from mlops_drift.store.tables import DAY, Table
from mlops_drift_tests.store.samples import FIRST, SECOND, SHOP, THIRD, shop
from mlops_drift_tests.store.two_lakes import BY_DAY, DATABASE, WHOLE, both_lakes, contents

WIDE = Table(
    "monitoring.wide",
    pa.schema(
        [
            DAY,
            pa.field("id", pa.int64(), nullable=False),
            pa.field("event_time", pa.timestamp("us")),
            pa.field("paid", pa.bool_()),
            pa.field("colour", pa.string()),
            pa.field("counts", pa.list_(pa.int64())),
            pa.field("rules", pa.list_(pa.string())),
        ]
    ),
)
WIDE_ROWS = pa.Table.from_pylist(
    [
        {
            "day": FIRST,
            "id": 1,
            "event_time": datetime(2024, 10, 1, 23, 59, 59, 999_999),
            "paid": True,
            "colour": "größe, 'red'",
            "counts": [3, None],
            "rules": ["a", "b"],
        },
        {"day": SECOND, "id": 2, "paid": False, "colour": "", "counts": [], "rules": []},
        {"day": THIRD, "id": 3},
    ],
    schema=WIDE.schema,
)


@pytest.fixture
def lakes(tmp_path):
    """An empty lake on disk and one in memory."""
    return both_lakes(tmp_path)


@pytest.fixture
def memory(tmp_path):
    """An empty lake in memory."""
    return MemoryLake(tmp_path / "lake", DATABASE)


def same_of_both(lakes, ask):
    """What both lakes answer, after proving that it is the same."""
    on_disk, in_memory = (ask(lake) for lake in lakes)
    assert in_memory == on_disk
    return in_memory


@pytest.mark.parametrize(
    ("since", "until", "found"),
    [
        (None, None, [1, 2, 3]),
        (SECOND, None, [2, 3]),
        (None, SECOND, [1, 2]),
        (SECOND, SECOND, [2]),
        (THIRD, FIRST, []),
    ],
)
def test_the_bounds_of_a_scan_are_inclusive(lakes, since, until, found):
    for lake in lakes:
        lake.replace_days(WIDE, FIRST, THIRD, WIDE_ROWS)
    scan = Scan(WIDE, since, until)
    ids = same_of_both(lakes, lambda lake: lake.rows("SELECT id FROM t ORDER BY id", t=scan))
    assert [row["id"] for row in ids] == found


@pytest.mark.parametrize(
    "sql",
    [
        "FROM t",
        "SELECT * EXCLUDE (day) FROM t WHERE day > '2024-10-01'",
        "SELECT paid, count(*) AS n, avg(id) AS mean, list(id ORDER BY id) AS i FROM t GROUP BY 1",
        "SELECT id, unnest(counts) AS count, list_contains(rules, 'a') AS ruled FROM t",
        "SELECT id, event_time::DATE AS on_day, lag(id) OVER (ORDER BY day) AS before FROM t",
        "WITH late AS (SELECT * FROM t WHERE id > 1) SELECT late.id, s.colour FROM late JOIN s "
        "USING (day)",
        "SELECT t.id, names.name FROM t LEFT JOIN names USING (id)",
    ],
)
@pytest.mark.parametrize("written", [WIDE_ROWS, WIDE_ROWS.slice(0, 0)], ids=["rows", "no rows"])
def test_a_query_has_the_same_columns_types_and_rows(lakes, sql, written):
    for lake in lakes:
        lake.replace_days(WIDE, FIRST, THIRD, written)
    relations = {"t": WIDE, "s": Scan(WIDE, SECOND), "names": pa.table({"id": [2], "name": ["b"]})}
    same_of_both(lakes, lambda lake: contents(lake.query(sql, **relations)))


def test_a_table_that_was_never_written_is_empty(lakes):
    assert same_of_both(lakes, lambda lake: contents(lake.read(WIDE))) == (WIDE.schema, [])
    same_of_both(lakes, lambda lake: contents(lake.query("FROM t", t=Scan(WIDE, FIRST))))
    assert same_of_both(lakes, lambda lake: lake.names()) == []


def test_the_tables_there_are_have_their_names_in_order(lakes):
    for lake in lakes:
        lake.replace_days(SHOP, FIRST, FIRST, shop(FIRST, [1]))
        row = {"day": FIRST, "source": "events", "id": 1, "x": None}
        lake.append_unless(WHOLE, row, source=["events"])
        lake.replace_days(BY_DAY, FIRST, FIRST, BY_DAY.schema.empty_table())
    assert same_of_both(lakes, lambda lake: lake.holds(WHOLE)) is True
    assert same_of_both(lakes, lambda lake: lake.holds(WIDE)) is False
    names = same_of_both(lakes, lambda lake: lake.names())
    assert names == ["features.shop", "landing.journal", "training.journal"]


def replace_with_null(lake, broken):
    lake.replace_days(SHOP, FIRST, FIRST, broken)


def replace_with_null_where(lake, broken):
    lake.replace_days(SHOP, FIRST, FIRST, broken, where="x > 0")


def rewrite_days_with_null(lake, broken):
    lake.rewrite(Scan(SHOP, FIRST, FIRST), lambda existing: broken)


def rewrite_with_null(lake, broken):
    lake.rewrite(SHOP, lambda existing: broken)


def append_null(lake, broken):
    lake.append_unless(SHOP, broken.to_pylist()[-1], x=[None])


@pytest.mark.parametrize(
    "write",
    [
        replace_with_null,
        replace_with_null_where,
        rewrite_days_with_null,
        rewrite_with_null,
        append_null,
    ],
)
def test_a_null_key_is_refused_with_all_its_rows(lakes, write):
    nullable = pa.schema([field.with_nullable(True) for field in SHOP.schema])
    broken = pa.table({"day": [FIRST] * 2, "id": [2, None], "x": [2.0, 3.0]}, schema=nullable)
    for lake in lakes:
        lake.replace_days(SHOP, FIRST, FIRST, shop(FIRST, [1]))
        with pytest.raises(ValueError, match="'id' with null"):
            write(lake, broken)
    stored = same_of_both(lakes, lambda lake: lake.read(SHOP).to_pylist())
    assert stored == [{"day": FIRST, "id": 1, "x": 1.0}]


def test_columns_in_another_order_are_stored_in_the_declared_one_and_a_stranger_is_left_out(lakes):
    turned = pa.table({"other": ["?"], "x": [1], "id": [7], "day": [FIRST]})
    for lake in lakes:
        lake.replace_days(SHOP, FIRST, FIRST, turned)
    schema, stored = same_of_both(lakes, lambda lake: contents(lake.read(SHOP)))
    assert schema == SHOP.schema
    assert stored == [{"day": FIRST, "id": 7, "x": 1.0}]


def test_a_builder_that_raises_leaves_the_table_as_it_was(lakes):
    def build(existing):
        raise RuntimeError("no luck")

    for lake in lakes:
        lake.replace_days(SHOP, FIRST, FIRST, shop(FIRST, [1]))
        with pytest.raises(RuntimeError, match="no luck"):
            lake.rewrite(SHOP, build)
    assert same_of_both(lakes, lambda lake: lake.read(SHOP)["id"].to_pylist()) == [1]


def ids(lake, declared=SHOP):
    return sorted(lake.read(declared)["id"].to_pylist())


def test_a_copy_has_what_was_there_and_goes_its_own_way(memory, tmp_path):
    memory.replace_days(SHOP, FIRST, FIRST, shop(FIRST, [1]))
    copy = memory.copy(tmp_path / "copy")
    assert copy.root == str(tmp_path / "copy")
    assert memory.root == str(tmp_path / "lake")
    assert ids(copy) == [1]

    copy.replace_days(SHOP, SECOND, SECOND, shop(SECOND, [2]))
    copy.replace_days(WIDE, FIRST, THIRD, WIDE_ROWS)
    memory.rewrite(SHOP, lambda existing: shop(THIRD, [3]))
    assert (ids(memory), ids(copy)) == ([3], [1, 2])
    assert memory.names() == ["features.shop"]
    assert copy.names() == ["features.shop", "monitoring.wide"]
    assert ids(memory, WIDE) == []


def test_copies_of_a_copy_do_not_see_each_other(memory, tmp_path):
    memory.replace_days(SHOP, FIRST, FIRST, shop(FIRST, [1]))
    copies = [memory.copy(tmp_path) for _ in range(2)]
    copies.append(copies[0].copy(tmp_path))
    for number, copy in enumerate(copies, start=2):
        copy.replace_days(SHOP, SECOND, SECOND, shop(SECOND, [number]))
    assert [ids(copy) for copy in copies] == [[1, 2], [1, 3], [1, 4]]
    assert ids(memory) == [1]


def test_what_was_read_stays_as_it_was(memory):
    memory.replace_days(SHOP, FIRST, FIRST, shop(FIRST, [1]))
    held = memory.read(SHOP)
    memory.replace_days(SHOP, FIRST, FIRST, shop(FIRST, [2]))
    assert held["id"].to_pylist() == [1]


def test_a_relation_is_known_to_its_own_query_only(memory):
    memory.replace_days(SHOP, FIRST, FIRST, shop(FIRST, [1]))
    assert memory.rows("SELECT id FROM offered", offered=SHOP) == [{"id": 1}]
    with pytest.raises(duckdb.CatalogException, match="offered"):
        memory.rows("SELECT id FROM offered")


def test_tables_leave_no_file(memory, tmp_path):
    memory.replace_days(SHOP, FIRST, FIRST, shop(FIRST, [1]))
    memory.append_unless(SHOP, {"day": SECOND, "id": 2, "x": None}, id=[2])
    assert ids(memory) == [1, 2]
    assert list(tmp_path.iterdir()) == []
