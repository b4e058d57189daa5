"""The tables of one model: a repository for each kind of data.

Queries about a day take that day, and use nothing that came later.
"""

from mlops_drift.schema.columns import Target
from mlops_drift.store.checks import CheckRepository
from mlops_drift.store.coverage import CoverageRepository
from mlops_drift.store.decision_log import DecisionLog
from mlops_drift.store.labels import LabelRepository
from mlops_drift.store.lake import Lake
from mlops_drift.store.landing import LandingRepository
from mlops_drift.store.predictions import PredictionRepository
from mlops_drift.store.tables import ModelTables
from mlops_drift.store.training_sets import TrainingSets
from mlops_drift.store.versions import VersionRepository


class ModelStore:
    """The repositories of one model."""

    def __init__(
        self, lake: Lake, model: str, tables: ModelTables, key: str, target: Target
    ) -> None:
        self.lake, self.tables = lake, tables
        self.landing = LandingRepository(lake, tables)
        self.labels = LabelRepository(lake, tables, key, target)
        self.predictions = PredictionRepository(lake, tables, key, target)
        self.coverage = CoverageRepository(lake, tables, key, target)
        self.checks = CheckRepository(lake, tables)
        self.decisions = DecisionLog(lake, tables.decisions)
        self.versions = VersionRepository(lake, tables, self.decisions)
        self.training_sets = TrainingSets(lake, tables.training_sets, model)
