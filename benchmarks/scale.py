"""Whether cost follows the data of the day: long histories, large days, and the usual alternative.

Each part makes its world below `--folder`, which is kept for the next run where it is named,
measures in one run, prints a table and stops by itself.

Run: python benchmarks/scale.py history|large|alternative|start [--folder FOLDER]
"""

import statistics
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click

from competitors import environments
from rich.console import Console
from rich.table import Table
from scale_world import (
    CATEGORIES,
    COLUMNS,
    KEY,
    LABEL_DELAY,
    MODEL,
    POSITIVE,
    SMALL_DAYS,
    TARGET,
    World,
    day_of,
)

CONSOLE = Console(width=120)
FOLDER = click.option("--folder", type=Path, help="Where worlds are kept; a temporary one if not.")
Day = dict[str, Any]


@contextmanager
def place(folder: Path | None) -> Iterator[Path]:
    """The folder of the worlds."""
    if folder is not None:
        folder.mkdir(parents=True, exist_ok=True)
        yield folder.resolve()
        return
    with tempfile.TemporaryDirectory(prefix="mlops-drift-bench-") as made:
        yield Path(made)


def table(title: str, *columns: str) -> Table:
    """A table whose first column holds names, and the others numbers."""
    made = Table(title=title, title_justify="left")
    for number, column in enumerate(columns):
        made.add_column(column, justify="right" if number else "left")
    return made


def served(world: World, until: int) -> None:
    """Runs the days of a world until one, and fits the model of the plain script."""
    world.make(until)
    CONSOLE.print(f"{world.rows:,} rows a day, until day {until} …")
    task = {"model": MODEL, "until": day_of(until).isoformat()}
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
        shape = environments.run("plain_model", task, variables=world.variables).result
        CONSOLE.print(f"the champion, and the model of the plain script: {shape}")
    for day in answer.result["days"]:
        CONSOLE.print(f"  {day['day']}: {day['seconds']:.1f} s{' and training' * day['trained']}")


def measured(world: World, days: Sequence[int], profiled: bool = False) -> environments.Answer:
    """Days through Dagster in one process, and after each the plain script in its own.

    The day before them runs in the same process, and what is imported and loaded once with it.
    """
    task: dict[str, Any] = {
        "model": MODEL,
        "until": day_of(days[-1]).isoformat(),
        "beside": {day_of(number).isoformat(): world.task(number) for number in days},
    }
    if profiled:
        task["profiled"] = task["until"]
    return environments.run("ours_run", task, variables=world.variables)


def median(days: Sequence[Day], *path: str) -> float:
    """The median of a number of days, which is found by these names."""

    def inside(day: Day) -> float:
        found: Any = day
        for name in path:
            found = found[name]
        return float(found)

    return statistics.median(map(inside, days))


def seconds(value: float) -> str:
    """Seconds, as precise as they are of interest."""
    return f"{value:.2f}" if value < 10 else f"{value:,.1f}"


def report_days(world: World, found: Mapping[int, list[Day]], peaks: Mapping[int, float]) -> None:
    """Prints days beside the plain script, and where the rest goes."""
    marks = {mark: [day for day in days if "plain" in day] for mark, days in found.items()}
    names = [f"day {mark}" for mark in marks]
    title = f"A day of {world.rows:,} rows x {len(COLUMNS)} columns, median of days up to it"
    shown = table(title, "seconds", *names)

    def add(name: str, values: Sequence[float]) -> None:
        shown.add_row(name, *map(seconds, values))

    lists = list(marks.values())
    ours, plain = ([median(days, *path) for days in lists] for path in (("seconds",), PLAIN))
    add("a day, with the sensor's look", ours)
    for step in lists[0][0]["steps"]:
        add(f"  {step}", [median(days, "steps", step) for days in lists])
    add("seconds of processors", [median(days, "cpu_seconds") for days in lists])
    add("plain script: read, predict, write", plain)
    add("  seconds of processors", [median(days, "plain", "cpu_seconds") for days in lists])
    add("  with imports", [median(days, "plain", "seconds_in_all") for days in lists])
    cpu = [median(days, "cpu_seconds") / median(days, "plain", "cpu_seconds") for days in lists]
    ratios = [mine / theirs for mine, theirs in zip(ours, plain, strict=True)]
    shown.add_row("a day / plain script", *(f"{ratio:.1f} x" for ratio in ratios))
    shown.add_row("  by processors", *(f"{ratio:.1f} x" for ratio in cpu))
    shown.add_row("peak MB of the process", *(f"{peaks[mark]:,.0f}" for mark in marks))
    CONSOLE.print(shown)
    first, last = lists[0], lists[-1]
    CONSOLE.print(
        f"{names[-1]} / {names[0]}: {ours[-1] / ours[0]:.2f} by the clock, "
        f"{median(last, 'cpu_seconds') / median(first, 'cpu_seconds'):.2f} by processors"
    )


PLAIN = ("plain", "seconds")


def report_functions(functions: Mapping[str, Sequence[Sequence[Any]]]) -> None:
    """Prints a profile."""
    for title, name in (("Ours, with what they call", "ours"), ("Own time", "own")):
        shown = table(title, "function", "calls", "own s", "in all s")
        for function, calls, own, in_all in functions[name]:
            shown.add_row(function, f"{calls:,}", f"{own:.2f}", f"{in_all:.2f}")
        CONSOLE.print(shown)


@click.group()
def main() -> None:
    """Measures and prints."""


@main.command()
@FOLDER
@click.option("--rows", default=100_000, help="Rows of a day.")
@click.option("--mark", "marks", multiple=True, default=[12, 40], help="Days that are measured.")
@click.option("--repeat", default=3, help="Days up to each mark; the median counts.")
@click.option("--profile", is_flag=True, help="Also shows the functions of one more day.")
def large(
    folder: Path | None, rows: int, marks: tuple[int, ...], repeat: int, profile: bool
) -> None:
    """A large day, early and late, beside a plain script."""
    if min(marks) < SMALL_DAYS + repeat + 2:
        raise click.UsageError(f"the first {SMALL_DAYS} days are small; --mark must be later")
    found: dict[int, list[Day]] = {}
    peaks: dict[int, float] = {}
    with place(folder) as kept:
        world = World(kept / f"rows-{rows}", rows)
        for mark in sorted(marks):
            served(world, mark - repeat - 1)
            world.make(mark)
            answer = measured(world, range(mark - repeat + 1, mark + 1))
            found[mark], peaks[mark] = answer.result["days"], answer.megabytes
        report_days(world, found, peaks)
        if profile:
            world.make(max(marks) + 2)
            answer = measured(world, [max(marks) + 2], profiled=True)
            report_functions(answer.result["functions"])


if __name__ == "__main__":
    main()
