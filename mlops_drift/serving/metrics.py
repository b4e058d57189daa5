"""The metrics of the service, for Prometheus; by one process, or by several workers.

With several workers the variable `PROMETHEUS_MULTIPROC_DIR` names a folder, empty at the start,
before this module is imported. Labels never hold keys, ids or free text.
"""

import os
from collections.abc import Iterable
from typing import Literal

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    disable_created_metrics,
    generate_latest,
)
from prometheus_client.multiprocess import MultiProcessCollector

from mlops_drift.serving.records import ServedRow

Outcome = Literal["ok", "invalid", "unauthorized", "overloaded", "unavailable", "error"]
OUTCOMES: tuple[Outcome, ...] = (
    "ok",
    "invalid",
    "unauthorized",
    "overloaded",
    "unavailable",
    "error",
)
SECONDS = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1)
# What a prediction of a regression is called.
NUMBER = "number"


class Metrics:
    """All metrics of the service, and how they are exported."""

    def __init__(self) -> None:
        """Makes the metrics; each process does so once."""
        # When a counter was made is a series more of each, which nothing asks for.
        disable_created_metrics()  # type: ignore[no-untyped-call]
        self._registry = CollectorRegistry()

        def counter(name: str, text: str, *labels: str) -> Counter:
            return Counter(f"mlops_drift_{name}", text, ["model", *labels], registry=self._registry)

        def gauge(name: str, text: str, mode: _Mode, *labels: str) -> Gauge:
            named = ["model", *labels]
            return Gauge(
                f"mlops_drift_{name}", text, named, registry=self._registry, multiprocess_mode=mode
            )

        self.requests = counter("requests", "Requests by their outcome.", "outcome")
        self.duration = Histogram(
            "mlops_drift_request_duration_seconds",
            "Seconds from the headers of a request to its answer.",
            ["model"],
            registry=self._registry,
            buckets=SECONDS,
        )
        by = "prediction", "served_by", "arm"
        self.predictions = counter("predictions", "Rows answered, by class and by whom.", *by)
        self.fallbacks = counter("fallbacks", "Rows that the rules answered.", "reason")
        self.ignored = counter("ignored_columns", "Columns of requests that are not declared.")
        self.in_flight = gauge("requests_in_flight", "Requests that are answered now.", "livesum")
        self.info = gauge(
            "serving_info", "1 for the version that serves.", "livemax", "version", "scorer"
        )
        self.stale = gauge("serving_stale", "1 where another version should answer.", "livemax")
        self.ready = gauge("ready", "1 where requests can be answered.", "livemin")
        self.written = counter("log_written_bytes", "Bytes of records written.")
        self.unshipped = gauge(
            "log_unshipped_bytes", "Bytes of records that are not in the lake.", "livemostrecent"
        )
        self.waiting = gauge(
            "log_unshipped_seconds", "Age of the oldest segment outside the lake.", "livemostrecent"
        )

    def of(self, model: str) -> "ModelMetrics":
        """The metrics of a model."""
        return ModelMetrics(self, model)

    def exposition(self) -> bytes:
        """The metrics of all workers in Prometheus's text format."""
        if "PROMETHEUS_MULTIPROC_DIR" not in os.environ:
            return generate_latest(self._registry)
        of_all = CollectorRegistry()
        MultiProcessCollector(of_all)  # type: ignore[no-untyped-call]
        return generate_latest(of_all)


_Mode = Literal["livesum", "livemax", "livemin", "livemostrecent"]


class ModelMetrics:
    """The metrics of one model: a request looks up no label.

    Attributes:
        unshipped: bytes of all its records that are not in the lake, set by one process.
        waiting: seconds since the oldest segment that is not in the lake was begun.
    """

    def __init__(self, metrics: Metrics, model: str) -> None:
        """Takes the metrics of a model, so that they are exported as 0 before the first request."""
        self._metrics, self._model = metrics, model
        self.requests = {outcome: metrics.requests.labels(model, outcome) for outcome in OUTCOMES}
        self.duration = metrics.duration.labels(model)
        self.ignored = metrics.ignored.labels(model)
        self.in_flight = metrics.in_flight.labels(model)
        self.ready = metrics.ready.labels(model)
        self.stale = metrics.stale.labels(model)
        self.written = metrics.written.labels(model)
        self.unshipped = metrics.unshipped.labels(model)
        self.waiting = metrics.waiting.labels(model)
        self._predictions: dict[tuple[str, str, str], Counter] = {}
        self._fallbacks: dict[str, Counter] = {}

    def serves(self, version: int, scorer: str) -> None:
        """A version serves from now on."""
        self._metrics.info.labels(self._model, str(version), scorer).set(1)

    def serves_no_more(self, version: int, scorer: str) -> None:
        """A version serves no more; labels cannot be removed where several workers count."""
        self._metrics.info.labels(self._model, str(version), scorer).set(0)

    def answered(self, rows: Iterable[ServedRow], arm: str) -> None:
        """Counts the rows of a request that is recorded."""
        for row in rows:
            shown = row.prediction if isinstance(row.prediction, str) else NUMBER
            labels = shown, row.served_by, arm
            if (predictions := self._predictions.get(labels)) is None:
                predictions = self._metrics.predictions.labels(self._model, *labels)
                self._predictions[labels] = predictions
            predictions.inc()
            if row.reason is not None:
                if (fallbacks := self._fallbacks.get(row.reason)) is None:
                    fallbacks = self._metrics.fallbacks.labels(self._model, row.reason)
                    self._fallbacks[row.reason] = fallbacks
                fallbacks.inc()
