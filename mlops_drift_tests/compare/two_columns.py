"""Tables of a number and a category, and what their comparisons hold."""

import json

import numpy as np
import pyarrow as pa


def table(n=1000, mean=0.0, seed=0, **columns):
    rng = np.random.default_rng(seed)
    own = {"x": rng.normal(mean, 1, n), "plan": rng.choice(["a", "b", "c"], n)}
    return pa.table({**own, **columns})


def verdicts(comparison):
    return {name: column.verdict for name, column in comparison.columns.items()}


def as_json(comparison):
    return json.loads(json.dumps(comparison.to_dict(), allow_nan=False))
