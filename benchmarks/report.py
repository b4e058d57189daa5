"""What the report of a model costs: 365 days of 40 columns, drawn as the command draws it.

Makes a model of 40 columns in a temporary folder (or `--folder`, which keeps it), of which four
drift in the second half, walks it through 365 days, and times `mlops-drift report` beside
`mlops-drift status`, both as processes of their own.

Run: make bench-report
"""

import os
import subprocess
import sys
import tempfile
import time
from datetime import date, timedelta
from pathlib import Path

import click
import numpy as np
import pandas as pd
import yaml

FIRST, DAYS, ROWS, COLUMNS = date(2024, 1, 1), 365, 120, 40
CATEGORIES = 10
REPEAT = 3
COMMAND = [sys.executable, "-m", "mlops_drift.cli.main"]


def write_world(root: Path) -> None:
    """The description and the files of the model `wide`."""
    folder = root / "defs" / "wide"
    folder.mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng(7)
    days = np.repeat(np.arange(DAYS), ROWS)
    shift = np.where(days >= DAYS // 2, 1.0, 0.0)
    frame = pd.DataFrame({"id": np.arange(len(days)), "day": [day_of(n) for n in days]})
    columns: dict[str, dict[str, str]] = {}
    for number in range(COLUMNS):
        name = f"column_{number:02}"
        if number < CATEGORIES:
            frame[name] = rng.choice(list("abcde"), len(days))
            columns[name] = {"type": "category", "description": "One of five letters."}
        else:
            frame[name] = (rng.normal(size=len(days)) + shift * (number % 10 == 0)).round(4)
            columns[name] = {"type": "number", "description": "Normal, shifted in some columns."}
    noise = rng.normal(size=len(days))
    positive = frame["column_11"] + frame["column_12"] + noise > 0
    labels = pd.DataFrame({"id": frame["id"], "day": [day_of(n + 2) for n in days]})
    labels["y"] = np.where(positive, "yes", "no")
    frame.to_parquet(folder / "events.parquet", index=False)
    labels[labels["day"] <= day_of(DAYS - 1)].to_parquet(folder / "labels.parquet", index=False)
    (folder / "defs.yaml").write_text(yaml.safe_dump(described(columns)))


def day_of(number: int) -> date:
    """The day of a number, the first being 0."""
    return FIRST + timedelta(days=int(number))


def described(columns: dict[str, dict[str, str]]) -> dict[str, object]:
    """The YAML of the model."""
    source = {
        name: {"path": f"{name}.parquet", "day_column": "day"} for name in ("events", "labels")
    }
    return {
        "type": "mlops_drift.MonitoredModel",
        "attributes": {
            "name": "wide",
            "description": "Whether two of forty columns are large together.",
            "start_date": FIRST,
            "end_date": day_of(DAYS - 1),
            "source": {"kind": "files", **source},
            "key": "id",
            "key_type": "integer",
            "columns": columns,
            "target": {
                "column": "y",
                "kind": "binary",
                "classes": ["no", "yes"],
                "positive": "yes",
                "label_delay_days": 2,
            },
            "training": {"metric": "accuracy", "families": ["linear"], "trials": 3, "folds": 3},
            "gates": {"metrics": {"accuracy": 0.6}, "max_calibration_error": 0.4},
            "policy": {"first_training_rows": 2000, "min_new_labels": 1000},
        },
    }


def seconds_of(*arguments: str) -> float:
    """The best of some runs of a command."""
    found = []
    for _ in range(REPEAT):
        started = time.perf_counter()
        subprocess.run([*COMMAND, *arguments], check=True, stdout=subprocess.DEVNULL)
        found.append(time.perf_counter() - started)
    return min(found)


@click.command()
@click.option("--folder", type=Path, help="Where the model is kept.")
def main(folder: Path | None) -> None:
    """Makes the model where it is missing, measures and prints."""
    with tempfile.TemporaryDirectory() as temporary:
        root = (folder or Path(temporary)).resolve()
        os.environ["MLOPS_DRIFT_DATA"] = str(root / "data")
        os.environ["MLOPS_DRIFT_DEFS"] = str(root / "defs")
        if not (root / "data").is_dir():
            write_world(root)
            subprocess.run([*COMMAND, "run", "wide", "--step", "20"], check=True)
        page = root / "wide.html"
        report = seconds_of("report", "wide", "--days", str(DAYS), "--html", str(page))
        status = seconds_of("status", "wide")
        size = page.stat().st_size / 1000
        click.echo(
            f"{DAYS} days x {COLUMNS} columns: report {report:.1f} s and {size:.0f} kB, "
            f"status {status:.1f} s, {report / status:.2f} times"
        )


if __name__ == "__main__":
    main()
