"""Sources that are functions of the user's own, and events and labels of two sources."""

import re
from datetime import date

import pytest
from pydantic import TypeAdapter, ValidationError

from mlops_drift.errors import UserError
from mlops_drift.sources.base import require_columns
from mlops_drift.sources.registry import Source
from mlops_drift_tests.tiny import ROWS, day

SOURCE = TypeAdapter(Source)
AT = "mlops_drift_tests.sources.functions"
PYTHON = {"kind": "python", "events": f"{AT}:events", "labels": f"{AT}:labels"}


def opened(tmp_path, **fields):
    return SOURCE.validate_python({**PYTHON, **fields}).open(tmp_path)


def test_a_function_gives_the_rows_of_days_and_those_before_to_compare(tmp_path):
    found = opened(tmp_path).events(day(2), day(3))
    assert found.parts[0].days.unique().to_pylist() == [day(2), day(3)]
    assert found.parts[0].rows.num_rows == 2 * ROWS
    [origin, other] = [found.origins[day(2)], found.origins[day(3)]]
    assert origin.place == other.place == f"{AT}:events"
    assert origin.digest != other.digest
    [look] = found.others({})
    assert (look.since, look.before) == (day(-1), day(2))
    assert look.part.days.unique().to_pylist() == [day(0), day(1)]
    assert opened(tmp_path, reread_days=0).events(day(2), day(3)).origins == found.origins
    none = opened(tmp_path).labels(day(20), day(21))
    assert none.parts[0].rows.num_rows == 0


@pytest.mark.parametrize(
    ("function", "sentence"),
    [
        ("broken", "failed for 2024-02-27 to 2024-03-02: KeyError: datetime.date(2024, 2, 27)"),
        ("wrong_type", "must give a pyarrow.Table, found pandas.core.frame.DataFrame; pyarrow"),
        ("no_day", "the day column 'day' is missing; found 'Day', 'id'; names are case-sensitive"),
        ("NO_FUNCTION", "TypeError: 'int' object is not callable"),
    ],
)
def test_what_is_wrong_with_a_function_is_one_sentence(tmp_path, function, sentence):
    with pytest.raises(UserError) as caught:
        opened(tmp_path, events=f"{AT}:{function}").events(day(0), day(1))
    assert str(caught.value).startswith(f"{AT}:{function}")
    assert sentence in str(caught.value)
    if function == "broken":
        assert re.search(r"\(functions\.py, line \d+\)$", str(caught.value))


def test_a_column_that_no_model_can_use_is_an_error_where_it_is_declared(tmp_path):
    [part] = opened(tmp_path, events=f"{AT}:nested").events(day(0), day(0)).parts
    require_columns(part, ["id", "b"], ["id"], "")
    with pytest.raises(UserError, match="no model can use the type of 'a', such as arrays"):
        require_columns(part, ["id", "a"], ["id"], "")


def test_a_day_beyond_all_calendars_is_left_out_with_a_warning(tmp_path):
    found = opened(tmp_path, events=f"{AT}:far").events(day(0), day(0))
    assert found.parts[0].rows.num_rows == 0
    assert found.note.startswith("1 row is of no day and left out: 'day' is ")


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ({"events": "events.py"}, "found 'events.py'; write package.module:function"),
        ({"events": f"{AT}:nothing"}, "does not define 'nothing'"),
        ({"labels": "no_such_module:labels"}, "there is no module 'no_such_module'"),
        ({"reread_days": -1}, "greater than or equal to 0"),
    ],
)
def test_a_wrong_path_is_found_without_an_import(fields, told):
    with pytest.raises(ValidationError) as caught:
        SOURCE.validate_python({**PYTHON, **fields})
    assert told in str(caught.value)


# Separate

FILES = {"kind": "files", "labels": {"path": "labels-{day}.csv"}}


def test_events_and_labels_come_from_two_sources(tmp_path):
    (tmp_path / "labels-2024-03-02.csv").write_text("id,y\n1,yes\n")
    both = SOURCE.validate_python({"kind": "separate", "events": PYTHON, "labels": FILES})
    source = both.open(tmp_path)
    assert source.events(day(0), day(0)).parts[0].rows.num_rows == ROWS
    assert source.labels(day(1), day(1)).parts[0].rows.num_rows == 1
    assert source.missing_days("events", day(0), day(1)) == {}
    assert list(source.missing_days("labels", day(0), day(1))) == [day(0)]
    service = {"kind": "service", "since": date(2024, 3, 9), "offline": both.model_dump()}
    assert SOURCE.validate_python(service).open(tmp_path).events(day(0), day(0)).parts


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ({"labels": {**FILES, "timezone": "Europe/Berlin"}}, "zone UTC and labels Europe/Berlin"),
        ({"labels": {"kind": "separate"}}, "simulator, files, delta, sql, python;"),
        ({"labels": {"kind": "files", "labels": {}}}, "separate.labels.files.labels"),
        ({}, "Field required"),
    ],
)
def test_two_sources_that_do_not_fit_say_so(fields, told):
    with pytest.raises(ValidationError) as caught:
        SOURCE.validate_python({"kind": "separate", "events": PYTHON, **fields})
    assert told in str(caught.value)
