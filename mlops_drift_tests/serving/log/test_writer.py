"""The log of a worker: whole records or none, segments that end, and a disk that is full."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from mlops_drift.serving.log.frames import read_frames
from mlops_drift.serving.log.segments import segments, take_over
from mlops_drift.serving.log.writer import LogUnavailable, LogWriter
from mlops_drift_tests.serving.log.samples import closed, decoded, files, ids, request

FILES_OF_AT_MOST_1000_BYTES = """
import resource, sys
from pathlib import Path
from mlops_drift.serving.log.writer import LogUnavailable, LogWriter
from mlops_drift_tests.serving.log.samples import request

resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))
log = LogWriter(Path(sys.argv[1]), "w1", max_bytes=10**9)
for number in range(20):
    try:
        log.append(request(number))
        print("kept", number)
    except LogUnavailable as error:
        assert "File too large" in str(error), error
        print("refused", number)
    log.sync()
"""

DISK_OF_2_MB = """
import json, os, subprocess, sys
from pathlib import Path
from mlops_drift.serving.log.writer import LogUnavailable, LogWriter, free_bytes
from mlops_drift_tests.serving.log.samples import files, ids, request

folder, least, left = Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])
mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", folder])
if mounted.returncode:
    sys.exit("cannot mount a disk")
log = LogWriter(folder / "log", "w1", min_free_mb=least)
answered, refused = [], ""

def append(number):
    global refused
    try:
        log.append(request(number))
        answered.append(f"request {number}")
    except LogUnavailable as error:
        refused = str(error)

append(0)
before = log.problem()
ballast = folder / "ballast"
ballast.write_bytes(b"1" * (free_bytes(folder) - left))
# The service asks again and again; between that, space is looked at every tenth of a second.
log.problem()
while not refused:
    append(len(answered))
full = log.problem()
kept = len(answered)
ballast.unlink()
after = log.problem()
append(kept)
log.close()
print(json.dumps({
    "kept": kept, "refused": refused, "before": before, "full": full, "after": after,
    "answered": answered, "in the log": ids(files(folder / "log")),
}))
"""


class Clock:
    """A clock that goes on when it is told to."""

    def __init__(self, now=1_700_000_000.0):
        self.now = now

    def __call__(self):
        return self.now


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def log(tmp_path, clock):
    writer = LogWriter(tmp_path, "w1", clock=clock, timer=clock)
    yield writer
    writer.close()


def test_a_record_is_in_the_file_when_append_returns(tmp_path, log):
    size = log.append(request(1))
    [path] = files(tmp_path)
    assert path.stat().st_size == size == log.appended
    assert decoded(path) == [request(1)]
    assert path.name.startswith("w1-1700000000000000-")
    assert path.suffix == ".open"


def test_a_segment_is_closed_before_it_outgrows_its_size(tmp_path):
    log = LogWriter(tmp_path, "w1", max_bytes=600)
    sizes = [log.append(request(number)) for number in range(10)]
    log.sync()
    ended = closed(tmp_path)
    assert len(ended) == 10 // (600 // max(sizes)) - 1
    assert all(path.stat().st_size <= 600 for path in ended)
    log.close()
    assert ids(closed(tmp_path)) == [f"request {n}" for n in range(10)]
    starts = [one.start for one in segments(tmp_path)]
    assert starts == [sum(sizes[: 2 * number]) for number in range(5)]


def test_a_record_larger_than_a_segment_has_one_of_its_own(tmp_path):
    log = LogWriter(tmp_path, "w1", max_bytes=10)
    log.append(request(1))
    log.append(request(2))
    log.sync()
    assert len(closed(tmp_path)) == 1
    log.close()


@pytest.mark.parametrize("is_synced", [False, True])
def test_a_segment_is_closed_by_age_without_a_further_request(tmp_path, log, clock, is_synced):
    log.close_if_old()
    log.append(request(1))
    if is_synced:
        log.sync()
    clock.now += 59
    log.close_if_old()
    assert closed(tmp_path) == []
    clock.now += 1
    log.close_if_old()
    if not is_synced:
        # What is closed is on the disk.
        assert closed(tmp_path) == []
        log.sync()
    assert ids(closed(tmp_path)) == ["request 1"]


def test_a_segment_whose_last_sync_ends_while_it_does_is_closed_too(tmp_path, monkeypatch, clock):
    log, sync = LogWriter(tmp_path, "w1", timer=clock, max_seconds=1), os.fdatasync
    log.append(request(1))

    def ending(file):
        clock.now += 1
        log.close_if_old()
        sync(file)

    with monkeypatch.context() as slow:
        slow.setattr(os, "fdatasync", ending)
        log.sync()
    log.close_if_old()
    assert ids(closed(tmp_path)) == ["request 1"]


def test_a_clock_that_is_put_back_keeps_no_segment_open(tmp_path):
    wall, timer = Clock(), Clock()
    log = LogWriter(tmp_path, "w1", clock=wall, timer=timer)
    log.append(request(1))
    wall.now -= 86400
    timer.now += 60
    log.close_if_old()
    log.sync()
    assert ids(closed(tmp_path)) == ["request 1"]


def test_two_writers_of_one_name_at_one_time_have_segments_of_their_own(tmp_path, clock):
    logs = [LogWriter(tmp_path, "w1", clock=clock) for _ in range(5)]
    for number, log in enumerate(logs):
        log.append(request(number))
    assert len(files(tmp_path)) == 5
    for log in logs:
        log.close()


@pytest.mark.parametrize(
    ("least", "left", "why"),
    [(1, 999_424, "has 0 MB left, less than 1"), (0, 0, "No space left on device")],
)
def test_a_full_disk_refuses_records_until_it_has_space_again(tmp_path, least, left, why):
    if not (unshare := shutil.which("unshare")):
        pytest.skip("no command unshare, for a disk of its own")
    script = [sys.executable, "-c", DISK_OF_2_MB, tmp_path, str(least), str(left)]
    done = subprocess.run(
        [unshare, "--user", "--map-root-user", "--mount", *script],
        capture_output=True,
        text=True,
        check=False,
    )
    if "unshare:" in done.stderr or "cannot mount" in done.stderr:
        pytest.skip(f"no disk of its own for a test: {done.stderr.strip()}")
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert found["kept"] > 0
    assert why in found["refused"]
    assert found["before"] is None
    assert why in found["full"]
    assert found["after"] is None
    assert found["in the log"] == found["answered"]


def test_a_record_that_was_cut_short_stands_in_front_of_no_other(tmp_path):
    # A limit of the kernel on the size of a file: the write that reaches it is cut short.
    done = subprocess.run(
        [sys.executable, "-c", FILES_OF_AT_MOST_1000_BYTES, tmp_path],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    answers = [line.split() for line in done.stdout.splitlines()]
    kept = [f"request {number}" for answer, number in answers if answer == "kept"]
    refused = [number for answer, number in answers if answer == "refused"]
    assert len(refused) >= 3
    assert len(kept) + len(refused) == 20
    assert ids(files(tmp_path)) == kept
    # Each was closed at once, and whole; at most the last one was still written.
    assert [one for one in files(tmp_path) if one.suffix != ".closed"] in ([], files(tmp_path)[-1:])
    for path in closed(tmp_path):
        *_, last = read_frames(path)
        assert last.end == path.stat().st_size


def no_space(*_):
    raise OSError(28, "No space left on device")


def test_a_sync_brings_everything_to_the_disk_closed_segments_too(tmp_path, monkeypatch):
    log = LogWriter(tmp_path, "w1", max_bytes=600)
    for number in range(10):
        log.append(request(number))
    synced = set()
    sync = os.fdatasync
    monkeypatch.setattr(
        os, "fdatasync", lambda file: (synced.add(os.fstat(file).st_ino), sync(file))
    )
    log.sync()
    assert synced == {path.stat().st_ino for path in files(tmp_path)}
    assert log.synced == log.appended
    synced.clear()
    log.sync()
    assert not synced
    log.close()


def test_what_the_disk_has_refused_is_not_durable_after_the_next_sync_either(tmp_path, monkeypatch):
    log = LogWriter(tmp_path, "w1")
    refused = log.append(request(1))
    with monkeypatch.context() as broken:
        broken.setattr(os, "fdatasync", no_space)
        with pytest.raises(LogUnavailable, match="No space left"):
            log.sync()
    log.append(request(2))
    log.sync()
    assert log.lost == refused
    assert log.synced == log.appended
    # What a closed one has is on the disk; who takes it over sees to that.
    assert [one.suffix for one in files(tmp_path)] == [".open", ".open"]
    take_over(tmp_path)
    log.close()
    assert ids(closed(tmp_path)) == ["request 1", "request 2"]


def test_a_closed_log_leaves_no_file_open(tmp_path):
    before = len(list(Path("/proc/self/fd").iterdir()))
    log = LogWriter(tmp_path, "w1", max_bytes=600)
    for number in range(10):
        log.append(request(number))
    log.close()
    assert len(list(Path("/proc/self/fd").iterdir())) == before
