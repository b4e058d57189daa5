"""Pictures of a new version: its mistakes, and the columns that it relies on."""

from collections import Counter
from collections.abc import Mapping

import pyarrow as pa

from mlops_drift.charts.gates import draw
from mlops_drift.config.spec import ModelSpec
from mlops_drift.learning.gates.pictures import Confusion, Shares

# Columns that are drawn.
_SHOWN = 15


def baseline_pictures(
    spec: ModelSpec, predictions: pa.Table, importance: Mapping[str, float]
) -> dict[str, str]:
    """The confusion of the test split, where there are classes, and the importance, as SVG by name.

    The importance is the share of each column in the skill of the version.
    """
    ranked = sorted(importance.items(), key=lambda item: -item[1])[:_SHOWN]
    names, values = [name for name, _ in ranked], [value for _, value in ranked]
    pictures = {"importance": draw(Shares("importance", names, {"share of the skill": values}))}
    if spec.target.is_classification:
        classes = spec.target.classes or []
        truths, answers = predictions[spec.target.column], predictions["prediction"]
        pairs = Counter(zip(truths.to_pylist(), answers.to_pylist(), strict=True))
        counts = [[pairs[truth, answer] for answer in classes] for truth in classes]
        pictures["confusion"] = draw(Confusion(classes, counts))
    return pictures
