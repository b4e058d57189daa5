"""The model families by name; only the library of the one that is asked for is imported."""

from functools import cache
from typing import TYPE_CHECKING, Annotated

from pydantic import AfterValidator

from mlops_drift.plugins import load

if TYPE_CHECKING:
    from mlops_drift.learning.families.base import Family

_HERE = "mlops_drift.learning.families"

SHIPPED = {
    "lightgbm": f"{_HERE}.lightgbm:LightGBM",
    "linear": f"{_HERE}.linear:Linear",
    "random_forest": f"{_HERE}.random_forest:RandomForest",
    "hist_gradient_boosting": f"{_HERE}.hist_gradient_boosting:HistGradientBoosting",
}


@cache
def family(name: str) -> "Family":
    """The family of a shipped name, an import path or an entry point, else a ValueError."""
    from mlops_drift.learning.families.base import Family

    return load("families", name, SHIPPED, Family)()  # type: ignore[type-abstract]


def _known(name: str) -> str:
    if name not in SHIPPED:
        family(name)
    return name


FamilyName = Annotated[str, AfterValidator(_known)]
