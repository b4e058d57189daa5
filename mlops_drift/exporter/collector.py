"""The metrics of all models as Prometheus scrapes them."""

import shutil
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from threading import Lock

from prometheus_client.metrics_core import GaugeMetricFamily
from prometheus_client.registry import Collector

from mlops_drift.errors import UserError
from mlops_drift.exporter import metrics
from mlops_drift.exporter.metrics import Metric, Sample
from mlops_drift.exporter.reading import ModelReading
from mlops_drift.store.troubles import sentence_of


class ModelsCollector(Collector):
    """Reads the tables at each scrape; one scrape at a time.

    A model whose tables cannot be read has `mlops_drift_exporter_up` 0 and no other series. The
    reason is reported once, until it is another.
    """

    def __init__(
        self, readings: Mapping[str, ModelReading], disk: Path, report: Callable[[str], None]
    ) -> None:
        """Takes the readings by model, a folder of the disk to watch, and where messages go."""
        self._readings, self._disk, self._report = readings, disk, report
        self._troubles: dict[str, str] = {}
        self._scraping = Lock()

    def collect(self) -> Iterator[GaugeMetricFamily]:
        """All metrics with their series now."""
        with self._scraping:
            samples = {model: self._samples(model) for model in self._readings}
        families = {one: _family(one) for one in metrics.OF_MODELS}
        for model, found in samples.items():
            for sample in found:
                families[sample.metric].add_metric([model, *sample.labels], sample.value)
        yield from families.values()
        yield from self._of_disk()

    def describe(self) -> Iterable[GaugeMetricFamily]:
        """The metrics without series, so that to register them reads nothing."""
        return map(_family, metrics.OF_MODELS)

    def _samples(self, model: str) -> list[Sample]:
        try:
            found = self._readings[model].samples()
        # Whatever is wrong with one model must not hide the others.
        except Exception as error:
            self._tell(model, _sentence(error))
            return [Sample(metrics.UP, 0)]
        self._tell(model, "")
        return [Sample(metrics.UP, 1), *found]

    def _tell(self, model: str, trouble: str) -> None:
        if trouble != self._troubles.get(model, ""):
            self._report(f"{model}: {trouble or 'its tables can be read again'}")
        self._troubles[model] = trouble

    def _of_disk(self) -> Iterator[GaugeMetricFamily]:
        try:
            usage = shutil.disk_usage(self._disk)
        except OSError as error:
            self._tell(str(self._disk), _sentence(error))
            return
        for metric, value in ((metrics.DISK_FREE, usage.free), (metrics.DISK_SIZE, usage.total)):
            yield GaugeMetricFamily(metric.name, metric.about, value)


def _family(metric: Metric) -> GaugeMetricFamily:
    return GaugeMetricFamily(metric.name, metric.about, labels=metric.labels)


def _sentence(error: Exception) -> str:
    """What a user can mend, or the error as it is."""
    known = str(error) if isinstance(error, UserError) else sentence_of(error)
    return known or f"{type(error).__name__}: {error}"
