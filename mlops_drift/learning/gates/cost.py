"""The gates on what a challenger costs: time to predict, and size."""

from math import inf
from time import thread_time

import pandas as pd

from mlops_drift.learning.gates.base import Candidate, Gate, GateResult
from mlops_drift.learning.gates.pictures import Bars, Limit

TRIES = 20
BATCH = 1000
_MEGABYTE = 1_000_000


class SingleRowLatency(Gate):
    """Passes where one row is predicted in ``max_row_latency_ms``, at the best of 20 tries.

    What counts is the time that the predicting thread computes, not that it waits for others: a
    busy machine makes no model slow. A try under the limit ends them, and stands for these bytes.
    """

    name = "single_row_latency"
    description = "One row is predicted fast enough, at the best of up to 20 tries."

    def judge(self, candidate: Candidate) -> GateResult:
        """Measures the first test row."""
        rows, limit = candidate.features.head(1), candidate.gates.max_row_latency_ms
        return _latency(self, candidate, rows, limit, "one row", "gates.max_row_latency_ms")


class BatchLatency(Gate):
    """Passes where 1,000 rows are predicted in ``max_batch_latency_ms``, at the best of 20 tries.

    The rows are the test rows, repeated as often as needed.
    """

    name = "batch_latency"
    description = "1,000 rows are predicted fast enough, at the best of up to 20 tries."

    def judge(self, candidate: Candidate) -> GateResult:
        """Measures 1,000 rows."""
        features, limit = candidate.features, candidate.gates.max_batch_latency_ms
        repeated = [features] * -(-BATCH // max(1, len(features)))
        rows = pd.concat(repeated).head(BATCH)
        return _latency(self, candidate, rows, limit, "1,000 rows", "gates.max_batch_latency_ms")


class ArtifactSize(Gate):
    """Passes where the stored model is at most ``max_artifact_mb`` megabytes (10^6 bytes) large."""

    name = "artifact_size"
    description = "The stored model is small enough."

    def judge(self, candidate: Candidate) -> GateResult:
        """Judges the size of the stored model."""
        value, limit = candidate.size / _MEGABYTE, candidate.gates.max_artifact_mb
        fails = value > limit
        return GateResult(
            self.name,
            "fail" if fails else "pass",
            value,
            limit,
            len(candidate.test),
            f"The stored model takes {value:.3g} MB, at most {limit:.4g} MB is accepted: it would "
            "be slow to load and costly to keep with every version."
            if fails
            else f"The stored model takes {value:.3g} MB of {limit:.4g} MB.",
            "See what the pipeline keeps (training rows, wide encodings), search smaller models, "
            "or raise gates.max_artifact_mb."
            if fails
            else "",
            picture=Limit("size in MB", value, limit, at_least=False),
        )


def _latency(
    gate: Gate, candidate: Candidate, rows: pd.DataFrame, limit: float, what: str, setting: str
) -> GateResult:
    if len(rows) == 0:
        return gate.unknown(
            0,
            f"The test split has no row, so the time to predict {what} cannot be measured.",
            "Wait for labelled rows.",
            threshold=limit,
        )
    # What has passed stays fast enough, however busy the machine is now.
    known = candidate.milliseconds.get(gate.name)
    tries: list[float] = [] if known is None else [known]
    while min(tries, default=inf) > limit and len(tries) < TRIES:
        started = thread_time()
        candidate.predict(rows)
        tries.append(1000 * (thread_time() - started))
    value = min(tries)
    fails = value > limit
    took = f"To predict {what} takes {value:.3g} ms at best ({len(tries)} tried)"
    return GateResult(
        gate.name,
        "fail" if fails else "pass",
        value,
        limit,
        len(rows),
        f"{took}, at most {limit:.4g} ms is accepted: who asks would wait too long."
        if fails
        else f"{took}; {limit:.4g} ms is accepted.",
        f"Search smaller models or fewer families, use fewer columns, or raise {setting}."
        if fails
        else "",
        numbers={"tries": float(len(tries))},
        picture=Bars(
            f"milliseconds for {what}, by try",
            [str(number) for number in range(1, len(tries) + 1)],
            tries,
            limit,
        ),
    )
