"""The gates on what a challenger costs: time to predict, and size."""

from math import inf
from time import thread_time

import pandas as pd

from mlops_drift.learning.gates.base import Candidate, Gate, GateResult

TRIES = 20
_MEGABYTE = 1_000_000


class _Latency(Gate):
    """Passes where rows are predicted in time, at the best of 20 tries.

    What counts is the time that the predicting thread computes, not that it waits for others: a
    busy machine makes no model slow. A try under the limit ends them, and stands for these bytes.

    Attributes:
        what: is predicted.
        count: of the rows, which are the test rows, repeated as often as needed.
        setting: the field of ``gates`` with the limit.
    """

    what: str
    count: int
    setting: str

    def judge(self, candidate: Candidate) -> GateResult:
        limit: float = getattr(candidate.gates, self.setting)
        features = candidate.features
        rows = pd.concat([features] * -(-self.count // len(features))).head(self.count)
        # What has passed stays fast enough, however busy the machine is now.
        known = candidate.milliseconds.get(self.name)
        tries: list[float] = [] if known is None else [known]
        while min(tries, default=inf) > limit and len(tries) < TRIES:
            started = thread_time()
            candidate.predict(rows)
            tries.append(1000 * (thread_time() - started))
        value = min(tries)
        finding = (
            f"To predict {self.what} takes {value:.3g} ms at best ({len(tries)} tried), at most "
            f"{limit:.4g} ms is accepted."
        )
        advice = f"Search smaller models, use fewer columns, or raise gates.{self.setting}."
        return self.result(
            value > limit,
            (value, limit, len(rows)),
            (finding, advice),
            numbers={"tries": float(len(tries))},
        )


class SingleRowLatency(_Latency):
    """Passes where one row is predicted in ``max_row_latency_ms``, at the best of 20 tries."""

    name = "single_row_latency"
    description = "One row is predicted fast enough, at the best of up to 20 tries."
    what, count, setting = "one row", 1, "max_row_latency_ms"


class BatchLatency(_Latency):
    """Passes where 1,000 rows are predicted in ``max_batch_latency_ms``, at best of 20 tries."""

    name = "batch_latency"
    description = "1,000 rows are predicted fast enough, at the best of up to 20 tries."
    what, count, setting = "1,000 rows", 1000, "max_batch_latency_ms"


class ArtifactSize(Gate):
    """Passes where the stored model is at most ``max_artifact_mb`` megabytes (10^6 bytes) large."""

    name = "artifact_size"
    description = "The stored model is small enough."

    def judge(self, candidate: Candidate) -> GateResult:
        value, limit = candidate.size / _MEGABYTE, candidate.gates.max_artifact_mb
        finding = f"The stored model takes {value:.3g} MB, at most {limit:.4g} MB is accepted."
        advice = (
            "See what the pipeline keeps (training rows, wide encodings), search smaller models, "
            "or raise gates.max_artifact_mb."
        )
        judged = value, limit, len(candidate.test)
        return self.result(value > limit, judged, (finding, advice))
