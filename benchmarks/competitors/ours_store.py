"""Ours: fits a reference and stores it."""

import child

from mlops_drift.drift.reference import Reference
from mlops_drift.drift.rows import Rows


def store(task: child.Task) -> int:
    """Fits the columns of `reference` and saves them in the folder `stored`."""
    rows = Rows(task["reference"])
    kinds = {name: rows.kinds[name] for name in task["columns"]}
    Reference.fit(rows, kinds).save(task["stored"])
    return len(kinds)


if __name__ == "__main__":
    child.answer(store)
