"""Fitted pipelines of trees with their compiled forms, and rows that are hard to score."""

from functools import cache
from math import inf

import numpy as np
import pandas as pd

from mlops_drift.learning.compiled.compile import compiled
from mlops_drift.learning.families.registry import family
from mlops_drift.learning.threshold_classifier import decided
from mlops_drift_tests.learning.samples import BINARY, MIXED, NUMBER, THREE, mixed

# Target, class weight, threshold.
KINDS = [
    (BINARY, "none", 0.5),
    (BINARY, "balanced", 0.5),
    (BINARY, "none", 0.37),
    (BINARY, "balanced", 0.7),
    (THREE, "none", 0.5),
    (THREE, "balanced", 0.5),
    (NUMBER, "none", 0.5),
]
NAMES = [f"{target.kind}-{weight}-{threshold}" for target, weight, threshold in KINDS]


@cache
def fitted(place, name="lightgbm"):
    """A pipeline of one of the kinds; its columns `x`, `flag` and `city` have gaps."""
    target, class_weight, threshold = KINDS[place]
    rows, truth = mixed(target, 400)
    rows = with_gaps(rows)
    built = family(name).build(family(name).default(MIXED, 400), MIXED, target, 0)
    return decided(built, target, class_weight, threshold).fit(rows, truth)


@cache
def form(place):
    return compiled(family("lightgbm"), fitted(place), KINDS[place][0])


def with_gaps(rows):
    rows = rows.astype({"flag": "boolean"})
    rows.loc[::7, "x"] = np.nan
    rows.loc[::9, "city"] = None
    rows.loc[3, "city"] = "a city that is rare"
    rows.loc[::11, "flag"] = pd.NA
    return rows


def hard(target, n=300):
    """Rows with what no fit has seen."""
    rows, _ = mixed(target, n, seed=5)
    rows = with_gaps(rows)
    rows.loc[::4, "city"] = "a city that nobody knows"
    rows.loc[::5, "count"] = 2**53 + 1
    rows.loc[::6, "x"] = 1e300
    rows.loc[::8, "x"] = -inf
    rows.loc[::10, "x"] = -0.0
    return rows


def records(rows):
    """The rows as plain values."""
    plain = rows.astype(object)
    return plain.where(plain.notna(), None).to_dict("records")
