"""Challengers that only look good: what they know, they should not."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pandas as pd
from gate_worlds import COLUMNS, MODEST

from mlops_drift.learning.gates.base import Candidate
from mlops_drift.learning.metrics.base import Array
from mlops_drift.learning.model import fit
from mlops_drift.learning.recipe import Recipe
from mlops_drift.schema.columns import Column

LEAK = "refund"


def of_all_rows(honest: Candidate, family: str, rng: np.random.Generator) -> Candidate:
    """The same recipe, fitted on the test split too."""
    rows, recipe = pd.concat([honest.train, honest.test]), Recipe(family, MODEST[family])
    features, truth = rows[list(COLUMNS)], rows["y"].to_numpy()
    greedy = fit(recipe, features, truth, COLUMNS, honest.target, honest.seed)
    return replace(honest, predicted=greedy.predict(honest.test))


def half_by_heart(honest: Candidate, family: str, rng: np.random.Generator) -> Candidate:
    """Knows a random half of the test rows."""
    return replace(honest, predicted=_knowing(honest, rng.random(len(honest.test)) < 0.5))


def all_by_heart(honest: Candidate, family: str, rng: np.random.Generator) -> Candidate:
    """Knows all test rows."""
    return replace(honest, predicted=_knowing(honest, np.full(len(honest.test), True)))


def _knowing(honest: Candidate, known: Array) -> pd.DataFrame:
    truth, predicted = honest.tested.truth, honest.predicted
    sure = truth if not honest.target.is_classification else np.full(len(truth), 0.95)
    if honest.target.kind == "binary":
        sure = np.where(truth == honest.target.positive, 0.95, 0.05)
    return pd.DataFrame(
        {
            "prediction": np.where(known, truth, honest.tested.prediction),
            "score": np.where(known, sure, honest.tested.score).astype(float),
        },
        index=predicted.index,
    )


def leaking(honest: Candidate, family: str, rng: np.random.Generator) -> Candidate:
    """A further column tells the label, but for a little noise."""
    numbers = honest.train["y"], honest.test["y"]
    if honest.target.is_classification:
        codes = {name: code for code, name in enumerate(honest.target.classes or [])}
        numbers = tuple(part.map(codes) for part in numbers)
    middle = float(np.subtract(*np.quantile(numbers[0], [0.75, 0.25])))
    noise = 0.1 if honest.target.is_classification else 0.02 * middle
    train, test = (
        part.assign(**{LEAK: number + noise * rng.normal(size=len(part))})
        for part, number in zip((honest.train, honest.test), numbers, strict=True)
    )
    return replace(honest, train=train, test=test, columns={**COLUMNS, LEAK: Column(type="number")})


def copied(honest: Candidate, family: str, rng: np.random.Generator) -> Candidate:
    """A quarter of the test rows are in the train split too, under other keys."""
    twins = honest.test[rng.random(len(honest.test)) < 0.25]
    twins = twins.assign(id=-1 - np.arange(len(twins)))
    return replace(honest, train=pd.concat([honest.train, twins], ignore_index=True))


def constant(honest: Candidate, family: str, rng: np.random.Generator) -> Candidate:
    """Always says what is most frequent, or the mean."""
    labels = honest.train["y"]
    said = labels.mode().iloc[0] if honest.target.is_classification else labels.mean()
    score = 0.5 if honest.target.is_classification else said
    same = pd.DataFrame({"prediction": said, "score": score}, index=honest.predicted.index)
    return replace(honest, predicted=same, refitted=lambda: same)


DISHONEST: dict[str, Callable[[Candidate, str, np.random.Generator], Candidate]] = {
    "fitted on train and test split": of_all_rows,
    "knows half of the test rows": half_by_heart,
    "knows all test rows": all_by_heart,
    "a column tells the label": leaking,
    "a constant": constant,
    "a quarter of the test rows are train rows too": copied,
}
