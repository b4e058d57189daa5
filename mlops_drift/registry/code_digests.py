"""Digests of the project's own code: which code made something."""

import hashlib
import subprocess
from functools import cache
from importlib import metadata
from pathlib import Path

from mlops_drift.own_code import sources

PACKAGE = Path(__file__).resolve().parent.parent

# What tools call the file that pins every dependency of a project.
LOCKS = ("requirements.lock", "uv.lock", "poetry.lock", "pdm.lock", "pylock.toml")


@cache
def code_digest(*parts: str) -> str:
    """SHA-256 over the sources of the project's packages or modules, such as `settings.py`."""
    hasher = hashlib.sha256()
    for part in parts:
        path = PACKAGE / part
        files = sorted(path.rglob("*.py")) if path.is_dir() else [path]
        for file in files:
            hasher.update(f"{file.relative_to(PACKAGE).as_posix()}\x00".encode())
            hasher.update(file.read_bytes())
    return hasher.hexdigest()


@cache
def learning_code_digest(libraries: tuple[str, ...], own: tuple[str, ...] = ()) -> str:
    """Digest of what turns a training set into a version: our code and the libraries' versions.

    With it, the code of a user's own families and metric, by their import paths.
    """
    code = f"{code_digest('learning', 'schema')} {' '.join(pinned(libraries))}"
    code += f" {own_code_digest(own)}" if own else ""
    return hashlib.sha256(code.encode()).hexdigest()


@cache
def own_code_digest(paths: tuple[str, ...]) -> str:
    """SHA-256 over the modules of these import paths, and what they rest on in their packages."""
    hasher = hashlib.sha256()
    for name, source in sorted(sources(paths).items()):
        hasher.update(f"{name}\x00{len(source)}\x00".encode())
        hasher.update(source)
    return hasher.hexdigest()


@cache
def pinned(libraries: tuple[str, ...]) -> tuple[str, ...]:
    """Each library with its version, as pip takes it; read once a process."""
    return tuple(f"{name}=={metadata.version(name)}" for name in libraries)


def lock_digest(project: Path | None) -> str:
    """SHA-256 of the file that pins every dependency; `unknown` where the project has none."""
    files = (project / name for name in LOCKS) if project else ()
    lock = next((file for file in files if file.is_file()), None)
    return hashlib.sha256(lock.read_bytes()).hexdigest() if lock else "unknown"


def git_sha(project: Path | None) -> str:
    """The commit of a project, with `+changes` when files differ from it; else `unknown`."""
    if project is None:
        return "unknown"
    try:
        sha = _git(project, "rev-parse", "HEAD")
        changed = _git(project, "status", "--porcelain", "--untracked-files=no")
    except (OSError, subprocess.CalledProcessError):
        return "unknown"
    return f"{sha}+changes" if changed else sha


def _git(project: Path, *arguments: str) -> str:
    return subprocess.run(
        ["git", "-C", str(project), *arguments], capture_output=True, check=True, text=True
    ).stdout.strip()
