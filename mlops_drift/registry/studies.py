"""The studies gateway: the trials of every search in an Optuna database, imported when needed."""

import warnings
from collections.abc import Mapping
from copy import deepcopy
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from filelock import FileLock

from mlops_drift.learning.search.trial_cache import TrialCache
from mlops_drift.registry.sqlite_files import file_of, made_beside

if TYPE_CHECKING:
    from optuna import Study
    from optuna.storages import RDBStorage
    from optuna.trial import FrozenTrial

# User attribute of a stored trial: its number in the search. The database numbers trials itself.
NUMBER = "number"


class Studies:
    """Searches by name, in a database that optuna-dashboard shows."""

    def __init__(self, storage_url: str, lock_root: Path) -> None:
        self.storage_url, self._lock_root = storage_url, lock_root

    def memory(self, name: str, metric: str, *, greater_is_better: bool) -> TrialCache:
        """The memory of a search, which is empty if there was none of that name."""
        import optuna

        optuna.logging.set_verbosity(optuna.logging.WARNING)
        with self._lock:
            study = optuna.create_study(
                storage=self._storage,
                study_name=name,
                direction="maximize" if greater_is_better else "minimize",
                load_if_exists=True,
            )
            with warnings.catch_warnings():
                # Their names may change in a later Optuna; nothing here depends on them.
                warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
                study.set_metric_names([metric])
        return _StudyCache(study, self._lock)

    def names(self, model: str) -> list[str]:
        """Names of the searches of a model; asking makes nothing."""
        import optuna

        place = file_of(self.storage_url)
        there = place is None or place.exists()
        found = optuna.get_all_study_names(self._storage) if there else []
        return [name for name in found if name.startswith(f"{model} ")]

    def remove(self, name: str) -> None:
        """Removes a search with its trials."""
        import optuna

        with self._lock:
            optuna.delete_study(study_name=name, storage=self._storage)

    @property
    def _lock(self) -> FileLock:
        """A lock between processes that a killed process leaves free."""
        self._lock_root.mkdir(parents=True, exist_ok=True)
        return FileLock(self._lock_root / "studies.lock")

    @cached_property
    def _storage(self) -> "RDBStorage":
        from optuna.storages import RDBStorage
        from sqlalchemy import text

        place = file_of(self.storage_url)
        if place is not None and not place.exists():
            with made_beside(place) as url:
                made = RDBStorage(url)
                made.remove_session()
                with made.engine.connect() as connection:
                    # Stays with the file: a write waits for the disk once, and a reader for nobody.
                    connection.execute(text("PRAGMA journal_mode=WAL"))
                made.engine.dispose()
        return RDBStorage(self.storage_url)


class _StudyCache(TrialCache):
    """The trials of one study; with the lock, no two processes write a trial twice.

    What others have written is seen from the next trial that is kept on.
    """

    def __init__(self, study: "Study", lock: FileLock) -> None:
        self._study, self._lock = study, lock
        self._stored = study.get_trials(deepcopy=False)

    def recall(self, number: int, params: Mapping[str, Any]) -> "FrozenTrial | None":
        same = (one for one in self._stored if one.params == dict(params))
        return next((one for one in same if one.user_attrs.get(NUMBER) == number), None)

    def keep(self, trial: "FrozenTrial") -> None:
        with self._lock:
            self._stored = self._study.get_trials(deepcopy=False)
            if self.recall(trial.number, trial.params) is None:
                kept = deepcopy(trial)
                kept.set_user_attr(NUMBER, trial.number)
                self._study.add_trial(kept)
                self._stored = [*self._stored, kept]
