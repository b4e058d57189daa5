from functools import cache
from itertools import cycle

import numpy as np
import optuna
import pandas as pd
import pytest
from lightgbm import Booster
from threadpoolctl import threadpool_limits

from mlops_drift.learning.families.base import Split, plain, predict
from mlops_drift.learning.families.lightgbm import TREES
from mlops_drift.learning.families.registry import SHIPPED, family
from mlops_drift.learning.metrics.evaluation import evaluate
from mlops_drift.schema.columns import Column
from mlops_drift_tests.learning.samples import (
    BINARY,
    FEW,
    MIXED,
    NUMBER,
    SENSORS,
    TARGETS,
    THREE,
    boxed,
    mixed,
)

pytestmark = pytest.mark.filterwarnings("error")

NAMES = list(SHIPPED)
SKILL = {"binary": ("accuracy", 0.85), "multiclass": ("accuracy", 0.75), "regression": ("r2", 0.85)}


def fitted(name, target, features, truth, columns=MIXED, **params):
    chosen = family(name)
    params = {**chosen.default(columns, len(features)), **params}
    return chosen.build(params, columns, target, 7).fit(features, truth)


@cache
def usual(name, kind):
    """A family's fit of three hundred rows, on two threads; shared."""
    (target,) = [target for target in TARGETS if target.kind == kind]
    with threadpool_limits(2):
        return fitted(name, target, *mixed(target, n=300))


def skilled(pipeline, target, less=0.0):
    """Whether it predicts new rows well."""
    features, truth = mixed(target, n=500, seed=1)
    predicted = predict(pipeline, target, features)
    prediction, score = predicted["prediction"].to_numpy(), predicted["score"].to_numpy()
    metric, least = SKILL[target.kind]
    return evaluate(metric, target, truth, prediction, score) >= least - less


@pytest.mark.parametrize("target", TARGETS, ids=lambda target: target.kind)
@pytest.mark.parametrize("name", NAMES)
class TestEveryFamily:
    def test_defaults_learn_from_every_type_of_column(self, name, target):
        assert skilled(usual(name, target.kind), target)

    def test_a_row_is_predicted_alike_to_the_last_bit_alone_and_among_others(self, name, target):
        pipeline = usual(name, target.kind)
        features, _ = mixed(target, n=200, seed=1)
        whole = predict(pipeline, target, features)
        for first, last in ((0, 1), (1, 4), (4, 11), (11, 84)):
            part = predict(pipeline, target, features.iloc[first:last])
            pd.testing.assert_frame_equal(part, whole.iloc[first:last], check_exact=True)

    def test_a_column_of_nothing_but_extreme_numbers_is_trained_on(self, name, target):
        features, truth = mixed(target)
        far = -1.7976931348623157e308
        pipeline = fitted(name, target, features.assign(count=far, x=-far), truth, **FEW[name])
        assert np.isfinite(predict(pipeline, target, features)["score"]).all()

    def test_ugly_columns_are_trained_on_and_predicted(self, name, target):
        features, truth = mixed(target)
        columns = MIXED | {
            "void": Column(type="number"),
            "silence": Column(type="category"),
            "same": Column(type="integer"),
        }
        features = features.astype({"flag": object, "count": "Int64"})
        features["void"] = None
        features["silence"] = None
        features["same"] = 3
        features.loc[::7, "x"] = np.inf
        features.loc[3::7, ["flag", "city"]] = None
        features.loc[5::7, "count"] = pd.NA
        pipeline = fitted(name, target, features, truth, columns, **FEW[name])

        new = features.head(4).copy()
        new["void"] = [1.0, -np.inf, np.nan, 1e300]
        new["x"] = [1e200, -1e200, np.inf, np.nan]
        new["silence"] = "spoken"
        new["city"] = ["never seen", None, "oslo", "rome"]
        predicted = predict(pipeline, target, new)
        assert np.isfinite(predicted["score"]).all()
        assert predicted["prediction"].notna().all()

    def test_a_fit_is_the_same_to_the_last_bit_on_any_number_of_threads(self, name, target):
        features, truth = mixed(target, n=300)
        with threadpool_limits(1):
            alone = predict(fitted(name, target, features, truth), target, features)["score"]
        with threadpool_limits(2):
            shared = predict(usual(name, target.kind), target, features)["score"]
        pd.testing.assert_series_equal(alone, shared, check_exact=True)

    def test_suggestions_build_and_defaults_lie_among_them(self, name, target):
        chosen = family(name)
        for n_rows in (4, 150, 100_000):
            study = optuna.create_study(sampler=optuna.samplers.RandomSampler(seed=1))
            defaults = chosen.default(MIXED, n_rows)
            study.enqueue_trial({chosen.parameter(key): value for key, value in defaults.items()})
            assert chosen.suggest(study.ask(), MIXED, n_rows) == defaults
            chosen.build(chosen.suggest(study.ask(), MIXED, n_rows), MIXED, target, 1)


# Every extreme number meets a target, and every target an extreme number.
EXTREMES = [-1.7976931348623157e308, 5e-324, 1e155, 2.0**62]


@pytest.mark.parametrize(("far", "target"), list(zip(EXTREMES, cycle(TARGETS))))
@pytest.mark.parametrize("name", NAMES)
def test_a_few_extreme_numbers_among_others_do_not_hide_what_they_say(name, far, target):
    features, truth = mixed(target, n=300)
    features.loc[::50, "x"] = far
    few = {**FEW[name], **({"max_iter": 50} if name == "hist_gradient_boosting" else {})}
    pipeline = fitted(name, target, features, truth, **few)
    assert skilled(pipeline, target, less=0.1)
    others, _ = mixed(target, n=20, seed=1)
    assert np.isfinite(predict(pipeline, target, others.assign(x=far))["score"]).all()


@pytest.mark.parametrize("chosen", [["city"], ["x", "count"]], ids=["a category", "numbers"])
@pytest.mark.parametrize("name", NAMES)
def test_an_unseen_category_counts_as_missing_or_rare_and_columns_may_be_of_one_type(name, chosen):
    features, truth = mixed(BINARY)
    columns = {column: MIXED[column] for column in chosen}
    pipeline = fitted(name, BINARY, features[chosen], truth, columns, **FEW[name])
    new = features[chosen].head(3).astype(object)
    new.iloc[1] = "never seen"
    new.iloc[2] = None
    scores = predict(pipeline, BINARY, new)["score"]
    assert np.isfinite(scores).all()
    assert scores.iloc[1] == scores.iloc[2] or name == "linear"


def test_a_hundred_and_fifty_products_teach_trees_the_box():
    accuracies = []
    for seed in range(3):
        pipeline = fitted("lightgbm", BINARY, *boxed(150, seed), columns=SENSORS)
        features, truth = boxed(1000, seed + 100)
        accuracies.append(np.mean(predict(pipeline, BINARY, features)["prediction"] == truth))
    assert np.mean(accuracies) >= 0.88


@pytest.mark.parametrize("C", [1e-3, 1.0, 1e2])
def test_logistic_regression_converges_where_classes_separate_and_columns_repeat(C):
    rng = np.random.default_rng(0)
    features = pd.DataFrame({"temp": rng.normal(size=400), "duration": rng.lognormal(3, 2, 400)})
    features["pressure"] = features["temp"] * 1000
    truth = np.where(features["temp"] > 0, "good", "bad")
    pipeline = family("linear").build({"degree": 2, "C": C}, SENSORS, BINARY, 1)
    predicted = predict(pipeline.fit(features, truth), BINARY, features)
    assert np.mean(predicted["prediction"] == truth) > 0.8


def test_degree_two_is_not_offered_for_many_columns():
    columns = {f"x{i}": Column(type="number") for i in range(31)}
    assert family("linear").default(columns, 1000)["degree"] == 1


@pytest.mark.parametrize("name", NAMES)
def test_rare_categories_are_predicted_alike(name):
    features, truth = mixed(NUMBER, n=500)
    features.loc[:2, "city"] = "atlantis"
    features.loc[3:5, "city"] = "eldorado"
    pipeline = fitted(name, NUMBER, features, truth, **FEW[name])
    new = pd.concat([features.tail(1)] * 2).assign(city=["atlantis", "eldorado"])
    one, other = predict(pipeline, NUMBER, new)["prediction"]
    assert one == other


def test_rare_categories_share_a_column_with_unseen_ones():
    features, truth = mixed(NUMBER, n=300)
    features.loc[0, "city"] = "atlantis"
    pipeline = fitted("linear", NUMBER, features, truth)
    new = pd.concat([features.tail(1)] * 2).assign(city=["atlantis", "eldorado"])
    rare, unseen = predict(pipeline, NUMBER, new)["prediction"]
    assert rare == unseen


@pytest.mark.parametrize("name", NAMES)
def test_a_category_that_is_missing_for_the_first_time_is_not_taken_for_a_rare_one(name):
    features, truth = mixed(NUMBER, n=500)
    features.loc[:3, "city"] = "atlantis"
    truth[:4] += 1000
    columns = {"city": MIXED["city"]}
    pipeline = fitted(name, NUMBER, features[["city"]], truth, columns, **FEW[name])
    new = pd.DataFrame({"city": [None, "oslo", "atlantis"]})
    missing, usual, rare = predict(pipeline, NUMBER, new)["prediction"]
    assert abs(missing - usual) < 0.1 * abs(rare - usual)


def test_the_score_is_of_the_positive_class_wherever_it_sorts():
    features, truth = mixed(BINARY)
    for positive in ("good", "bad"):
        target = BINARY.model_copy(update={"positive": positive})
        predicted = predict(fitted("linear", target, features, truth), target, features)
        assert ((predicted["score"] > 0.5) == (predicted["prediction"] == positive)).all()


def test_a_multiclass_score_is_the_largest_probability():
    features, truth = mixed(THREE)
    score = predict(fitted("linear", THREE, features, truth), THREE, features)["score"]
    assert score.between(1 / 3, 1).all()


def test_dtypes_do_not_change_what_a_pipeline_is_fed():
    features, _ = mixed(NUMBER)
    features.loc[2, ["x", "city"]] = None
    nullable = features.convert_dtypes()
    assert str(nullable["x"].dtype) == "Float64"
    pd.testing.assert_frame_equal(plain(features, MIXED), plain(nullable, MIXED))
    as_objects = features.astype(object).astype({"city": "category"})
    pd.testing.assert_frame_equal(plain(features, MIXED), plain(as_objects, MIXED))


def test_numbers_may_be_stored_as_text():
    frame = pd.DataFrame(
        {
            "x": ["29.85", " ", "abc", "-1e3", "inf", None],
            "flag": [True, "1", "0", None, 1, False],
        }
    )
    columns = {"x": Column(type="number"), "flag": Column(type="boolean")}
    nan = np.nan
    numbers = pd.DataFrame(
        {"x": [29.85, nan, nan, -1e3, nan, nan], "flag": [1.0, 1.0, 0.0, nan, 1.0, 0.0]}
    )
    for dtype in (object, "string", "category"):
        pd.testing.assert_frame_equal(plain(frame.astype({"x": dtype}), columns), numbers)


def numbers(target, name="lightgbm", n=300):
    """What a family is fed: the first 200 rows to fit on, the others to predict."""
    features, truth = mixed(target, n)
    features.loc[::9, "x"] = None
    step = family(name).matrix(family(name).default(MIXED, n), MIXED)
    matrix = np.ascontiguousarray(step.fit_transform(plain(features, MIXED)))
    return Split(matrix[:200], truth[:200], matrix[200:])


def stages_of(name, target, split, params, weights=None):
    chosen = family(name)
    return list(chosen.stages(params, target, 7, split, weights))


@pytest.mark.parametrize(
    ("target", "weighted"),
    [*((target, True) for target in TARGETS), (THREE, False)],
    ids=[*(f"{target.kind}-weighted" for target in TARGETS), "multiclass"],
)
@pytest.mark.parametrize("name", NAMES)
def test_every_stage_is_what_an_estimator_with_its_parameters_predicts(name, target, weighted):
    split = numbers(target, name)
    chosen = family(name)
    params = {**chosen.default(MIXED, 200), **FEW[name]}
    weights = np.random.default_rng(0).uniform(0.5, 2, 200) if weighted else None
    stages = stages_of(name, target, split, params, weights)
    if name == "lightgbm":
        assert [found["n_estimators"] for found, _ in stages] == list(TREES)
    for found, predicted in stages:
        estimator = chosen.estimator(found, target, 7)
        estimator.fit(split.rows, split.truth, sample_weight=weights)
        answer = estimator.predict_proba if target.is_classification else estimator.predict
        np.testing.assert_allclose(predicted, answer(split.others), rtol=0, atol=1e-12)


def test_what_a_split_keeps_changes_no_fit_that_shares_it():
    shared = numbers(THREE)
    rng = np.random.default_rng(0)
    for leaf, weights in ((2, None), (20, rng.uniform(0.5, 2, 200)), (40, None)):
        params = family("lightgbm").default(MIXED, 200) | {"min_child_samples": leaf}
        alone = numbers(THREE)
        ours = stages_of("lightgbm", THREE, shared, params, weights)
        fresh = stages_of("lightgbm", THREE, alone, params, weights)
        for (_, one), (_, other) in zip(ours, fresh, strict=True):
            np.testing.assert_array_equal(one, other)


def test_whoever_stops_iterating_stops_the_fit(monkeypatch):
    split = numbers(THREE)
    grown, update = [], Booster.update
    monkeypatch.setattr(Booster, "update", lambda *given: (grown.append(1), update(*given)))
    stages = family("lightgbm").stages(
        family("lightgbm").default(MIXED, 200), THREE, 7, split, None
    )
    next(stages)
    assert len(grown) == TREES[0]
