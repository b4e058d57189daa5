"""Traffic of a service without the service: its log, as workers would have written it."""

from datetime import UTC, datetime, time

import pyarrow as pa

from mlops_drift import settings
from mlops_drift.pipeline.scoring import predict_table
from mlops_drift.serving.log.writer import LogWriter
from mlops_drift.serving.records import ModelAnswer, ServedRequest, ServedRow
from mlops_drift_tests.serving.log.samples import SECOND
from mlops_drift_tests.tiny import day, events_of


def log_folder(about):
    """Where the log of a model lies."""
    return settings.serving_root() / about.spec.name / "log"


def midnight(number):
    """When a day begins, in microseconds since 1970."""
    return int(datetime.combine(day(number), time(), UTC).timestamp()) * SECOND


def serve(about, number, version, *, features=None, workers=2, again=0):
    """Answers the events of a day by a version; `features` are what it was given, else the rows.

    Requests that are sent `again` have the same ids.
    """
    events = events_of(number)
    rows = events.drop(columns=["id", "day"]).to_dict("records")
    given = rows if features is None else features
    columns = {name: [row[name] for row in given] for name in about.spec.columns}
    schema = about.spec.tables.features.schema
    table = pa.table(
        {"id": events["id"], **columns},
        pa.schema([schema.field(name) for name in ("id", *about.spec.columns)]),
    )
    predicted = predict_table(about.spec, about.registry, version, table).to_pylist()
    answers = zip(events["id"].tolist(), rows, given, predicted, strict=True)
    served = [
        ServedRow(
            key,
            midnight(number),
            row,
            one["prediction"],
            "MODEL",
            own,
            ModelAnswer(one["prediction"], one["score"], tuple(one["probabilities"])),
        )
        for key, row, own, one in answers
    ]
    log(about, number, served, version, workers, again)


def log(about, number, rows, version, workers=2, again=0):
    """Writes rows, three a request, into the logs of some workers."""
    logs = [LogWriter(log_folder(about), f"w{one}") for one in range(workers)]
    for start in range(0, len(rows), 3):
        time = midnight(number) + start + again * SECOND
        request = ServedRequest(f"{number}-{start}", time, tuple(rows[start : start + 3]), version)
        logs[start % workers].append(request)
    for one in logs:
        one.close()
