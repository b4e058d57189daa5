"""Folders that are written once: complete or not at all, and verified when they are read."""

import hashlib
import json
import os
import shutil
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from mlops_drift.errors import UserError

# Folders that are being written.
WRITING = ".writing-"

# Lists the files of a folder with their digests, and has one of its own.
MANIFEST = "manifest.json"


class CorruptionError(UserError):
    """What is stored is not what was written."""


def canonical_json(content: Mapping[str, Any] | Sequence[Any]) -> bytes:
    """The content as JSON that depends on nothing else, not on the order of its keys either."""
    return json.dumps(content, sort_keys=True, indent=1).encode()


def write_folder(
    folder: Path, files: Mapping[str, bytes], about: Mapping[str, Any], remedy: str
) -> None:
    """Writes files and their manifest so that the folder appears complete or not at all.

    Raises:
        CorruptionError: if it is there already, and is damaged; the message ends with the remedy.
    """
    folder.parent.mkdir(parents=True, exist_ok=True)
    body = {**about, "files": {name: _digest(content) for name, content in files.items()}}
    manifest = {**body, "manifest": _digest(canonical_json(body))}
    staging = Path(tempfile.mkdtemp(prefix=WRITING, dir=folder.parent))
    try:
        for name, content in {**files, MANIFEST: canonical_json(manifest)}.items():
            with (staging / name).open("wb") as handle:
                handle.write(content)
                handle.flush()
                os.fsync(handle.fileno())
        staging.chmod(0o755)
        try:
            staging.rename(folder)
        except OSError:
            # Another process stored the same folder first: that one counts, if it is sound.
            if not folder.exists():
                raise
            read_folder(folder, remedy)
    finally:
        shutil.rmtree(staging, ignore_errors=True)


def read_folder(folder: Path, remedy: str) -> dict[str, bytes]:
    """The files that a folder's manifest lists, each verified, and the manifest itself.

    Raises:
        FileNotFoundError: if there is no such folder.
        CorruptionError: if a file is missing or differs from what was written.
    """
    digests = read_manifest(folder, remedy)
    return {name: read_file(folder / name, digest, remedy) for name, digest in digests.items()}


def read_manifest(folder: Path, remedy: str) -> dict[str, str]:
    """The digest of each file of a folder, verified itself."""
    if not folder.is_dir():
        raise FileNotFoundError(f"{folder}: no such training set or version")
    try:
        raw = (folder / MANIFEST).read_bytes()
        manifest = json.loads(raw)
        digests: dict[str, str] = manifest["files"]
        body = {name: value for name, value in manifest.items() if name != "manifest"}
        is_sound = manifest == {**body, "manifest": _digest(canonical_json(body))}
        is_sound = is_sound and raw == canonical_json(manifest)
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise CorruptionError(f"{folder / MANIFEST} is damaged: {error}; {remedy}") from error
    if not is_sound:
        raise CorruptionError(f"{folder / MANIFEST} is damaged: its digest differs; {remedy}")
    return digests


def read_file(path: Path, digest: str, remedy: str) -> bytes:
    """A file whose digest is known."""
    if not path.is_file():
        raise CorruptionError(f"{path} is missing; {remedy}")
    content = path.read_bytes()
    if (found := _digest(content)) != digest:
        differs = f"its SHA-256 is {found}, written was {digest}"
        raise CorruptionError(f"{path} is damaged: {differs}; {remedy}")
    return content


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
