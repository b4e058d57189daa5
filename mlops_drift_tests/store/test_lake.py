"""What a lake on disk stores, reads and refuses."""

import os
from datetime import date
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from deltalake import DeltaTable
from deltalake.exceptions import DeltaError

from mlops_drift.store.delta import CHECKPOINT_INTERVAL, DeltaLake
from mlops_drift.store.lake import LakeError, Scan
from mlops_drift.store.tables import DAY, Table
from mlops_drift_tests.store.samples import (
    FIRST,
    NOTES,
    SECOND,
    SHOP,
    THIRD,
    ids_by_day,
    open_lake,
    rows,
    shop,
    table,
)


def commits(lake, declared=SHOP):
    return DeltaTable(lake.uri(declared)).version()


def test_a_table_that_was_never_written_is_empty(lake):
    assert lake.read(SHOP).num_rows == 0
    assert lake.read(SHOP).schema == SHOP.schema
    assert lake.snapshot(SHOP) is None
    assert lake.names() == []


def test_replacing_a_day_leaves_the_other_days_alone(lake):
    for day, ids in [(FIRST, [1, 2]), (SECOND, [3]), (THIRD, [4])]:
        lake.replace_days(SHOP, day, day, shop(day, ids))
    lake.replace_days(SHOP, SECOND, SECOND, shop(SECOND, [5, 6]))
    assert ids_by_day(lake) == {FIRST: [1, 2], SECOND: [5, 6], THIRD: [4]}


def test_replacing_a_range_replaces_all_its_days_in_one_commit(lake):
    for day, ids in [(FIRST, [1]), (SECOND, [2]), (THIRD, [3])]:
        lake.replace_days(SHOP, day, day, shop(day, ids))
    before = commits(lake)
    lake.replace_days(SHOP, FIRST, SECOND, shop(SECOND, [7, 8]))
    assert ids_by_day(lake) == {SECOND: [7, 8], THIRD: [3]}
    assert commits(lake) == before + 1


def test_no_rows_replace_rows(lake):
    lake.replace_days(SHOP, FIRST, FIRST, shop(FIRST, [1]))
    lake.replace_days(SHOP, SECOND, SECOND, shop(SECOND, [2]))
    lake.replace_days(SHOP, FIRST, FIRST, shop(FIRST, []))
    assert ids_by_day(lake) == {SECOND: [2]}


def test_nothing_is_committed_for_nothing(lake):
    lake.replace_days(SHOP, FIRST, FIRST, shop(FIRST, []))
    assert commits(lake) == 0
    lake.replace_days(SHOP, FIRST, FIRST, shop(FIRST, [1]))
    lake.replace_days(SHOP, SECOND, THIRD, shop(SECOND, []))
    lake.rewrite(Scan(SHOP, FIRST, FIRST), lambda existing: None)
    assert commits(lake) == 1


def test_a_further_condition_keeps_the_rows_that_do_not_meet_it(lake):
    declared = Table(
        "landing.shop_quarantined",
        pa.schema(
            [
                pa.field("day", pa.date32()),
                pa.field("source", pa.string()),
                pa.field("row", pa.string()),
            ]
        ),
        bounds=("day", "source"),
    )

    def both(source):
        return pa.table(
            {"day": [FIRST] * 2, "source": [source] * 2, "row": ["{}"] * 2}, schema=declared.schema
        )

    def counted():
        found = lake.rows("SELECT source, count(*) AS n FROM t GROUP BY source", t=declared)
        return {row["source"]: row["n"] for row in found}

    for source in ("events", "labels"):
        lake.replace_days(declared, FIRST, FIRST, both(source), where=f"source = '{source}'")
    assert counted() == {"events": 2, "labels": 2}
    lake.replace_days(declared, FIRST, FIRST, both("labels").slice(0, 0), where="source = 'labels'")
    assert counted() == {"events": 2}


def test_rows_outside_the_replaced_days_are_refused(lake):
    lake.replace_days(SHOP, FIRST, FIRST, shop(FIRST, [1]))
    with pytest.raises(DeltaError, match="Invalid data"):
        lake.replace_days(SHOP, SECOND, SECOND, shop(FIRST, [2]))
    assert ids_by_day(lake) == {FIRST: [1]}


def test_a_null_key_is_refused_with_all_its_rows(lake):
    lake.replace_days(SHOP, FIRST, FIRST, shop(FIRST, [1]))
    nullable = pa.schema([field.with_nullable(True) for field in SHOP.schema])
    broken = pa.table({"day": [FIRST] * 2, "id": [2, None], "x": [1.0, 2.0]}, schema=nullable)
    with pytest.raises(ValueError, match="'id' with null"):
        lake.replace_days(SHOP, FIRST, FIRST, broken)
    assert ids_by_day(lake) == {FIRST: [1]}


def test_days_are_rewritten_from_what_they_hold(lake):
    lake.replace_days(SHOP, FIRST, FIRST, shop(FIRST, [1, 2]))
    lake.replace_days(SHOP, SECOND, SECOND, shop(SECOND, [3]))

    def add(existing):
        assert existing["id"].to_pylist() == [1, 2]
        return pa.concat_tables([existing, shop(FIRST, [9])])

    lake.rewrite(Scan(SHOP, FIRST, FIRST), add)
    assert ids_by_day(lake) == {FIRST: [1, 2, 9], SECOND: [3]}


def test_a_row_is_appended_once(lake):
    assert lake.append_unless(NOTES, {"name": "a", "by": 1}, name=["a"])
    assert not lake.append_unless(NOTES, {"name": "a", "by": 2}, name=["a"])
    assert lake.append_unless(NOTES, {"name": "a", "by": 2}, name=["a"], by=[2])
    assert lake.rows('SELECT * FROM t ORDER BY "by"', t=NOTES) == [
        {"name": "a", "by": 1},
        {"name": "a", "by": 2},
    ]


def test_an_old_file_has_nulls_in_a_column_declared_later(lake):
    lake.replace_days(SHOP, FIRST, FIRST, shop(FIRST, [1]))
    wider = table(x=pa.float64(), colour=pa.string())
    assert lake.read(wider)["colour"].to_pylist() == [None]
    lake.replace_days(wider, SECOND, SECOND, rows(wider, SECOND, id=[2], x=[2.0], colour=["red"]))
    assert lake.rows("SELECT id, colour FROM t ORDER BY id", t=wider) == [
        {"id": 1, "colour": None},
        {"id": 2, "colour": "red"},
    ]
    lake.rewrite(Scan(wider, FIRST, FIRST), lambda existing: existing)
    assert lake.read(Scan(wider, FIRST, FIRST)).to_pylist() == [
        {"day": FIRST, "id": 1, "x": 1.0, "colour": None}
    ]


def test_a_column_may_be_taken_away(lake):
    wider = table(x=pa.float64(), colour=pa.string())
    lake.replace_days(wider, FIRST, FIRST, rows(wider, FIRST, id=[1], x=[1.0], colour=["red"]))
    lake.replace_days(SHOP, SECOND, SECOND, shop(SECOND, [2]))
    assert ids_by_day(lake) == {FIRST: [1], SECOND: [2]}
    assert lake.read(wider)["colour"].to_pylist().count(None) == 1


@pytest.mark.parametrize(
    ("stored", "value", "declared", "new"),
    [
        (pa.int64(), 5, pa.float64(), 1.5),
        (pa.float64(), 0.5, pa.int64(), 1),
        (pa.float64(), 0.5, pa.string(), "a"),
        (pa.string(), "a", pa.float64(), 0.5),
    ],
)
def test_a_column_of_another_type_is_refused_and_no_value_is_cut(
    lake, stored, value, declared, new
):
    old, changed = table(x=stored), table(x=declared)
    lake.replace_days(old, FIRST, FIRST, rows(old, FIRST, id=[1], x=[value]))
    with pytest.raises(LakeError) as caught:
        lake.replace_days(changed, SECOND, SECOND, rows(changed, SECOND, id=[2], x=[new]))
    for fragment in ("features.shop", "'x'", str(stored), str(declared), "another name"):
        assert fragment in str(caught.value)
    assert lake.read(old).to_pylist() == [{"day": FIRST, "id": 1, "x": value}]


def test_a_scan_opens_only_the_files_of_its_days(lake):
    for day, ids in [(FIRST, [1]), (SECOND, [2]), (THIRD, [3])]:
        lake.replace_days(SHOP, day, day, shop(day, ids))
    for day in (FIRST, THIRD):
        for file in lake.files(Scan(SHOP, day, day)):
            Path(file.uri).unlink()
    assert lake.read(Scan(SHOP, SECOND, SECOND))["id"].to_pylist() == [2]
    with pytest.raises(duckdb.Error):
        lake.read(Scan(SHOP, SECOND))
    with pytest.raises(duckdb.Error):
        lake.read(Scan(SHOP, until=SECOND))


@pytest.mark.parametrize(
    ("since", "until", "found"),
    [
        (None, None, [1, 2, 3]),
        (SECOND, None, [2, 3]),
        (None, SECOND, [1, 2]),
        (SECOND, SECOND, [2]),
        (date(2025, 1, 1), None, []),
        (THIRD, FIRST, []),
    ],
)
def test_the_bounds_of_a_scan_are_inclusive(lake, since, until, found):
    for day, ids in [(FIRST, [1]), (SECOND, [2]), (THIRD, [3])]:
        lake.replace_days(SHOP, day, day, shop(day, ids))
    assert sorted(lake.read(Scan(SHOP, since, until))["id"].to_pylist()) == found


def test_a_query_joins_tables_scans_and_arrow_data(lake):
    lake.replace_days(SHOP, FIRST, FIRST, shop(FIRST, [1, 2], x=0.5))
    found = lake.rows(
        "WITH twice AS (SELECT id, 2 * x AS x FROM shop) SELECT * FROM twice JOIN names USING (id)",
        shop=Scan(SHOP, FIRST, FIRST),
        names=pa.table({"id": [2], "name": ["b"]}),
    )
    assert found == [{"id": 2, "x": 1.0, "name": "b"}]


def test_deletion_vectors_are_refused(lake):
    DeltaTable.create(
        lake.uri(SHOP), SHOP.schema, configuration={"delta.enableDeletionVectors": "true"}
    )
    with pytest.raises(LakeError, match=r"deletion vectors.*rewrite it without"):
        lake.read(SHOP)


@pytest.mark.parametrize("name", ["my data", "größe", "it's", "a;b", "#1"])
def test_a_folder_may_have_any_usual_name(tmp_path, name):
    lake = open_lake(tmp_path / name)
    lake.replace_days(SHOP, FIRST, FIRST, shop(FIRST, [1]))
    lake.replace_days(SHOP, SECOND, SECOND, shop(SECOND, [2]))
    assert ids_by_day(lake) == {FIRST: [1], SECOND: [2]}


@pytest.mark.parametrize("name", ["a b", "a,b", "a.b", "x=y", "ü", "select", "it's", "{x}"])
def test_a_column_may_have_any_usual_name(lake, name):
    declared = table(**{name: pa.float64()})
    lake.replace_days(declared, FIRST, FIRST, rows(declared, FIRST, id=[1], **{name: [0.5]}))
    assert lake.read(declared).to_pylist() == [{"day": FIRST, "id": 1, name: 0.5}]


@pytest.mark.parametrize("name", ["x", "a.b", "ä column"])
def test_only_numbers_that_are_no_integers_are_written_without_a_dictionary(lake, name):
    declared = table(**{name: pa.float64(), "kind": pa.string()})
    data = rows(declared, FIRST, id=[1, 2], **{name: [0.5, None], "kind": ["a", "a"]})
    lake.replace_days(declared, FIRST, FIRST, data)
    [file] = lake.files(declared)
    written = pq.read_metadata(file.uri).row_group(0)
    encodings = {one.path_in_schema: one.encodings for one in map(written.column, range(4))}
    has_dictionary = {path for path, found in encodings.items() if "RLE_DICTIONARY" in found}
    assert has_dictionary == {"day", "id", "kind"}
    assert lake.read(declared) == data


def test_a_snapshot_stays_readable_after_later_commits(lake):
    lake.replace_days(SHOP, FIRST, FIRST, shop(FIRST, [1]))
    held = DeltaTable(lake.uri(SHOP)).file_uris()
    lake.replace_days(SHOP, FIRST, FIRST, shop(FIRST, [2]))
    assert duckdb.sql(f"SELECT id FROM read_parquet({held!r})").fetchall() == [(1,)]


def test_an_old_commit_stays_readable_after_checkpoints(lake):
    for number in range(2 * CHECKPOINT_INTERVAL + 2):
        if number == CHECKPOINT_INTERVAL + 2:
            for file in Path(lake.uri(SHOP), "_delta_log").iterdir():
                os.utime(file, (0, 0))
        lake.replace_days(SHOP, FIRST, FIRST, shop(FIRST, [number]))
    old = DeltaTable(lake.uri(SHOP), version=5)
    assert old.to_pyarrow_table()["id"].to_pylist() == [4]


def test_a_lake_sees_what_another_one_commits(lake):
    assert lake.read(SHOP).num_rows == 0
    other = open_lake(lake.root)
    for number in range(CHECKPOINT_INTERVAL + 2):
        other.replace_days(SHOP, FIRST, FIRST, shop(FIRST, [number]))
        assert ids_by_day(lake) == {FIRST: [number]}


@pytest.mark.parametrize("before", [[], [1]], ids=["of an empty day", "of a full day"])
def test_a_rewrite_runs_its_builder_again_when_another_writer_came_between(tmp_path, before):
    mine, other = (DeltaLake(tmp_path, duckdb.connect()) for _ in range(2))
    day = date(2024, 10, 7)
    journal = Table("features.journal", pa.schema([DAY, ("id", pa.int64())]))

    def entries(ids):
        rows_of_day = [{"day": day, "id": number} for number in ids]
        return pa.Table.from_pylist(rows_of_day, schema=journal.schema)

    mine.replace_days(journal, day, day, entries(before))
    calls = []

    def add_two(existing):
        calls.append(sorted(existing["id"].to_pylist()))
        if len(calls) == 1:
            other.replace_days(journal, day, day, entries([*before, 50]))
        return pa.concat_tables([existing, entries([2])])

    mine.rewrite(Scan(journal, day, day), add_two)
    assert calls == [before, [*before, 50]]
    assert sorted(mine.read(journal)["id"].to_pylist()) == sorted([*before, 2, 50])


def test_a_table_whose_log_is_damaged_is_named(lake):
    lake.replace_days(SHOP, FIRST, FIRST, shop(FIRST, [1]))
    [log] = Path(lake.uri(SHOP), "_delta_log").glob("*0.json")
    log.write_text("{nonsense")
    again = open_lake(Path(lake.root))
    with pytest.raises(LakeError, match="bring it back from a backup") as caught:
        again.read(SHOP)
    assert lake.uri(SHOP) in str(caught.value)
    assert "\n" not in str(caught.value)
