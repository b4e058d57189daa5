"""The data files of a table, and the days that each of them holds."""

from dataclasses import dataclass
from datetime import date
from urllib.parse import unquote

import pyarrow as pa
from deltalake import DeltaTable


@dataclass(frozen=True)
class DataFile:
    """A Parquet file of a snapshot; `first` and `last` are of its days, None where unknown."""

    uri: str
    size: int
    rows: int
    first: date | None = None
    last: date | None = None

    def may_hold(self, since: date | None, until: date | None) -> bool:
        """Whether it may have rows of some days; bounds are inclusive, None is unbounded.

        >>> file = DataFile("a.parquet", 100, 2, date(2024, 3, 1), date(2024, 3, 31))
        >>> file.may_hold(date(2024, 3, 31), None), file.may_hold(None, date(2024, 2, 29))
        (True, False)
        """
        is_over = since is not None and self.last is not None and self.last < since
        is_ahead = until is not None and self.first is not None and self.first > until
        return not (is_over or is_ahead)

    def surely_holds(self, since: date | None, until: date | None) -> bool:
        """Whether it has rows of some days for certain, as its first or its last day is one."""
        known = [day for day in (self.first, self.last) if day is not None]
        if since is None and until is None:
            return self.rows > 0
        return any((since or day) <= day <= (until or day) for day in known)


def files_of(snapshot: DeltaTable) -> list[DataFile]:
    """The files of a snapshot, by their first day."""
    # `pa.table` would import pandas to see whether it is a frame.
    actions = snapshot.get_add_actions(flatten=True)
    added = pa.RecordBatchReader.from_stream(actions).read_all()
    root = snapshot.table_uri.rstrip("/")
    values = zip(
        [_place(root, path) for path in added["path"].to_pylist()],
        added["size_bytes"].to_pylist(),
        added["num_records"].to_pylist(),
        _days(added, "min.day"),
        _days(added, "max.day"),
        strict=True,
    )
    found = [DataFile(uri, size, rows or 0, first, last) for uri, size, rows, first, last in values]
    return sorted(found, key=lambda one: (one.first or date.min, one.last or date.max, one.uri))


def first_day(snapshot: DeltaTable | None) -> date | None:
    """The first day that a snapshot has rows of; None without rows, or where nobody knows."""
    files = files_of(snapshot) if snapshot is not None else []
    return min((file.first for file in files if file.first), default=None)


def _place(root: str, path: str) -> str:
    """Where a file of a table lies: both are percent-encoded, which only a URL may be."""
    if "://" in path or path.startswith("/"):
        return path
    local = root.startswith("file://")
    return unquote(f"{root.removeprefix('file://')}/{path}") if local else f"{root}/{path}"


def _days(added: pa.Table, name: str) -> list[date | None]:
    """A bound of each file; none where the statistics do not say, as of a table without days."""
    if name not in added.column_names or not pa.types.is_date(added[name].type):
        return [None] * added.num_rows
    known: list[date | None] = added[name].to_pylist()
    return known
