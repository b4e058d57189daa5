"""What is left of an error once it is a sentence."""

import pytest
from pydantic import ValidationError

from mlops_drift.config.mistakes import mistakes
from mlops_drift.config.spec import ModelSpec
from mlops_drift_tests.tiny import SPEC, merged


def test_a_mistake_keeps_no_frame_and_so_no_database_until_the_process_ends():
    changes = {"gates": {"min_rows": 9999}}
    with pytest.raises(ValidationError) as caught:
        ModelSpec.model_validate(merged(SPEC, changes))
    assert "gates.min_rows" in mistakes(caught.value)
    assert all(one["ctx"]["error"].__traceback__ is None for one in caught.value.errors())
