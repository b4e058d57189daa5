"""Rows that came late, changed or went after their day has run."""

import csv
import json
from collections import Counter
from decimal import Decimal
from threading import Thread

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from mlops_drift.pipeline.landing import EVENTS, LABELS, land_labels
from mlops_drift.pipeline.late_rows import Changes
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


def test_new_rows_of_a_day_that_has_run_land_on_it_late(place):
    rows = two_a_day(3)
    write(place.folder, rows)
    place.land(0, 1)
    write(place.folder, [["late", day(1), "5"], *rows])
    landed = place.land(2)
    assert landed.late == {day(1): 1}
    assert landed.checks.of_check("data_quality")[0].verdict == "pass"
    assert [row["id"] for row in place.events() if row["day"] == day(1)] == ["k10", "k11", "late"]
    assert place.quarantined() == []
    assert (place.account().landed_late, place.account().late) == ({day(1): 1}, {})
    assert place.account().rows == place.account().recorded == 7
    assert place.model.landing.late_days(day(2), day(2), [EVENTS]) == [day(1)]
    # They are of the landing that found them, also when that is made again.
    for number in (2, 3, 2):
        place.land(number)
        assert place.account().landed_late == {day(1): 1}
        assert (place.account().recorded, place.account().gone) == (7, 0)

    assert place.land(1).again == {}
    assert [row["id"] for row in place.events() if row["day"] == day(1)] == ["late", "k10", "k11"]
    assert place.account().rows == place.account().recorded == 7
    assert place.account().landed_late == {day(1): 1}


def test_a_day_that_lands_again_tells_what_has_changed(place):
    rows = two_a_day(3)
    write(place.folder, rows)
    assert place.land(0, 2).again == {}
    write(place.folder, [["new", day(1), "5"], ["k11", day(1), "9"], *rows[:2], *rows[4:]])
    assert place.land(1, 2).again == {day(1): Changes(new=1, changed=1, gone=1)}
    assert place.account().landed_late == {day(1): 1}
    assert place.land(1).again == {}
    assert place.account().landed_late == {day(1): 1}
    assert (place.account().gone, place.account().recorded) == (0, 6)


def test_a_late_row_meets_the_constraints_of_its_day_or_is_quarantined(place):
    rows = [*two_a_day(3), ["wrong", day(1), "x"]]
    write(place.folder, rows)
    place.land(0, 2)
    late = [
        ["k00", day(1), "1"],
        ["k30", day(0), "1"],
        ["twice", day(0), "1"],
        ["twice", day(0), "2"],
        ["twice", day(1), "3"],
        ["bad", day(0), "x"],
        ["", day(0), "1"],
        # What was unusable has been corrected.
        ["wrong", day(1), "4"],
        ["k10", day(1), "9"],
    ]
    write(place.folder, [["k00", day(3), "1"], ["k30", day(3), "1"], *rows[:-1], *late])
    landed = place.land(3)
    assert landed.late == {day(0): 1, day(1): 1}
    new = {(row["id"], row["day"], row["b"]) for row in place.events()} & {
        (name, day(number), float(cell) if cell != "x" else cell)
        for name, number, cell in [("twice", 0, "1"), ("wrong", 1, "4")]
    }
    assert len(new) == 2
    assert Counter(reason for when, reason in place.reasons() if when == day(3)) == {
        "id: duplicate key": 1,
        "id: the key exists on an earlier day": 1,
        "id: the key exists on a later day": 2,
        "b: x is not a number": 1,
        "id: the key is missing": 1,
        "day: 2024-03-02 has run already with other values for this key": 1,
    }
    account = place.account()
    assert account.landed_late == {day(0): 1, day(1): 1}
    assert (
        account.rows + account.gone
        == account.recorded
        == len(place.events()) + len(place.quarantined())
    )


def test_a_late_landing_that_is_cut_off_lands_no_row_twice_and_loses_none(place):
    rows = two_a_day(3)
    write(place.folder, rows)
    place.land(0, 1)
    write(place.folder, [["late", day(1), "5"], ["bad", day(0), "x"], *rows])
    tables = place.model.tables
    before = place.model.lake.read(tables.received)
    place.land(2)
    # The record comes last.
    place.model.lake.rewrite(tables.received, lambda _: before)
    place.land(2)
    assert sorted(row["id"] for row in place.events() if row["day"] == day(1)) == [
        *("k10", "k11", "late")
    ]
    account = place.account()
    assert (account.landed_late, account.late) == ({day(1): 1}, {day(0): 1})
    assert (account.rows, account.recorded, account.gone) == (8, 8, 0)


def test_a_late_row_that_goes_from_the_source_stays(place):
    rows = two_a_day(3)
    write(place.folder, rows)
    place.land(0)
    write(place.folder, [["late", day(0), "1"], *rows])
    place.land(1)
    write(place.folder, rows)
    place.land(1)
    assert "late" in [row["id"] for row in place.events()]
    account = place.account()
    assert (account.gone_days, account.landed_late) == ({day(0): 1}, {day(0): 1})


def test_late_labels_land_too(tmp_path):
    place = Place(tmp_path, describe(source={"labels": {"path": "l.csv"}}))
    write(tmp_path, two_a_day(3))
    labels = [["k0", day(1), "yes"], ["k1", day(2), "no"]]

    def put(rows):
        with (tmp_path / "l.csv").open("w", newline="") as file:
            csv.writer(file).writerows([["id", "day", "y"], *rows])

    put(labels)
    place.land(0, 2)
    place.land(0, 1, land_labels)
    put([*labels, ["k1", day(1), "yes"], ["k0", day(1), "no"], ["k10", day(1), "maybe"]])
    landed = place.land(2, land=land_labels)
    assert landed.late == {day(1): 1}
    stored = place.model.lake.read(place.model.tables.labels).to_pylist()
    assert {(row["id"], row["day"], row["y"]) for row in stored} == {
        ("k0", day(1), "yes"),
        ("k1", day(1), "yes"),
        ("k1", day(2), "no"),
    }
    assert {row["key"] for row in place.quarantined()} == {"k0", "k10"}


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
