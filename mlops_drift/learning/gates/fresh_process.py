"""The gate that what is stored must predict what was tested."""

import numpy as np

from mlops_drift.learning.gates.base import Candidate, FreshProcessError, Gate, GateResult, answers


class FreshProcess(Gate):
    """Passes where the stored model, loaded in a new process, predicts the same bit for bit.

    The value is the number of rows, of up to 200 test rows, whose prediction or score differs.
    Unknown where the new process gave no predictions. What was shown once for the same bytes is
    not shown again.
    """

    name = "fresh_process"
    description = "The stored model, loaded in a new process, predicts the same to the last bit."

    def judge(self, candidate: Candidate) -> GateResult:
        n, differ, before = len(candidate.fresh_rows), 0, ", as was shown before"
        if candidate.fresh_predictions is not None:
            try:
                found = candidate.fresh_predictions()
            except FreshProcessError as error:
                finding = f"A new process gave no predictions for {n} test rows: {error}"
                advice = "See whether the model needs code or files that only this process has."
                return self.unknown(n, finding, advice, threshold=0.0)
            ours, theirs = answers(candidate.predict(candidate.fresh_rows)), answers(found)
            # As bits, in which a nan is what it is.
            scores = [one.view(np.int64) for one in (ours[1], theirs[1])]
            alike = len(found) == n and (ours[0] == theirs[0]) & (scores[0] == scores[1])
            differ, before = n - int(np.sum(alike)), ""
        return self.counted(
            differ,
            n,
            f"{differ} of {n} test rows are predicted differently by a new process that loads the "
            f"stored model{before}.",
            "Look for state outside the pipeline: globals, files, random numbers without a seed.",
        )
