"""What a service has answered lands as events do that come by files."""

import json
from datetime import datetime

import pyarrow as pa
import pytest

from mlops_drift.pipeline.landing import land_labels
from mlops_drift.sources.base import SourceError
from mlops_drift_tests.pipeline.place import day, two_a_day, write
from mlops_drift_tests.pipeline.service_place import Service, moment


@pytest.fixture
def service(tmp_path):
    write(tmp_path, two_a_day(5))
    return Service(tmp_path)


def events_of(place, number):
    return [row for row in place.events() if row["day"] == day(number)]


def test_days_before_the_service_come_from_the_other_source(service):
    service.answer("s1", moment(1))
    service.answer("s2", moment(2, 5))
    landed = service.place.land(0, 2)
    assert landed.rows == 5
    assert [row["id"] for row in service.place.events()] == ["k0", "k1", "k10", "k11", "s2"]
    assert events_of(service.place, 2) == [
        {"day": day(2), "id": "s2", "event_time": datetime(2024, 3, 3, 0, 0, 5), "b": 1.0}
    ]
    origins = service.place.model.landing.origins("events", day(0), day(2))
    assert [(one["origin"], one["n"]) for one in origins] == [
        ("e.csv", 4),
        ("predictions.tiny_served", 1),
    ]


def test_labels_of_all_days_come_from_the_other_source(service, tmp_path):
    table = pa.table({"id": ["k0", "s2"], "day": [day(1), day(3)], "y": ["yes", "no"]})
    pa.parquet.write_table(table, tmp_path / "labels.parquet")
    assert service.place.land(0, 4, land=land_labels).rows == 2


def test_a_day_without_an_answer_is_an_empty_day_and_no_missing_file(service):
    assert service.place.source.missing_days("events", day(0), day(9)) == {}
    assert service.place.land(2, 4).rows == 0
    assert service.place.model.landing.landed_days("events", day(0), day(9)) == {
        *map(day, range(2, 5))
    }


def test_a_day_before_the_service_may_lack_its_file(tmp_path):
    service = Service(tmp_path, "{day}.csv")
    assert list(service.place.source.missing_days("events", day(0), day(9))) == [day(0), day(1)]
    with pytest.raises(SourceError, match=r"2024-03-01\.csv: no such file"):
        service.place.land(0, 3)


def test_the_first_answer_of_a_key_is_the_event_and_the_others_are_quarantined(service):
    service.answer("s1", moment(2, 9), b=2.0)
    service.answer("s1", moment(2, 3), b=1.0)
    service.answer("s1", moment(2, 7), b=3.0)
    service.answer("k0", moment(2, 8))
    service.place.land(0, 2)
    assert [(row["id"], row["b"]) for row in events_of(service.place, 2)] == [("s1", 1.0)]
    assert service.place.reasons() == [
        (day(2), "id: duplicate key"),
        (day(2), "id: the key exists on an earlier day"),
        (day(2), "id: duplicate key"),
    ]
    rows = [json.loads(row["row"])["served_row"] for row in service.place.quarantined()]
    times = [moment(2, second) for second in (7, 8, 9)]
    assert rows == [f"{name}/0/{at}" for name, at in zip(("r3", "r4", "r1"), times, strict=True)]
    account = service.place.account()
    assert (account.rows, account.recorded, account.waiting) == (8, 8, 0)


def test_an_answer_of_a_day_that_has_landed_lands_late(service):
    service.answer("s1", moment(2))
    service.answer("s2", moment(3))
    service.place.land(0, 1)
    service.place.land(2)
    service.answer("late", moment(2, 50), answered=moment(3, 1))
    service.place.land(3)
    service.place.land(3)
    assert service.place.account().landed_late == {day(2): 1}
    assert [row["id"] for row in events_of(service.place, 2)] == ["s1", "late"]
    service.place.land(2)
    assert service.place.quarantined() == []
    assert [row["id"] for row in events_of(service.place, 2)] == ["s1", "late"]
    service.place.land(4)
    account = service.place.account()
    assert (account.rows, account.recorded, account.gone) == (7, 7, 0)


def test_an_answer_for_a_day_to_come_waits_for_it(service):
    service.answer("s1", moment(4), answered=moment(2))
    service.place.land(0, 3)
    assert "s1" not in [row["id"] for row in service.place.events()]
    service.place.land(4)
    assert [row["id"] for row in events_of(service.place, 4)] == ["s1"]
    assert service.place.quarantined() == []


def test_an_answer_about_a_day_before_the_service_is_quarantined_when_it_was_given(service):
    service.answer("old", moment(0, 5), answered=moment(2, 9))
    service.answer("early", moment(0, 5), answered=moment(1, 9))
    service.place.land(0, 3)
    assert service.place.reasons() == [(day(2), "event_time: the row is of 2024-03-01")]
    service.answer("older", moment(0, 6), answered=moment(3, 9))
    service.place.land(4)
    assert service.place.reasons() == [
        (day(2), "event_time: the row is of 2024-03-01"),
        (day(4), "event_time: the row is of 2024-03-01"),
    ]


def test_late_rows_of_the_other_source_are_found_as_before(service, tmp_path):
    service.place.land(0, 1)
    service.answer("s1", moment(2))
    service.place.land(2)
    write(tmp_path, [*two_a_day(5), ["new", day(0), "7"], ["ignored", day(3), "8"]])
    service.place.land(1)
    assert service.place.account().landed_late == {day(0): 1}
    account = service.place.account()
    assert (account.rows, account.recorded, account.gone) == (6, 6, 0)


def test_the_day_is_that_of_the_time_zone(tmp_path):
    write(tmp_path, [])
    service = Service(tmp_path, offline={"timezone": "Europe/Berlin"})
    service.answer("s1", moment(1, 23 * 3600 + 1800))
    service.place.land(2)
    [event] = service.place.events()
    assert (event["day"], event["event_time"]) == (day(2), datetime(2024, 3, 2, 23, 30))


def test_values_are_those_that_were_answered_to_the_last_bit(tmp_path):
    columns = {
        "a": {"nullable": True},
        "b": {"type": "number"},
        "n": {"type": "integer"},
        "t": {"type": "boolean"},
        "odd *.[0]\\ '": {"type": "category"},
    }
    write(tmp_path, [])
    service = Service(tmp_path, columns=columns)
    names, odd = list(columns)[1:], list(columns)[-1]
    rows = [
        {"b": value, "n": number, "t": number % 2 == 0, odd: text}
        for number, (value, text) in enumerate(
            [(0.1, "é"), (1 / 3, " x "), (5e-324, "nan"), (1.7976931348623157e308, '"'), (7, None)]
        )
    ]
    rows.append({"b": None, "n": 2**63 - 1, "t": None, odd: "line\nbreak"})
    for number, row in enumerate(rows):
        service.answer(f"s{number}", moment(2, number), **row)
    assert service.place.land(2).quarantined == {}
    expected = [{**row, odd: row[odd].strip() if row[odd] else None} for row in rows]
    assert [{name: row[name] for name in names} for row in service.place.events()] == expected


def test_a_row_that_breaks_a_constraint_is_quarantined_and_the_next_one_is_the_event(tmp_path):
    write(tmp_path, [])
    service = Service(tmp_path, columns={"a": {"nullable": True}, "b": {"min": 0}})
    service.answer("s1", moment(2, 1), b=-1)
    service.answer("s1", moment(2, 2), b=4)
    service.place.land(2)
    assert [row["b"] for row in service.place.events()] == [4]
    assert service.place.reasons() == [(day(2), "b: -1.0 is below 0")]


def test_events_of_the_service_are_asked_of_the_lake_alone(service):
    with pytest.raises(SourceError, match="events from 2024-03-03 on are those of the service"):
        service.place.source.events(day(1), day(2))


def test_all_days_at_once_are_the_days_one_by_one(service, tmp_path):
    other = Service(tmp_path)
    for one in (service, other):
        for number in range(2, 6):
            for second in range(3):
                one.answer(f"s{number}{second % 2}", moment(number, second))
        one.answer("old", moment(0), answered=moment(4))
    service.place.land(0, 5)
    for number in range(6):
        other.place.land(number)
    assert service.place.events() == other.place.events()
    found, expected = (sorted(map(repr, one.place.quarantined())) for one in (service, other))
    assert found == expected
    assert service.place.account() == other.place.account()


def test_removed_answers_are_not_gone(service):
    service.answer("s1", moment(2))
    service.place.land(0, 2)
    served = service.place.model.tables.served
    removed = day(2), day(2), served.schema.empty_table()
    service.place.model.lake.replace_days(served, *removed)
    service.place.land(3)
    assert service.place.account().gone == 0
