"""SQLite databases that are there as a whole or not at all."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

SQLITE = "sqlite:///"


def file_of(url: str) -> Path | None:
    """The file of an SQLite database such as `sqlite:////data/a.db?timeout=9`; None for others."""
    return Path(url.removeprefix(SQLITE).split("?")[0]) if url.startswith(SQLITE) else None


@contextmanager
def made_beside(place: Path) -> Iterator[str]:
    """The URL of a database to make, which is moved to its place afterwards.

    Libraries make their tables one by one: a kill in between would leave a database that they can
    neither use nor finish.
    """
    place.parent.mkdir(parents=True, exist_ok=True)
    unfinished = place.with_suffix(".unfinished")
    unfinished.unlink(missing_ok=True)
    yield f"{SQLITE}{unfinished}"
    unfinished.rename(place)
