"""The daily checks by name, and what to do when one fails."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Literal

CheckName = Literal[
    "feature_drift",
    "prediction_drift",
    "null_spike",
    "data_quality",
    "performance_drop",
    "slice_performance",
    "business_value",
    "estimated_performance",
    "error_drift",
    "label_drift",
    "model_age",
]

FEATURE_DRIFT: CheckName = "feature_drift"
PREDICTION_DRIFT: CheckName = "prediction_drift"
NULL_SPIKE: CheckName = "null_spike"
DATA_QUALITY: CheckName = "data_quality"
PERFORMANCE_DROP: CheckName = "performance_drop"
SLICE_PERFORMANCE: CheckName = "slice_performance"
BUSINESS_VALUE: CheckName = "business_value"
ESTIMATED_PERFORMANCE: CheckName = "estimated_performance"
ERROR_DRIFT: CheckName = "error_drift"
LABEL_DRIFT: CheckName = "label_drift"
MODEL_AGE: CheckName = "model_age"

# Failures of realized performance: their production day says when the world changed.
REALIZED = (PERFORMANCE_DROP, SLICE_PERFORMANCE, BUSINESS_VALUE)

# Failures that one day in a thousand has by chance, in every year some.
DRIFTING = (FEATURE_DRIFT, PREDICTION_DRIFT, NULL_SPIKE, LABEL_DRIFT, ESTIMATED_PERFORMANCE)

# A warning is shown and sent, but is no alarm: what it says is not yet known.
WARNINGS = (ESTIMATED_PERFORMANCE,)

ADVICE: Mapping[str, str] = MappingProxyType(
    {
        FEATURE_DRIFT: "First look whether the pipeline that delivers this column has changed: a "
        "broken feed looks like drift, and is repaired there. If the world has changed, a version "
        "trained on recent labelled rows learns it.",
        PREDICTION_DRIFT: "The version now answers differently than on its test split. Look at "
        "feature_drift for the cause; if the features are quiet, look at the scoring path.",
        NULL_SPIKE: "Values that used to be there are missing. Look at the feed of this column: a "
        "failed join, a renamed field, a source that stopped. The version scores such rows, but on "
        "less than it was trained on; once the feed is repaired, materialize the days again.",
        DATA_QUALITY: "Look at the rows that were kept aside. Repair the source and materialize "
        "the day again, or, where the world has changed, correct the constraint in defs.yaml. "
        "Retraining on broken data would only teach the model the fault.",
        PERFORMANCE_DROP: "The world no longer follows what the version learned: concept drift. "
        "Only new labelled rows help: retrain on those since the first failing production day, or "
        "on the recent window while these are too few. Look at feature_drift too: a broken feed "
        "shows there first.",
        SLICE_PERFORMANCE: "The version fails one part of the events while the whole may look "
        "well. See whether this part has changed (feature_drift by segment) or was rare in the "
        "training set; more labelled rows of it help, a rule for it may be quicker.",
        BUSINESS_VALUE: "The predictions are worth less than they were. If the metric holds, the "
        "mix of outcomes or the costs have changed: look at label_drift, and at the decision "
        "threshold before a retraining.",
        ESTIMATED_PERFORMANCE: "The scores say that the version does worse on these events, "
        "before their labels can. Look at feature_drift for the columns that moved, and ask for "
        "labels of these days first. See beside it how far the estimate was off before.",
        ERROR_DRIFT: "The sequence of errors has risen. Hold it against performance_drop, which "
        "says by how much, and over which days.",
        LABEL_DRIFT: "What happens has become more or less frequent than in the training set. If "
        "the performance holds, look at the decision threshold and at what is planned on the base "
        "rate; if it falls too, retrain on recent labelled rows. See first whether the way labels "
        "are made has changed.",
        MODEL_AGE: "The version was trained long ago. Nothing else may be wrong: retrain on recent "
        "labelled rows, and see whether the challenger is better at all.",
    }
)
