"""evidently: reports of a day at its defaults, and which columns it calls drifted."""

import child
import pandas as pd
from evidently import BinaryClassification, DataDefinition, Dataset, Report
from evidently.presets import ClassificationPreset, DataSummaryPreset
from evidently_truth import judged


def drifted(task: child.Task) -> list[str]:
    """Compares the events of `current` with those of `reference`; the columns that have drifted.

    With `target`, a summary of the data and of the classification is made as well.
    """
    whole, columns = "target" in task, task["columns"]
    current, reference = (_rows(task, task[name]) for name in ("current", "reference"))
    found = judged(reference[columns], current[columns])
    if "error" in found:
        raise RuntimeError(found["error"])
    if whole:
        categories = task["categories"]
        definition = DataDefinition(
            numerical_columns=[name for name in columns if name not in categories],
            categorical_columns=categories,
            classification=[
                BinaryClassification(
                    target=task["target"],
                    prediction_labels="prediction",
                    prediction_probas="score",
                    pos_label=1,
                )
            ],
        )
        rows = [
            Dataset.from_pandas(one, data_definition=definition) for one in (current, reference)
        ]
        Report([DataSummaryPreset(columns=columns), ClassificationPreset()]).run(*rows).dict()
    return [name for name, verdict in found["columns"].items() if verdict["drifted"]]


def _rows(task: child.Task, files: dict[str, str]) -> pd.DataFrame:
    if "target" not in task:
        return pd.read_parquet(files["events"], columns=task["columns"])
    key, target = task["key"], task["target"]
    rows = pd.read_parquet(files["events"])
    for other in ("predictions", "labels"):
        rows = rows.merge(pd.read_parquet(files[other]), on=key)
    rows[target] = (rows[target] == task["positive"]).astype(int)
    return rows


if __name__ == "__main__":
    child.answer(drifted)
