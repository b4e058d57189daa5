import cloudpickle
import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone
from sklearn.dummy import DummyClassifier
from sklearn.pipeline import make_pipeline

from mlops_drift.learning.families.base import predict
from mlops_drift.learning.families.registry import SHIPPED, family
from mlops_drift.learning.threshold_classifier import ThresholdClassifier, decided
from mlops_drift_tests.learning.samples import BINARY, FEW, MIXED, THREE, mixed

pytestmark = pytest.mark.filterwarnings("error")

NAMES = list(SHIPPED)


def pipeline(name, target, n=300, **params):
    chosen = family(name)
    params = {**chosen.default(MIXED, n), **FEW[name], **params}
    return chosen.build(params, MIXED, target, 7)


def rare(target, n=2000, seed=0):
    """Rows of which few are of the first class, with much noise."""
    rng = np.random.default_rng(seed)
    features, _ = mixed(target, n, seed)
    chance = 1 / (1 + np.exp(2.5 - features["x"]))
    first, *others = target.classes
    truth = np.where(rng.random(n) < chance, first, rng.choice(others, n))
    return features, truth


@pytest.mark.parametrize("target", [BINARY, THREE], ids=lambda target: target.kind)
@pytest.mark.parametrize("name", NAMES)
class TestEveryFamily:
    def test_our_predictions_are_the_deciders_own_row_by_row(self, name, target):
        features, truth = mixed(target, n=300)
        model = decided(pipeline(name, target), target, "balanced", 0.3).fit(features, truth)
        new, _ = mixed(target, n=100, seed=1)
        ours = predict(model, target, new)
        assert list(ours["prediction"]) == list(model.predict(new))
        if target.kind == "binary":
            assert ((ours["score"] >= 0.3) == (ours["prediction"] == target.positive)).all()
        for first, last in ((0, 1), (1, 4), (4, 100)):
            part = predict(model, target, new.iloc[first:last])
            pd.testing.assert_frame_equal(part, ours.iloc[first:last], check_exact=True)

    def test_weights_reach_the_estimator_and_leave_probabilities_calibrated(self, name, target):
        features, truth = rare(target)
        new, new_truth = rare(target, seed=1)
        # The chances that a forest gives are right with many trees.
        trees = {"n_estimators": 100} if name == "random_forest" else {}
        weighted = ThresholdClassifier(pipeline(name, target, 3000, **trees), "balanced").fit(
            features, truth
        )
        plain = pipeline(name, target, 3000, **trees).fit(features, truth)
        probability = weighted.predict_proba(new)
        assert probability.sum(axis=1) == pytest.approx(1)
        assert not np.array_equal(probability, plain.predict_proba(new))
        for k, one in enumerate(weighted.classes_):
            assert probability[:, k].mean() == pytest.approx(np.mean(new_truth == one), abs=0.03)
        # What the weights would have done to the probabilities, had it not been taken back.
        column = list(weighted.classes_).index(target.classes[0])
        shifted = weighted.pipeline_.predict_proba(new)[:, column].mean()
        assert shifted > np.mean(new_truth == target.classes[0]) + 0.05


@pytest.mark.parametrize("shares", [{"no": 0.7, "yes": 0.3}, {"a": 0.7, "b": 0.2, "c": 0.1}])
def test_weights_are_taken_back_exactly(shares):
    truth = np.repeat(list(shares), [round(500 * share) for share in shares.values()])
    x = np.zeros((500, 1))
    model = ThresholdClassifier(make_pipeline(DummyClassifier(strategy="prior")), "balanced").fit(
        x, truth
    )
    assert model.pipeline_.predict_proba(x[:1])[0] == pytest.approx(1 / len(shares))
    assert model.predict_proba(x[:1])[0] == pytest.approx(list(shares.values()))


def test_nothing_asked_is_the_pipeline_itself():
    bare = pipeline("linear", BINARY)
    assert decided(bare, BINARY, "none", 0.5) is bare
    assert isinstance(decided(bare, BINARY, "none", 0.4), ThresholdClassifier)


def test_a_threshold_alone_leaves_the_scores_alone():
    features, truth = rare(BINARY, n=300)
    bare = pipeline("lightgbm", BINARY).fit(features, truth)
    model = decided(pipeline("lightgbm", BINARY), BINARY, "none", 0.9).fit(features, truth)
    ours, plain = predict(model, BINARY, features), predict(bare, BINARY, features)
    pd.testing.assert_series_equal(ours["score"], plain["score"], check_exact=True)
    assert (ours["prediction"] == "good").sum() < (plain["prediction"] == "good").sum()


def test_the_score_at_the_threshold_is_positive():
    truth = np.array(["no", "no", "no", "yes"])
    model = ThresholdClassifier(
        make_pipeline(DummyClassifier(strategy="prior")), threshold=0.25, positive="yes"
    ).fit(np.zeros((4, 1)), truth)
    assert list(model.predict(np.zeros((2, 1)))) == ["yes", "yes"]
    above = clone(model).set_params(threshold=0.26).fit(np.zeros((4, 1)), truth)
    assert list(above.predict(np.zeros((2, 1)))) == ["no", "no"]


def test_a_decider_survives_being_stored_and_cloned():
    features, truth = mixed(BINARY, n=300)
    model = ThresholdClassifier(pipeline("linear", BINARY), "balanced", 0.4, "good").fit(
        features, truth
    )
    again = clone(model).fit(features, truth)
    stored = cloudpickle.loads(cloudpickle.dumps(model))
    for other in (again, stored):
        assert np.array_equal(other.predict_proba(features), model.predict_proba(features))
        assert list(other.predict(features)) == list(model.predict(features))
