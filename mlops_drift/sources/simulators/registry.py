"""The simulators by name."""

from typing import Literal

from mlops_drift.sources.simulators.base import Simulator
from mlops_drift.sources.simulators.churn import Churn
from mlops_drift.sources.simulators.glassware import Glassware
from mlops_drift.sources.simulators.insurance import Insurance

SimulatorName = Literal["churn", "glassware", "insurance"]
SIMULATORS: dict[SimulatorName, type[Simulator]] = {
    "churn": Churn,
    "glassware": Glassware,
    "insurance": Insurance,
}
