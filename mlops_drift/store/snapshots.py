"""The Delta tables that this process has opened, and what it has read of their files."""

import json
from collections import OrderedDict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Generic, TypeVar

import pyarrow as pa
from deltalake import DeltaTable
from deltalake.exceptions import DeltaError, TableNotFoundError

from mlops_drift.store.files import DataFile, files_of
from mlops_drift.store.lake import LakeError, Rows

Answer = TypeVar("Answer")

# Answers of a lake that are kept: the small ones are asked for again and again.
ANSWERS, ANSWER_BYTES = 256, 2**18


def open_table(uri: str) -> DeltaTable:
    """The newest snapshot of a table that is there; a `LakeError` if it is damaged."""
    try:
        return DeltaTable(uri)
    except DeltaError as error:
        why = f"cannot be read: {str(error).splitlines()[0]}"
        raise LakeError(f"the table {uri} {why}; bring it back from a backup") from error


def find_table(uri: str) -> DeltaTable | None:
    """As `open_table`; None where no table is."""
    try:
        return DeltaTable(uri)
    except DeltaError as error:
        # To ask this first would list the log of each table twice.
        if isinstance(error, TableNotFoundError) and not DeltaTable.is_deltatable(uri):
            return None
    # It is damaged, or another process has just made it.
    return open_table(uri)


@dataclass(frozen=True)
class Opened:
    """A snapshot, and which file its commit was when it was read on."""

    table: DeltaTable
    commit: int
    mark: object

    @classmethod
    def of(cls, uri: str, table: DeltaTable) -> "Opened":
        """What was just opened, or read on."""
        commit = table.version()
        return cls(table, commit, _mark(uri, commit))

    def is_still_there(self, uri: str) -> bool:
        """Whether its table is: a model that was reset has others in the same place.

        Nor was a backup brought back, that others have committed to since.
        """
        return self.mark is not None and _mark(uri, self.commit) == self.mark


class Answers(Generic[Answer]):
    """What statements over files gave: the last ones of at most so many bytes each."""

    def __init__(self, size: Callable[[Answer], int]) -> None:
        self._size = size
        self._kept: OrderedDict[str, Answer] = OrderedDict()

    def of(self, statement: str, ask: Callable[[], Answer]) -> Answer:
        """What a statement gave before, or else gives now."""
        answer = self._kept.get(statement)
        if answer is None:
            answer = ask()
            if self._size(answer) <= ANSWER_BYTES:
                self._kept[statement] = answer
            while len(self._kept) > ANSWERS:
                self._kept.popitem(last=False)
        return answer


def _size_of_rows(answer: Rows) -> int:
    """About how many bytes rows take in Python; texts are only looked at where they matter."""
    names, rows = answer
    size = 64 * len(names) * len(rows)
    if size > ANSWER_BYTES:
        return size
    return size + sum(len(cell) for row in rows for cell in row if isinstance(cell, str))


class Snapshots:
    """The newest snapshot of each table under one root, read on from the last one.

    Files never change: the same query of the same files has the same answer.
    """

    def __init__(self) -> None:
        self._opened: dict[str, Opened] = {}
        self._unshared: dict[str, Opened] = {}
        self._files: dict[str, tuple[DeltaTable, int, list[DataFile]]] = {}
        self.tables: Answers[pa.Table] = Answers(lambda table: int(table.nbytes))
        self.rows = Answers(_size_of_rows)

    def newest(self, uri: str) -> DeltaTable | None:
        """The newest snapshot, or None while the table has never been written."""
        opened = _read_on(uri, self._opened.get(uri))
        if opened is None:
            return None
        self._opened[uri] = opened
        return opened.table

    @contextmanager
    def unshared(self, uri: str) -> Iterator[DeltaTable | None]:
        """As `newest`, but a snapshot that nothing else in this process reads on meanwhile."""
        # Whoever comes second finds none, and opens the table anew.
        opened = _read_on(uri, self._unshared.pop(uri, None))
        yield opened.table if opened else None
        if opened:
            self._unshared[uri] = opened

    def files(self, uri: str, snapshot: DeltaTable) -> list[DataFile]:
        """The files of a snapshot."""
        commit, found = snapshot.version(), self._files.get(uri)
        if found and found[0] is snapshot and found[1] == commit:
            return found[2]
        files = files_of(snapshot)
        opened = self._opened.get(uri)
        if opened and snapshot is opened.table:
            self._files[uri] = snapshot, commit, files
        return files


@lru_cache(maxsize=8)
def snapshots_of(root: str) -> Snapshots:
    """Those of this process, which opens a table once."""
    return Snapshots()


def _read_on(uri: str, opened: Opened | None) -> Opened | None:
    """What was opened, read on to the newest commit, or opened anew; None where no table is."""
    if opened and opened.is_still_there(uri) and _is_up_to_date(uri, opened.table):
        is_same = opened.table.version() == opened.commit
        return opened if is_same else Opened.of(uri, opened.table)
    table = find_table(uri)
    return Opened.of(uri, table) if table is not None else None


def _is_up_to_date(uri: str, table: DeltaTable) -> bool:
    """Reads on to the newest commit; False where the log is not what it was, or is damaged.

    So also where the commits after this one are forgotten, but not this one itself.
    """
    commit = table.version()
    # To ask Delta takes a hundred times as long as to look for the file of a next commit.
    if _commit(uri, commit + 1).exists():
        try:
            table.update_incremental()
        except DeltaError:
            return False
    elif _last_checkpoint(uri) > commit:
        return False
    # A backup that was brought back may end before it.
    return _commit(uri, commit).exists()


def _last_checkpoint(uri: str) -> int:
    try:
        return int(json.loads(Path(f"{uri}/_delta_log/_last_checkpoint").read_bytes())["version"])
    except (OSError, ValueError, KeyError):
        return -1


def _mark(uri: str, number: int) -> tuple[int, int] | None:
    """Tells a commit from another of the same number; None if it is not there."""
    try:
        found = _commit(uri, number).stat()
    except OSError:
        return None
    return found.st_ino, found.st_mtime_ns


def _commit(uri: str, number: int) -> Path:
    return Path(f"{uri}/_delta_log/{number:020}.json")
