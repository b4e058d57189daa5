"""Verdicts on columns of arrays, and columns to judge."""

import numpy as np
import pyarrow as pa

from mlops_drift.drift.config import DriftMonitor
from mlops_drift.drift.profile import profile
from mlops_drift.drift.reference import Reference
from mlops_drift.drift.verdict import judge


def judged(reference, current, monitor=None, days=1, rule="drift", **context):
    """Verdicts by column of one rule on one window, both sides as columns of arrays."""
    fitted = Reference.fit(pa.table(reference))
    window = profile(fitted, pa.table(current))
    verdicts = judge(fitted, {days: window}, monitor or DriftMonitor(), **context)
    return {v.column: v for v in verdicts if v.rule == rule}


def numbers(verdict):
    return [
        v
        for v in (*verdict.measures.to_dict().values(), *vars(verdict).values())
        if isinstance(v, int | float)
    ]


def normal(n, mean=0.0, seed=0):
    return np.random.default_rng(seed).normal(mean, 1, n)


def with_nulls(values, share):
    values = values.copy()
    values[: round(share * len(values))] = np.nan
    return values
