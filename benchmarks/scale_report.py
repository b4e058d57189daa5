"""The tables of `scale.py`."""

import statistics
from collections.abc import Mapping, Sequence
from typing import Any

from rich.console import Console
from rich.table import Table
from scale_days import Day, Measured
from scale_history import Age, Taken
from scale_world import COLUMNS, World

CONSOLE = Console(width=120)
UNITS = ("seconds", "cpu_seconds")
PROCESSORS = "  seconds of processors"

# By the clock, and of processors.
Seconds = tuple[float, float]


def table(title: str, *columns: str) -> Table:
    """A table whose first column holds names, and the others numbers."""
    made = Table(title=title, title_justify="left")
    for number, column in enumerate(columns):
        made.add_column(column, justify="right" if number else "left")
    return made


def seconds(value: float) -> str:
    """Seconds, as precise as they are of interest.

    >>> seconds(0.257), seconds(31.42)
    ('0.26', '31.4')
    """
    return f"{value:.2f}" if value < 10 else f"{value:,.1f}"


def median(days: Sequence[Day], *path: str) -> float:
    """The median of a number of each day, which is found by these names, one inside the other."""

    def inside(day: Day) -> float:
        found: Any = day
        for name in path:
            found = found[name]
        return float(found)

    return statistics.median(map(inside, days))


def report_days(world: World, found: Mapping[int, Measured]) -> None:
    """Prints days beside the plain script, and where the rest goes."""
    names, lists = [f"day {mark}" for mark in found], [one.days for one in found.values()]
    title = f"A day of {world.rows:,} rows x {len(COLUMNS)} columns, median of {len(lists[0])}"
    shown = table(title, "seconds", *names)

    def add(name: str, *path: str) -> list[float]:
        values = [median(days, *path) for days in lists]
        shown.add_row(name, *map(seconds, values))
        return values

    ours = add("a day, with the sensor's look", "seconds")
    for step in lists[0][0]["steps"]:
        add(f"  {step}", "steps", step)
    ours_cpu = add(PROCESSORS, "cpu_seconds")
    plain = add("plain script: read, predict, write", "plain", "seconds")
    plain_cpu = add(PROCESSORS, "plain", "cpu_seconds")
    add("  the process with its imports", "plain", "seconds_in_all")
    for name, mine, theirs in (
        ("a day / plain script", ours, plain),
        ("  by seconds of processors", ours_cpu, plain_cpu),
    ):
        shown.add_row(name, *(f"{a / b:.1f} x" for a, b in zip(mine, theirs, strict=True)))
    peaks = [f"{one.megabytes:,.0f}" for one in found.values()]
    shown.add_row("peak MB of the process", *peaks)
    CONSOLE.print(shown)
    by_clock, by_cpu = ours[-1] / ours[0], ours_cpu[-1] / ours_cpu[0]
    CONSOLE.print(f"{names[-1]} / {names[0]}: {by_clock:.2f}, by processors {by_cpu:.2f}")


def report_functions(functions: Mapping[str, Sequence[Sequence[Any]]]) -> None:
    """Prints a profile, in seconds of processors."""
    titles = {"ours": "Ours, with what they call", "own": "Any, by their own time"}
    for name, title in titles.items():
        shown = table(title, "function", "calls", "own s", "in all s")
        for function, calls, own, in_all in functions[name]:
            shown.add_row(function, f"{calls:,}", f"{own:.2f}", f"{in_all:.2f}")
        CONSOLE.print(shown)


def report_ages(ages: Sequence[Age]) -> None:
    """Prints what worlds cost, and how much more than the youngest."""
    names = [f"day {age.day}" for age in ages]
    beside = [f"{name} / {names[0]}" for name in names[1:]]
    shown = table(f"insurance, minimum of {len(ages[0].days)}", "seconds", *names, *beside)
    kinds = {
        "days": "a day, with the sensor's look",
        "idle": "`run` with nothing to do, the process",
        "status": "`status`, the process",
    }
    for what, name in kinds.items():
        for unit, shown_name in zip(UNITS, (name, PROCESSORS), strict=True):
            least = [age.least(what, unit) for age in ages]
            ratios = [f"{value / least[0]:.2f}" for value in least[1:]]
            shown.add_row(shown_name, *map(seconds, least), *ratios)
    for step in ages[0].days[0]["steps"]:
        least = [min(day["steps"][step] for day in age.calm) for age in ages]
        ratios = [f"{value / least[0]:.2f}" for value in least[1:]]
        shown.add_row(f"  of a day: {step}", *map(seconds, least), *ratios)
    most = [age.most_files() for age in ages]
    shown.add_row("most data files of a table", *(str(count) for count, _ in most))
    shown.add_row("state, MB", *(f"{age.megabytes():,.0f}" for age in ages))
    CONSOLE.print(shown)
    CONSOLE.print(f"most data files: {', '.join(name for _, name in most)}")


def report_starts(found: Mapping[str, Sequence[Taken]]) -> None:
    """Prints how long commands take."""
    turns = len(next(iter(found.values())))
    shown = table(f"Starting, minimum of {turns}", "command", "seconds", "of processors")
    for name, runs in found.items():
        shown.add_row(name, *(seconds(min(getattr(run, unit) for run in runs)) for unit in UNITS))
    CONSOLE.print(shown)


def report_alternative(rows: Mapping[str, tuple[Sequence[Seconds], str]]) -> None:
    """Prints seconds of tools, how many times those of the first they take, and what they found."""
    columns = ("what", "seconds", "/ ours", "of processors", "/ ours", "found")
    shown = table("One day with faults", *columns)

    def medians(name: str) -> list[float]:
        return [statistics.median(values) for values in zip(*rows[name][0], strict=True)]

    mine = medians(next(iter(rows)))
    for name, (_, found) in rows.items():
        pairs = zip(medians(name), mine, strict=True)
        cells = [cell for value, our in pairs for cell in (seconds(value), f"{value / our:.1f} x")]
        shown.add_row(name, *(cell if "nan" not in cell else "" for cell in cells), found)
    CONSOLE.print(shown)
