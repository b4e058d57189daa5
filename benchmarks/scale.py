"""Whether cost follows the data of the day: long histories, large days, and the usual alternative.

Each part makes its worlds below `--folder`, where the next run finds them again, measures in one
run, prints a table and stops by itself. Without `--folder` they are made in a temporary one.

Run: python benchmarks/scale.py history|large|alternative|start [--folder FOLDER]
"""

import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from math import nan
from pathlib import Path

import click
import scale_history
from competitors import environments
from scale_days import (
    Measured,
    evidently_day,
    failed_subjects,
    last_day,
    measure,
    run_until,
)
from scale_report import (
    CONSOLE,
    Seconds,
    report_ages,
    report_alternative,
    report_days,
    report_functions,
    report_starts,
)
from scale_world import FAULTS, LABEL_DELAY, SMALL_DAYS, World

# The steps of ours that do what a drift report and a plain script do.
SAME_STEPS = ("production_predictions", "drift_metrics")

FOLDER = click.option("--folder", type=Path, help="Where worlds are kept.")
ROWS = click.option("--rows", default=100_000, help="Rows of a day.")


@contextmanager
def place(folder: Path | None) -> Iterator[Path]:
    """The folder of the worlds."""
    if folder is not None:
        folder.mkdir(parents=True, exist_ok=True)
        yield folder.resolve()
        return
    with tempfile.TemporaryDirectory(prefix="mlops-drift-bench-") as made:
        yield Path(made)


def warm_up(world: World, until: int) -> None:
    """Runs the days before those that are measured."""
    CONSOLE.print(f"{world.rows:,} rows a day, until day {until} …")
    for day in run_until(world, until):
        training = " with a training" if day["trained"] else ""
        CONSOLE.print(f"  {day['day']}: {day['seconds']:.1f} s{training}")


@click.group()
def main() -> None:
    """Measures and prints."""


@main.command()
@FOLDER
@ROWS
@click.option("--mark", "marks", multiple=True, default=[14, 40], help="Days that are measured.")
@click.option("--repeat", default=3, help="Days up to each mark; the median counts.")
@click.option("--profile", is_flag=True, help="Also shows the functions of one more day.")
def large(
    folder: Path | None, rows: int, marks: tuple[int, ...], repeat: int, profile: bool
) -> None:
    """A large day, early and late, beside a plain script."""
    # The labels of every day that is measured are those of a large one.
    first = SMALL_DAYS + LABEL_DELAY + repeat
    if min(marks) < first:
        raise click.UsageError(f"--mark must be {first} or later: the first {SMALL_DAYS} are small")
    found: dict[int, Measured] = {}
    with place(folder) as kept:
        world = World(kept / f"rows-{rows}", rows)
        for mark in sorted(marks):
            warm_up(world, mark - repeat - 1)
            world.make(mark)
            found[mark] = measure(world, range(mark - repeat + 1, mark + 1))
        report_days(world, found)
        if profile:
            world.make(max(marks) + 2)
            report_functions(measure(world, [max(marks) + 2], profiled=True).functions)


@main.command()
@FOLDER
@ROWS
@click.option("--repeat", default=3, help="Days; the median counts.")
@click.option("--envs", default=environments.DEFAULT_FOLDER, type=Path, help="Environments.")
def alternative(folder: Path | None, rows: int, repeat: int, envs: Path) -> None:
    """Days with faults: ours, beside evidently's report and a plain script."""
    try:
        python = environments.python_of("evidently", envs)
    except environments.ToolError as error:
        CONSOLE.print(f"skipped: {error}")
        return
    with place(folder) as kept:
        world = World(kept / f"rows-{rows}", rows)
        reference = SMALL_DAYS + 1
        warm_up(world, max(last_day(world), reference + LABEL_DELAY))
        before = last_day(world) + 1
        world.make(before + repeat, faulty=before + 1)
        measured = measure(world, range(before + 1, before + repeat + 1))
        environments.run("plain_day", world.task(reference))
        taken: dict[str, list[Seconds]] = {"drift": [], "whole": []}
        found = {"ours": set(FAULTS), "evidently": set(FAULTS)}
        for number, day in enumerate(measured.days, start=before + 1):
            plain = day["plain"]
            for name, reports in taken.items():
                answer = evidently_day(world, number, reference, python, whole=name == "whole")
                seconds = answer.seconds + plain["seconds"]
                reports.append((seconds, answer.cpu_seconds + plain["cpu_seconds"]))
            # What every day found.
            found["ours"].intersection_update(failed_subjects(world, number))
            found["evidently"].intersection_update(answer.result)
    shown = {name: ", ".join(sorted(names)) or "nothing" for name, names in found.items()}
    days, summary = measured.days, "drift, data summary, classification, and a plain script"
    plains = [(day["plain"]["seconds"], day["plain"]["cpu_seconds"]) for day in days]
    report_alternative(
        {
            "ours: a day through Dagster": (
                [(day["seconds"], day["cpu_seconds"]) for day in days],
                shown["ours"],
            ),
            f"evidently: {summary}": (taken["whole"], shown["evidently"]),
        }
    )
    report_alternative(
        {
            "ours: predictions and drift of that day": (
                [(sum(day["steps"][step] for step in SAME_STEPS), nan) for day in days],
                shown["ours"],
            ),
            "evidently: drift, and a plain script": (taken["drift"], shown["evidently"]),
            "  the plain script alone": (plains, ""),
        }
    )
    CONSOLE.print(f"faults: {', '.join(FAULTS)}")


@main.command()
@FOLDER
@click.option("--day", "days", multiple=True, default=[40, 400, 1100], help="Ages of the worlds.")
@click.option("--repeat", default=3, help="Turns; the minimum counts.")
@click.option("--step", default=1, help="Days in a run of the worlds: more are made sooner.")
def history(folder: Path | None, days: tuple[int, ...], repeat: int, step: int) -> None:
    """One more day of insurance after a short and after a long history."""
    with place(folder) as kept:
        worlds = scale_history.worlds(kept / "history", days, step)
        with tempfile.TemporaryDirectory(prefix="copies-", dir=kept) as copied:
            ages = scale_history.copies(worlds, Path(copied))
            for turn in range(1, repeat + 1):
                for age in ages:
                    CONSOLE.print(f"turn {turn}, day {age.day} …")
                    age.measure(turn)
            report_ages(ages)


@main.command()
@FOLDER
@click.option("--repeat", default=5, help="Runs of each; the minimum counts.")
def start(folder: Path | None, repeat: int) -> None:
    """How long commands take to start."""
    program = scale_history.PROGRAM
    commands = {
        "python": (sys.executable, "-c", "pass"),
        "import dagster": (sys.executable, "-c", "import dagster"),
        "mlops-drift --help": (*program, "--help"),
        "mlops-drift status insurance": (*program, "status", scale_history.MODEL),
    }
    found: dict[str, list[scale_history.Taken]] = {name: [] for name in commands}
    with place(folder) as kept:
        world = scale_history.worlds(kept / "history", [40])[40]
        variables = scale_history.Age(40, world, world).variables()
        for _ in range(repeat):
            for name, command in commands.items():
                found[name].append(scale_history.taken(command, variables))
    report_starts(found)


if __name__ == "__main__":
    main()
