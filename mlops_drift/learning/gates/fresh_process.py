"""The gate that what is stored must predict what was tested."""

import numpy as np

from mlops_drift.learning.gates.base import Candidate, FreshProcessError, Gate, GateResult

_DIFFERENT = "test rows that a new process predicts differently"


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
        rows = candidate.fresh_rows
        n = len(rows)
        if n == 0:
            return self.unknown(
                0, "The test split has no row to predict again.", "Wait for labelled rows."
            )
        if candidate.fresh_predictions is None:
            return self.counted(
                0,
                _DIFFERENT,
                n,
                "A new process has predicted the same from these bytes before, to the last bit.",
            )
        try:
            theirs = candidate.fresh_predictions()
        except FreshProcessError as error:
            return self.unknown(
                n,
                f"A new process gave no predictions for {n} test rows: {error}",
                "See whether the stored model needs code or files that only this process has.",
                threshold=0.0,
            )
        ours = candidate.predict(rows)
        if len(theirs) != n:
            differ = n
        else:
            differ = int(
                (
                    (ours["prediction"].to_numpy() != theirs["prediction"].to_numpy())
                    | (_bits(ours["score"]) != _bits(theirs["score"]))
                ).sum()
            )
        return self.counted(
            differ,
            _DIFFERENT,
            n,
            f"{differ} of {n} test rows are predicted differently by a new process that loads the "
            "stored model: what would serve is not what was tested."
            if differ
            else f"A new process that loads the stored model predicts {n} test rows the same, to "
            "the last bit.",
            "Look for state outside the pipeline: globals, files, random numbers without a seed.",
        )


def _bits(scores: "np.ndarray | object") -> np.ndarray:
    return np.asarray(scores, dtype=float).view(np.int64)
