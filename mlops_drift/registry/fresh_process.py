"""Predicts rows by a stored model and nothing else: run as a process of its own.

python -m mlops_drift.registry.fresh_process MODEL TARGET ROWS PREDICTIONS

MODEL is the pickled pipeline, TARGET the target as JSON, ROWS an Arrow file of features; prediction
and score are written to the Arrow file PREDICTIONS.
"""

import pickle
import sys
from pathlib import Path

from pyarrow import Table, feather

from mlops_drift.learning.families.base import predict
from mlops_drift.schema.columns import Target


def main(model: str, target: str, rows: str, predictions: str) -> None:
    """Loads, predicts, writes."""
    pipeline = pickle.loads(Path(model).read_bytes())
    features = feather.read_table(rows).to_pandas()
    found = predict(pipeline, Target.model_validate_json(target), features)
    feather.write_feather(Table.from_pandas(found, preserve_index=False), predictions)


if __name__ == "__main__":
    main(*sys.argv[1:])
