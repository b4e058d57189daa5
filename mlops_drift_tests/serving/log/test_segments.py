"""Segments that a dead writer has left are taken over, those of a living one are not."""

import os

import pytest

from mlops_drift.serving.log.frames import CorruptLogError
from mlops_drift.serving.log.segments import (
    Unshipped,
    closed_streams,
    name_of,
    take_over,
    unshipped,
)
from mlops_drift.serving.log.writer import LogWriter
from mlops_drift_tests.processes import run_alone
from mlops_drift_tests.serving.log.samples import closed, files, ids, request


def write_and_die(folder, numbers, rest):
    log = LogWriter(folder, "dead")
    for number in numbers:
        log.append(request(number))
    if rest:
        [path] = files(folder)
        with path.open("ab") as file:
            file.write(rest)
    os._exit(9)


def test_a_segment_of_a_living_writer_is_left_to_it(tmp_path):
    log = LogWriter(tmp_path, "w1")
    log.append(request(1))
    before = files(tmp_path)
    assert take_over(tmp_path) == []
    assert files(tmp_path) == before
    log.append(request(2))
    log.close()
    assert ids(closed(tmp_path)) == ["request 1", "request 2"]


@pytest.mark.parametrize("rest", [b"", b"\1", b"\x20\0\0\0\0\0\0\0half", b"\0" * 100])
def test_a_segment_of_a_dead_writer_is_closed_without_its_unfinished_end(tmp_path, rest):
    assert run_alone(write_and_die, tmp_path, range(3), rest) == 9
    size = files(tmp_path)[0].stat().st_size
    [taken] = take_over(tmp_path)
    assert files(tmp_path) == closed(tmp_path) == [taken]
    assert taken.stat().st_size == size - len(rest)
    assert ids([taken]) == ["request 0", "request 1", "request 2"]
    assert take_over(tmp_path) == []


def test_what_is_taken_over_is_on_the_disk_before_it_is_closed(tmp_path, monkeypatch):
    run_alone(write_and_die, tmp_path, range(3), b"")
    sync, synced = os.fdatasync, []
    monkeypatch.setattr(os, "fdatasync", lambda file: (synced.extend(files(tmp_path)), sync(file)))
    take_over(tmp_path)
    assert [one.with_suffix(".closed") for one in synced] == closed(tmp_path)
    assert synced != closed(tmp_path)


def test_a_segment_that_the_disk_refuses_stays_open_and_the_others_are_closed(
    tmp_path, monkeypatch, caplog
):
    for number in range(2):
        run_alone(write_and_die, tmp_path, [number], b"")
    sync, refused = os.fdatasync, files(tmp_path)[0].stat().st_ino

    def broken(file):
        if os.fstat(file).st_ino == refused:
            raise OSError(5, "Input/output error")
        sync(file)

    with monkeypatch.context() as disk:
        disk.setattr(os, "fdatasync", broken)
        assert len(take_over(tmp_path)) == 1
    assert "stays open: Input/output error" in caplog.text
    assert len(take_over(tmp_path)) == 1
    assert len(closed(tmp_path)) == 2


@pytest.mark.parametrize("rest", [b"", b"\x20\0\0\0half"])
def test_a_segment_of_a_dead_writer_without_a_record_is_gone(tmp_path, rest):
    name = name_of("dead", 0, 1)
    (tmp_path / f"{name}.open").write_bytes(rest)
    (tmp_path / f"{name}.new").touch()
    assert take_over(tmp_path) == []
    assert files(tmp_path) == []


def test_a_damaged_segment_is_closed_as_it_is(tmp_path):
    run_alone(write_and_die, tmp_path, range(3), b"")
    [path] = files(tmp_path)
    data = bytearray(path.read_bytes())
    data[20] ^= 1
    path.write_bytes(data)
    [taken] = take_over(tmp_path)
    assert taken.read_bytes() == data
    with pytest.raises(CorruptLogError, match="byte 0 is corrupt"):
        ids([taken])


def test_a_writer_whose_new_segment_is_taken_from_it_begins_another(tmp_path, monkeypatch):
    log, rename, taken = LogWriter(tmp_path, "w1"), os.rename, []

    def taken_first(path, *_, **__):
        # As if another process had listed the file before it was locked.
        monkeypatch.setattr(os, "rename", rename)
        path.unlink()
        taken.append(path)
        rename(path, path)

    monkeypatch.setattr(os, "rename", taken_first)
    log.append(request(1))
    log.close()
    assert len(taken) == 1
    assert ids(closed(tmp_path)) == ["request 1"]


def test_what_is_not_shipped_is_counted_with_its_age(tmp_path):
    assert unshipped(tmp_path, 100.0) == Unshipped(0, 0, 0.0)
    early, late = (LogWriter(tmp_path, "w1", clock=lambda time=t: time) for t in (100.0, 200.0))
    sizes = [late.append(request(1)), early.append(request(2))]
    early.close()
    assert unshipped(tmp_path, 230.0) == Unshipped(2, sum(sizes), 130.0)
    assert unshipped(tmp_path, 50.0).seconds == 0
    late.close()
    assert ids(closed(tmp_path)) == ["request 2", "request 1"]
    assert unshipped(tmp_path / "no such folder", 1.0) == Unshipped(0, 0, 0.0)


def test_a_segment_waits_for_an_open_one_in_front_of_it(tmp_path):
    names = [name_of("a", 0, 1), name_of("a", 10, 2), name_of("a", 20, 3), name_of("b", 7, 1)]
    for name, ending in zip(names, ["closed", "open", "closed", "closed"], strict=True):
        (tmp_path / f"{name}.{ending}").touch()
    found = closed_streams(tmp_path)
    assert {stream: [one.start for one in rows] for stream, rows in found.items()} == {
        "a": [0],
        "b": [7],
    }
    (tmp_path / f"{names[1]}.open").rename(tmp_path / f"{names[1]}.closed")
    assert [one.start for one in closed_streams(tmp_path)["a"]] == [0, 10, 20]
