"""Delta tables as a source: days, versions, other days that changed, and what cannot be read."""

import traceback
from datetime import UTC, datetime, timedelta

import pandas as pd
import pyarrow as pa
import pytest
from deltalake import DeltaTable, write_deltalake

from mlops_drift.sources.base import SourceError
from mlops_drift.sources.delta_snapshot import DeltaSnapshot
from mlops_drift_tests.pipeline.place import Place, day, describe
from mlops_drift_tests.s3 import KEY, REGION, SECRET
from mlops_drift_tests.sources import delta_tables


def spec(events="events", day_column="day", **source):
    tables = {
        "events": {"path": str(events), "day_column": day_column},
        "labels": {"path": "labels", "day_column": "day"},
    }
    return describe(source={"kind": "delta", **tables, **source}, path=str(events))


def rows_of(*days, b=1.0):
    """Two events of each day."""
    return pa.table(
        {
            "id": [f"k{number}{i}" for number in days for i in range(2)],
            "day": [day(number) for number in days for _ in range(2)],
            "b": [b] * (2 * len(days)),
        }
    )


def add(folder, rows, **options):
    write_deltalake(folder, rows, mode="append", **options)


@pytest.fixture(params=["by day", "as it came"])
def place(request, tmp_path):
    """A place whose events are in a table of four days, divided by these or in one file."""
    by = {"partition_by": ["day"]} if request.param == "by day" else {}
    write_deltalake(tmp_path / "events", rows_of(0, 1, 2, 3), **by)
    return Place(tmp_path, spec())


def test_rows_land_on_their_days_and_the_version_is_on_record(place):
    place.land(0, 1)
    assert [row["day"] for row in place.events()] == [day(0), day(0), day(1), day(1)]
    [origin] = place.model.landing.origins("events", day(0), day(1))
    assert (origin["origin"], len(origin["digest"]), origin["n"]) == ("events@0", 64, 4)
    add(place.folder / "events", rows_of(4))
    place.land(2)
    [origin] = place.model.landing.origins("events", day(2), day(2))
    assert origin["origin"] == "events@1"


def test_a_version_on_record_is_read_again(place):
    folder = place.folder / "events"
    place.land(0, 3)
    [landed] = place.model.landing.origins("events", day(0), day(3))
    before = place.source.events(day(0), day(3)).parts[0].rows
    DeltaTable(folder).delete("id = 'k00'")
    again = DeltaSnapshot("events", str(folder), "day", "UTC", {}, version=0)
    assert (again.origin.place, again.origin.digest) == (landed["origin"], landed["digest"])
    assert again.rows(day(0), day(3)).rows.sort_by("id") == before.sort_by("id")
    with pytest.raises(SourceError, match="events: there is no such version"):
        DeltaSnapshot("events", str(folder), "day", "UTC", {}, version=9)


def test_of_other_days_only_those_with_other_files_are_looked_at(place):
    place.land(0, 2)
    stamps = place.source.events(day(0), day(2)).stamps
    nothing = place.source.events(day(3), day(3)).others
    assert list(nothing(stamps)) == []
    add(place.folder / "events", pa.table({"id": ["late"], "day": [day(1)], "b": [2.0]}))
    looks = list(place.source.events(day(3), day(3)).others(stamps))
    assert [(look.day, look.part.rows.num_rows) for look in looks] == [(day(1), 3)]


def test_rows_that_come_late_land_and_changed_and_gone_ones_are_on_record(place):
    folder = place.folder / "events"
    place.land(0, 2)
    add(folder, pa.table({"id": ["late"], "day": [day(1)], "b": [2.0]}))
    DeltaTable(folder).delete("id = 'k00'")
    DeltaTable(folder).update({"b": "9.0"}, predicate="id = 'k11'")
    assert place.land(3).late == {day(1): 1}
    account = place.account()
    assert account.landed_late == {day(1): 1}
    assert account.late == {day(1): 1}
    assert account.gone_days == {day(0): 1, day(1): 1}
    assert {row["id"]: row["b"] for row in place.events() if row["day"] == day(1)} == {
        "k10": 1.0,
        "k11": 1.0,
        "late": 2.0,
    }
    # Files that are put together hold what they held.
    DeltaTable(folder).optimize.compact()
    place.land(3)
    assert place.account() == account


@pytest.mark.parametrize("kind", ["moment", "local", "text"])
def test_a_day_begins_in_the_time_zone_of_the_source(tmp_path, kind):
    moment = datetime(2024, 3, 1, 23, 30)
    value = {
        "moment": moment.replace(tzinfo=UTC),
        "local": moment + timedelta(hours=1),
        "text": "2024-03-02 00:30",
    }[kind]
    write_deltalake(tmp_path / "events", pa.table({"id": ["k1"], "at": [value], "b": [1.0]}))
    place = Place(tmp_path, spec(day_column="at", timezone="Europe/Berlin"))
    place.land(0, 1)
    [event] = place.events()
    assert (event["day"], event["event_time"]) == (day(1), moment)
    add(tmp_path / "events", pa.table({"id": ["k2"], "at": [value], "b": [1.0]}))
    assert place.land(2).late == {day(1): 1}


def test_a_day_opens_the_files_of_its_partition_only(tmp_path):
    folder = tmp_path / "events"
    write_deltalake(folder, rows_of(0, 1), partition_by=["day"])
    next((folder / f"day={day(1)}").glob("*.parquet")).unlink()
    place = Place(tmp_path, spec())
    place.land(0)
    with pytest.raises(SourceError, match=r"events: files of this version are gone, as after a VA"):
        place.land(1)


def test_rows_without_a_day_are_told(tmp_path):
    rows = pa.table({"id": ["a", "b"], "day": [day(0), None], "b": [1.0, 2.0]})
    write_deltalake(tmp_path / "events", rows)
    place = Place(tmp_path, spec())
    place.land(0)
    assert place.account().note == "1 row without a day is left out"


def test_mapped_columns_and_deleted_rows_are_read_as_they_are_meant(tmp_path):
    rows = pa.table({"c1": ["k1", "k2"], "c2": [day(0), day(0)], "c3": [1.0, 2.0]})
    names = {"id": ("c1", "string"), "day": ("c2", "date"), "b": ("c3", "double")}
    fields = [
        (
            name,
            kind,
            {"delta.columnMapping.id": int(at[1]), "delta.columnMapping.physicalName": at},
        )
        for name, (at, kind) in names.items()
    ]
    protocol = delta_tables.features("columnMapping", "deletionVectors")
    folder = tmp_path / "events"
    file = delta_tables.write_by_hand(folder, rows, fields, protocol, delta_tables.MAPPED)
    place = Place(tmp_path, spec())
    place.land(0)
    assert {row["id"]: row["b"] for row in place.events()} == {"k1": 1.0, "k2": 2.0}
    gone = {"remove": {"path": "f.parquet", "deletionTimestamp": 2, "dataChange": True}}
    delta_tables.commit(
        folder, 1, gone, {"add": {**file, "deletionVector": delta_tables.deleted(0)}}
    )
    place.land(1)
    assert place.account().gone_days == {day(0): 1}


def failure(folder, **changed):
    with pytest.raises(SourceError) as caught:
        Place(folder, spec(**changed)).land(0)
    told = "".join(traceback.format_exception(caught.value))
    assert KEY not in told
    assert SECRET not in told
    return str(caught.value)


def test_each_thing_that_is_wrong_is_a_sentence(tmp_path):
    assert failure(tmp_path) == (
        "events: there is no Delta table; correct `path` in the model's defs.yaml"
    )
    write_deltalake(tmp_path / "events", pa.table({"id": ["a"], "Day": [day(0)]}))
    assert failure(tmp_path).startswith(
        "events: the day column 'day' is missing; found 'id', 'Day'; names are case-sensitive"
    )
    write_deltalake(tmp_path / "numbers", pa.table({"id": ["a"], "day": [3], "b": [1.0]}))
    assert "the day column 'day' holds BIGINT" in failure(tmp_path, events="numbers")
    protocol = delta_tables.features("somethingNew")
    fields = [("id", "string", {}), ("day", "date", {})]
    delta_tables.write_by_hand(tmp_path / "new", rows_of(0).drop_columns("b"), fields, protocol)
    assert failure(tmp_path, events="new") == (
        "new: the table needs the feature somethingNew, which delta-rs cannot read; turn it off, "
        "or read the table by a function (`kind: python`)"
    )
    log = tmp_path / "events" / "_delta_log" / f"{1:020}.json"
    log.write_text("{ half")
    assert "events: the table cannot be read" in failure(tmp_path)


def test_a_table_in_an_object_store(bucket, tmp_path):
    url = f"{bucket.url}/shop/events"
    write_deltalake(url, rows_of(0, 1), partition_by=["day"])
    place = Place(tmp_path, spec(events=url))
    place.land(0)
    add(url, pa.table({"id": ["late"], "day": [day(0)], "b": [2.0]}))
    assert place.land(1).late == {day(0): 1}
    origins = place.model.landing.origins("events", day(0), day(1))
    assert [row["origin"] for row in origins] == [f"{url}@0", f"{url}@1"]
    assert "there is no such bucket" in failure(tmp_path, events="s3://not-there/events")
    missing = failure(tmp_path, events=f"{bucket.url}/none")
    assert "there is no Delta table" in missing


def test_a_store_that_does_not_answer_is_a_sentence(bucket, tmp_path, monkeypatch):
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    assert "the object store does not answer" in failure(tmp_path, events=f"{bucket.url}/e")


def test_options_of_the_store_take_secrets_from_the_environment(bucket, tmp_path, monkeypatch):
    url = f"{bucket.url}/events"
    write_deltalake(url, rows_of(0))
    options = {
        "aws_access_key_id": "${SHOP_ID}",
        "aws_secret_access_key": "${SHOP_KEY}",
        "aws_region": REGION,
    }
    place = Place(tmp_path, spec(events=url, storage_options=options))
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_REGION"):
        monkeypatch.delenv(name)
    with pytest.raises(SourceError, match=r"storage_options.aws_access_key_id: SHOP_ID not set"):
        place.land(0)
    monkeypatch.setenv("SHOP_ID", KEY)
    monkeypatch.setenv("SHOP_KEY", SECRET)
    place.land(0)
    assert len(place.events()) == 2
    assert SECRET not in place.spec.model_dump_json()
    with pytest.raises(ValueError, match="aws_secret_access_key holds a secret") as caught:
        spec(storage_options={"aws_secret_access_key": "hush"})
    assert "hush" not in caught.value.errors()[0]["msg"]


def test_a_secret_in_a_url_is_refused():
    with pytest.raises(ValueError, match="neither credentials nor options"):
        spec(events="s3://key:hush@bucket/events")


def test_texts_of_days_that_are_not_in_their_order_may_be_of_any_day(tmp_path):
    rows = pa.table({"id": [1, 2], "day": ["2024-3-1", "2024-10-01"]})
    write_deltalake(tmp_path / "events", rows)
    source = spec().open_source(tmp_path)
    stamps = source.events(day(0), day(1)).stamps
    write_deltalake(tmp_path / "events", rows.slice(0, 1), mode="append")
    looks = source.events(day(2), day(2)).others(stamps)
    assert [(look.day, look.part.rows.num_rows) for look in looks] == [(day(0), 2), (day(1), 0)]


def test_texts_of_days_are_found_by_their_year(tmp_path):
    texts = ["2023-12-31", "2024/3/1", "2024-03-02T10:00", "soon"]
    rows = pd.DataFrame({"id": list("abcd"), "day": texts, "b": 1.0})
    write_deltalake(tmp_path / "events", pa.Table.from_pandas(rows))
    place = Place(tmp_path, spec())
    place.land(0, 1)
    assert [row["id"] for row in place.events()] == ["b", "c"]
