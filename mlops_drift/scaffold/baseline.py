"""A gate limit from two numbers: the best constant answer, and a model with default settings."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from mlops_drift.learning.families.base import predicted
from mlops_drift.learning.families.registry import family
from mlops_drift.learning.metrics.base import Array
from mlops_drift.learning.metrics.evaluation import evaluate, worsening
from mlops_drift.learning.metrics.registry import MetricName
from mlops_drift.schema.columns import Column, Target

# The first labelled rows: what a first version is trained on, and quick.
SAMPLE, TRAIN_SHARE = 3_000, 0.75
# Below this share of the rarest of two classes accuracy says little.
BALANCED = 0.2
FEWEST, SEED = 40, 7


@dataclass(frozen=True)
class GateGuess:
    """A limit of the metric on the test split: the worst value that may serve.

    Attributes:
        constant: the value of the best constant answer.
        model: the value of a model with default settings; None where it cannot be trained.
        rows: labelled rows that both were measured with.
    """

    metric: MetricName
    limit: float
    constant: float
    model: float | None
    rows: int

    @property
    def is_better(self) -> bool:
        """Whether the model is better than the constant answer."""
        return self.model is not None and worsening(self.metric, self.constant, self.model) < 0


def choose_metric(target: Target, labels: pd.Series) -> tuple[MetricName, str]:
    """The metric that suits the labels, and why.

    >>> target = Target(column="y", kind="binary", classes=["no", "yes"], positive="yes")
    >>> choose_metric(target, pd.Series(["no"] * 9 + ["yes"]))
    ('auc', 'one class is rare (10%); f1 or recall if misses cost most')
    """
    if target.kind == "regression":
        return "mae", "the mean error in units of the label; rmse weighs large errors more"
    least = float(labels.value_counts(normalize=True).reindex(target.classes).fillna(0).min())
    if target.kind == "multiclass" and least < BALANCED / 2:
        return "f1_macro", "classes of all sizes count alike"
    if target.kind == "multiclass":
        return "accuracy", "no class is rare; f1_macro counts classes of all sizes alike"
    if least < BALANCED:
        return "auc", f"one class is rare ({least:.0%}); f1 or recall if misses cost most"
    return "accuracy", "both classes are frequent; f1 looks at the positive class alone"


def propose_gate(
    metric: MetricName, target: Target, columns: Mapping[str, Column], rows: pd.DataFrame
) -> GateGuess:
    """The limit halfway between the constant answer and a model that sees these columns.

    `rows` are labelled events by day, with these columns and the label, all as text.
    """
    rows = rows.head(SAMPLE)
    split = int(TRAIN_SHARE * len(rows))
    labels = rows[target.column]
    if not target.is_classification:
        labels = pd.to_numeric(labels, errors="coerce").astype(float)
    truth = labels.to_numpy()
    constant = _constant(metric, target, truth[:split], truth[split:])
    model = None
    if len(rows) >= FEWEST and len(set(truth[:split])) > 1:
        lightgbm = family("lightgbm")
        pipeline = lightgbm.build(lightgbm.default(columns, split), columns, target, SEED)
        features = rows[list(columns)].copy()
        for name, column in columns.items():
            if column.type == "boolean":
                features[name] = features[name].str.lower().map({"true": 1.0, "false": 0.0})
        pipeline.fit(features.iloc[:split], truth[:split])
        prediction, score, _ = predicted(pipeline, target, features.iloc[split:])
        model = evaluate(metric, target, truth[split:], prediction, score)
    limit = constant
    if model is not None and worsening(metric, constant, model) < 0:
        limit = (constant + model) / 2
    # Two digits of a share, three of another number.
    rounded = float(f"{limit:.2f}" if target.is_classification else f"{limit:.3g}")
    return GateGuess(metric, rounded if np.isfinite(limit) else 0.5, constant, model, len(rows))


def _constant(metric: MetricName, target: Target, train: Array, test: Array) -> float:
    """The metric of always giving the most frequent class, or the median."""
    n = len(test)
    if not target.is_classification:
        answer = np.full(n, float(np.median(train)) if len(train) else 0.0)
        return evaluate(metric, target, test, answer, answer)
    names, counts = np.unique(train.astype(str), return_counts=True)
    best = names[counts.argmax()] if len(names) else (target.classes or [""])[0]
    # Any one score ranks nothing: of auc it is 0.5.
    return evaluate(metric, target, test, np.full(n, best, dtype=object), np.full(n, 0.5))
