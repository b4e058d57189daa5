"""Long histories: worlds of `insurance` at some of its days, and what one more day costs there."""

import os
import resource
import shutil
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from competitors import environments
from deltalake import DeltaTable

from mlops_drift.settings import DATA_VARIABLE

MODEL, START = "insurance", date(2019, 12, 1)
MAKING = "making"
PROGRAM = (str(Path(sys.executable).with_name("mlops-drift")),)


@dataclass(frozen=True)
class Taken:
    """What a process took, from its start to its end: by the clock, and of processors."""

    seconds: float
    cpu_seconds: float
    output: str


def taken(command: Sequence[str], variables: Mapping[str, str]) -> Taken:
    """Runs a command.

    Raises:
        ToolError: it failed.
    """
    used, begun = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    done = subprocess.run(command, capture_output=True, text=True, env={**os.environ, **variables})
    seconds, now = time.perf_counter() - begun, resource.getrusage(resource.RUSAGE_CHILDREN)
    if done.returncode:
        raise environments.ToolError(f"{' '.join(command)} failed: {done.stderr[-2000:]}")
    cpu_seconds = now.ru_utime + now.ru_stime - used.ru_utime - used.ru_stime
    return Taken(seconds, cpu_seconds, done.stdout)


@dataclass
class Age:
    """A world at one of its days, which is copied to run on, and what was measured there.

    Attributes:
        day: the number of its last day; the first is 1.
        folder: where it lies while others are measured.
        place: where it runs, which is where it was made: MLflow knows its files by their paths.
        days: of each turn, a day through Dagster, see `ours_run`.
        idle: `run` with nothing to do.
        status: the command.
    """

    day: int
    folder: Path
    place: Path
    days: list[dict[str, Any]] = field(default_factory=list)
    idle: list[Taken] = field(default_factory=list)
    status: list[Taken] = field(default_factory=list)

    def variables(self) -> dict[str, str]:
        """The environment variables of processes that work with it."""
        return {DATA_VARIABLE: str(self.place)}

    def until(self, more: int = 0) -> str:
        """Its last day, or one so many days later."""
        return (START + timedelta(days=self.day - 1 + more)).isoformat()

    def measure(self, turn: int) -> None:
        """Runs two more days in one process, of which the second counts, then the commands."""
        self.folder.rename(self.place)
        task = {"model": MODEL, "until": self.until(2 * turn)}
        answer = environments.run("ours_run", task, variables=self.variables())
        self.days += answer.result["days"][-1:]
        run = [*PROGRAM, "run", MODEL, "--until", task["until"]]
        self.idle.append(taken(run, self.variables()))
        self.status.append(taken([*PROGRAM, "status", MODEL], self.variables()))
        self.place.rename(self.folder)

    @property
    def calm(self) -> list[dict[str, Any]]:
        """The days without a training, if there are any."""
        return [day for day in self.days if not day["trained"]] or self.days

    def least(self, what: str, unit: str) -> float:
        """The minimum of what was measured."""
        if what == "days":
            return float(min(day[unit] for day in self.calm))
        return float(min(getattr(one, unit) for one in getattr(self, what)))

    def most_files(self) -> tuple[int, str]:
        """The number of data files of the table that has most of them, and its name."""
        lake = self.folder / "lake"
        logs = lake.glob("*/*/_delta_log")
        found = [(len(DeltaTable(str(log.parent)).file_uris()), log.parent) for log in logs]
        count, table = max(found)
        return count, str(table.relative_to(lake))

    def megabytes(self) -> float:
        """The size of all its state."""
        files = (path for path in self.folder.rglob("*") if path.is_file())
        return sum(path.stat().st_size for path in files) / 1e6


def worlds(folder: Path, days: Sequence[int], step: int = 1) -> dict[int, Path]:
    """The worlds that are kept in a folder; each that is missing goes on from the one before.

    Each run of those that are made holds so many days.
    """
    made: dict[int, Path] = {}
    before: Path | None = None
    for day in sorted(days):
        kept, making = folder / f"day-{day}", folder / MAKING
        if not kept.exists():
            # What an interrupted run has left is no world of that day.
            shutil.rmtree(making, ignore_errors=True)
            if before is None:
                making.mkdir(parents=True)
            else:
                shutil.copytree(before, making)
            age = Age(day, kept, making)
            command = [*PROGRAM, "run", MODEL, "--until", age.until(), "--step", str(step)]
            # Its progress is shown.
            subprocess.run(command, env={**os.environ, **age.variables()}, check=True)
            making.rename(kept)
        made[day] = before = kept
    return made


def copies(kept: Mapping[int, Path], folder: Path) -> list[Age]:
    """A copy of each world, to run where they were made."""
    ages = []
    for day, world in kept.items():
        copy, place = folder / f"copy-of-day-{day}", world.with_name(MAKING)
        shutil.rmtree(place, ignore_errors=True)
        shutil.rmtree(copy, ignore_errors=True)
        shutil.copytree(world, copy)
        ages.append(Age(day, copy, place))
    return ages
