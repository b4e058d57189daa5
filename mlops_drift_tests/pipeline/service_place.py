"""A place whose events come from a service from the third day on, and what that answers."""

from datetime import UTC, datetime, time

from mlops_drift.config.context import ModelContext
from mlops_drift.pipeline.shipping import served_table
from mlops_drift.serving.records import ServedRequest, ServedRow
from mlops_drift_tests.pipeline.place import Place, day, describe
from mlops_drift_tests.serving.log.samples import SECOND

SINCE = 2


def moment(number, seconds=0):
    """Microseconds since 1970 of a second of a day, by number."""
    midnight = datetime.combine(day(number), time(), UTC).timestamp()
    return int(midnight + seconds) * SECOND


class Service:
    """A place whose events come from a service from the third day on, and its answers."""

    def __init__(self, folder, path="e.csv", **changes):
        offline = describe(path).source.model_dump(mode="json") | changes.pop("offline", {})
        source = {
            "kind": "service",
            "since": day(SINCE).isoformat(),
            "offline": offline,
            **dict.fromkeys(("events", "labels"), ...),
        }
        self.place = Place(folder, describe(source=source, **changes))
        self._requests = 0

    @property
    def model(self):
        """The model, without versions."""
        return ModelContext(self.place.spec, self.place.model)

    def answer(
        self,
        key,
        event_time,
        answered=None,
        *,
        features=None,
        model=None,
        version=None,
        name=None,
        **row,
    ):
        """Puts an answer into the lake; a row is of column b where none is given."""
        self._requests += 1
        served_by = "MODEL" if model else "RULES"
        row = {"b": 1.0, **row}
        served = ServedRow(key, event_time, row, "no", served_by, features, model)
        time_of_answer = event_time if answered is None else answered
        name = name or f"r{self._requests}"
        request = ServedRequest(name, time_of_answer, (served,), version)
        data = served_table(self.place.spec, [request])
        self.place.model.lake.append_once(self.place.model.tables.served, data, {})
