"""When a trial is not worth its last folds."""

import numpy as np
from optuna import Study
from optuna.pruners import BasePruner
from optuna.study import StudyDirection
from optuna.trial import FrozenTrial

# Earlier trials that are needed to tell.
FEWEST = 2


class PeerPruner(BasePruner):
    """Gives up a trial that is worse than most earlier ones of its study were on the same rows.

    Earlier trials count whether they were given up or not. The share, above 0 and at most 1, is
    that of the trials among whose best one must be.
    """

    def __init__(self, share: float) -> None:
        self._share = share

    def prune(self, study: Study, trial: FrozenTrial) -> bool:
        step = trial.last_step
        if step is None:
            return False
        reached = [
            other.intermediate_values[step]
            for other in study.get_trials(deepcopy=False)
            if other.number < trial.number and step in other.intermediate_values
        ]
        if len(reached) < FEWEST:
            return False
        value = trial.intermediate_values[step]
        if study.direction == StudyDirection.MAXIMIZE:
            return bool(value < np.quantile(reached, 1 - self._share))
        return bool(value > np.quantile(reached, self._share))
