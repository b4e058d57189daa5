"""What was done to a table, and the table as it was."""

import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from deltalake import DeltaTable, write_deltalake

from mlops_drift.store.history import NotYetError, commits, place_of, table_at
from mlops_drift.store.lake import LakeError
from mlops_drift_tests.store.samples import FIRST, SECOND, SHOP, THIRD, shop
from mlops_drift_tests.store.travels import (
    HELD,
    NAME,
    clean_files,
    rewrite_in_one_file,
    set_times,
    write_past,
)

TOMORROW = datetime.now(UTC).date() + timedelta(days=1)


@pytest.fixture
def past(lake):
    return write_past(lake)


def held(lake, as_of):
    rows = table_at(lake.uri(SHOP), NAME, as_of).to_pyarrow_table()
    return sorted(rows["id"].to_pylist())


def readable(lake):
    return [one.number for one in reversed(commits(lake.uri(SHOP))) if one.readable]


def test_commits_are_listed_newest_first_in_plain_words(past):
    found = commits(past.uri(SHOP))
    assert [(one.number, one.action, one.rows_added) for one in found] == [
        (5, f"day {SECOND} emptied", 0),
        (4, f"day {THIRD} written", 1),
        (3, f"day {FIRST} written", 2),
        (2, f"day {SECOND} written", 1),
        (1, f"day {FIRST} written", 2),
        (0, "created", None),
    ]
    assert all(one.readable and one.by is None for one in found)
    assert found[0].time <= datetime.now(UTC)
    assert commits(past.uri(SHOP), 2) == found[:2]


def test_what_other_operations_did_is_said_too(past):
    stored = DeltaTable(past.uri(SHOP))
    rewrite_in_one_file(past)
    stored.update_incremental()
    stored.delete("id = 4")
    stored.delete(f"day = '{FIRST}'")
    clean_files(past)
    stored.update_incremental()
    stored.alter.set_table_properties({"delta.appendOnly": "false"})
    found = commits(past.uri(SHOP), 6)
    assert [one.action for one in found][::-1] == [
        f"days {FIRST} to {THIRD} compacted, 2 files to 1",
        "rows where id = 4 removed",
        f"day {FIRST} removed",
        "cleanup of old files begun",
        found[1].action,
        "set tblproperties",
    ]
    assert found[1].action.startswith("cleaned, ")
    assert [one.rows_removed for one in found][::-1][1:3] == [1, 2]


def test_a_commit_that_says_nothing_of_itself_has_the_time_of_its_file(past):
    file = Path(past.uri(SHOP), "_delta_log", f"{3:020}.json")
    lines = [line for line in file.read_text().splitlines() if "commitInfo" not in line]
    file.write_text("\n".join(lines))
    os.utime(file, (0, 0))
    [found] = [one for one in commits(past.uri(SHOP)) if one.number == 3]
    assert (found.action, found.time.year, found.rows_added) == ("unknown", 1970, None)
    assert found.readable


def test_a_commit_that_is_damaged_is_named(past):
    file = Path(past.uri(SHOP), "_delta_log", f"{3:020}.json")
    file.write_text('{"add":{"path')
    with pytest.raises(LakeError, match=f"{3:020}.json cannot be read.*from a backup"):
        commits(past.uri(SHOP))


def test_a_compaction_of_delta_is_a_commit_that_says_so(past):
    stored = DeltaTable(past.uri(SHOP))
    write_deltalake(stored, shop(THIRD, [7]), mode="append")
    stored.optimize.compact()
    compacted, appended = commits(past.uri(SHOP), 2)
    assert compacted.action == "compacted, 3 files to 1"
    assert appended.action == "rows written"
    assert held(past, compacted.number) == held(past, appended.number)


def test_a_table_is_read_as_of_every_commit_before_and_after_rewriting(past):
    assert [held(past, number) for number in range(6)] == HELD
    rewrite_in_one_file(past)
    assert [held(past, number) for number in range(7)] == [*HELD, HELD[-1]]


def test_a_table_is_read_as_of_the_end_of_a_day_in_utc(past):
    set_times(past, (FIRST, 0), (FIRST, 23), (SECOND, 0), (SECOND, 12), (SECOND, 23))
    assert held(past, FIRST) == HELD[1]
    assert held(past, SECOND) == HELD[4]
    assert held(past, THIRD) == HELD[4]
    assert held(past, datetime.now(UTC).date()) == HELD[5]


def test_the_order_of_commits_counts_where_clocks_differ(past):
    times = [(FIRST, 1), (FIRST, 2), (SECOND, 0), (FIRST, 23), (SECOND, 2), (SECOND, 3)]
    set_times(past, *times)
    assert held(past, FIRST) == HELD[1]


def test_a_day_before_the_first_commit_is_answered_with_the_day_of_that(past):
    set_times(past, *[(SECOND, 3)] * 6)
    with pytest.raises(NotYetError, match=f"{NAME} was not there yet on {FIRST}; .* of {SECOND}$"):
        table_at(past.uri(SHOP), NAME, FIRST)


def test_a_day_to_come_is_rejected(past):
    with pytest.raises(LakeError, match=f"what {NAME} will hold on {TOMORROW} is not known"):
        table_at(past.uri(SHOP), NAME, TOMORROW)


def test_a_commit_that_is_not_there_is_answered_with_those_that_are(past):
    with pytest.raises(LakeError, match=f"{NAME} has no commit 6; its commits are 0 to 5"):
        table_at(past.uri(SHOP), NAME, 6)


def test_a_cleaned_commit_is_answered_with_the_oldest_that_can_be_read(past):
    clean_files(past)
    assert readable(past) == [0, 5, 6, 7]
    for number in (1, 4):
        with pytest.raises(
            LakeError, match=rf"commit {number} of {NAME} can no .* is commit 5 of \d"
        ):
            table_at(past.uri(SHOP), NAME, number)
    set_times(past, *[(FIRST, 1)] * 5)
    with pytest.raises(LakeError, match=rf"commit 4 of {NAME}, the last of {FIRST}, can no longer"):
        table_at(past.uri(SHOP), NAME, FIRST)


def test_an_unknown_table_is_answered_with_similar_ones(past):
    assert place_of(past, NAME) == past.uri(SHOP)
    with pytest.raises(LakeError, match=r"no table 'features.shp'. Did you mean 'features.shop'\?"):
        place_of(past, "features.shp")
