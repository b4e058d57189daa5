from datetime import date

import pytest
from pydantic import TypeAdapter, ValidationError

from mlops_drift.errors import UserError
from mlops_drift.sources import base
from mlops_drift.sources.base import Batch, SourceConfig
from mlops_drift.sources.files import FilesSource, FileTable
from mlops_drift.sources.registry import Source
from mlops_drift.sources.simulated import SimulatorSource

SOURCE = TypeAdapter(Source)
TABLE = {"path": "events.csv", "day_column": "day"}


def test_the_kind_chooses_the_source():
    assert isinstance(
        SOURCE.validate_python({"kind": "simulator", "simulator": "glassware"}), SimulatorSource
    )
    files = SOURCE.validate_python({"kind": "files", "events": TABLE, "labels": TABLE})
    assert isinstance(files, FilesSource)
    assert files.events.missing == "error"


def test_a_path_names_the_day_or_a_column_does():
    assert FileTable(path="{day}.csv").day_column is None
    assert FileTable(path="{day}.csv", day_column="at").day_column == "at"
    with pytest.raises(ValidationError, match=r"'events\.csv' holds no \{day\}, so day_column"):
        FileTable(path="events.csv")


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ({}, ["Unable to extract tag", "kind()"]),
        ({"kind": "kafka"}, ["'kafka'", "simulator, files, delta, sql, python, separate, service"]),
        ({"kind": "simulator"}, ["simulator.simulator", "Field required"]),
        ({"kind": "simulator", "simulator": "x"}, ["'x'", "'churn', 'glassware' or 'insurance'"]),
        ({"kind": "simulator", "simulator": "glassware", "seed": -1}, ["seed", "-1"]),
        ({"kind": "files", "events": TABLE}, ["files.labels", "Field required"]),
        ({"kind": "files", "events": TABLE, "labels": "x"}, ["files.labels", "'x'"]),
    ],
)
def test_a_wrong_source_names_the_field_the_value_and_what_would_be_right(fields, told):
    with pytest.raises(ValidationError) as caught:
        SOURCE.validate_python(fields)
    for fragment in told:
        assert fragment in str(caught.value)


@pytest.mark.parametrize(
    "name", ["localtime", "Factory", "posix/Europe/Berlin", "Mars", "", "../x"]
)
def test_a_time_zone_has_the_same_name_everywhere(name):
    fields = {"kind": "files", "events": TABLE, "labels": TABLE, "timezone": name}
    with pytest.raises(ValidationError, match="use a name such as Europe/Berlin or UTC"):
        SOURCE.validate_python(fields)
    assert SOURCE.validate_python({**fields, "timezone": "Europe/Berlin"}).timezone


def test_a_service_has_the_time_zone_of_its_other_source_which_is_no_service():
    files = {"kind": "files", "events": TABLE, "labels": TABLE, "timezone": "Europe/Berlin"}
    service = {"kind": "service", "since": "2024-03-01", "offline": files}
    source = SOURCE.validate_python(service)
    assert source.day_zone == "Europe/Berlin"
    assert SOURCE.validate_python(source.model_dump()) == source
    for wrong, told in (
        ({"since": "soon"}, ["service.since", "'soon'"]),
        ({"offline": {**files, "labels": "x"}}, ["service.offline.files.labels", "'x'"]),
        ({"offline": service}, ["'service'", "simulator, files, delta, sql, python, separate;"]),
    ):
        with pytest.raises(ValidationError) as caught:
            SOURCE.validate_python({**service, **wrong})
        for fragment in told:
            assert fragment in str(caught.value)


class Plant(SourceConfig):
    """A source as another package adds it."""

    kind: str
    rows: int

    def open(self, folder):
        return Growing()


class Growing(base.Source):
    """Gives labels, which others may follow, and no events."""

    note = "grown"

    def events(self, first, last):
        raise KeyError("no sun")

    def as_recorded(self, places):
        then = Growing()
        then.note = places["labels"]
        return then

    def labels(self, first, last):
        return Batch((), note=self.note, others=lambda stamps: [stamps["soon"]])


def test_a_source_of_another_package_is_named_by_its_import_path():
    path = f"{__name__}:Plant"
    source = SOURCE.validate_python({"kind": path, "rows": 3})
    opened, first = source.open("here"), date(2024, 3, 1)
    assert opened.labels(first, first).note == "grown"
    assert opened.missing_days("events", first, first) == {}
    assert opened.as_recorded({"labels": "plant"}).labels(first, first).note == "plant"
    failed = rf"^{path} failed to give events of 2024-03-01: KeyError: 'no sun' \(test_config\.py"
    with pytest.raises(UserError, match=failed):
        opened.events(first, first)
    with pytest.raises(UserError, match="failed to give labels of other days: KeyError: 'soon'"):
        list(opened.labels(first, first).others({}))
    assert SOURCE.validate_python(source.model_dump()) == source
    with pytest.raises(ValidationError, match="rows"):
        SOURCE.validate_python({"kind": path})
