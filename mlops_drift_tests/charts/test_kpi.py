from datetime import timedelta

import pytest

from mlops_drift.charts.kpi import kpi_chart
from mlops_drift.config.spec import ModelSpec
from mlops_drift.lifecycle.timeline import Timeline
from mlops_drift_tests.charts.drawing import Drawing
from mlops_drift_tests.tiny import SPEC, day, merged


def drawn(kpi, decisions=(), floor=None):
    spec = ModelSpec(**merged(SPEC, {"monitors": {"performance": {"floor": floor}}}))
    return Drawing(kpi_chart(spec, Timeline([], [], [], kpi, list(decisions))))


def kpi(version, *values, first=0):
    return [
        {"day": day(first) + timedelta(number), "version": version, "value": value}
        for number, value in enumerate(values)
    ]


def test_each_version_has_a_line_and_the_floor_another():
    found = drawn([*kpi(1, 0.9, 0.6, None), *kpi(2, 0.9, first=4)], floor=0.7)
    assert found.texts("title") == ["tiny: accuracy by production day"]
    assert found.labels() == ["version 1", "version 2", "floor"]
    (x, high), (then, low) = found.points("version 1")
    assert found.points("version 2") == [(pytest.approx(x + 4 * (then - x), abs=0.5), high)]
    assert high < found.points("floor")[0][1] < low


def test_versions_that_follow_each_other_differ_in_more_than_a_colour():
    found = drawn([row for version in range(1, 10) for row in kpi(version, 0.9, first=version)])
    rounds, squares = found.styles("round"), found.styles("square")
    assert (len(rounds), len(squares)) == (2 * 5, 2 * 4)
    assert all(one not in squares for one in rounds)


def test_decisions_stand_at_their_days_with_what_made_them():
    decision = {"day": day(1), "action": "retrain", "rules": ["performance_drop", "<b>"]}
    found = drawn(kpi(1, 0.9, 0.8, 0.9), [decision])
    (x, top), (_, base) = found.points("retrain: performance_drop, <b>")
    assert x == found.points("version 1")[1][0]
    assert top < min(y for _, y in found.points("version 1")) < base


def test_a_model_that_never_served_has_a_picture_too():
    assert "no numbers" in drawn([], floor=None).texts()
