"""The log of a service goes into the lake: each record once, with all that it says."""

import json
import os
from datetime import date, datetime

import duckdb
import pytest

from mlops_drift.config.context import ModelContext
from mlops_drift.errors import UserError
from mlops_drift.pipeline import shipping
from mlops_drift.pipeline.shipping import Shipped, ship
from mlops_drift.serving.log.frames import HEAD, CorruptLogError, frame, read_frames
from mlops_drift.serving.log.segments import segments
from mlops_drift.serving.log.writer import LogWriter
from mlops_drift.serving.records import ModelAnswer, ServedRequest, ServedRow
from mlops_drift.store.delta import DeltaLake
from mlops_drift_tests.pipeline.place import describe, promote
from mlops_drift_tests.serving.log.samples import SECOND, closed, files, ids, request

# 2024-03-01 23:30 in UTC, which is the day after in Berlin.
EVENING = int(datetime.fromisoformat("2024-03-01T23:30Z").timestamp()) * SECOND


@pytest.fixture
def log(tmp_path):
    return tmp_path / "log"


@pytest.fixture
def model(tmp_path):
    lake = DeltaLake(tmp_path / "lake", duckdb.connect())
    return promote(ModelContext.of(lake, describe()))


def write(folder, numbers, **settings):
    """A log of a worker with some requests, closed."""
    writer = LogWriter(folder, "w1", **settings)
    for number in numbers:
        writer.append(request(number, EVENING + number))
    writer.close()


def rows(model):
    return model.store.lake.read(model.store.tables.served).sort_by("time").to_pylist()


def numbers(model):
    return [int(row["request_id"].removeprefix("request ")) for row in rows(model)]


def test_a_row_has_all_that_its_record_has(model, log):
    writer, raw = LogWriter(log, "w1"), {"b": 0.1, "c": None, "d": 2**53 + 1, "ü": "é\n"}
    model_answer = ModelAnswer("yes", 0.3, (0.7, 0.3))
    by_rules = ServedRow("k1", EVENING, raw, "no", "RULES", None, model_answer, "b below 1")
    alone = ServedRow("k2", EVENING + 1, {"b": None}, "yes", "RULES", {"b": 1.5})
    writer.append(ServedRequest("r", EVENING + 5, (by_rules, alone), arm="canary"))
    writer.close()
    assert ship(model, log) == Shipped(1, 1, 2)
    first, second = rows(model)
    assert json.loads(first.pop("row")) == raw
    assert first == {
        "day": date(2024, 3, 1),
        "request_id": "r",
        "row_number": 0,
        "time": datetime(2024, 3, 1, 23, 30, 0, 5),
        "event_time": datetime(2024, 3, 1, 23, 30),
        "key": "k1",
        "version": None,
        "served_by": "RULES",
        "reason": "b below 1",
        "arm": "canary",
        "prediction": "no",
        "model_prediction": "yes",
        "score": 0.3,
        "probabilities": [0.7, 0.3],
        "features": None,
    }
    assert (second["row_number"], second["key"], second["features"]) == (1, "k2", '{"b":1.5}')
    assert {second[name] for name in ("model_prediction", "score", "probabilities")} == {None}


def test_the_day_is_that_of_the_event_in_the_time_zone_of_the_model(model, log):
    spec = describe(source={"timezone": "Europe/Berlin"})
    write(log, [1])
    ship(ModelContext(spec, model.store), log)
    assert rows(model)[0]["day"] == date(2024, 3, 2)


@pytest.mark.parametrize("time", [-(2**62), 2**62])
def test_a_time_that_no_calendar_has_breaks_no_table(model, log, time):
    writer = LogWriter(log, "w1")
    writer.append(ServedRequest("r", time, (ServedRow("k", time, {}, "no", "RULES"),)))
    writer.close()
    assert ship(model, log).rows == 1
    assert rows(model)[0]["day"].year in (1, 9999)
    assert model.store.lake.files(model.store.tables.served)[0].first is not None


def test_what_is_shipped_is_gone_from_the_log_and_shipping_again_does_nothing(model, log):
    write(log, range(30), max_bytes=1000)
    assert len(closed(log)) > 5
    shipped = ship(model, log)
    assert (shipped.requests, shipped.rows) == (30, 30)
    assert files(log) == []
    commit = model.store.lake.last_commit(model.store.tables.served)
    assert ship(model, log) == Shipped(0, 0, 0)
    assert model.store.lake.last_commit(model.store.tables.served) == commit
    assert numbers(model) == list(range(30))


def test_a_log_that_is_not_there_is_empty(model, log):
    assert ship(model, log) == Shipped(0, 0, 0)


def test_a_segment_that_is_being_written_waits(model, log):
    writer = LogWriter(log, "w1", max_bytes=1000)
    for number in range(10):
        writer.append(request(number, number))
    writer.sync()
    shipped = ship(model, log).rows
    assert 0 < shipped < 10
    assert len(files(log)) == 1
    writer.close()
    assert ship(model, log).rows == 10 - shipped
    assert numbers(model) == list(range(10))


class Killed(BaseException):
    """Stands for the end of the process."""


@pytest.mark.parametrize("batch", [1, 7, 1000])
@pytest.mark.parametrize("step", ["before", "after"])
def test_a_shipper_that_dies_beside_its_commit_loses_and_doubles_nothing(
    model, log, monkeypatch, batch, step
):
    monkeypatch.setattr(shipping, "BATCH_ROWS", batch)
    write(log, range(12), max_bytes=1000)
    whole, commits = DeltaLake.append_once, 0

    def dying(*arguments):
        nonlocal commits
        commits += 1
        if step == "after" and commits % 2:
            whole(*arguments)
        if commits % 2:
            raise Killed
        return whole(*arguments)

    monkeypatch.setattr(DeltaLake, "append_once", dying)
    for _ in range(30):
        try:
            ship(model, log)
            break
        except Killed:
            continue
    assert numbers(model) == list(range(12))
    assert files(log) == []


def test_a_shipper_that_is_overtaken_appends_only_what_is_left(model, log, monkeypatch):
    monkeypatch.setattr(shipping, "BATCH_ROWS", 5)
    write(log, range(12), max_bytes=1000)
    whole, overtaken = DeltaLake.append_once, []

    def overtaking(*arguments):
        if not overtaken:
            overtaken.append(True)
            # Reads other batches, which end elsewhere.
            with monkeypatch.context() as other:
                other.setattr(shipping, "BATCH_ROWS", 3)
                other.setattr(DeltaLake, "append_once", whole)
                batches = shipping._Reader(model, log).batches()
                first = next(batches)
                data = shipping.served_table(model.spec, first.requests)
                assert whole(arguments[0], arguments[1], data, first.pieces)
        return whole(*arguments)

    monkeypatch.setattr(DeltaLake, "append_once", overtaking)
    assert ship(model, log).rows == 12 - 3
    assert numbers(model) == list(range(12))
    assert files(log) == []


def test_damage_keeps_back_what_follows_in_its_stream_and_nothing_else(model, log):
    write(log, range(10), max_bytes=1000)
    write(log, range(20, 25))
    second = segments(log)[1].path
    data = second.read_bytes()
    second.write_bytes(data[:-10] + b"?" + data[-9:])
    for _ in range(2):
        with pytest.raises(CorruptLogError, match="is corrupt") as error:
            ship(model, log)
        assert error.value.path == second
    found = numbers(model)
    assert set(found) >= set(range(20, 25))
    before = [number for number in found if number < 20]
    assert before == list(range(len(before)))
    # A person cuts it off where the error says.
    second.write_bytes(data[: error.value.offset])
    shipped = ship(model, log)
    assert shipped.segments > 1
    assert shipped.missing == len(data) - error.value.offset
    assert numbers(model) == [n for n in [*range(10), *range(20, 25)] if n != len(before)]
    assert files(log) == []


def test_damage_that_is_repaired_loses_nothing(model, log):
    write(log, range(10), max_bytes=1000)
    second = segments(log)[1].path
    data = second.read_bytes()
    second.write_bytes(data[:20] + b"?" + data[21:])
    with pytest.raises(CorruptLogError):
        ship(model, log)
    second.write_bytes(data)
    ship(model, log)
    assert numbers(model) == list(range(10))


def test_what_is_no_record_stops_its_stream_and_nothing_else(model, log):
    write(log, range(3))
    write(log, range(5, 8))
    path = segments(log)[0].path
    data = path.read_bytes()
    path.write_bytes(data + frame(b'{"id":7}'))
    with pytest.raises(UserError, match=f"the record before byte {path.stat().st_size:,} is none"):
        ship(model, log)
    assert len(numbers(model)) == 6
    assert files(log) == [path]


def test_a_key_of_another_type_is_an_error_that_names_it(model, log):
    write(log, [7])
    other = ModelContext.of(model.store.lake, describe(key_type="integer"))
    writer = LogWriter(log, "w2")
    writer.append(ServedRequest("r", 0, (ServedRow("k1", 0, {}, "no", "RULES"),)))
    writer.close()
    with pytest.raises(UserError, match="request r in the log of tiny: the key 'k1'"):
        ship(other, log)
    assert len(closed(log)) == 2


def test_a_lake_that_is_gone_takes_no_record_and_gets_them_when_it_is_back(model, log, tmp_path):
    write(log, range(3))
    kept, lake = files(log), tmp_path / "lake"
    lake.rename(tmp_path / "elsewhere")
    with pytest.raises(UserError) as error:
        ship(model, log)
    assert str(error.value).startswith(
        f"the lake in {lake} has no promotion of tiny, without which nothing was answered, and the "
        f"log in {log} has answers; see whether the lake is where it was"
    )
    assert files(log) == kept
    assert not lake.exists()
    (tmp_path / "elsewhere").rename(lake)
    assert ship(model, log) == Shipped(1, 3, 3)
    assert numbers(model) == [0, 1, 2]


def test_a_lake_without_a_promotion_is_no_fault_as_long_as_nothing_was_answered(log, tmp_path):
    model = ModelContext.of(DeltaLake(tmp_path / "lake", duckdb.connect()), describe())
    log.mkdir()
    assert ship(model, log) == Shipped(0, 0, 0)


@pytest.mark.parametrize("batch", [1, 20_000])
@pytest.mark.parametrize("number", [0, 2])
@pytest.mark.parametrize("harm", ["removed", "emptied", "cut"])
def test_records_that_are_gone_are_told_to_the_byte(
    model, log, monkeypatch, caplog, batch, number, harm
):
    monkeypatch.setattr(shipping, "BATCH_ROWS", batch)
    write(log, range(20), max_bytes=1000)
    write(log, range(30, 33))
    harmed = segments(log)[number].path
    first, *_ = read_frames(harmed)
    gone = harmed.stat().st_size - (first.end if harm == "cut" else 0)
    kept = set(range(20)) - {int(one.removeprefix("request ")) for one in ids([harmed])}
    if harm == "cut":
        kept.add(int(ids([harmed])[0].removeprefix("request ")))
    if harm == "removed":
        harmed.unlink()
    else:
        os.truncate(harmed, first.end if harm == "cut" else 0)
    after = segments(log)[number + (harm != "removed")].path
    assert ship(model, log).missing == gone
    told = [f"{after}: {gone:,} bytes of records in front of it are gone"]
    if harm == "emptied":
        told.insert(0, f"{harmed} is empty: its records are gone")
    assert [one.getMessage() for one in caplog.records] == told
    assert set(numbers(model)) == kept | {30, 31, 32}
    assert files(log) == []
    # It is told once.
    assert ship(model, log).missing == 0


@pytest.mark.parametrize("end", [5, 60])
def test_the_unfinished_end_of_a_closed_segment_is_damage(model, log, end):
    write(log, range(10), max_bytes=1000)
    second = segments(log)[1].path
    data = second.read_bytes()
    *_, last = read_frames(second)
    start = last.end - HEAD.size - len(last.payload)
    second.write_bytes(data[: start + end])
    for _ in range(2):
        with pytest.raises(CorruptLogError, match=f"the frame at byte {start} is corrupt"):
            ship(model, log)
    second.write_bytes(data)
    assert ship(model, log).missing == 0
    assert numbers(model) == list(range(10))
    assert files(log) == []


def test_a_segment_that_was_shipped_and_then_cut_is_no_loss(model, log, monkeypatch, caplog):
    write(log, range(10), max_bytes=1000)
    with monkeypatch.context() as dying:
        dying.setattr(type(log), "unlink", lambda *_, **__: (_ for _ in ()).throw(Killed))
        with pytest.raises(Killed):
            ship(model, log)
    os.truncate(segments(log)[1].path, 0)
    assert ship(model, log).missing == 0
    assert caplog.records == []
    assert numbers(model) == list(range(10))
    assert files(log) == []
