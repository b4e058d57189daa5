"""The model of the plain script: as many trees and leaves as the champion, on the same rows."""

import child
import lightgbm
import pandas as pd

from mlops_drift.gateways import open_registry


def fit(task: child.Task) -> dict[str, int]:
    """Fits a booster on files of events and their labels, and writes it to the file `model`.

    Returns:
        The number of trees and of leaves, which are those of the first version of `name`.
    """
    pipeline = open_registry().pipeline(task["name"], 1)
    champion = pipeline.steps[-1][1]
    shape = {"trees": champion.booster_.num_trees(), "leaves": champion.num_leaves}
    events = pd.concat(map(pd.read_parquet, task["events"]))
    labels = pd.concat(map(pd.read_parquet, task["labels"]))
    rows = events.merge(labels, on=task["key"])
    features = rows[task["columns"]].astype(dict.fromkeys(task["categories"], "category"))
    truth = (rows[task["target"]] == task["positive"]).astype(int)
    settings = {"objective": "binary", "num_leaves": shape["leaves"], "verbose": -1}
    booster = lightgbm.train(settings, lightgbm.Dataset(features, truth), shape["trees"])
    booster.save_model(task["model"])
    return shape


if __name__ == "__main__":
    child.answer(fit)
