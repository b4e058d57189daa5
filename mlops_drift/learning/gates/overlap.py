"""The gates that the test split must not contain what the train split contains."""

import numpy as np
import pandas as pd

from mlops_drift.learning.gates.base import Candidate, Gate, GateResult
from mlops_drift.learning.gates.pictures import Shares
from mlops_drift.learning.metrics.base import Array, wilson

# How much larger the share of twins may be than it is within the train split.
MORE_TWINS = 0.05

_NO_ROWS = "Look whether labels arrived for the training window."


class NoKeyOverlap(Gate):
    """Passes where no key is in both splits of the training set.

    The value is the number of shared keys, n the number of distinct test keys. Unknown where
    either split has no keys.
    """

    name = "no_key_overlap"
    description = "No event is in both splits of the training set."

    def judge(self, candidate: Candidate) -> GateResult:
        """Compares the keys of both splits."""
        train, test = (set(part[candidate.key]) for part in (candidate.train, candidate.test))
        n, shared = len(test), sorted(str(key) for key in train & test)
        if not train or not test:
            finding = f"The train split has {len(train)} keys and the test split {n}."
            return self.unknown(n, finding, _NO_ROWS, threshold=0.0)
        examples = f" (for example {', '.join(shared[:3])})" if shared else ""
        return self.counted(
            len(shared),
            "test keys that are in the train split",
            n,
            f"{len(shared)} of {n} test keys are also in the train split{examples}.",
            "Look for duplicate keys in events, then build the training set again.",
        )


class NoRowOverlap(Gate):
    """Passes where test rows have no more twins in the train split than train rows have.

    A twin has the same features and the same label under another key. Rows of few categories have
    twins without any fault, in the train split as often as in the test split. The value is the
    share of test rows with a twin in the train split; the limit is the share of train rows with one
    there, and .05 more. The gate fails where the lower end of the value's 95 % Wilson interval is
    above the limit.

    Unknown where either split is empty.
    """

    name = "no_row_overlap"
    description = "Test rows are not in the train split under other keys."

    def judge(self, candidate: Candidate) -> GateResult:
        """Compares features and labels of both splits."""
        splits = candidate.train, candidate.test
        n = len(candidate.test)
        if not all(map(len, splits)):
            finding = f"The train split has {len(candidate.train)} rows and the test split {n}."
            return self.unknown(n, finding, _NO_ROWS)
        train, test = (
            _content(split[[*candidate.columns, candidate.target.column]]) for split in splits
        )
        # A row with the same key is the same event, which `no_key_overlap` reports.
        same_key = candidate.test[candidate.key].isin(set(candidate.train[candidate.key]))
        copied = np.isin(test, train) & ~same_key.to_numpy()
        usual = _share_repeated(train)
        value, limit = float(copied.mean()), min(1.0, usual + MORE_TWINS)
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
        return self.result(
            lower > limit,
            (value, limit, n),
            (finding, advice),
            numbers={"lower": lower, "upper": upper, "twins in the train split": usual},
            picture=Shares(
                "rows with a twin in the train split",
                ["train rows", "test rows"],
                {"share": [usual, value]},
            ),
        )


def _content(rows: pd.DataFrame) -> Array:
    """A hash of each row; the same values give the same, whatever the type they were read as."""
    alike = pd.DataFrame(
        {
            name: values.astype(float) if values.dtype.kind in "iufb" else values.astype(str)
            for name, values in rows.items()
        }
    )
    return np.asarray(pd.util.hash_pandas_object(alike, index=False, categorize=False))


def _share_repeated(hashes: Array) -> float:
    _, position, counts = np.unique(hashes, return_inverse=True, return_counts=True)
    return float((counts[position] > 1).mean())
