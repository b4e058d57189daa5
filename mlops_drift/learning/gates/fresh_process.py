"""The gate that what is stored must predict what was tested."""

import numpy as np

from mlops_drift.learning.gates.base import Candidate, FreshProcessError, Gate, GateResult
from mlops_drift.learning.metrics.base import Array


class FreshProcess(Gate):
    """Passes where the stored model, loaded in a new process, predicts the same bit for bit.

    The value is the number of rows, of up to 200 test rows, whose prediction or score differs.
    Unknown where the new process gave no predictions. What was shown once for the same bytes is
    not shown again.
    """

    name = "fresh_process"
    description = "The stored model, loaded in a new process, predicts the same to the last bit."

    def judge(self, candidate: Candidate) -> GateResult:
        """Compares predictions of this process with those of a new one."""
        rows, differ, before = candidate.fresh_rows, 0, ", as was shown before"
        n = len(rows)
        if n == 0:
            return self.unknown(0, "The test split has no row.", "Wait for labelled rows.")
        if candidate.fresh_predictions is not None:
            try:
                theirs = candidate.fresh_predictions()
            except FreshProcessError as error:
                return self.unknown(
                    n,
                    f"A new process gave no predictions for {n} test rows: {error}",
                    "See whether the stored model needs code or files that only this process has.",
                    threshold=0.0,
                )
            ours, before = candidate.predict(rows), ""
            classes = [frame["prediction"].to_numpy() for frame in (ours, theirs)]
            scores = [_bits(frame["score"].to_numpy(float)) for frame in (ours, theirs)]
            alike = len(theirs) == n and (classes[0] == classes[1]) & (scores[0] == scores[1])
            differ = n - int(np.sum(alike))
        return self.counted(
            differ,
            "test rows that a new process predicts differently",
            n,
            f"{differ} of {n} test rows are predicted differently by a new process that loads the "
            f"stored model{before}.",
            "Look for state outside the pipeline: globals, files, random numbers without a seed.",
        )


def _bits(scores: Array) -> Array:
    return scores.view(np.int64)
