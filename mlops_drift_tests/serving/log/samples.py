"""Requests as a worker appends them to its log, and what a log holds."""

import msgspec

from mlops_drift.serving.log.frames import read_frames
from mlops_drift.serving.log.segments import segments
from mlops_drift.serving.records import ModelAnswer, ServedRequest, ServedRow

SECOND = 1_000_000


def request(number, time=0):
    """A request of one row, known by its number or by another name."""
    row = {"a": 1 / 7, "c": "blue"}
    answer = ModelAnswer("yes", 0.75, (0.25, 0.75))
    served = ServedRow(str(number), time, row, "yes", "MODEL", row, answer)
    return ServedRequest(f"request {number}", time, (served,), 3)


def decoded(path):
    """The requests of a segment."""
    return [msgspec.json.decode(one.payload, type=ServedRequest) for one in read_frames(path)]


def ids(paths):
    """The ids of the requests of some files, in their order."""
    return [one.id for path in paths for one in decoded(path)]


def files(folder):
    """All files of a log."""
    return sorted(folder.iterdir())


def closed(folder):
    """The files of closed segments."""
    return [one.path for one in segments(folder)]
