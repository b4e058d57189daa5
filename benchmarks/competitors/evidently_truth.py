"""evidently: which columns of which days its drift preset calls drifted at its defaults."""

from typing import Any

import child
import pandas as pd
from evidently import Report
from evidently.presets import DataDriftPreset


def judge(task: child.Task) -> list[dict[str, Any]]:
    """Compares each day of `current` with `reference`: by day the value and verdict by column.

    A comparison that raises gives the error instead.
    """
    reference = pd.read_parquet(task["reference"])
    current = pd.read_parquet(task["current"])
    return [
        judged(reference, rows.drop(columns="day")) for _, rows in current.groupby("day", sort=True)
    ]


def judged(reference: pd.DataFrame, current: pd.DataFrame) -> dict[str, Any]:
    """One comparison: the value and verdict by column, or the error."""
    try:
        found = Report([DataDriftPreset()]).run(current, reference).dict()["metrics"]
    except Exception as error:
        return {"error": f"{type(error).__name__}: {error}"[:80]}
    columns = {}
    for metric in found:
        config, value = metric["config"], metric["value"]
        if "column" in config:
            # Of a p-value a small one means drift, of a distance a large one.
            is_p = "p_value" in config["method"]
            drifted = value < config["threshold"] if is_p else value >= config["threshold"]
            shown = f"{config['method']} {value:.3g}"
            columns[config["column"]] = {"drifted": bool(drifted), "shown": shown}
    return {"columns": columns}


if __name__ == "__main__":
    child.answer(judge)
