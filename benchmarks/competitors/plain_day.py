"""A plain script: reads a day with pandas, predicts with LightGBM, writes the result."""

import child
import lightgbm
import pandas as pd


def score(task: child.Task) -> int:
    """Scores the file `events` by the booster in the file `model` into `predictions`; the rows."""
    booster = lightgbm.Booster(model_file=task["model"])
    rows = pd.read_parquet(task["events"])
    features = rows[task["columns"]].astype(dict.fromkeys(task["categories"], "category"))
    score = booster.predict(features)
    result = pd.DataFrame({task["key"]: rows[task["key"]], "score": score})
    result["prediction"] = (score >= 0.5).astype(int)
    result.to_parquet(task["predictions"])
    return len(result)


if __name__ == "__main__":
    child.answer(score)
