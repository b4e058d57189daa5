"""Days of a generated world: run through Dagster, beside a plain script, and what they found."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from competitors import environments
from scale_history import PROGRAM, taken
from scale_world import (
    CATEGORIES,
    COLUMNS,
    KEY,
    LABEL_DELAY,
    MODEL,
    POSITIVE,
    SMALL_DAYS,
    START,
    TARGET,
    World,
    day_of,
)

Day = dict[str, Any]


@dataclass(frozen=True)
class Measured:
    """Days through Dagster, each with the plain script after it, see `ours_run`.

    Attributes:
        megabytes: the largest peak of their process.
        functions: the profile, if there is one.
    """

    days: list[Day]
    megabytes: float
    functions: dict[str, list[list[Any]]]


def run_until(world: World, number: int) -> list[Day]:
    """Runs the days of a world until one, if they have not run, and fits the plain model."""
    world.make(number)
    task = {"model": MODEL, "until": day_of(number).isoformat()}
    answer = environments.run("ours_run", task, variables=world.variables)
    if not world.plain_model.exists():
        small = range(1, SMALL_DAYS + 1)
        task = world.task(1) | {
            "events": [str(world.events(number)) for number in small],
            "labels": [str(world.labels(number + LABEL_DELAY)) for number in small],
            "name": MODEL,
            "target": TARGET,
            "positive": POSITIVE,
        }
        environments.run("plain_model", task, variables=world.variables)
    days: list[Day] = answer.result["days"]
    return days


def measure(world: World, numbers: Sequence[int], *, profiled: bool = False) -> Measured:
    """Days in one process, and after each the plain script in its own.

    The day before them is run in the same process, so that what is imported and loaded once is not
    in their seconds.

    Raises:
        ToolError: one of the days had run already.
    """
    task: dict[str, Any] = {
        "model": MODEL,
        "until": day_of(numbers[-1]).isoformat(),
        "beside": {day_of(number).isoformat(): world.task(number) for number in numbers},
    }
    if profiled:
        task["profiled"] = task["until"]
    answer = environments.run("ours_run", task, variables=world.variables)
    days = [day for day in answer.result["days"] if "plain" in day]
    if len(days) < len(numbers) or len(answer.result["days"]) == len(days):
        raise environments.ToolError(
            f"{world.folder} has run until {task['until']} already; choose later days, or another "
            "--folder"
        )
    return Measured(days, answer.megabytes, answer.result["functions"])


def last_day(world: World) -> int:
    """The number of the last day that has run; 0 before the first."""
    if not (world.folder / "data" / "lake").exists():
        return 0
    command = [*PROGRAM, "status", MODEL, "--format", "json"]
    last = json.loads(taken(command, world.variables).output)["last_day"]
    return (date.fromisoformat(last) - START).days + 1 if last else 0


def failed_subjects(world: World, number: int) -> list[str]:
    """What failed a check on a day, and the columns of quarantined rows."""
    day = f"day = '{day_of(number)}'"
    sql = (
        f"SELECT DISTINCT subject FROM monitoring.{MODEL}_checks WHERE {day} AND verdict = 'fail' "
        "UNION SELECT DISTINCT split_part(reason, ':', 1) AS subject "
        f"FROM landing.{MODEL}_quarantined WHERE {day} ORDER BY subject"
    )
    found = taken([*PROGRAM, "sql", sql, "--format", "json"], world.variables)
    return [row["subject"] for row in json.loads(found.output)]


def evidently_day(
    world: World, number: int, reference: int, python: Path, *, whole: bool
) -> environments.Answer:
    """Evidently's drift report of a day beside another one of the same size.

    Whole, it summarizes the data and the classification as well, as if labels had come already.
    """
    task: dict[str, Any] = {"columns": COLUMNS}
    for name, day in (("reference", reference), ("current", number)):
        task[name] = {
            "events": str(world.events(day)),
            "predictions": str(world.plain_predictions(day)),
            "labels": str(world.labels(day + LABEL_DELAY)),
        }
    if whole:
        task |= {"key": KEY, "target": TARGET, "positive": POSITIVE, "categories": list(CATEGORIES)}
    return environments.run("evidently_day", task, python)
