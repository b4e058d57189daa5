"""The gates that the test split must not contain what the train split contains."""

import numpy as np
import pandas as pd

from mlops_drift.learning.gates.base import Candidate, Gate, GateResult
from mlops_drift.learning.gates.pictures import Shares
from mlops_drift.learning.metrics.base import Array, wilson

# How much larger the share of twins may be than it is within the train split.
MORE_TWINS = 0.05


class NoKeyOverlap(Gate):
    """Passes where no key is in both splits of the training set.

    The value is the number of shared keys, n the number of distinct test keys.
    """

    name = "no_key_overlap"
    description = "No event is in both splits of the training set."

    def judge(self, candidate: Candidate) -> GateResult:
        train, test = (set(part[candidate.key]) for part in (candidate.train, candidate.test))
        shared = sorted(str(key) for key in train & test)
        examples = f" (for example {', '.join(shared[:3])})" if shared else ""
        return self.counted(
            len(shared),
            len(test),
            f"{len(shared)} of {len(test)} test keys are also in the train split{examples}.",
            "Look for duplicate keys in events, then build the training set again.",
        )


class NoRowOverlap(Gate):
    """Passes where test rows have no more twins in the train split than train rows have.

    A twin has the same features and the same label under another key. Rows of few categories have
    twins without any fault, in the train split as often as in the test split. The value is the
    share of test rows with a twin in the train split; the limit is the share of train rows with one
    there, and .05 more. The gate fails where the lower end of the value's 95 % Wilson interval is
    above the limit.
    """

    name = "no_row_overlap"
    description = "Test rows are not in the train split under other keys."

    def judge(self, candidate: Candidate) -> GateResult:
        n, names = len(candidate.test), [*candidate.columns, candidate.target.column]
        train, test = _content(candidate.train[names]), _content(candidate.test[names])
        # A row with the same key is the same event, which `no_key_overlap` reports.
        same_key = candidate.test[candidate.key].isin(set(candidate.train[candidate.key]))
        usual = float(pd.Series(train).duplicated(keep=False).mean())
        value = float((np.isin(test, train) & ~same_key.to_numpy()).mean())
        limit = min(1.0, usual + MORE_TWINS)
        lower, upper = wilson(value, n, 0.95)
        finding = (
            f"{value:.1%} of {n} test rows have the same features and label as a train row of "
            f"another key, as {usual:.1%} do within the train split; at most {limit:.1%} is "
            "accepted."
        )
        advice = (
            "Look whether the same events arrived again under new keys. Then build the training "
            "set again."
        )
        parts, shares = ["train rows", "test rows"], {"share": [usual, value]}
        return self.result(
            lower > limit,
            (value, limit, n),
            (finding, advice),
            numbers={"lower": lower, "upper": upper, "twins in the train split": usual},
            picture=Shares("rows with a twin in the train split", parts, shares),
        )


def _content(rows: pd.DataFrame) -> Array:
    """A hash of each row; the same values give the same, whatever the type they were read as."""
    numbers = rows.select_dtypes(["number", "bool"]).columns
    alike = rows.astype({name: float if name in numbers else str for name in rows})
    return np.asarray(pd.util.hash_pandas_object(alike, index=False, categorize=False))
