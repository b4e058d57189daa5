"""The disk space of the tables and folders of the lake, and how it is freed."""

import shutil
import time
from collections import Counter
from collections.abc import Collection
from datetime import date
from pathlib import Path
from urllib.parse import unquote

import pyarrow.parquet as parquet
from deltalake import DeltaTable

from mlops_drift.schema.day_columns import count_days
from mlops_drift.store.files import files_of
from mlops_drift.store.snapshots import find_table
from mlops_drift.store.tables import Table
from mlops_drift.store.write_once import MANIFEST, WRITING

# Folders that are being removed.
REMOVING = ".removing-"

# What is written now is nobody's yet: only the clock tells it from what a kill left.
IN_USE_SECONDS = 24 * 3600


def size_of(path: str | Path) -> int:
    """Bytes of a file, or of all files below a folder; 0 where nothing is."""
    place = Path(path)
    if place.is_file():
        return place.stat().st_size
    return sum(file.stat().st_size for file in place.rglob("*") if file.is_file())


def is_in_use(path: Path) -> bool:
    """Whether a folder was written or touched within a day, by the clock."""
    return time.time() - path.stat().st_mtime < IN_USE_SECONDS


def remove(path: str | Path) -> None:
    """Removes a file or a folder, which is gone at once or not at all.

    A folder is renamed first: a kill leaves none that has only some of its files.
    """
    place = Path(path)
    if not place.is_dir():
        place.unlink(missing_ok=True)
        return
    if not place.name.startswith(REMOVING):
        going = place.with_name(f"{REMOVING}{place.name}")
        shutil.rmtree(going, ignore_errors=True)
        place = place.rename(going)
    shutil.rmtree(place)


def left_by_kills(folder: Path) -> list[Path]:
    """Folders below another that were being written more than a day ago, or removed."""
    writing = [path for path in folder.rglob(f"{WRITING}*") if not is_in_use(path)]
    return sorted([*writing, *folder.rglob(f"{REMOVING}*")])


def folder_of(root: str, table: Table) -> Path:
    """Where a table of a lake lies."""
    return Path(root) / table.folder


def sizes_by_day(stored: DeltaTable | None) -> dict[date, int]:
    """Bytes of each day of a table that has days; empty where nothing is.

    A day has the share of its rows of a file that holds several.
    """
    sizes: Counter[date] = Counter()
    for file in files_of(stored) if stored is not None else []:
        if file.first is not None and file.first == file.last:
            sizes[file.first] += file.size
        elif file.first is not None:
            rows = count_days(parquet.read_table(file.uri, columns=["day"])["day"])
            sizes.update({day: file.size * n // file.rows for day, n in rows.items()})
    return dict(sorted(sizes.items()))


def old_files(stored: DeltaTable | None, folder: Path, keep: Collection[int] = ()) -> int:
    """Bytes of files in a table's folder that neither the last week nor a kept commit reads."""
    files = _vacuum(stored, folder, keep, dry_run=True) if stored is not None else []
    # Paths come percent-encoded.
    return sum(size_of(folder / unquote(file)) for file in files)


def remove_old_files(root: str, table: Table, keep: Collection[int] = ()) -> None:
    """Removes the files that neither a snapshot of the last week nor a kept commit reads."""
    folder = folder_of(root, table)
    stored = find_table(str(folder))
    if stored is not None:
        _vacuum(stored, folder, keep, dry_run=False)


def _vacuum(stored: DeltaTable, folder: Path, keep: Collection[int], *, dry_run: bool) -> list[str]:
    # A full one also finds the files that checkpoints of the last week no longer list. It would
    # take the training sets of a model that is called like a table.
    full = not any(folder.glob(f"*/{MANIFEST}"))
    return stored.vacuum(dry_run=dry_run, full=full, keep_versions=sorted(keep) or None)
