"""Serves the metrics of the service as two workers count them, without a service.

python -m mlops_drift_tests.deploy.service_stand_in PORT MODEL
"""

import os
import sys
import tempfile
import time
from multiprocessing import get_context

LIFETIME_SECONDS = 600
WORKERS = 2
OUTCOMES = ("ok", "invalid", "unauthorized", "overloaded", "unavailable", "error")
SECONDS = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1)


def count(model):
    """Counts requests until the parent is gone, or for ten minutes."""
    from prometheus_client import Counter, Gauge, Histogram

    def counter(name, *labels):
        return Counter(f"mlops_drift_{name}", name, ["model", *labels])

    def gauge(name, mode, *labels):
        return Gauge(f"mlops_drift_{name}", name, ["model", *labels], multiprocess_mode=mode)

    requests = counter("requests", "outcome")
    duration = Histogram(
        "mlops_drift_request_duration_seconds", "duration", ["model"], buckets=SECONDS
    )
    predictions = counter("predictions", "prediction", "served_by", "arm")
    fallbacks, ignored = counter("fallbacks", "reason"), counter("ignored_columns")
    written = counter("log_written_bytes")
    gauge("requests_in_flight", "livesum").labels(model).set(1)
    gauge("serving_info", "livemax", "version", "scorer").labels(model, "1", "compiled").set(1)
    gauge("ready", "livemin").labels(model).set(1)
    gauge("log_unshipped_bytes", "livemostrecent").labels(model).set(1000)
    gauge("log_unshipped_seconds", "livemostrecent").labels(model).set(10)
    parent, end = os.getppid(), time.monotonic() + LIFETIME_SECONDS
    while os.getppid() == parent and time.monotonic() < end:
        for outcome in OUTCOMES:
            requests.labels(model, outcome).inc(10)
        duration.labels(model).observe(0.002)
        predictions.labels(model, "yes", "MODEL", "champion").inc()
        predictions.labels(model, "yes", "RULES", "champion").inc()
        fallbacks.labels(model, "out_of_range").inc()
        ignored.labels(model).inc()
        written.labels(model).inc(600)
        time.sleep(0.05)


def main(port, model):
    with tempfile.TemporaryDirectory() as folder:
        os.environ["PROMETHEUS_MULTIPROC_DIR"] = folder
        from prometheus_client import CollectorRegistry, start_http_server
        from prometheus_client.multiprocess import MultiProcessCollector

        registry = CollectorRegistry()
        MultiProcessCollector(registry)
        start_http_server(int(port), "127.0.0.1", registry)
        context = get_context("spawn")
        workers = [context.Process(target=count, args=(model,)) for _ in range(WORKERS)]
        for worker in workers:
            worker.start()
        for worker in workers:
            worker.join()


if __name__ == "__main__":
    main(*sys.argv[1:])
