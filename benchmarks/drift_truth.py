"""How often drift verdicts are wrong, and how late: ours, evidently and nannyml at their defaults.

Simulated days of 25 columns of mixed kinds against a reference of 5,000 rows. Ours walks through
them as the daily job does: one profile a day, windows of 1, 7 and 28 days, judged every day. The
other tools judge single days, in environments of their own, on fewer days because they are slow.

Run: python benchmarks/drift_truth.py
"""

import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from competitors import environments
from drift_days import CATEGORICAL, Change, Draw, sample, with_nulls
from rich.console import Console
from rich.progress import track
from rich.table import Table

from mlops_drift.compare.compare import compare
from mlops_drift.drift.config import DriftMonitor
from mlops_drift.drift.profile import Profile, add, profile_by
from mlops_drift.drift.reference import Reference
from mlops_drift.drift.verdict import judge

REFERENCE_ROWS = 5_000
MONITOR = DriftMonitor()
HISTORY = max(MONITOR.windows)
DAY_SIZES = (50, 200, 1_000, 10_000)
TOOLS = tuple(environments.REQUIREMENTS)


def one_sigma(columns: dict[str, Any], rng: np.random.Generator) -> None:
    """Shifts one column by its standard deviation."""
    columns["normal_0"] = columns["normal_0"] + 1.0


def third_of_a_sigma(columns: dict[str, Any], rng: np.random.Generator) -> None:
    """Shifts one column by .35 of its standard deviation."""
    columns["normal_0"] = columns["normal_0"] + 0.35


def more_nulls(columns: dict[str, Any], rng: np.random.Generator) -> None:
    """The nulls of one column go from 1 % to 8 %."""
    values = rng.normal(size=len(columns["gaps_0"]))
    columns["gaps_0"] = with_nulls(values, 0.08, rng)


@dataclass(frozen=True)
class Promise:
    """A change, and within how many days how many of the trials must find it."""

    what: str
    column: str
    change: Change
    rows: int
    days: int
    share: float


PROMISES = (
    Promise("one sigma", "normal_0", one_sigma, 200, 1, 0.99),
    Promise(".35 sigma", "normal_0", third_of_a_sigma, 1_000, 7, 0.95),
    Promise("nulls 1 % to 8 %", "gaps_0", more_nulls, 500, 3, 0.95),
)


def days_of(
    reference: Reference, days: int, rows: int, rng: np.random.Generator, change: Change | None
) -> list[Profile]:
    """The profiles of simulated days."""
    profiles: list[Profile] = []
    at_once = max(1, 200_000 // rows)
    while len(profiles) < days:
        number = min(at_once, days - len(profiles))
        table = sample(number * rows, rng, change)
        table = table.append_column("day", pa.array(np.repeat(np.arange(number), rows)))
        profiles += profile_by(reference, table, "day").values()
    return profiles


def failed_columns(reference: Reference, profiles: list[Profile]) -> set[str]:
    """The columns that fail on the last of some days, in any window."""
    windows = {window: add(profiles[-window:]) for window in MONITOR.windows}
    verdicts = judge(reference, windows, MONITOR)
    return {verdict.column for verdict in verdicts if verdict.verdict == "fail"}


def our_false_alarms(rows: int, days: int, references: int, seed: int) -> tuple[int, int]:
    """Days with any failed verdict without drift, and all days."""
    alarms = judged = 0
    for number in track(range(references), f"ours, {rows:,} rows a day", transient=True):
        rng = np.random.default_rng([seed, rows, number])
        reference = Reference.fit(sample(REFERENCE_ROWS, rng))
        profiles = days_of(reference, HISTORY - 1 + days // references, rows, rng, None)
        for last in range(HISTORY, len(profiles) + 1):
            alarms += bool(failed_columns(reference, profiles[last - HISTORY : last]))
            judged += 1
    return alarms, judged


def our_detections(promise: Promise, trials: int, seed: int) -> tuple[list[int], int]:
    """The day on which each trial found the change (0: not in time), and trials that erred.

    Every trial has clean days of its own before the change; a trial erred where another column
    failed as well.
    """
    found, erred = [], 0
    references = 5
    for number in track(range(references), f"ours, {promise.what}", transient=True):
        rng = np.random.default_rng([seed, promise.rows, number, 7])
        reference = Reference.fit(sample(REFERENCE_ROWS, rng))
        clean = days_of(reference, HISTORY + trials // references, promise.rows, rng, None)
        changed = days_of(
            reference, promise.days * (trials // references), promise.rows, rng, promise.change
        )
        for trial in range(trials // references):
            before = clean[trial : trial + HISTORY]
            after = changed[trial * promise.days : (trial + 1) * promise.days]
            days = [
                failed_columns(reference, [*before, *after[: day + 1]][-HISTORY:])
                for day in range(promise.days)
            ]
            hits = [day for day, failed in enumerate(days, 1) if promise.column in failed]
            found.append(hits[0] if hits else 0)
            erred += any(failed - {promise.column} for failed in days)
    return found, erred


def their_days(
    tool: str, envs: Path, rows: int, days: int, seed: int, change: Change | None
) -> list[dict[str, Any]]:
    """What another tool says about single days."""
    rng = np.random.default_rng([seed, rows, 3])
    with tempfile.TemporaryDirectory(prefix="mlops-drift-bench-") as folder:
        reference, current = Path(folder, "reference.parquet"), Path(folder, "current.parquet")
        pq.write_table(sample(REFERENCE_ROWS, rng), reference)
        table = sample(days * rows, rng, change)
        numbers = pa.array(np.repeat(np.arange(days), rows))
        pq.write_table(table.append_column("day", numbers), current)
        return ask(tool, envs, reference, current, rows)


def ask(tool: str, envs: Path, reference: Path, current: Path, rows: int) -> list[dict[str, Any]]:
    """Runs another tool on two files; `rows` is how many make a day."""
    task = {
        "reference": str(reference),
        "current": str(current),
        "chunk_rows": rows,
        "categorical": [name for name in pq.read_schema(reference).names if name in CATEGORICAL],
    }
    python = environments.python_of(tool, envs)
    answer: list[dict[str, Any]] = environments.run(f"{tool}_truth", task, python).result
    return answer


def drifted(day: Mapping[str, Any]) -> set[str]:
    """The columns that a tool calls drifted on a day."""
    columns = day.get("columns", {})
    return {name for name, column in columns.items() if column["drifted"]}


def cases(rng: np.random.Generator) -> dict[str, tuple[pa.Table, pa.Table, bool]]:
    """Where known tools go wrong: reference, current, and whether column `x` drifted."""

    def normal(rows: int, mean: float = 0.0) -> Draw:
        return rng.normal(mean, 1, rows)

    outlier = normal(10_000, 1.0)
    outlier[0] = 1_000.0
    spoiled = normal(30_000)
    spoiled[0] = 1e6
    new = np.array(["a", "b"], dtype=object)[rng.integers(0, 2, 10_000)]
    new[0] = "new"
    texts = np.array(["a", "b"])[rng.integers(0, 2, 10_000)]
    same = normal(5_000)
    pairs = {
        "1 one sigma, one value of 1,000": (normal(10_000), outlier, True),
        "2 one sigma, a reference value of 1e6": (spoiled, normal(30_000, 1.0), True),
        "4 one row of a new category in 10,000": (texts, new, False),
        "5 all null": (normal(5_000), pa.array([None] * 1_000, pa.float64()), True),
        "6 nulls from 5 % to 25 %": (
            with_nulls(normal(10_000), 0.05, rng),
            with_nulls(normal(10_000), 0.25, rng),
            True,
        ),
        "7 no drift, 50 rows": (normal(5_000), normal(50), False),
        "8 .01 sigma, 1,000,000 rows": (normal(1_000_000), normal(1_000_000, 0.01), False),
        "9 identical": (same, same, False),
    }
    return {
        name: (pa.table({"x": past}), pa.table({"x": now}), truth)
        for name, (past, now, truth) in pairs.items()
    }


def report_cases(tools: tuple[str, ...], envs: Path, seed: int, console: Console) -> None:
    """Prints what each tool says of column `x` in each case."""
    table = Table(title="The cases in which known tools go wrong", title_justify="left")
    for column in ("case", "drifted?", "ours", *tools):
        table.add_column(column)
    for name, (past, now, truth) in cases(np.random.default_rng(seed)).items():
        ours = compare(past, now).columns["x"]
        js = f"JS {ours.measures.js:.3g}" if ours.measures else ""
        cells = [f"{ours.verdict}, {js}"]
        for tool in tools:
            with tempfile.TemporaryDirectory() as folder:
                files = Path(folder, "reference.parquet"), Path(folder, "current.parquet")
                pq.write_table(past, files[0])
                pq.write_table(now.append_column("day", pa.array([0] * now.num_rows)), files[1])
                try:
                    [day, *_] = ask(tool, envs, *files, rows=now.num_rows)
                except environments.ToolError as error:
                    day = {"error": str(error).strip().splitlines()[-1][:60]}
            cells.append(_said(day))
        table.add_row(name, "yes" if truth else "no", *cells)
    console.print(table)


def _said(day: Mapping[str, Any]) -> str:
    if "error" in day:
        return str(day["error"])
    column = day["columns"].get("x")
    if column is None:
        return "left out"
    return f"{'drifted' if column['drifted'] else 'not'}, {column['shown']}"


def report_false_alarms(
    days: int, their: int, tools: tuple[str, ...], envs: Path, seed: int, console: Console
) -> None:
    """Prints the share of days with an alarm on any column, without drift."""
    table = Table(
        title="No drift, 25 columns: days on which any column is called drifted",
        title_justify="left",
    )
    table.add_column("rows a day", justify="right")
    table.add_column("ours, days 1, 7, 28 judged daily", justify="right")
    for tool in tools:
        table.add_column(f"{tool}, single days", justify="right")
    for rows in DAY_SIZES:
        alarms, judged = our_false_alarms(rows, days, 10, seed)
        cells = [f"{alarms} of {judged:,}"]
        for tool in tools:
            answers = their_days(tool, envs, rows, their, seed, None)
            cells.append(f"{sum(bool(drifted(day)) for day in answers)} of {len(answers)}")
        table.add_row(f"{rows:,}", *cells)
    console.print(table)


def report_detection(
    trials: int, their: int, tools: tuple[str, ...], envs: Path, seed: int, console: Console
) -> None:
    """Prints how many trials found each change in time."""
    table = Table(title="Changes of one column: found in time", title_justify="left")
    for column in ("change", "rows a day", "within", "promised", "ours", "mean day", "also others"):
        table.add_column(column)
    for tool in tools:
        table.add_column(f"{tool}, first day")
        table.add_column("also others")
    for promise in PROMISES:
        found, erred = our_detections(promise, trials, seed)
        hits = [day for day in found if day]
        cells = [
            f"{len(hits) / len(found):.1%}",
            f"{np.mean(hits):.2f}" if hits else "",
            f"{erred} of {len(found)}",
        ]
        for tool in tools:
            answers = their_days(tool, envs, promise.rows, their, seed, promise.change)
            failed = [drifted(day) for day in answers]
            cells.append(f"{sum(promise.column in columns for columns in failed)} of {len(failed)}")
            others = sum(bool(columns - {promise.column}) for columns in failed)
            cells.append(f"{others} of {len(failed)}")
        table.add_row(
            promise.what,
            f"{promise.rows:,}",
            f"{promise.days} days",
            f"{promise.share:.0%}",
            *cells,
        )
    console.print(table)


@click.command()
@click.option("--days", default=1_000, help="Days without drift that ours judges.")
@click.option("--trials", default=500, help="Trials of each change for ours.")
@click.option("--their-days", "their", default=40, help="Days that the other tools judge.")
@click.option("--only", type=click.Choice(["alarms", "detection", "cases"]), help="One part.")
@click.option("--ours-only", is_flag=True, help="Leaves the other tools out.")
@click.option("--envs", default=environments.DEFAULT_FOLDER, type=Path, help="Environments.")
@click.option("--seed", default=0)
def main(
    days: int, trials: int, their: int, only: str | None, ours_only: bool, envs: Path, seed: int
) -> None:
    """Measures and prints."""
    console = Console(width=150)
    tools = () if ours_only else TOOLS
    if only in (None, "alarms"):
        report_false_alarms(days, their, tools, envs, seed, console)
    if only in (None, "detection"):
        report_detection(trials, their, tools, envs, seed, console)
    if only in (None, "cases"):
        report_cases(tools, envs, seed, console)


if __name__ == "__main__":
    main()
