"""How long an exploration takes and what memory it needs, beside only reading the columns.

A table of 26 columns of mixed types is written as Parquet and as CSV: 13 numbers (skewed, whole,
with outliers, a tenth missing), 2 booleans, a day, 7 categories of 2 to 1,000 values, a key, a text
that is different in each row, and a target. Each task is a process of its own from start to end,
and the tasks take turns.

Run: python benchmarks/explore.py --rows 1000000
"""

import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import click
import numpy as np
import pyarrow as pa
import pyarrow.csv as arrow_csv
import pyarrow.parquet as pq
from rich.console import Console
from rich.table import Table

LEVELS = (2, 5, 10, 20, 50, 200, 1000)
READ = (
    "import sys, pyarrow.parquet as pq, pyarrow.csv as c; p = sys.argv[1]; "
    "pq.read_table(p) if p.endswith('parquet') else c.read_csv(p)"
)


def world(rows: int) -> pa.Table:
    """The table; the target depends on two columns."""
    rng = np.random.default_rng(5)
    columns: dict[str, object] = {"id": np.arange(rows) + 10_000_000}
    columns["day"] = np.datetime64("2024-01-01") + np.sort(rng.integers(0, 180, rows))
    for number in range(6):
        columns[f"normal_{number}"] = rng.normal(number, 1 + number, rows).round(4)
    for number in range(3):
        columns[f"skewed_{number}"] = rng.lognormal(number, 1, rows).round(3)
    for number in range(2):
        gaps = rng.random(rows) < 0.1
        columns[f"gaps_{number}"] = pa.array(rng.gamma(2, 10, rows).round(2), mask=gaps)
    columns["count"] = rng.poisson(3, rows)
    columns["amount"] = np.where(rng.random(rows) < 0.001, 1e6, rng.integers(1, 5000, rows))
    for number in range(2):
        columns[f"flag_{number}"] = rng.random(rows) < 0.2 + number / 2
    for levels in LEVELS:
        names = np.array([f"value {place}" for place in range(levels)], dtype=object)
        place = np.minimum(rng.geometric(3 / (levels + 2), rows) - 1, levels - 1)
        columns[f"category_{levels}"] = pa.DictionaryArray.from_arrays(place, names).cast("string")
    columns["reference"] = [f"{number:012x}" for number in rng.integers(0, 2**48, rows)]
    risk = np.asarray(columns["normal_0"]) + np.asarray(columns["flag_0"])
    bought = rng.random(rows) < 1 / (1 + np.exp(2 - risk))
    columns["target"] = np.where(bought, "yes", "no")
    return pa.table(columns)


def measured(command: list[str]) -> tuple[float, float, float]:
    """Seconds of a process by the clock and of all processors, and its peak memory in MB."""
    start = time.perf_counter()
    script = (
        "import resource, subprocess, sys; subprocess.run(sys.argv[1:], check=True, "
        "stdout=subprocess.DEVNULL); "
        "u = resource.getrusage(resource.RUSAGE_CHILDREN); "
        "print(u.ru_utime + u.ru_stime, u.ru_maxrss / 1024)"
    )
    done = subprocess.run(
        [sys.executable, "-S", "-c", script, *command], check=True, capture_output=True, text=True
    )
    processors, peak = map(float, done.stdout.split())
    return time.perf_counter() - start, processors, peak


@click.command()
@click.option("--rows", default=1_000_000, show_default=True)
@click.option("--repeat", default=3, show_default=True)
def main(rows: int, repeat: int) -> None:
    """Writes the table, measures, and prints a table."""
    with tempfile.TemporaryDirectory() as folder:
        files = [Path(folder) / "table.parquet", Path(folder) / "table.csv"]
        table = world(rows)
        pq.write_table(table, files[0])
        arrow_csv.write_csv(table, files[1])
        del table
        ours = [sys.executable, "-m", "mlops_drift.cli.main", "explore"]
        tasks = {}
        for file in files:
            html = ["--html", f"{file}.html"]
            tasks[f"only reading, {file.suffix[1:]}"] = [sys.executable, "-c", READ, str(file)]
            tasks[f"explore, {file.suffix[1:]}"] = [*ours, str(file)]
            tasks[f"explore with the page, {file.suffix[1:]}"] = [*ours, str(file), *html]
        found: dict[str, list[tuple[float, float, float]]] = {name: [] for name in tasks}
        for _ in range(repeat):
            for name, command in tasks.items():
                found[name].append(measured(command))
    shown = Table("task", "seconds, median", "lowest", "highest", "of processors", "peak MB")
    for name, answers in found.items():
        seconds = [answer[0] for answer in answers]
        processors = statistics.median(answer[1] for answer in answers)
        numbers = (statistics.median(seconds), min(seconds), max(seconds), processors)
        peak = max(answer[2] for answer in answers)
        shown.add_row(name, *(f"{number:.2f}" for number in numbers), f"{peak:,.0f}")
    console = Console()
    console.print(f"{rows:,} rows, {repeat} turns")
    console.print(shown)


if __name__ == "__main__":
    main()
