"""The rules of the insurance model are those that its service had before."""

from pathlib import Path

import duckdb
import pytest

from mlops_drift.config.loading import find_model
from mlops_drift.serving.rules.evaluate import Rules

DATA = Path(__file__).parents[4] / "shared" / "data" / "insurance"
DRIVER = {
    "training": 0,
    "age": 40.0,
    "emergency_braking": 0,
    "braking_distance": 40.0,
    "power": 120.0,
    "miles": 60.0,
}


@pytest.fixture(scope="module")
def rules():
    spec = find_model("insurance").spec
    return Rules.from_plain(spec.rules.plain(spec.columns | spec.inputs, spec.target))


@pytest.mark.parametrize(
    ("changes", "answer"),
    [
        ({}, "high"),
        ({"training": 1, "age": 20.0, "power": 200.0}, "low"),
        ({"age": 29.9, "power": 130.1}, "high"),
        ({"age": 29.9, "power": 130.0}, "medium"),
        ({"age": 29.9, "power": None}, "medium"),
        ({"age": 29.9, "power": 200.0, "emergency_braking": 1}, "high"),
        ({"age": 50.1, "emergency_braking": 1, "miles": 5.0}, "high"),
        ({"age": 50.0, "emergency_braking": 1}, "low"),
        ({"age": 30.0, "power": 200.0, "miles": 30.0}, "low"),
        ({"miles": 50.1}, "high"),
        ({"miles": 50.0}, "medium"),
        ({"miles": 30.0}, "low"),
        ({"miles": None}, "low"),
    ],
)
def test_each_row_of_the_table_answers(rules, changes, answer):
    assert rules.answer({**DRIVER, **changes}) == answer


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({}, None),
        ({"age": 10.0}, None),
        ({"age": 150.0}, "age_outside"),
        ({"power": 50.0}, None),
        ({"power": 49.9}, "power_outside"),
        ({"power": 249.9}, None),
        ({"power": 250.0}, "power_outside"),
        ({"power": None}, None),
        ({"age": 150.0, "power": 250.0}, "age_outside"),
    ],
)
def test_the_version_is_not_asked_where_it_knows_too_little(rules, changes, reason):
    assert rules.before({**DRIVER, **changes}) == reason


def test_an_unsure_version_and_a_failure_are_answered_by_the_rules(rules):
    assert rules.reason(DRIVER, (0.49, 0.26, 0.25), None) == "low_probability"
    assert rules.reason(DRIVER, (0.5, 0.25, 0.25), None) is None
    assert rules.reason(DRIVER, None, "error") == "error"
    assert rules.reason(DRIVER, None, "timeout") == "timeout"


@pytest.mark.skipif(not DATA.is_dir(), reason="the published insurance data is not here")
def test_they_are_right_as_often_as_published_on_the_reference_month(rules):
    query = f"""
        SELECT {", ".join(DRIVER)}, risk_group
        FROM '{DATA}/events.parquet' events JOIN '{DATA}/labels.parquet' USING (policy_id)
        WHERE events.day BETWEEN DATE '2019-12-01' AND DATE '2019-12-31'
    """
    with duckdb.connect() as connection:
        found = connection.sql(query).fetchall()
    right = [rules.answer(dict(zip(DRIVER, row, strict=False))) == row[-1] for row in found]
    assert len(right) == 1500
    assert sum(right) / len(right) == pytest.approx(0.587, abs=0.0005)
