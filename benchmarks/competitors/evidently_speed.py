"""evidently: one comparison of two Parquet files with its drift preset at its defaults."""

import child
import pandas as pd
from evidently import Report
from evidently.presets import DataDriftPreset


def compare(task: child.Task) -> int:
    """Compares the files `reference` and `current`; the number of columns that were judged."""
    reference = pd.read_parquet(task["reference"], columns=task["columns"])
    current = pd.read_parquet(task["current"], columns=task["columns"])
    snapshot = Report([DataDriftPreset()]).run(current, reference).dict()
    return len(snapshot["metrics"]) - 1


if __name__ == "__main__":
    child.answer(compare)
