"""Days of 25 columns of mixed kinds, with or without a change."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

Draw = NDArray[Any]
Change = Callable[[dict[str, Any], np.random.Generator], None]

LEVELS = (2, 4, 8, 30)
TAIL = 2_000


def sample(rows: int, rng: np.random.Generator, change: Change | None = None) -> pa.Table:
    """Rows of 25 columns: normal, gamma, counts, with nulls, mostly zero, heavy-tailed, texts."""
    columns: dict[str, Any] = {}
    for number in range(8):
        columns[f"normal_{number}"] = rng.normal(size=rows)
    for number in range(4):
        columns[f"gamma_{number}"] = rng.gamma(2, 3, rows)
    for mean in (2, 8, 30):
        columns[f"count_{mean}"] = rng.poisson(mean, rows)
    for number in range(2):
        columns[f"gaps_{number}"] = with_nulls(rng.normal(size=rows), 0.01, rng)
    columns["mostly_zero"] = np.where(rng.random(rows) < 0.7, 0, rng.gamma(1, 1, rows))
    columns["uniform"] = rng.random(rows)
    columns["cauchy"] = rng.standard_cauchy(rows)
    for levels in LEVELS:
        columns[f"text_{levels}"] = _texts(levels, 1.0, rows, rng)
    columns["text_tail"] = _texts(TAIL, 1.1, rows, rng)
    # A boolean is spelled out: the other tools read it in three different ways.
    columns["flag"] = pa.array(np.array(["no", "yes"])[(rng.random(rows) < 0.1).astype(int)])
    if change is not None:
        change(columns, rng)
    return pa.table(columns)


def with_nulls(values: Draw, share: float, rng: np.random.Generator) -> pa.Array:
    return pa.array(values, mask=rng.random(len(values)) < share)


def _texts(levels: int, power: float, rows: int, rng: np.random.Generator) -> pa.Array:
    weights = 1 / np.arange(1, levels + 1) ** power
    codes = rng.choice(levels, size=rows, p=weights / weights.sum())
    return pa.array([f"level {level}" for level in range(levels)]).take(pa.array(codes))


CATEGORICAL = [*(f"text_{levels}" for levels in LEVELS), "text_tail", "flag"]
