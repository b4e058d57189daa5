"""Whether the first version of a model can be judged by its gates."""

from math import ceil

from mlops_drift.learning.config import Training
from mlops_drift.learning.gates.config import Gates
from mlops_drift.policy.config import RetrainingPolicy


def require_judgeable(policy: RetrainingPolicy, training: Training, gates: Gates) -> None:
    """Raises a ValueError if the first version has fewer test rows than its gates need."""
    rows, share, least = policy.first_training_rows, training.test_share, gates.min_rows
    if training.max_rows is not None and training.max_rows < rows:
        raise ValueError(
            f"training.max_rows {training.max_rows} is less than the {rows} of "
            f"policy.first_training_rows; use at least {rows}, or a smaller first_training_rows"
        )
    n_test = round(rows * share)
    if n_test < least:
        raise ValueError(
            f"policy.first_training_rows {rows} times training.test_share {share:g} gives {n_test} "
            f"test rows, fewer than the {least} of gates.min_rows: calibration would be unknown, "
            "and the first version rejected. Use first_training_rows of at least "
            f"{ceil(least / share)}, a larger test_share, or a smaller min_rows"
        )
