"""New rows of days that have run land on them, late."""

import csv
from collections import Counter

import pytest

from mlops_drift.pipeline.landing import EVENTS, land_labels
from mlops_drift.pipeline.late_rows import Changes
from mlops_drift_tests.pipeline.place import Place, day, describe, two_a_day, write


@pytest.fixture
def place(tmp_path):
    return Place(tmp_path)


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
