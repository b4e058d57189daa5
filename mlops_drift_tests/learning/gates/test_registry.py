"""All gates at once: which there are, that honest models pass, and that ugly input raises not."""

import pandas as pd
import pytest

from mlops_drift.learning.config import BusinessValue
from mlops_drift.learning.gates.config import Gates
from mlops_drift.learning.gates.registry import gates_of
from mlops_drift.schema.columns import Column
from mlops_drift_tests.learning.gates.candidates import (
    BINARY,
    COLUMNS,
    NUMBER,
    TARGETS,
    candidate,
    constant,
    rows,
)

ALWAYS = [
    "prediction_distribution",
    "calibration",
    "beats_champion",
    "no_key_overlap",
    "no_row_overlap",
    "target_leakage",
    "cv_test_gap",
    "refit_consistency",
    "compiled_equal",
]
COSTS = ["single_row_latency", "batch_latency", "artifact_size", "documented", "fresh_process"]
EVERYTHING = {
    "max_false_negative_rate": 0.5,
    "min_class_f1": 0.5,
    "slices": ["city"],
}
WORTH = BusinessValue(
    outcomes=[
        {"truth": "yes", "prediction": "yes", "value": 5},
        {"truth": "no", "prediction": "yes", "value": -5},
    ]
)


def judged(challenger, business=None):
    """The verdicts by gate."""
    gates = gates_of(challenger.gates, challenger.columns, business)
    return {gate.name: gate.judge(challenger) for gate in gates}


def test_what_is_not_configured_or_has_no_column_is_no_gate():
    plain = {"x": Column(type="boolean", nullable=False)}
    names = [gate.name for gate in gates_of(Gates(metrics={"auc": 0.7}), plain, None)]
    assert names == ["test_auc", *ALWAYS, *COSTS]


def test_everything_that_is_configured_is_a_gate():
    gates = gates_of(Gates(metrics={"auc": 0.7, "f1": 0.5}, **EVERYTHING), COLUMNS, WORTH)
    names = [gate.name for gate in gates]
    assert len(names) == len(set(names))
    assert set(names) - set(ALWAYS) - set(COSTS) == {
        "test_auc",
        "test_f1",
        "false_negative_rate",
        "class_performance",
        "slices",
        "business_value",
        "null_robustness",
        "unseen_category_robustness",
        "extreme_value_robustness",
    }
    assert all(len(gate.description) > 20 for gate in gates)


@pytest.mark.parametrize("target", TARGETS, ids=lambda target: target.kind)
def test_an_honest_model_passes_all_gates(target):
    classes = {"min_class_f1": 0.3} if target.is_classification else {}
    misses = {"max_false_negative_rate": 0.5} if target.kind == "binary" else {}
    gates = {"slices": ["city", "flag"], **classes, **misses}
    found = judged(candidate(target, gates=gates), WORTH if target.kind == "binary" else None)
    assert [result.summary for result in found.values() if result.verdict != "pass"] == []


@pytest.mark.parametrize("target", TARGETS, ids=lambda target: target.kind)
def test_a_constant_model_fails_its_distribution(target):
    found = judged(candidate(target, constant(target)))["prediction_distribution"]
    assert found.verdict == "fail"
    assert "ignores its features" in found.summary or "hardly looks at" in found.summary


@pytest.mark.parametrize("n", [1, 2])
@pytest.mark.parametrize("target", TARGETS, ids=lambda target: target.kind)
def test_few_test_rows_are_judged_without_an_error_and_never_as_good_where_unknowable(target, n):
    classes = {"min_class_f1": 0.3} if target.is_classification else {}
    misses = {"max_false_negative_rate": 0.5} if target.kind == "binary" else {}
    new = candidate(
        target, test=rows(target, n, 3), gates={"slices": ["city"], **classes, **misses}
    )
    found = judged(new, WORTH if target.kind == "binary" else BusinessValue(per_error=-1))
    for name in ("calibration", "target_leakage", "slices"):
        assert found[name].verdict == "unknown"


@pytest.mark.parametrize("target", TARGETS, ids=lambda target: target.kind)
def test_columns_without_a_value_and_labels_of_one_class_are_judged_without_an_error(target):
    def empty(frame):
        nothing = dict.fromkeys(COLUMNS)
        answer = 1.0 if target is NUMBER else target.classes[0]
        return frame.assign(**nothing, y=answer).astype({"x": float, "z": float, "count": float})

    new = candidate(target, train=empty(rows(target, 60, 1)), test=empty(rows(target, 50, 2)))
    found = judged(new)
    assert found["target_leakage"].verdict == "unknown"
    assert found["no_row_overlap"].verdict == "pass"


def test_every_result_says_its_numbers_in_sentences():
    gates = {"slices": ["city"], "max_false_negative_rate": 0.01, "min_class_f1": 0.99}
    bad = candidate(BINARY, constant(BINARY), gates=gates)
    good = candidate(BINARY)
    for result in [*judged(bad, WORTH).values(), *judged(good).values()]:
        assert result.summary.endswith(".")
        assert bool(result.advice) == (result.verdict != "pass")
        # What counts what must not be there, or is a single number, has nothing to see.
        has_picture = result.name not in (
            *("beats_champion", "no_key_overlap", "refit_consistency", "compiled_equal"),
            *("unseen_category_robustness", "extreme_value_robustness", "fresh_process"),
            *("single_row_latency", "batch_latency", "artifact_size", "documented"),
        )
        assert bool(result.picture) == has_picture, result.name


def test_the_result_does_not_depend_on_the_index_of_the_frames():
    shuffled = rows(BINARY, 400, 2)
    shuffled.index = pd.Index(range(1000, 1400))
    usual, other = judged(candidate(BINARY)), judged(candidate(BINARY, test=shuffled))
    for name in set(usual) - {"single_row_latency", "batch_latency"}:
        assert repr(other[name]) == repr(usual[name])
