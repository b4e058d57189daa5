"""From the name of a family to the family, importing only its own library."""

from typing import assert_never

from mlops_drift.learning.config import FamilyName
from mlops_drift.learning.families.base import Family


def family(name: FamilyName) -> Family:
    """The family of that name.

    >>> family("linear").name
    'linear'
    """
    match name:
        case "lightgbm":
            from mlops_drift.learning.families.lightgbm import LightGBM

            return LightGBM()
        case "linear":
            from mlops_drift.learning.families.linear import Linear

            return Linear()
        case "random_forest":
            from mlops_drift.learning.families.random_forest import RandomForest

            return RandomForest()
        case "hist_gradient_boosting":
            from mlops_drift.learning.families.hist_gradient_boosting import HistGradientBoosting

            return HistGradientBoosting()
        case _:
            assert_never(name)
