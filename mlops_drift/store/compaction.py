"""Compaction: the many small files of closed days become a few large ones; no row changes."""

from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import date
from itertools import groupby
from math import ceil

from mlops_drift.store.files import DataFile
from mlops_drift.store.lake import ConflictError, Lake, Scan
from mlops_drift.store.tables import Table

# Compressed; some four times as much in memory. A file that is larger stays as it is.
TARGET_BYTES = 64 * 2**20

# A query opens every file of its days, and a commit looks through all. A table that could have so
# many fewer is compacted by itself, which takes as long as they cost in a few days.
MOST_FILES = 16


@dataclass(frozen=True)
class Compacted:
    """The data files of a table before and after."""

    table: str
    before: int
    after: int


def too_many_files(lake: Lake, tables: Sequence[Table]) -> list[Table]:
    """The tables of which a compaction would take away more than 16 files."""
    return [
        table
        for table in tables
        if table.has_days and sum(len(one) - 1 for one in bins(lake.files(table))) > MOST_FILES
    ]


def compact(lake: Lake, table: Table, target: int = TARGET_BYTES) -> Compacted:
    """Puts the closed days of a table into fewer files, each in a commit of its own.

    Closed are the days before its last one. Those of a year lie together, in files of about
    `target` bytes. Readers keep their snapshot; where a writer changes the same days, the later
    commit reads again, and days that are always changing wait for the next compaction.
    """
    before = lake.files(table) if table.has_days else []
    for files in bins(before, target):
        with suppress(ConflictError):
            lake.rearrange(Scan(table, _first(files), _last(files)))
    return Compacted(table.name, len(before), len(lake.files(table)) if before else 0)


def bins(files: Sequence[DataFile], target: int = TARGET_BYTES) -> Iterator[list[DataFile]]:
    """The files that belong together, two or more at a time; days of a file are never parted."""
    dated = [file for file in files if file.first and file.last]
    if not dated:
        return
    newest = _last(dated)
    closed = sorted((one for one in dated if one.last != newest), key=_first_day)
    for _, year in groupby(closed, lambda one: _first_day(one).year):
        together: list[DataFile] = []
        for file in year:
            is_full = sum(one.size for one in together) + file.size > target
            if together and is_full and _first_day(file) > _last(together):
                yield from [together] if _become_fewer(together, target) else []
                together = []
            together.append(file)
        yield from [together] if _become_fewer(together, target) else []


def _become_fewer(files: Sequence[DataFile], target: int) -> bool:
    """Whether it pays to write files anew: what does not fit into one is parted again."""
    parts = ceil(sum(file.size for file in files) / target)
    return len(files) > (1 if parts <= 1 else 2 * parts)


def _first_day(file: DataFile) -> date:
    return file.first or date.min


def _first(files: Sequence[DataFile]) -> date:
    return min(map(_first_day, files))


def _last(files: Sequence[DataFile]) -> date:
    return max(file.last or date.min for file in files)
