"""The past that events of one day may look at, as a file of the processes that serve."""

import json
from dataclasses import asdict, dataclass
from datetime import date
from hashlib import file_digest
from pathlib import Path
from typing import Self

from mlops_drift.store.sealed import FeatureError

# Tables of the file. Their rows are in the order of entity, day and key: those of an entity lie
# together, and in the order that a query of whole days reads them in. A row of the second is an
# entity, and a label as a struct.
EVENT_HISTORY, LABEL_HISTORY = "event_history", "label_history"

_DATABASE, _MANIFEST = "window.duckdb", "window.json"


@dataclass(frozen=True)
class Window:
    """Events and labels of the `history_days` days before a day, by entity.

    Attributes:
        folder: holds the file and its manifest.
        day: the only one whose events may look at it.
        history_days: how many days before it are in it.
        entity: the column that the rows are found by.
        events: how many.
        labels: how many; one without an event is not in it.
        commits: of the tables that it was read from, by name; None of one that was never written.
        digest: SHA-256 of the file.
    """

    folder: Path
    day: date
    history_days: int
    entity: str
    events: int
    labels: int
    commits: dict[str, int | None]
    digest: str

    @property
    def database(self) -> Path:
        """The DuckDB file."""
        return database_in(self.folder)

    def write(self) -> None:
        """Puts the manifest beside the file, at once or not at all."""
        content = asdict(self) | {"day": self.day.isoformat()}
        del content["folder"]
        begun = self.folder / f"{_MANIFEST}.new"
        begun.write_text(json.dumps(content, indent=2))
        begun.replace(self.folder / _MANIFEST)

    @classmethod
    def load(cls, folder: Path) -> Self:
        """The window of a folder; a `FeatureError` if it is not complete or was changed."""
        again = f"{folder} holds no complete window of the past; export it again"
        try:
            content = json.loads((folder / _MANIFEST).read_bytes())
            window = cls(folder, date.fromisoformat(content.pop("day")), **content)
            found = digest_of(window.database)
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise FeatureError(f"{again} ({error})") from error
        if found != window.digest:
            raise FeatureError(f"{again} (the digest of {_DATABASE} is not that of the manifest)")
        return window


def database_in(folder: Path) -> Path:
    """Where the DuckDB file of a window lies."""
    return folder / _DATABASE


def digest_of(file: Path) -> str:
    """SHA-256 of a file, in hexadecimal."""
    with file.open("rb") as content:
        return file_digest(content, "sha256").hexdigest()
