from datetime import date

import pytest
from pydantic import ValidationError

from mlops_drift.config.names import RESERVED
from mlops_drift.config.spec import ModelSpec, digest, learning_digest
from mlops_drift_tests.tiny import SPEC, merged

NUMBER = {"type": "number"}
# What a derived column takes.
MADE = {
    "columns": {"made": {"type": "integer", "derived": True}},
    "features_sql": "SELECT id, 1 AS made FROM events",
}


def spec(changes=None):
    return ModelSpec(**merged(SPEC, changes or {}))


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"name": "Churn"}, ["name", "'Churn'", "lower-case"]),
        ({"name": "1st"}, ["name", "'1st'", "beginning with a letter"]),
        ({"name": ""}, ["name", "''", "lower-case"]),
        ({"keyy": "id"}, ["keyy", "'id'", "Extra inputs are not permitted"]),
        ({"start_date": "soon"}, ["start_date", "'soon'", "valid date"]),
        ({"end_date": date(2024, 1, 1)}, ["end_date 2024-01-01", "before start_date 2024-03-01"]),
        ({"key_type": "uuid"}, ["key_type", "'uuid'", "'integer' or 'text'"]),
        ({"columns": {"a": {"type": "float"}}}, ["columns.a.type", "'float'", "'number'"]),
        ({"columns": {"a": {"min": 2, "max": 1}}}, ["columns.a", "min 2.0 is above max 1.0"]),
        ({"inputs": {"raw": NUMBER}}, ["inputs", "need a derived column"]),
        ({"history_days": 7}, ["history_days", "need a derived column"]),
        ({"online": {"entity": "c"}, **MADE}, ["online.entity 'c'", "empty", "set history_days"]),
        (
            {"online": {"entity": "a"}, "history_days": 7, **MADE},
            ["online.entity names 'a'", "(category, boolean, integer) are c"],
        ),
        (
            {"online": {"entity": "made"}, "history_days": 7, **MADE},
            ["online.entity names 'made'", "columns of the source and the inputs"],
        ),
        (
            {"inputs": {"raw": {"type": "number", "derived": True}}},
            ["inputs are columns of the source", "raw", "move"],
        ),
        ({"inputs": {"A": NUMBER}}, ["must all differ", "inputs", "id, a, b, c, A, y"]),
        ({"columns": {"a": 5}}, ["columns.a", "5", "valid dictionary"]),
        ({"columns": {"day": NUMBER}}, ["'day'", "used by the project", "rename"]),
        ({"columns": {"Event_Time": NUMBER}}, ["'Event_Time'", "used by the project", "rename"]),
        ({"columns": {"slice a": NUMBER}}, ["'slice a'", "used by the project", "rename"]),
        ({"columns": {"Score": NUMBER}}, ["'Score'", "used by the project", "rename"]),
        ({"columns": {"a\nb": NUMBER}}, ["'a\\nb'", "the end of a line", "rename"]),
        ({"key": "a\tb"}, ["'a\\tb'", "must not contain a tab", "rename"]),
        ({"target": {"column": "a\u2028b"}}, ["'a\\u2028b'", "must not contain", "rename"]),
        ({"columns": {'a"b': NUMBER}}, ["""'a"b'""", "double quote"]),
        ({"columns": {" ": NUMBER}}, ["' '", "blank"]),
        ({"columns": {"id": NUMBER}}, ["must all differ", "id, a, b, c, id, y"]),
        ({"columns": {"A": NUMBER}}, ["must all differ", "upper and lower", "id, a, b, c, A, y"]),
        ({"key": "score"}, ["'score'", "used by the project", "rename"]),
        ({"key": "y"}, ["must all differ", "y, a, b, c, y"]),
        ({"target": {"column": "label_day"}}, ["'label_day'", "used by the project", "rename"]),
        ({"target": {"column": "a"}}, ["must all differ", "id, a, b, c, a"]),
        ({"target": {"positive": "maybe"}}, ["target", "['no', 'yes']", "'maybe'"]),
        ({"training": {"metric": "mae"}}, ["'mae'", "binary target", "accuracy, balanced"]),
        ({"training": {"metric": "mse"}}, ["training.metric", "'mse'", "accuracy"]),
        ({"training": {"trials": 0}}, ["training.trials", "0", "greater than or equal to 1"]),
        (
            {"training": {"decision_threshold": "search", "metric": "auc"}},
            ["training", "auc", "f1"],
        ),
        (
            {"training": {"decision_threshold": 2}},
            ["training.decision_threshold", "2", "less than 1"],
        ),
        ({"training": {"folds": 1}}, ["training.folds", "1", "greater than or equal to 2"]),
        ({"training": {"test_share": 0.9}}, ["training.test_share", "0.9", "0.5"]),
        ({"training": {"families": ["mlp"]}}, ["families.0", "'mlp'", "lightgbm, linear"]),
        ({"training": {"families": []}}, ["training.families", "[]", "at least 1"]),
        ({"gates": {"metrics": {"f1": "high"}}}, ["gates.metrics.f1", "'high'", "valid number"]),
        ({"gates": {"metrics": {"mae": 1}}}, ["gates.metrics", "'mae'", "binary target"]),
        ({"gates": {"trusted_columns": ["z"]}}, ["gates.trusted_columns names z", "a, b, c"]),
        ({"gates": {"slices": ["a"]}}, ["gates.slices names a;", "are c"]),
        ({"retention": {"versions": 0}}, ["retention.versions", "0", "greater than or equal to 1"]),
        (
            {"retention": {"predictions_days": 3}},
            ["retention.predictions_days is 3", "label_delay_days", "at least 4"],
        ),
        (
            {"retention": {"landing_days": 90, "predictions_days": 90}},
            ["retention.landing_days is 90", "policy.window_days", "policy.training_windows"],
        ),
        ({"gates": {"tolerance": -1}}, ["gates.tolerance", "-1", "greater than or equal to 0"]),
        ({"gates": {"max_null_loss": "5 % of"}}, ["gates.max_null_loss", "'5 % of'", "or 5 %"]),
        ({"gates": {"max_surprise": "105%"}}, ["gates.max_surprise", "'105%'", "up to 100 %"]),
        ({"gates": {"max_slice_gap": None}}, ["gates.max_slice_gap", "found None"]),
        ({"monitors": {"drift": {"windows": [7, 1]}}}, ["drift.windows", "[7, 1]", "ascending"]),
        ({"monitors": {"drift": {"metric": "emd"}}}, ["drift.metric", "'emd'", "wasserstein"]),
        (
            {"name": "churn_shadow"},
            [
                "predictions.churn_shadow holds what a challenger of 'churn' scores",
                "choose another",
            ],
        ),
        (
            {"name": "churn_served"},
            [
                "predictions.churn_served holds what a service of 'churn' answers",
                "choose another",
            ],
        ),
        (
            {"monitors": {"drift": {"columns": {"agee": {"metric": "psi"}}}}},
            ["monitors.drift.columns names agee", "a, b, c, score, prediction"],
        ),
        (
            {"monitors": {"drift": {"columns": {"a": {"threshold": 0}}}}},
            ["drift.columns.a.threshold", "0", "greater than 0"],
        ),
        (
            {"monitors": {"drift": {"columns": {"c": {"metric": "ks"}}}}},
            ["drift.columns.c.metric is ks", "needs numbers", "js, psi, hellinger, tvd or linf"],
        ),
        (
            {"monitors": {"drift": {"columns": {"prediction": {"metric": "wasserstein"}}}}},
            ["drift.columns.prediction.metric is wasserstein", "needs numbers"],
        ),
        (
            {"monitors": {"drift": {"segments": ["c", "a"]}}},
            ["monitors.drift.segments names a;", "category, boolean, integer", "are c"],
        ),
        (
            {"monitors": {"drift": {"segments": ["cc"]}}},
            ["monitors.drift.segments names cc;", "are c"],
        ),
        (
            {"monitors": {"drift": {"season": {"periods": 2}}}},
            ["drift.season.period_days", "Field required"],
        ),
        (
            {"monitors": {"drift": {"season": {"period_days": 0}}}},
            ["drift.season.period_days", "0", "greater than 0"],
        ),
        (
            {"monitors": {"drift": {"season": {"period_days": 7, "periods": 0}}}},
            ["drift.season.periods", "0", "greater than 0"],
        ),
        (
            {"monitors": {"drift": {"season": {"period_days": 7, "weeks": 2}}}},
            ["drift.season.weeks", "Extra inputs are not permitted"],
        ),
        (
            {"monitors": {"performance": {"windows": [7, 7]}}},
            ["performance.windows", "[7, 7]", "ascending"],
        ),
        (
            {"monitors": {"performance": {"windows": [0]}}},
            ["performance.windows.0", "0", "greater than 0"],
        ),
        ({"monitors": {"performance": {"drop": 0}}}, ["performance.drop", "greater than 0"]),
        ({"monitors": {"performance": {"drop": 42}}}, ["performance.drop", "up to 1", "found 42"]),
        ({"monitors": {"performance": {"alpha": 0.5}}}, ["alpha", "0.5", "less than 0.5"]),
        ({"monitors": {"quality": {"max_rejected_share": 2}}}, ["max_rejected_share", "2", "1"]),
        (
            {"policy": {"retrain_on": ["bad_weather"]}},
            ["retrain_on names 'bad_weather'", "performance_drop"],
        ),
        ({"monitors": {"performance": {"slices": ["a"]}}}, ["performance.slices", "a", "c"]),
        (
            {"monitors": {"performance": {"business": {"per_error": -1}}}},
            ["performance.business", "classification needs outcomes"],
        ),
        (
            {
                "monitors": {
                    "performance": {
                        "business": {
                            "outcomes": [{"truth": "maybe", "prediction": "no", "value": 1}]
                        }
                    }
                }
            },
            ["business.outcomes", "maybe", "no, yes"],
        ),
        ({"monitors": {"age": {"max_days": 0}}}, ["age.max_days", "greater than or equal to 1"]),
        (
            {"policy": {"retrain_on": ["error_drift"]}},
            ["retrain_on names error_drift", "monitors.performance.streaming"],
        ),
        (
            {"policy": {"retrain_on": ["slice_performance"]}},
            ["retrain_on names slice_performance", "monitors.performance.slices"],
        ),
        ({"policy": {"mode": "maybe"}}, ["policy.mode", "'alert' or 'retrain'"]),
        ({"policy": {"approval": "maybe"}}, ["policy.approval", "'automatic' or 'manual'"]),
        ({"policy": {"budget": {"days": 30}}}, ["policy.budget.retrainings", "Field required"]),
        ({"notifications": {"about": ["weather"]}}, ["notifications.about", "failed_check"]),
        ({"policy": {"first_training_rows": 5}}, ["first_training_rows", "5", "20"]),
        (
            {"policy": {"first_training_rows": 30}},
            ["first_training_rows 30 times training.test_share 0.3 gives 9", "at least 34"],
        ),
        (
            {"policy": {"first_training_rows": 30}, "training": {"split": "random"}},
            ["first_training_rows 30", "the 10 of gates.min_rows", "a larger test_share"],
        ),
        (
            {"policy": {"first_training_rows": 300}, "training": {"max_rows": 299}},
            ["training.max_rows 299", "the 300 of policy.first_training_rows", "at least 300"],
        ),
        (
            {"policy": {"first_training_rows": ...}, "gates": {"min_rows": 200}},
            ["first_training_rows 500", "150 test rows", "at least 667"],
        ),
        ({"policy": {"window_days": 0}}, ["window_days", "0", "greater than or equal to 1"]),
        ({"source": {"kind": "tape"}}, ["source", "'tape'", "simulator, files"]),
        ({"source": {"events": {"path": ""}}}, ["source.files.events.path", "''", "at least 1"]),
        (
            {"source": {"events": {"day_column": None}}},
            ["source.files.events", "'events.csv'", "{day}", "day_column"],
        ),
        (
            {"source": {"events": {"missing": "skip"}}},
            ["events.missing", "'skip'", "'error' or 'empty'"],
        ),
    ],
)
def test_a_mistake_names_the_field_the_value_and_what_would_be_right(changes, told):
    with pytest.raises(ValidationError) as caught:
        spec(changes)
    for fragment in told:
        assert fragment in str(caught.value)


@pytest.mark.parametrize(
    "name",
    ["name", "start_date", "source", "key", "columns", "target", "training", "gates"],
)
def test_what_has_no_default_is_asked_for(name):
    with pytest.raises(ValidationError, match=f"{name}\n  Field required"):
        ModelSpec(**{field: value for field, value in SPEC.items() if field != name})


def test_a_model_needs_a_column():
    with pytest.raises(ValidationError, match=r"columns\n.*at least 1 item"):
        ModelSpec(**{**SPEC, "columns": {}})


def test_an_unknown_simulator_is_answered_with_the_known_ones():
    source = {"kind": "simulator", "simulator": "glas"}
    with pytest.raises(ValidationError, match=r"'churn', 'glassware' or 'insurance'.*'glas'"):
        ModelSpec(**{**SPEC, "source": source})


def test_a_common_metric_of_values_is_taken_by_the_columns_that_have_an_order():
    monitor = spec({"monitors": {"drift": {"metric": "ks"}}}).monitors.drift
    assert monitor.effect("a") == ("ks", 0.1)
    assert monitor.effect("c", ordered=False) == ("js", 0.1)


@pytest.mark.parametrize("type_", ["category", "boolean", "integer"])
def test_rows_are_divided_by_columns_of_single_values(type_):
    changes = {"columns": {"d": {"type": type_}}, "monitors": {"drift": {"segments": ["d", "c"]}}}
    assert spec(changes).monitors.drift.segments == ["d", "c"]


def test_first_rows_that_just_give_the_test_rows_of_the_gates_are_enough():
    assert spec({"policy": {"first_training_rows": 34}}).policy.first_training_rows == 34
    few = {"policy": {"first_training_rows": 20}, "gates": {"min_rows": 6}}
    assert spec(few).gates.min_rows == 6


def test_a_short_description_is_enough():
    needed = {name: SPEC[name] for name in ("name", "start_date", "source", "key", "columns")}
    short = ModelSpec(
        **needed,
        target={"column": "y", "kind": "regression"},
        training={"metric": "mae"},
        gates={"metrics": {"mae": 2.0}},
    )
    assert short.monitors.drift.windows == [1, 7, 28]
    assert short.policy.retrain_on == [
        "feature_drift",
        "prediction_drift",
        "performance_drop",
        "model_age",
    ]


def test_tables_have_the_names_that_the_project_reserves():
    described = spec()
    used = {name for table in described.tables for name in table.schema.names}
    assert {"day", "event_time", "version", "prediction", "score"} <= used & RESERVED


@pytest.mark.parametrize(
    "changes",
    [
        {"name": "other"},
        {"description": "Something else."},
        {"start_date": date(2023, 1, 1)},
        {"end_date": None},
        {"source": {"events": {"path": "elsewhere.csv"}}},
        {"columns": {"a": {"description": "Said in other words."}}},
        {"gates": {"metrics": {"accuracy": 0.5}}},
        {"monitors": {"drift": {"threshold": 0.3}}},
        {"policy": {"min_new_labels": 5}},
    ],
)
def test_the_learning_digest_ignores_what_does_not_change_a_training(changes):
    assert learning_digest(spec(changes)) == learning_digest(spec())


@pytest.mark.parametrize(
    "changes",
    [
        {"columns": {"d": NUMBER}},
        {"columns": {"b": {"type": "integer"}}},
        {"columns": {"b": {"nullable": False}}},
        {"target": {"positive": "no"}},
        {"target": {"column": "z"}},
        {"training": {"seed": 8}},
        {"training": {"trials": 3}},
        {"training": {"metric": "auc"}},
        {"training": {"families": ["linear", "lightgbm"]}},
        {"training": {"test_share": 0.25}},
    ],
)
def test_the_learning_digest_changes_with_what_changes_a_training(changes):
    assert learning_digest(spec(changes)) != learning_digest(spec())


def test_a_digest_depends_on_content_and_not_on_its_order():
    assert digest({"a": [1, 2], "b": None}) == digest({"b": None, "a": [1, 2]})
    assert digest([1, 2]) != digest([2, 1])
    assert digest("1") != digest(1)
    assert digest("ü") == digest("\u00fc")
