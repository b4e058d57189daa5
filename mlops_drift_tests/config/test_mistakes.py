"""Errors as sentences, and what is left of them."""

import pytest
from pydantic import ValidationError

from mlops_drift.config.mistakes import mistakes
from mlops_drift.config.spec import ModelSpec
from mlops_drift_tests.tiny import SPEC, merged


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"gates": {"min_rows": 9999}}, "gates.min_rows"),
        ({"training": {"metric": "no_such_package:profit"}}, "training.metric"),
    ],
)
def test_a_mistake_keeps_no_frame_and_so_no_database_until_the_process_ends(changes, field):
    with pytest.raises(ValidationError) as caught:
        ModelSpec.model_validate(merged(SPEC, changes))
    assert field in mistakes(caught.value)
    chain = [one["ctx"]["error"] for one in caught.value.errors()]
    for raised in chain:
        assert raised.__traceback__ is None
        chain.extend(one for one in (raised.__cause__, raised.__context__) if one)


def test_of_separate_sources_only_mistakes_about_tables_that_are_read_are_reported():
    source = {
        "kind": "separate",
        "events": {"kind": "python", "events": "no_such_package:events"},
        "labels": {"kind": "files", "labels": {"path": "labels.csv", "day_column": "day"}},
    }
    with pytest.raises(ValidationError) as caught:
        ModelSpec.model_validate({**SPEC, "source": source})
    text = mistakes(caught.value)
    assert "separate.events.python.events" in text
    assert "separate.events.python.labels" not in text
