"""The commits of a table, and the table as it was at one of them."""

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from difflib import get_close_matches
from itertools import islice
from typing import Any

from deltalake import DeltaTable

from mlops_drift.store.commit_log import CommitLog, LoggedCommit
from mlops_drift.store.delta import COMPACTION_MARK
from mlops_drift.store.lake import Lake, LakeError
from mlops_drift.store.readable import at_commit, has_all_files, readable_commits
from mlops_drift.store.snapshots import open_table

# When a table is read: at the end of a day by the clock, in UTC, or at the commit of a number.
AsOf = date | int

_DAY = re.compile(r"day (?:=|>=|<=) '([0-9]{4}-[0-9]{2}-[0-9]{2})'")


class NotYetError(LakeError):
    """The table was not there yet."""


class GoneError(LakeError):
    """What the table held can no longer be read."""


@dataclass(frozen=True)
class Commit:
    """What a commit did to its table.

    Attributes:
        time: by the clock of who committed, in UTC.
        rows_added: with those that replace others; None where Delta does not count.
        rows_removed: None where Delta does not count.
        by: who restored the table with it, and the reason.
        readable: whether the files of the table at this commit are all there.
    """

    number: int
    time: datetime
    action: str
    rows_added: int | None
    rows_removed: int | None
    by: str | None
    reason: str | None
    readable: bool


def place_of(lake: Lake, name: str) -> str:
    """Where a table of this name lies; a `LakeError` with similar names if there is none."""
    names = lake.names()
    if name in names:
        return lake.place(name)
    near = [repr(one) for one in get_close_matches(name, names)]
    hint = f" Did you mean {' or '.join(near)}?" if near else ""
    known = ", ".join(names) or "none yet"
    raise LakeError(f"there is no table {name!r}.{hint} The tables are: {known}")


def commits(place: str, limit: int | None = None) -> list[Commit]:
    """The commits of a table, newest first; at most so many."""
    readable = readable_commits(place)
    newest_first = CommitLog(place).commits(newest_first=True)
    return [_commit(one, readable) for one in islice(newest_first, limit)]


def _commit(commit: LoggedCommit, readable: Collection[int]) -> Commit:
    info = commit.info
    counted = info.get("operationMetrics", {})
    return Commit(
        commit.number,
        _time(commit),
        _action(info, info.get("operationParameters", {}), counted),
        counted.get("num_added_rows"),
        counted.get("num_deleted_rows"),
        info.get("by"),
        info.get("reason"),
        commit.number in readable,
    )


def _time(commit: LoggedCommit) -> datetime:
    return datetime.fromtimestamp(commit.info["timestamp"] / 1000, UTC)


def _action(info: Mapping[str, Any], given: Mapping[str, Any], counted: Mapping[str, Any]) -> str:
    """What an operation did, in plain words."""
    operation: str = info["operation"]
    if info.get(COMPACTION_MARK):
        files = f"{counted['num_removed_files']} files to {counted['num_added_files']}"
        return f"{_days(given)} compacted, {files}"
    match operation:
        case "CREATE TABLE":
            return "created"
        case "RESTORE":
            return f"restored to commit {given['version']}"
        case "OPTIMIZE":
            return f"compacted, {counted['numFilesRemoved']} files to {counted['numFilesAdded']}"
        case "VACUUM START":
            return "cleanup of old files begun"
        case "VACUUM END":
            return f"cleaned, {counted['numDeletedFiles']} old files removed"
        case "WRITE":
            is_empty = counted.get("num_added_rows") == 0
            return f"{_days(given)} {'emptied' if is_empty else 'written'}"
        case "DELETE":
            return f"{_days(given)} removed"
    return operation.lower()


def _days(given: Mapping[str, Any]) -> str:
    """The days that a write is about.

    >>> _days({"predicate": "day >= '2024-10-01'::date AND day <= '2024-10-07'::date"})
    'days 2024-10-01 to 2024-10-07'
    >>> _days({"mode": "Overwrite"})
    'whole table'
    """
    if given.get("mode") == "Append":
        return "rows"
    predicate = given.get("predicate") or ""
    days = sorted(set(_DAY.findall(predicate)))
    if not days:
        return f"rows where {predicate}" if predicate else "whole table"
    return f"day {days[0]}" if len(days) == 1 else f"days {days[0]} to {days[-1]}"


def table_at(place: str, name: str, as_of: AsOf) -> DeltaTable:
    """A table as it was.

    Raises:
        NotYetError: if it was created after that day.
        GoneError: if the commit is forgotten, or files of it were removed.
        LakeError: if the day is to come, or there is no such commit.
    """
    newest = open_table(place)
    number = as_of if isinstance(as_of, int) else _last_commit(place, name, as_of)
    if not 0 <= number <= newest.version():
        raise LakeError(f"{name} has no commit {number}; its commits are 0 to {newest.version()}")
    found = at_commit(place, number)
    if found is not None and has_all_files(found):
        return found
    of_day = "" if isinstance(as_of, int) else f", the last of {as_of},"
    gone = f"commit {number} of {name}{of_day} can no longer be read, as files of it were removed"
    if found is None:
        what = f"its commit {as_of}" if isinstance(as_of, int) else f"what it held on {as_of}"
        gone = f"{name} no longer remembers {what}"
    raise GoneError(f"{gone}; {_readable_after(place, number)}")


def _readable_after(place: str, number: int) -> str:
    readable = readable_commits(place)
    for commit in CommitLog(place).commits():
        if commit.number > number and commit.number in readable:
            of_day = f"commit {commit.number} of {_time(commit).date()}"
            return f"the oldest after it that can be read is {of_day}"
    return "no later one can be read either"


def _last_commit(place: str, name: str, day: date) -> int:
    """The last commit of a table up to the end of a day."""
    if day > (today := datetime.now(UTC).date()):
        raise LakeError(f"what {name} will hold on {day} is not known on {today}")
    number: int | None = None
    for commit in CommitLog(place).commits():
        # Where the clocks of two writers differ, the order is that of the commits.
        if (of := _time(commit).date()) > day:
            if commit.number == 0:
                raise NotYetError(f"{name} was not there yet on {day}; its first commit is of {of}")
            # It may be forgotten.
            return commit.number - 1
        number = commit.number
    if number is None:
        raise GoneError(f"{name} remembers no commit, so nobody knows what it held on {day}")
    return number
