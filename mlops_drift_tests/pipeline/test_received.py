"""Rows that came late, changed or went after their day has run."""

import csv
import json
from decimal import Decimal
from threading import Thread

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from mlops_drift.pipeline.landing import LABELS, land_labels
from mlops_drift.store.delta import DeltaLake
from mlops_drift.store.lake import Scan
from mlops_drift_tests.pipeline.place import Place, day, describe, two_a_day, write


@pytest.fixture
def place(tmp_path):
    return Place(tmp_path)


def test_rows_of_days_to_come_wait(place):
    write(place.folder, two_a_day(4))
    place.land(0, 1)
    account = place.account()
    assert (account.rows, account.recorded, account.waiting, account.gone) == (8, 4, 4, 0)


def test_rows_without_a_readable_day_are_quarantined_once_whenever_they_come(place):
    rows = two_a_day(4)
    write(place.folder, [*rows[:4], ["x", "soon", "1"]])
    place.land(0)
    place.land(1)
    write(place.folder, [*rows, ["x", "soon", "1"], ["y", "", "1"]])
    place.land(2)
    place.land(3)
    assert place.reasons() == [
        (day(0), "day: soon is not a day such as 2024-10-01"),
        (day(2), "day: missing"),
    ]
    assert [row["row_day"] for row in place.quarantined()] == [None, None]
    assert place.account().rows == place.account().recorded == 10


def test_rows_before_the_start_are_quarantined_and_no_fault(place):
    write(place.folder, [["x", day(-2), "1"], *two_a_day(2)])
    landed = place.land(0)
    assert place.reasons() == [(day(0), "day: 2024-02-28 is before start_date 2024-03-01")]
    assert landed.checks.of_check("data_quality")[0].verdict == "pass"
    assert place.account().rows == 5


def test_rows_of_a_day_that_was_left_out_wait_for_it(place):
    write(place.folder, two_a_day(3))
    place.land(2)
    assert place.quarantined() == []
    assert place.account().waiting == 4
    place.land(0, 1)
    assert place.account().waiting == 0
    assert len(place.events()) == 6


def test_of_late_rows_with_a_key_on_record_only_the_surplus_is_quarantined(place):
    write(place.folder, [["a", day(0), "1"], ["", day(0), "2"]])
    place.land(0)
    write(
        place.folder, [["a", day(0), "1"], ["", day(0), "2"], ["a", day(0), "3"], ["", day(0), "4"]]
    )
    place.land(1)
    late = [json.loads(row["row"])["b"] for row in place.quarantined() if row["day"] == day(1)]
    assert late == ["3", "4"]


def test_rows_that_the_source_has_no_longer_are_counted(place):
    rows = two_a_day(3)
    write(place.folder, rows)
    place.land(0, 1)
    write(place.folder, rows[4:])
    place.land(2)
    account = place.account()
    assert (account.rows, account.recorded, account.waiting, account.gone) == (2, 6, 0, 4)
    assert len(place.events()) == 6


def test_a_row_that_replaces_another_of_a_day_that_has_run_lands_and_the_other_stays(place):
    rows = two_a_day(3)
    write(place.folder, rows)
    place.land(0)
    write(place.folder, [rows[0], ["new", day(0), "1"], *rows[2:]])
    place.land(1)
    place.land(2)
    assert {row["id"] for row in place.events() if row["day"] == day(0)} == {"k0", "k1", "new"}
    account = place.account()
    assert (account.rows, account.recorded, account.gone) == (6, 7, 1)
    assert account.landed_late == account.gone_days == {day(0): 1}
    place.land(0)
    assert {row["id"] for row in place.events() if row["day"] == day(0)} == {"k0", "new"}
    assert place.quarantined() == []
    assert (place.account().gone, place.account().late, place.account().gone_days) == (0, {}, {})


@pytest.mark.parametrize("path", ["e.csv", "{day}.csv"])
def test_a_value_that_is_corrected_in_place_is_quarantined_and_named(tmp_path, path):
    place = Place(tmp_path, describe(path))

    def put(first):
        rows = [[f"k{number}", day(number), "1" if number else first] for number in range(3)]
        for number, row in enumerate(rows):
            write(tmp_path, [row], f"{day(number)}.csv")
        write(tmp_path, rows)

    put("1")
    place.land(0)
    put("2")
    place.land(1)
    assert place.reasons()[0] == (
        day(1),
        "day: 2024-03-01 has run already with other values for this key",
    )
    assert place.account().late == place.account().gone_days == {day(0): 1}
    # As it was, it is on record.
    put("1.0")
    place.land(2)
    assert place.account().late == place.account().gone_days == {day(0): 1}
    place.land(0, 2)
    assert place.account().gone == 0


def test_quarantined_rows_of_a_day_that_has_run_are_compared_with_the_source_too(place):
    rows = [["a", day(0), "x"], ["a", day(0), "1"], ["a", day(0), "1"], ["?", "soon", "1"]]
    write(place.folder, rows)
    place.land(0)
    assert len(place.quarantined()) == 3
    write(place.folder, [["a", day(0), "y"], *rows[1:3], ["?", "later", "1"]])
    place.land(1)
    assert sorted(place.reasons()[3:]) == [
        (day(1), "day: 2024-03-01 has run already with other values for this key"),
        (day(1), "day: later is not a day such as 2024-10-01"),
    ]
    assert (place.account().gone, place.account().late) == (2, {day(0): 1})


def test_rows_that_the_retention_has_removed_are_not_taken_for_new_ones(place):
    rows = [*two_a_day(4), ["x", "soon", "1"]]
    write(place.folder, rows)
    place.land(0, 1)
    tables = place.model.tables
    for table in (tables.events, tables.quarantined):
        place.model.lake.rewrite(Scan(table, day(0), day(0)), lambda rows: rows.slice(0, 0))
    write(place.folder, [["new", day(0), "1"], *rows, ["y", "soon", "1"]])
    place.land(2)
    assert [(row["key"], row["row_day"]) for row in place.quarantined()] in (
        [("k1", day(0)), ("y", None)],
        [("y", None), ("k1", day(0))],
    )
    assert place.account().gone == 0


def test_labels_have_an_account_of_their_own(tmp_path):
    place = Place(tmp_path, describe(source={"labels": {"path": "l.csv"}}))
    write(tmp_path, two_a_day(2))
    header = [["id", "day", "y"], ["k0", day(1), "yes"], ["k0", "?", "no"], ["k1", day(2), "no"]]
    with (tmp_path / "l.csv").open("w", newline="") as file:
        csv.writer(file).writerows(header)
    place.land(0, 1)
    place.land(0, 1, land_labels)
    account = place.account(LABELS)
    assert (account.rows, account.recorded, account.waiting) == (3, 2, 1)
    assert [row["source"] for row in place.quarantined()] == [LABELS]


def test_two_landings_at_once_quarantine_a_row_once(tmp_path):
    write(tmp_path, [*two_a_day(2), ["x", "soon", "1"]])
    places = [
        Place(tmp_path, lake=DeltaLake(tmp_path / "lake", duckdb.connect())) for _ in range(2)
    ]
    workers = [Thread(target=place.land, args=(n,)) for n, place in enumerate(places)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert len(places[0].quarantined()) == 1
    account = places[0].account()
    assert account.recorded == 5
    assert len(places[0].events()) == 4


def test_a_landing_that_was_cut_off_before_its_record_is_made_again(place):
    write(place.folder, [*two_a_day(2), ["x", "soon", "1"]])
    place.land(0)
    tables = place.model.tables
    place.model.lake.rewrite(tables.received, lambda rows: rows.slice(0, 0))
    place.land(0)
    assert len(place.quarantined()) == 1
    assert place.account().rows == 5


def test_keys_of_forty_digits_keep_them(tmp_path):
    place = Place(tmp_path, describe("e.parquet"))
    keys = [f"{'1234567890' * 4}{number}" for number in range(3)]
    ids = pa.array(list(map(Decimal, keys)), pa.decimal256(60, 0))
    table = pa.table({"id": ids, "day": [day(0)] * 3, "b": [1.0] * 3})
    pq.write_table(table, tmp_path / "e.parquet")
    place.land(0)
    assert [row["id"] for row in place.events()] == keys


def test_what_only_a_database_reads_as_a_day_is_none(place):
    texts = [
        *("infinity", "epoch", "20240301", "2024-3", "99999-01-01", "now", "0000-01-01"),
        *("2024-03-02 (BC)", "9999-12-31T23:00:00-05:00", "0001-01-01T00:00:00+01:00"),
    ]
    write(place.folder, [[f"k{number}", text, "1"] for number, text in enumerate(texts)])
    place.land(0)
    assert sorted(place.reasons()) == sorted(
        (day(0), f"day: {text} is not a day such as 2024-10-01") for text in texts
    )
