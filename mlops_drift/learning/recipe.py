"""What a search finds: all that is needed, beside the data, to make a model."""

from typing import Annotated

from pydantic import ConfigDict, Field
from pydantic.dataclasses import dataclass

from mlops_drift.learning.config import ClassWeight
from mlops_drift.learning.families.registry import FamilyName


@dataclass(frozen=True, config=ConfigDict(extra="forbid"))
class Recipe:
    """How a model is made.

    Attributes:
        params: hyperparameters of the family, plain numbers and texts.
        class_weight: how the classes are weighted in the fit.
        threshold: score from which the positive class of a binary target is predicted.
    """

    family: FamilyName
    params: dict[str, object]
    class_weight: ClassWeight = "none"
    threshold: Annotated[float, Field(gt=0, lt=1)] = 0.5
