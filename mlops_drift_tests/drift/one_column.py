"""References and profiles of tables with the one column `x`."""

import pyarrow as pa

from mlops_drift.drift.profile import profile
from mlops_drift.drift.reference import Reference


def fit(values, bins=10):
    return Reference.fit(pa.table({"x": values}), bins=bins)


def profiled(reference, values):
    return profile(reference, pa.table({"x": values}))["x"]
