"""The log of a Delta table: a JSON file for each commit that is not forgotten."""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from pyarrow import fs

from mlops_drift.store.lake import LakeError

_COMMIT = re.compile("_delta_log/([0-9]{20})[.]json")


@dataclass(frozen=True)
class LoggedCommit:
    """What a commit has written into the log, action by action.

    Attributes:
        info: when it was, of which operation, and what else its writer has noted.
    """

    number: int
    actions: list[Mapping[str, Any]]
    info: Mapping[str, Any]

    def of(self, action: str) -> list[Mapping[str, Any]]:
        """The actions of one kind, such as `add`."""
        return [one[action] for one in self.actions if action in one]


class CommitLog:
    """The log of a table at a place, as it is when it is first asked; and the files below it."""

    def __init__(self, place: str) -> None:
        self._system, self._root = filesystem(place)

    @cached_property
    def files(self) -> frozenset[str]:
        """All files of the table, by their path in it."""
        listed = self._system.get_file_info(fs.FileSelector(self._root, recursive=True))
        start = len(self._root) + 1
        return frozenset(one.path[start:] for one in listed if one.type == fs.FileType.File)

    @cached_property
    def numbers(self) -> list[int]:
        """The commits that are remembered, ascending."""
        return sorted(int(found[1]) for found in map(_COMMIT.fullmatch, self.files) if found)

    def commits(self, *, newest_first: bool = False) -> Iterator[LoggedCommit]:
        """The commits that are remembered; those that are forgotten meanwhile are left out."""
        for number in reversed(self.numbers) if newest_first else self.numbers:
            file = f"{self._root}/_delta_log/{number:020}.json"
            try:
                yield self._read(number, file)
            except FileNotFoundError:
                continue
            except ValueError as error:
                raise LakeError(
                    f"{file} cannot be read: {error}; bring it back from a backup"
                ) from error

    def _read(self, number: int, file: str) -> LoggedCommit:
        with self._system.open_input_stream(file) as stream:
            actions = [json.loads(line) for line in stream.read().splitlines() if line]
        # Delta does not require it.
        info: dict[str, Any] = {"operation": "unknown"}
        for one in actions:
            info |= one.get("commitInfo", {})
        if "timestamp" not in info:
            info["timestamp"] = self._system.get_file_info(file).mtime.timestamp() * 1000
        return LoggedCommit(number, actions, info)


def filesystem(place: str) -> tuple[fs.FileSystem, str]:
    """Where a place lies: its file system, and its path in it."""
    if "://" in place:
        found: tuple[fs.FileSystem, str] = fs.FileSystem.from_uri(place)
        return found
    return fs.LocalFileSystem(), Path(place).absolute().as_posix()
