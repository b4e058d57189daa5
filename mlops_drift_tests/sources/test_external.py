"""The section `model` of a model whose predictions are made elsewhere."""

import pytest
from pydantic import ValidationError

from mlops_drift.config.spec import ModelSpec
from mlops_drift_tests.elsewhere import MODEL, describe
from mlops_drift_tests.tiny import SPEC, day, merged

THREE = {"kind": "multiclass", "classes": ["a", "b", "c"], "positive": ...}
NUMBERS = {"kind": "regression", "classes": ..., "positive": ...}
WEBHOOK = {"webhook": {"url": "https://x.example", "secret": "${S}"}}


def test_without_the_section_a_model_is_trained_here():
    spec = ModelSpec.model_validate(SPEC)
    assert spec.external is None
    assert spec.landed == ("events", "labels")


def test_an_external_model_has_neither_training_nor_gates():
    spec = describe()
    assert spec.training.metric == "accuracy"
    assert spec.landed == ("events", "labels", "predictions")
    # What was read once is read again.
    assert ModelSpec.model_validate(spec.model_dump()) == spec
    required = ModelSpec.model_json_schema()["required"]
    assert not {"training", "gates"} & set(required)


def test_a_trained_model_still_needs_them():
    with pytest.raises(ValidationError) as raised:
        ModelSpec.model_validate(merged(SPEC, {"training": ..., "gates": ...}))
    assert [(one["loc"], one["type"]) for one in raised.value.errors()] == [
        (("training",), "missing"),
        (("gates",), "missing"),
    ]


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"training": {"metric": "f1"}}, "training is for versions that are trained here"),
        ({"gates": {"metrics": {"f1": 0.5}}}, "gates is for versions that are trained here"),
        ({"policy": {"approval": "manual"}}, "policy.approval manual is for versions that are"),
        ({"policy": {"action": {}}}, "needs either webhook or job, found neither"),
        ({"policy": {"action": {**WEBHOOK, "job": "j"}}}, "either webhook or job, found both"),
        (
            {"policy": {"action": WEBHOOK}, "notifications": {"webhooks": [WEBHOOK["webhook"]]}},
            "is one of notifications.webhooks too",
        ),
        ({"model": {"metric": "auc_of_x"}}, "auc_of_x"),
        ({"model": {"reference": ...}}, "Field required"),
        ({"model": {"reference": {"last": ...}}}, "Field required"),
        ({"model": {"reference": {"first": day(-1)}}}, "2024-02-29 is before start_date"),
        ({"model": {"reference": {"last": day(-1)}}}, "last 2024-02-29 is before first"),
        ({"model": {"predictions": {"day_column": ...}}}, "model.predictions: path 'predictions"),
        ({"model": {"version": "p"}}, "names the column 'p' more than once"),
        ({"model": {"scores": {"no": "n", "yes": "y2"}}}, "is for three or more classes"),
        ({"model": {"score": ..., "scores": {"a": "x"}}, "target": THREE}, "of every class"),
        ({"target": NUMBERS, "model": {"metric": "mae"}}, "need a target with classes, found 'p'"),
        (
            {"source": {"kind": "simulator", "simulator": "churn", "events": ..., "labels": ...}},
            "needs a source with tables, found simulator",
        ),
    ],
)
def test_a_mistake_says_what_would_be_right(changes, told):
    with pytest.raises(ValidationError) as raised:
        describe(changes)
    assert told in str(raised.value)


def test_only_an_external_model_calls_somebody():
    with pytest.raises(ValidationError, match=r"policy\.action is for an external model"):
        ModelSpec.model_validate(merged(SPEC, {"policy": {"action": {"job": "train"}}}))


def test_the_columns_of_predictions_are_named_once(tmp_path):
    assert list(describe().external.raw_names) == ["prediction", "score", "version"]
    assert MODEL["prediction"] == describe().external.raw_names["prediction"]
