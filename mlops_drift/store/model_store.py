"""The tables of one model, with every question that is asked of them.

Every question that is about a day takes that day: nothing that came later is in the answer.
"""

from mlops_drift.schema.columns import Target
from mlops_drift.store.checks import CheckRepository
from mlops_drift.store.decision_log import DecisionLog
from mlops_drift.store.labels import LabelRepository
from mlops_drift.store.lake import Lake
from mlops_drift.store.landing import LandingRepository
from mlops_drift.store.predictions import PredictionRepository
from mlops_drift.store.tables import ModelTables
from mlops_drift.store.training_sets import TrainingSets
from mlops_drift.store.versions import VersionRepository


class ModelStore:
    """The repositories of one model.

    Args:
        lake: the lake.
        model: name of the model.
        tables: its tables.
        key: name of the key column.
        target: the target.
    """

    def __init__(
        self, lake: Lake, model: str, tables: ModelTables, key: str, target: Target
    ) -> None:
        self.lake, self.tables = lake, tables
        self.landing = LandingRepository(lake, tables)
        self.labels = LabelRepository(lake, tables, key, target)
        self.predictions = PredictionRepository(lake, tables, key, target)
        self.checks = CheckRepository(lake, tables)
        self.decisions = DecisionLog(lake, tables.decisions)
        self.versions = VersionRepository(lake, tables, self.decisions)
        self.training_sets = TrainingSets(lake, tables.training_sets, model)
