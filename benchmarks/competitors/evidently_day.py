"""evidently: which columns of a day its drift preset calls drifted at its defaults."""

import child
import pandas as pd
from evidently_truth import judged


def drifted(task: child.Task) -> list[str]:
    """Compares `columns` of the files `reference` and `current`; those that have drifted."""
    reference = pd.read_parquet(task["reference"], columns=task["columns"])
    found = judged(reference, pd.read_parquet(task["current"], columns=task["columns"]))
    if "error" in found:
        raise RuntimeError(found["error"])
    return [name for name, verdict in found["columns"].items() if verdict["drifted"]]


if __name__ == "__main__":
    child.answer(drifted)
