"""Ours: one new day against a reference that was stored, every metric, as the daily job does."""

import child
import scipy.stats  # noqa: F401 - else imported on first use, in the measured seconds

from mlops_drift.compare.compare import compare
from mlops_drift.drift.reference import Reference


def work(task: child.Task) -> int:
    """Loads the reference in the folder `stored` and compares it with the file `current`."""
    reference = Reference.load(task["stored"])
    return len(compare(reference, task["current"], columns=task["columns"]).columns)


if __name__ == "__main__":
    child.answer(work)
