"""What a gate is, what it may look at, and what it finds."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from math import nan
from typing import Literal, NamedTuple, TypedDict, Unpack

import numpy as np
import pandas as pd

from mlops_drift.learning.config import BusinessValue
from mlops_drift.learning.gates.config import Gates
from mlops_drift.learning.gates.pictures import Picture
from mlops_drift.learning.metrics.base import Array
from mlops_drift.learning.metrics.registry import MetricName
from mlops_drift.schema.columns import Column, Target
from mlops_drift.schema.verdicts import Verdict

# Test rows that a new process predicts again.
FRESH_ROWS = 200
Tables = Mapping[str, Sequence[Mapping[str, object]]]
# The number that is judged, its limit, and the rows behind it.
Judged = tuple[float, float, int]
# How a number that passes is to its limit.
Direction = Literal["<=", ">", ">="]
# Finding and advice.
Sentences = tuple[str, str]


class Shown(TypedDict, total=False):
    """What a result has beside its number and its sentences."""

    direction: Direction
    numbers: Mapping[str, float]
    tables: Tables
    picture: Picture


class FreshProcessError(Exception):
    """A new process gave no predictions; the message says why."""


class RefitError(Exception):
    """A version cannot be fitted again; the message says why."""


class Predictions(NamedTuple):
    """What was true of rows, and what was predicted; shape (n,) each."""

    truth: Array
    prediction: Array
    score: Array


class ChampionComparison(NamedTuple):
    """Prediction and score of challenger and champion for rows that neither has trained on."""

    truth: Array
    challenger: pd.DataFrame
    champion: pd.DataFrame


@dataclass(frozen=True)
class Candidate:
    """Everything about a challenger that a gate may look at.

    Attributes:
        metric: what the search optimised.
        train: the train split: key, features, label; at least one row, as in the test split.
        predicted: prediction and score of each test row.
        predict: predicts a frame of features: prediction and score.
        out_of_fold: prediction and score of rows of the train split by the version's recipe, fitted
            without the row's fold; the index is the place of the row. None where it is not known.
        size: of the stored model in bytes.
        signature: names of the inputs that the stored model declares, None if it declares none.
        fresh_predictions: what a new process predicts of the fresh rows, raises FreshProcessError;
            None if one has predicted the same from the same stored bytes before.
        refitted: predictions of the test rows by the version's recipe, fitted again on the train
            split alone, raises RefitError; None if they were the same for these bytes before.
        made_by_this_code: whether the code and the libraries that fit again made the version.
        champion_comparison: None if there is no champion.
        compiled_differs: of each row of a frame of features, whether the compiled form predicts
            it otherwise than the pipeline; None where the version has no such form.
        milliseconds: by gate, the time that these bytes took when they passed it before.
    """

    target: Target
    columns: Mapping[str, Column]
    metric: MetricName
    seed: int
    gates: Gates
    business: BusinessValue | None
    description: str
    key: str
    train: pd.DataFrame
    test: pd.DataFrame
    predicted: pd.DataFrame
    predict: Callable[[pd.DataFrame], pd.DataFrame]
    out_of_fold: pd.DataFrame | None
    size: int
    signature: Sequence[str] | None
    fresh_rows: pd.DataFrame
    fresh_predictions: Callable[[], pd.DataFrame] | None
    refitted: Callable[[], pd.DataFrame] | None
    made_by_this_code: bool
    champion_comparison: ChampionComparison | None
    compiled_differs: Callable[[pd.DataFrame], Array] | None = None
    milliseconds: Mapping[str, float] = field(default_factory=dict)

    @property
    def labels_wanted(self) -> str:
        """The labels that an undefined metric needs."""
        return "labels of every class" if self.target.is_classification else "labels that differ"

    @cached_property
    def features(self) -> pd.DataFrame:
        """The features of the test split."""
        return self.test[list(self.columns)]

    @cached_property
    def tested(self) -> Predictions:
        """Those of the test split."""
        return Predictions(self.test[self.target.column].to_numpy(), *answers(self.predicted))

    @cached_property
    def validated(self) -> Predictions:
        """Those of the train rows in cross-validation; none where unknown."""
        if self.out_of_fold is None:
            return Predictions(np.array([]), np.array([]), np.array([]))
        truth = self.train[self.target.column].to_numpy()[self.out_of_fold.index.to_numpy()]
        return Predictions(truth, *answers(self.out_of_fold))

    def tried(self, rows: pd.DataFrame) -> pd.DataFrame | str:
        """What is predicted for rows, or how the model failed on them."""
        try:
            # An overflow within the model is its own affair: what comes out is judged.
            with np.errstate(all="ignore"):
                return self.predict(rows)
        # Whatever a model does with rows that were made to break it is the finding.
        except Exception as error:
            return f"{type(error).__name__}: {error}"

    def unsound(self, predicted: pd.DataFrame) -> int:
        """How many rows lack a class, or finite number, or a score that is finite, or in [0, 1]."""
        prediction, score = answers(predicted)
        if self.target.is_classification:
            known = predicted["prediction"].isin(self.target.classes or []).to_numpy()
            sound = known & (score >= 0) & (score <= 1)
        else:
            sound = np.isfinite(score) & np.isfinite(prediction.astype(float))
        return int((~sound).sum())


def answers(predicted: pd.DataFrame) -> tuple[Array, Array]:
    """Prediction and score of each row."""
    return predicted["prediction"].to_numpy(), predicted["score"].to_numpy(dtype=float)


@dataclass(frozen=True)
class GateResult:
    """What a gate found.

    Attributes:
        verdict: unknown does not pass either.
        value: the number that was judged, nan where nothing was measured, on n rows.
        finding: what was found, by how much, and why it matters.
        advice: what to do next, where the verdict is no pass.
        tables: rows by name of the table.
        direction: how a value that passes is to the threshold, where chance does not decide.
    """

    name: str
    verdict: Verdict
    value: float
    threshold: float
    n: int
    finding: str
    advice: str = ""
    numbers: Mapping[str, float] = field(default_factory=dict)
    tables: Tables = field(default_factory=dict)
    picture: Picture | None = None
    direction: Direction = "<="

    @property
    def summary(self) -> str:
        """Finding and advice in one text."""
        return f"{self.finding} {self.advice}".strip()


class Described(NamedTuple):
    """What of a model's description decides which gates it has."""

    gates: Gates
    columns: Mapping[str, Column]
    business: BusinessValue | None


class Gate(ABC):
    """One condition of promotion.

    To add one, subclass in a module of its own and name it in ``registry.SHIPPED``, or name its
    import path in ``gates.extra``.

    Attributes:
        name: of its check.
        description: what passes.
    """

    name: str
    description: str

    @classmethod
    def for_model(cls, model: Described) -> "Sequence[Gate]":
        """The gates of this class that a model has; override where not every model has one."""
        return [cls()]

    @abstractmethod
    def judge(self, candidate: Candidate) -> GateResult:
        """Judges a challenger. What cannot be computed is unknown."""

    def unknown(
        self, n: int, finding: str, advice: str, *, threshold: float = nan, value: float = nan
    ) -> GateResult:
        """The result of a gate that cannot be computed."""
        return GateResult(self.name, "unknown", value, threshold, n, finding, advice)

    def result(
        self, fails: bool, judged: Judged, sentences: Sentences, **shown: Unpack[Shown]
    ) -> GateResult:
        """The result of a gate that was computed; a pass needs no advice."""
        finding, advice = sentences
        verdict: Verdict = "fail" if fails else "pass"
        return GateResult(self.name, verdict, *judged, finding, advice if fails else "", **shown)

    def counted(self, count: int, n: int, finding: str, advice: str = "") -> GateResult:
        """The result of a gate that counts, in n rows, what is wrong; any fails."""
        return self.result(count > 0, (float(count), 0.0, n), (finding, advice))
