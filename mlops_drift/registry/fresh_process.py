"""Predicts rows by a stored model and nothing else: run as a process of its own."""

import pickle
import sys
from pathlib import Path

from pyarrow import Table, feather

from mlops_drift.learning.families.base import predict
from mlops_drift.schema.columns import Target


def main(model: str, target: str, rows: str, predictions: str) -> None:
    """Loads a pickled pipeline, and writes prediction and score for each row of an Arrow file."""
    pipeline = pickle.loads(Path(model).read_bytes())
    features = feather.read_table(rows).to_pandas()
    found = predict(pipeline, Target.model_validate_json(target), features)
    feather.write_feather(Table.from_pandas(found, preserve_index=False), predictions)


if __name__ == "__main__":
    main(*sys.argv[1:])
