"""A log that somebody lays hands on says what is lost, and goes on as soon as it can."""

import os
import shutil
from contextlib import suppress

import pytest

from mlops_drift.serving.log import writer as writer_module
from mlops_drift.serving.log.writer import LogUnavailable, LogWriter
from mlops_drift_tests.serving.log.samples import closed, files, ids, request


def test_a_folder_that_somebody_removes_is_made_again(tmp_path):
    log = LogWriter(tmp_path / "log", "w1")
    log.append(request(1))
    shutil.rmtree(tmp_path / "log")
    with pytest.raises(LogUnavailable, match="No such file"):
        log.sync()
    assert log.problem() is None
    log.append(request(2))
    log.close()
    assert ids(files(tmp_path / "log")) == ["request 2"]


@pytest.mark.parametrize("is_written", [False, True])
def test_a_file_in_place_of_the_folder_is_told_until_it_is_gone(tmp_path, is_written, monkeypatch):
    monkeypatch.setattr(writer_module, "_SECONDS_BETWEEN_LOOKS", 0)
    place, log = tmp_path / "log", LogWriter(tmp_path / "log", "w1")
    if is_written:
        log.append(request(0))
        place.rename(tmp_path / "elsewhere")
    place.touch()
    for _ in range(2):
        with pytest.raises(LogUnavailable, match="log cannot be written: File exists; it must be"):
            log.append(request(1))
        assert "File exists" in log.problem()
    place.unlink()
    assert log.problem() is None
    log.append(request(2))
    log.close()
    assert ids(files(place)) == ["request 2"]


def test_a_folder_that_is_replaced_by_a_file_while_it_is_written_to_is_told(tmp_path):
    place, log = tmp_path / "log", LogWriter(tmp_path / "log", "w1", max_bytes=10)
    log.append(request(0))
    place.rename(tmp_path / "elsewhere")
    place.touch()
    # Whether it is there was looked at just now.
    with pytest.raises(LogUnavailable, match="Not a directory"):
        log.append(request(1))
    assert "File exists" in log.problem()


def removed(folder):
    files(folder)[0].unlink()


def replaced(folder):
    [path] = files(folder)
    path.rename(folder.parent / "elsewhere")
    path.touch()


def emptied(folder):
    os.truncate(files(folder)[0], 0)


def cut(folder):
    os.truncate(files(folder)[0], files(folder)[0].stat().st_size - 9)


def moved_away(folder):
    folder.rename(folder.parent / "elsewhere")


@pytest.mark.parametrize("harm", [removed, replaced, emptied, cut, moved_away])
@pytest.mark.parametrize("seen_by", ["append", "close_if_old", "close"])
def test_records_that_vanish_while_they_are_written_are_told(
    tmp_path, monkeypatch, caplog, harm, seen_by
):
    monkeypatch.setattr(writer_module, "_SECONDS_BETWEEN_LOOKS", 0)
    log = LogWriter(tmp_path / "log", "w1")
    size = log.append(request(0))
    log.sync()
    harm(tmp_path / "log")
    assert caplog.text == ""
    if seen_by == "append":
        log.append(request(1))
        log.sync()
    elif seen_by == "close_if_old":
        log.close_if_old()
    with suppress(LogUnavailable):
        log.close()
    gone = 9 if harm is cut else size
    [told] = [one.getMessage() for one in caplog.records]
    assert told == (
        f"somebody has removed or cut a segment of the log in {tmp_path / 'log'} while it was "
        f"written: {gone} bytes of records are gone"
    )
    kept = ["request 1"] if seen_by == "append" else []
    assert ids(closed(tmp_path / "log")) == kept
