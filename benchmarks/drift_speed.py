"""How long comparisons take and what memory they need: ours, evidently, nannyml, only reading.

Two Parquet files of the same size, 20 numeric and 5 categorical columns, a few of them shifted.
Everything is measured in one run, each task in a process of its own and each tool in an
environment of its own, which is made first. Ours and the reading are repeated between the others.

nannyml judges the chunks of its reference beside those of the current file: 30 + 30 days of as many
rows. Ours does not need that; it judges 60 days of the current file, and, as a comparison of equal
work, all 60 days of both files.

Run: python benchmarks/drift_speed.py --rows 1000000
"""

import statistics
import tempfile
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import click
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from competitors import environments
from competitors.environments import Answer
from rich.console import Console
from rich.table import Table

DAYS = 30
LEVELS = (2, 5, 10, 50, 200)
SHIFTED = 0.3


@dataclass(frozen=True)
class Files:
    """The data of a run.

    Attributes:
        reference: reference rows over 30 days.
        current: as many rows over 60 days.
        both: the rows of both files, 30 days of each.
        one_day: a thirtieth of the current rows.
        numeric: names of the numeric columns.
        categorical: names of the categorical columns.
        rows: rows of `reference`.
    """

    reference: Path
    current: Path
    both: Path
    one_day: Path
    numeric: list[str]
    categorical: list[str]
    rows: int

    @property
    def columns(self) -> list[str]:
        """The columns that are compared."""
        return [*self.numeric, *self.categorical]


@dataclass
class Measured:
    """A task and what its runs took.

    Attributes:
        beside: tools whose seconds are a fair measure of it: they did the same work, or less.
    """

    name: str
    script: str
    task: dict[str, Any]
    beside: tuple[str, ...] = ()
    python: Path | None = None
    answers: list[Answer] = field(default_factory=list)

    @property
    def seconds(self) -> float:
        """Median of the work."""
        return statistics.median(answer.seconds for answer in self.answers)

    @property
    def in_all(self) -> float:
        """Median of the whole process."""
        return statistics.median(answer.seconds_in_all for answer in self.answers)

    @property
    def megabytes(self) -> float:
        """The largest peak."""
        return max(answer.megabytes for answer in self.answers)


def sample(rows: int, shift: float, seed: int) -> dict[str, Any]:
    """Columns of one file; some of them move by `shift` standard deviations."""
    rng = np.random.default_rng(seed)
    columns: dict[str, Any] = {}
    for number in range(9):
        columns[f"normal_{number}"] = rng.normal(shift * (number < 2), 1, rows)
    for number in range(5):
        columns[f"exponential_{number}"] = rng.exponential(1 + shift * (number == 0), rows)
    for number, mean in enumerate((2, 8, 30, 100, 1_000, 20_000)):
        moved = mean + shift * mean**0.5 * (number == 2)
        columns[f"integer_{number}"] = rng.poisson(moved, rows)
    for name in ("normal_7", "normal_8", "exponential_4"):
        columns[name] = pa.array(columns[name], mask=rng.random(rows) < 0.02)
    for levels in LEVELS:
        weights = 1 / np.arange(1, levels + 1) ** (1 + shift * (levels == 10))
        codes = rng.choice(levels, size=rows, p=weights / weights.sum())
        names = np.array([f"level {level}" for level in range(levels)], dtype=object)
        columns[f"category_{levels}"] = pa.array(names[codes], pa.string())
    return columns


def days(rows: int, number: int, first: date) -> pa.Array:
    """The days of rows in order of time."""
    all_days = [first + timedelta(days=day) for day in range(number)]
    return pa.array(all_days, pa.date32()).take(pa.array(np.arange(rows) * number // rows))


def make_files(folder: Path, rows: int, seed: int) -> Files:
    """Writes the data."""
    first, middle = date(2024, 1, 1), date(2024, 1, 1) + timedelta(days=DAYS)
    before = pa.table(sample(rows, 0.0, seed))
    after = pa.table(sample(rows, SHIFTED, seed + 1))
    columns = before.column_names
    reference = before.append_column("day", days(rows, DAYS, first))
    late = after.append_column("day", days(rows, DAYS, middle))
    files = Files(
        folder / "reference.parquet",
        folder / "current.parquet",
        folder / "both.parquet",
        folder / "one_day.parquet",
        numeric=[name for name in columns if not name.startswith("category")],
        categorical=[name for name in columns if name.startswith("category")],
        rows=rows,
    )
    pq.write_table(reference, files.reference)
    pq.write_table(after.append_column("day", days(rows, 2 * DAYS, middle)), files.current)
    pq.write_table(pa.concat_tables([reference, late]), files.both)
    pq.write_table(late.slice(0, rows // DAYS), files.one_day)
    return files


def our_tasks(files: Files, stored: Path) -> list[Measured]:
    """Reading the columns, and what we do with them."""
    reference, current = str(files.reference), str(files.current)
    common = {"columns": files.columns, "by": "day", "reference": reference, "stored": str(stored)}
    environments.run("ours_store", common)

    def ours(name: str, script: str, judged: Path, *beside: str) -> Measured:
        return Measured(name, script, {**common, "current": str(judged)}, beside)

    reading = {"columns": files.columns, "files": [reference, current]}
    return [
        Measured("only reading the columns, Arrow", "reading_speed", reading),
        ours("ours: one comparison", "ours_compare", files.current, "evidently"),
        ours("ours: 60 days", "ours_chunks", files.current, "evidently", "nannyml"),
        ours("ours: 30 + 30 days", "ours_chunks", files.both, "evidently", "nannyml"),
        ours("ours: one day, stored reference", "ours_day", files.one_day),
    ]


def their_tasks(files: Files, tools: list[str], envs: Path, console: Console) -> list[Measured]:
    """The other tools; their environments are made here."""
    task: dict[str, Any] = {
        "columns": files.columns,
        "categorical": files.categorical,
        "reference": str(files.reference),
        "current": str(files.current),
        "chunk_rows": -(-files.rows // DAYS),
    }
    names = {"evidently": "evidently: one comparison", "nannyml": "nannyml: 30 + 30 days"}
    measured = []
    for tool in tools:
        console.print(f"environment of {tool} …")
        python = environments.python_of(tool, envs)
        measured.append(Measured(names[tool], f"{tool}_speed", task, python=python))
    return measured


def report(tasks: list[Measured], rows: int, console: Console) -> None:
    """Prints seconds, memory and ratios."""
    table = Table(title=f"{rows:,} + {rows:,} rows, 25 columns", title_justify="left")
    table.add_column("what")
    ratio_columns = [f"{tool} takes" for tool in environments.REQUIREMENTS]
    for column in ("seconds", "with imports", "peak MB", *ratio_columns):
        table.add_column(column, justify="right")
    theirs = {measured.script.split("_")[0]: measured.seconds for measured in tasks}
    for measured in tasks:
        ratios = [
            f"{theirs[tool] / measured.seconds:.1f} x"
            if tool in measured.beside and tool in theirs
            else ""
            for tool in environments.REQUIREMENTS
        ]
        table.add_row(
            measured.name,
            f"{measured.seconds:.2f}",
            f"{measured.in_all:.2f}",
            f"{measured.megabytes:,.0f}",
            *ratios,
        )
    console.print(table)


def report_stages(files: Files, reading: float, console: Console) -> None:
    """Prints where our time goes, beside the seconds of only reading the columns."""
    task = {
        "columns": files.columns,
        "reference": str(files.reference),
        "current": str(files.current),
    }
    seconds: dict[str, float] = environments.run("ours_stages", task).result
    total = sum(seconds.values())
    table = Table(title="60 days on one thread, stage by stage", title_justify="left")
    table.add_column("stage")
    for column in ("seconds", "share"):
        table.add_column(column, justify="right")
    for name, taken in sorted(seconds.items(), key=lambda item: -item[1]):
        table.add_row(name, f"{taken:.2f}", f"{taken / total:.0%}")
    table.add_row("all", f"{total:.2f}", f"{total / reading:.1f} x reading")
    console.print(table)


@click.command()
@click.option(
    "--rows", default=[100_000, 1_000_000], multiple=True, help="Rows of each file; repeatable."
)
@click.option("--repeat", default=3, help="Runs of ours; the median counts.")
@click.option("--tool", "tools", multiple=True, default=list(environments.REQUIREMENTS))
@click.option("--ours-only", is_flag=True, help="Leaves the other tools out.")
@click.option("--profile", is_flag=True, help="Also shows where our time goes.")
@click.option("--envs", default=environments.DEFAULT_FOLDER, type=Path, help="Environments.")
@click.option("--seed", default=0)
def main(
    rows: tuple[int, ...],
    repeat: int,
    tools: tuple[str, ...],
    ours_only: bool,
    profile: bool,
    envs: Path,
    seed: int,
) -> None:
    """Measures and prints."""
    console = Console(width=120)
    for number in rows:
        with tempfile.TemporaryDirectory(prefix="mlops-drift-bench-") as folder:
            console.print(f"{number:,} + {number:,} rows: writing …")
            files = make_files(Path(folder), number, seed)
            theirs = [] if ours_only else their_tasks(files, list(tools), envs, console)
            ours = our_tasks(files, Path(folder) / "stored")
            for turn in range(max(repeat, len(theirs))):
                for measured in [*(ours if turn < repeat else []), *theirs[turn : turn + 1]]:
                    console.print(f"{measured.name} …")
                    measured.answers.append(
                        environments.run(measured.script, measured.task, measured.python)
                    )
            report([*ours, *theirs], number, console)
            if profile:
                report_stages(files, ours[0].seconds, console)


if __name__ == "__main__":
    main()
