"""Ours: days of a model through Dagster, as `mlops-drift run` runs them, each measured."""

import cProfile
import pstats
import time
from datetime import date
from pathlib import Path
from typing import Any

import child
import dagster as dg
import environments
from dagster_steps import step_seconds

import mlops_drift
from mlops_drift.assets.common import DAY_TAG
from mlops_drift.config.loading import find_model
from mlops_drift.jobs import daily_job_name
from mlops_drift.simulation.historical_run import HistoricalRun
from mlops_drift.simulation.instance import open_instance, quiet
from mlops_drift.simulation.retrainings import Step

# Functions of a profile that are shown.
_SHOWN = 45
_PACKAGE = Path(mlops_drift.__file__).parent
# Of a day.
OUTSIDE = "outside the run: the sensor's look"


class Days:
    """The days that were run, with what each took; a plain script may run after each of them."""

    def __init__(self, task: child.Task) -> None:
        self._beside: dict[str, child.Task] = task.get("beside", {})
        self._profiled: str | None = task.get("profiled")
        # Whatever else works on the machine.
        self.profile = cProfile.Profile(time.process_time)
        self.found: list[dict[str, Any]] = []

    def on_step(self, step: Step, what: str) -> None:
        """Measures the days of a `HistoricalRun`."""
        day = step.last.isoformat()
        if what == "running":
            self.found.append({"day": day, "trained": False, "began": time.time()})
            self._cpu = time.process_time()
            if day == self._profiled:
                self.profile.enable()
        elif what.startswith("retraining"):
            self.found[-1]["trained"] = True
        elif what == "complete" and self.found and self.found[-1]["day"] == day:
            self.profile.disable()
            self.found[-1]["ended"] = time.time()
            self.found[-1]["cpu_seconds"] = time.process_time() - self._cpu
            if day in self._beside:
                plain = environments.run("plain_day", self._beside[day])
                self.found[-1]["plain"] = vars(plain)

    def with_steps(self, instance: dg.DagsterInstance, model: str) -> list[dict[str, Any]]:
        """The days, each with its seconds in all and by step."""
        days = []
        for one in self.found:
            wanted = dg.RunsFilter(job_name=daily_job_name(model), tags={DAY_TAG: one["day"]})
            steps = step_seconds(instance, instance.get_runs(wanted, limit=1)[0])
            seconds = one["ended"] - one["began"]
            steps[OUTSIDE] = seconds - sum(steps.values())
            days.append({**one, "seconds": seconds, "steps": steps})
        return days


def functions(profile: cProfile.Profile) -> dict[str, list[list[Any]]]:
    """Ours by what they took with all that they called, and any by their own time."""
    stats = pstats.Stats(profile).stats  # type: ignore[attr-defined]
    rows = [
        [_shown(file, line, name), calls, own, in_all]
        for (file, line, name), (_, calls, own, in_all, _) in stats.items()
    ]
    ours = [row for row in rows if row[0].startswith("mlops_drift/")]
    return {
        "ours": sorted(ours, key=lambda row: -row[3])[:_SHOWN],
        "own": sorted(rows, key=lambda row: -row[2])[:_SHOWN],
    }


def _shown(file: str, line: int, name: str) -> str:
    path = Path(file)
    if path.is_relative_to(_PACKAGE):
        return f"{path.relative_to(_PACKAGE.parent)}:{line} {name}"
    return f"{'/'.join(path.parts[-2:])}:{line} {name}" if line else name


def run(task: child.Task) -> dict[str, Any]:
    """Runs `model` until a day; what the days took, and the functions of the day `profiled`."""
    days = Days(task)
    with quiet(), open_instance() as instance:
        history = HistoricalRun(
            find_model(task["model"]), instance, last=date.fromisoformat(task["until"])
        )
        history.run(days.on_step)
        measured = days.with_steps(instance, task["model"])
    profiled = functions(days.profile) if task.get("profiled") else {}
    return {"days": measured, "functions": profiled}


if __name__ == "__main__":
    child.answer(run)
