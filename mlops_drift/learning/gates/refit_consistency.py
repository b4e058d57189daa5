"""The gate that a challenger must come from its train split alone."""

import numpy as np

from mlops_drift.learning.gates.base import Candidate, Gate, GateResult, RefitError, answers

# Scores that are nearer than this, as a share of the larger one, are the same: another processor
# may sum in another order.
CLOSE = 1e-6


class RefitConsistency(Gate):
    """Passes where the recipe, fitted again on the train split alone, predicts the test rows alike.

    The value is the number of test rows whose prediction differs, or whose score does by more than
    a millionth of it. A model that was fitted on other rows too, such as those of the test split,
    differs on nearly all of them, however little better it became.

    Unknown where the version cannot be fitted again, or where rows differ and other code or
    libraries made it. What was shown once for the same stored bytes is not shown again.
    """

    name = "refit_consistency"
    description = "Its recipe, fitted again on the train split alone, predicts the test rows alike."

    def judge(self, candidate: Candidate) -> GateResult:
        n, differ, before = len(candidate.test), 0, ", as was shown before"
        if candidate.refitted is not None:
            try:
                prediction, score = answers(candidate.refitted())
            except RefitError as error:
                finding = f"The version cannot be fitted again from what was logged: {error}"
                return self.unknown(n, finding, "Train a new version.", threshold=0.0)
            close = np.isclose(candidate.tested.score, score, rtol=CLOSE, atol=0.0, equal_nan=True)
            alike = close & (candidate.tested.prediction == prediction)
            differ, before = n - int(alike.sum()), ""
        finding = (
            f"The recipe, fitted again on the {len(candidate.train)} rows of the train split alone,"
            f" predicts {differ} of {n} test rows differently{before}"
        )
        if differ and not candidate.made_by_this_code:
            finding = f"{finding}; but other code or libraries made it, which may be why."
            advice = "Train a new version."
            return self.unknown(n, finding, advice, threshold=0.0, value=float(differ))
        why = ": the model was fitted on something else, perhaps on the test rows" if differ else ""
        return self.counted(
            differ,
            n,
            f"{finding}{why}.",
            "Look on which rows the pipeline was fitted, and whether a step draws random numbers "
            "without a seed. Then train a new version.",
        )
