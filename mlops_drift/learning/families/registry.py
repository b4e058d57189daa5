"""The model families by name; only the library of the one that is asked for is imported."""

from functools import cache
from typing import TYPE_CHECKING, Annotated

from pydantic import AfterValidator

from mlops_drift.own_code import OwnCodeError
from mlops_drift.plugins import load_either, require_member

if TYPE_CHECKING:
    from mlops_drift.learning.families.base import Learner

_HERE = "mlops_drift.learning.families"

SHIPPED = {
    "lightgbm": f"{_HERE}.lightgbm:LightGBM",
    "linear": f"{_HERE}.linear:Linear",
    "random_forest": f"{_HERE}.random_forest:RandomForest",
    "hist_gradient_boosting": f"{_HERE}.hist_gradient_boosting:HistGradientBoosting",
}


SIGNATURE = "(columns, target, params) that returns an estimator"


@cache
def family(name: str) -> "Learner":
    """The family of a shipped name, an import path or an entry point.

    An import path or an entry point may be of a function that makes estimators.

    Raises:
        OwnCodeError: If there is none, or it cannot be imported.
    """
    from mlops_drift.learning.families.base import Family
    from mlops_drift.learning.families.function import FunctionFamily

    try:
        member = load_either("families", name, SHIPPED, Family, SIGNATURE)  # type: ignore[type-abstract]
    except ValueError as error:
        raise OwnCodeError(str(error)) from error
    return member() if isinstance(member, type) else FunctionFamily(name, member)


def _known(name: str) -> str:
    # Not imported: what it imports costs seconds, which those who never train need not wait for.
    require_member("families", name, SHIPPED)
    return name


FamilyName = Annotated[str, AfterValidator(_known)]
