"""Where drift happened: shifts by segment."""

import numpy as np
import pytest

from mlops_drift.config.context import ModelContext
from mlops_drift.config.spec import ModelSpec
from mlops_drift_tests.pipeline.served import Served, features_of, verdicts
from mlops_drift_tests.tiny import SPEC, merged


def segmented(lake, **drift):
    served = Served(lake, segments=["c"], **drift)
    served.promote(1, on=-1)
    return served


def test_a_shift_within_one_category_is_put_on_that_category(memory_lake):
    served = segmented(memory_lake)
    usual = features_of(0, 400)
    served.put_days(usual.assign(a=usual["a"] + 3.0 * (usual["c"] == "red")))
    (found,) = served.measure(0)
    assert verdicts(found)["a"].verdict == "fail"
    (shift,) = [item for item in found.shifts if item.column == "a"]
    assert (shift.by, shift.window) == ("c", 1)
    red, blue = shift.segments
    assert (red.segment, blue.segment) == ("red", "blue")
    assert red.share > 0.9
    assert red.share + blue.share == pytest.approx(1)
    assert red.distance > 0.8 > 0.2 > blue.distance
    assert red.after == pytest.approx((usual["c"] == "red").mean())


def test_a_column_is_not_divided_by_itself(memory_lake):
    served = segmented(memory_lake)
    served.put_days(features_of(0, c="green"))
    (found,) = served.measure(0)
    assert verdicts(found)["c"].verdict == "fail"
    assert not [item for item in found.shifts if item.column == "c"]


def test_a_column_that_lost_values_is_divided_too(memory_lake):
    served = segmented(memory_lake)
    usual = features_of(0, 400)
    served.put_days(usual.assign(b=usual["b"].where(usual["c"] == "blue")))
    (found,) = served.measure(0)
    (shift,) = [item for item in found.shifts if item.column == "b"]
    assert shift.segments[0].segment == "red"
    assert shift.segments[0].share > 0.9


def test_at_most_three_columns_are_divided_those_that_matter_first(memory_lake):
    columns = {name: {"type": "number"} for name in "defg"}
    served = Served(memory_lake, segments=["c"])
    served.spec = ModelSpec(
        **merged(SPEC, {"columns": columns, "monitors": {"drift": {"segments": ["c"]}}})
    )
    served.model = ModelContext.of(memory_lake, served.spec).store
    served.tables = served.model.tables
    rng = np.random.default_rng(3)
    more = {name: rng.normal(size=600) for name in "defg"}
    importance = {"a": 0.0, "b": 0.0, "c": 0.0, "d": 0.1, "e": 0.4, "f": 0.2, "g": 0.3}
    served.promote(1, on=-1, trained=features_of(-1, 600, **more), importance=importance)
    served.put_days(features_of(0, **{name: more[name][:200] + 3.0 for name in "defg"}))
    (found,) = served.measure(0)
    assert [shift.column for shift in found.shifts] == ["e", "g", "f"]


def test_the_training_set_is_read_only_when_something_failed(memory_lake, monkeypatch):
    served = segmented(memory_lake)
    served.put_days(features_of(0))
    monkeypatch.setattr(served.model.training_sets, "read", lambda _: pytest.fail("read"))
    (found,) = served.measure(0)
    assert {item.verdict for item in found.verdicts} == {"pass"}
    assert not found.shifts
