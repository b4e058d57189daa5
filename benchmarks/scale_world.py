"""A generated world of any size: a Parquet file of events and one of labels a day, and its model.

Twelve numbers, four integers and four categories, some with nulls; the labels come three days
later. The first days are small, so that the first training is the same whatever a day holds later.
"""

import json
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from mlops_drift.settings import DATA_VARIABLE, DEFS_VARIABLE

START = date(2024, 1, 1)
MODEL = "scale"
LABEL_DELAY = 3

# The version that serves is trained on the labels of the first days.
SMALL_DAYS, ROWS_OF_SMALL_DAY = 7, 20_000
FIRST_TRAINING_ROWS = 80_000

# From this day on `number_0` moves a little.
DRIFT_FROM, DRIFT = 30, 0.1
# On a faulty day it moves further, `number_2` loses values, and some rows break a constraint.
FAULTY_SHIFT, FAULTY_NULLS, BROKEN_SHARE = 0.5, 0.12, 0.02
FAULTS = ("number_0", "number_2", "integer_0")

NUMBERS = [f"number_{n}" for n in range(12)]
INTEGERS = {f"integer_{n}": mean for n, mean in enumerate((2, 8, 100, 20_000))}
CATEGORIES = {f"category_{n}": levels for n, levels in enumerate((2, 5, 10, 50))}
COLUMNS = [*NUMBERS, *INTEGERS, *CATEGORIES]
WITH_NULLS = {"number_1": 0.02, "number_2": 0.02, "category_2": 0.03, "category_3": 0.01}
KEY, TARGET, POSITIVE = "id", "answer", "yes"

Floats = NDArray[np.float64]


def day_of(number: int) -> date:
    """The day of a number; the first is 1."""
    return START + timedelta(days=number - 1)


@dataclass(frozen=True)
class World:
    """A world in a folder, which keeps its files, its model and what ran.

    Attributes:
        rows: events of a day, after the first small days.
    """

    folder: Path
    rows: int

    @property
    def variables(self) -> dict[str, str]:
        """The environment variables of processes that work with it."""
        return {DATA_VARIABLE: str(self.folder / "data"), DEFS_VARIABLE: str(self.folder / "defs")}

    @property
    def plain_model(self) -> Path:
        """The booster of the plain script."""
        return self.folder / "plain.txt"

    def plain_predictions(self, number: int) -> Path:
        """What the plain script predicts for a day."""
        return self.folder / "plain" / f"{day_of(number)}.parquet"

    def events(self, number: int) -> Path:
        """The file of the events of a day."""
        return self.folder / "events" / f"{day_of(number)}.parquet"

    def labels(self, number: int) -> Path:
        """The file of the labels that arrive on a day."""
        return self.folder / "labels" / f"{day_of(number)}.parquet"

    def make(self, until: int, faulty: int | None = None) -> None:
        """Writes the description, and the files of all days that are not there yet.

        From the day `faulty` on, days have faults: they must not have run yet.
        """
        for name in ("data", "events", "labels", "plain", f"defs/{MODEL}"):
            (self.folder / name).mkdir(parents=True, exist_ok=True)
        # JSON is YAML.
        description = json.dumps(self._description(), indent=2)
        (self.folder / "defs" / MODEL / "defs.yaml").write_text(description)
        for number in range(1, until + 1):
            is_faulty = faulty is not None and number >= faulty
            if is_faulty or not self.events(number).exists():
                self._write(number, is_faulty)

    def task(self, number: int) -> dict[str, Any]:
        """What the plain script needs for a day."""
        return {
            "events": str(self.events(number)),
            "predictions": str(self.plain_predictions(number)),
            "model": str(self.plain_model),
            "key": KEY,
            "columns": COLUMNS,
            "categories": list(CATEGORIES),
        }

    def _write(self, number: int, faulty: bool) -> None:
        rng = np.random.default_rng([7, number])
        n = ROWS_OF_SMALL_DAY if number <= SMALL_DAYS else self.rows
        columns = features(rng, n, self._shift(number, faulty))
        keys = number * 100_000_000 + np.arange(n)
        answers = np.where(rng.random(n) < chance(columns), POSITIVE, "no")
        gaps = WITH_NULLS | ({"number_2": FAULTY_NULLS} if faulty else {})
        if faulty:
            # Below the declared minimum.
            columns["integer_0"][: round(BROKEN_SHARE * n)] = -1
        cells = {
            name: pa.array(values, mask=rng.random(n) < gaps[name] if name in gaps else None)
            for name, values in columns.items()
        }
        answered = pa.table({KEY: keys, TARGET: answers})
        pq.write_table(answered, self.labels(number + LABEL_DELAY))
        # What comes last says that the day is complete.
        pq.write_table(pa.table({KEY: keys, **cells}), self.events(number))

    def _shift(self, number: int, faulty: bool) -> float:
        if faulty:
            return FAULTY_SHIFT
        return DRIFT if number >= DRIFT_FROM else 0.0

    def _description(self) -> dict[str, Any]:
        columns = {
            **{name: {"type": "number", "min": -1_000, "max": 1_000} for name in NUMBERS},
            **{name: {"type": "integer", "min": 0} for name in INTEGERS},
            **{name: {"type": "category"} for name in CATEGORIES},
        }
        files = {name: f"{self.folder}/{name}/{{day}}.parquet" for name in ("events", "labels")}
        attributes = {
            "name": MODEL,
            "description": "A generated world of many rows a day.",
            "start_date": START.isoformat(),
            "source": {
                "kind": "files",
                "events": {"path": files["events"]},
                "labels": {"path": files["labels"], "missing": "empty"},
            },
            "key": KEY,
            "key_type": "integer",
            "columns": columns,
            "target": {
                "column": TARGET,
                "kind": "binary",
                "classes": ["no", POSITIVE],
                "positive": POSITIVE,
                "label_delay_days": LABEL_DELAY,
            },
            "training": {"metric": "auc", "families": ["lightgbm"], "trials": 2},
            "gates": {"metrics": {"auc": 0.6}},
            "monitors": {"age": {"max_days": None}},
            # One version serves all days: retrainings are no part of a day.
            "policy": {"first_training_rows": FIRST_TRAINING_ROWS, "retrain_on": ["model_age"]},
        }
        return {"type": "mlops_drift.MonitoredModel", "attributes": attributes}


def features(rng: np.random.Generator, n: int, shift: float) -> dict[str, Any]:
    """The columns of `n` events; the first number moves by `shift` standard deviations."""
    columns: dict[str, Any] = {
        name: rng.normal(shift * (name == NUMBERS[0]), 1, n) for name in NUMBERS[:8]
    }
    columns |= {name: rng.gamma(2, 10, n).clip(max=900) for name in NUMBERS[8:]}
    columns |= {name: rng.poisson(mean, n) for name, mean in INTEGERS.items()}
    for name, levels in CATEGORIES.items():
        weights = 1 / np.arange(1, levels + 1)
        codes = rng.choice(levels, size=n, p=weights / weights.sum())
        names = np.array([f"level {level}" for level in range(levels)], dtype=object)
        columns[name] = names[codes]
    return columns


def chance(columns: dict[str, Any]) -> Floats:
    """How likely the positive answer is for each event."""
    odds = (
        0.8 * columns["number_0"]
        - 0.6 * columns["number_1"] * columns["number_3"]
        + 0.05 * columns["number_8"]
        + 0.3 * columns["integer_0"]
        + 0.8 * (columns["category_1"] == "level 1")
        - 2.2
    )
    return np.asarray(1 / (1 + np.exp(-odds)))
