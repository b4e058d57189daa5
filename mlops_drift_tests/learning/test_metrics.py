import math
import subprocess
import sys

import numpy as np
import pytest
from sklearn import metrics as sk

from mlops_drift.learning.metrics.evaluation import evaluate, evaluate_within, worsening
from mlops_drift.learning.metrics.registry import metric_for, metrics_of
from mlops_drift.schema.columns import Target

BINARY = Target(column="y", kind="binary", classes=["yes", "no"], positive="yes")
THREE = Target(column="y", kind="multiclass", classes=["high", "medium", "low"])
NUMBER = Target(column="y", kind="regression")


def binary_case(seed, n=200):
    rng = np.random.default_rng(seed)
    truth = rng.choice(["yes", "no"], n, p=[0.3, 0.7])
    # One decimal gives the scores ties.
    score = np.clip(rng.normal(np.where(truth == "yes", 0.6, 0.4), 0.2), 0.1, 0.9).round(1)
    return truth, np.where(score > 0.5, "yes", "no"), score


def three_class_case(seed, n=200):
    rng = np.random.default_rng(seed)
    truth = rng.choice(["high", "medium", "low"], n)
    prediction = np.where(rng.random(n) < 0.7, truth, rng.choice(["high", "medium", "low"], n))
    return truth, prediction, rng.uniform(0.4, 1, n)


def number_case(seed, n=200):
    rng = np.random.default_rng(seed)
    truth = rng.normal(size=n)
    prediction = truth + rng.normal(scale=0.5, size=n)
    return truth, prediction, prediction


REFERENCE = {
    "accuracy": lambda t, p, s: sk.accuracy_score(t, p),
    "balanced_accuracy": lambda t, p, s: sk.balanced_accuracy_score(t, p),
    "f1": lambda t, p, s: sk.f1_score(t, p, pos_label="yes"),
    "precision": lambda t, p, s: sk.precision_score(t, p, pos_label="yes"),
    "recall": lambda t, p, s: sk.recall_score(t, p, pos_label="yes"),
    "f1_macro": lambda t, p, s: sk.f1_score(t, p, average="macro"),
    "auc": lambda t, p, s: sk.roc_auc_score(t == "yes", s),
    "log_loss": lambda t, p, s: sk.log_loss(t == "yes", s),
    "mae": lambda t, p, s: sk.mean_absolute_error(t, p),
    "rmse": lambda t, p, s: sk.root_mean_squared_error(t, p),
    "r2": lambda t, p, s: sk.r2_score(t, p),
}
FITTING = [
    (name, target, case)
    for target, case in ((BINARY, binary_case), (THREE, three_class_case), (NUMBER, number_case))
    for name in metrics_of(target.kind)
]


@pytest.mark.parametrize(("metric", "target", "case"), FITTING)
def test_metrics_equal_those_of_sklearn(metric, target, case):
    for seed in range(5):
        arrays = case(seed)
        assert evaluate(metric, target, *arrays) == pytest.approx(
            REFERENCE[metric](*arrays), abs=1e-12
        )


def interval(*arguments, **options):
    """The bounds alone."""
    return evaluate_within(*arguments, **options)[1:]


@pytest.mark.parametrize(("metric", "target", "case"), FITTING)
def test_no_rows_have_no_value_and_no_interval(metric, target, case):
    empty = case(0, n=0)
    assert math.isnan(evaluate(metric, target, *empty))
    assert all(math.isnan(bound) for bound in interval(metric, target, *empty, seed=1))


@pytest.mark.parametrize(("metric", "target", "case"), FITTING)
def test_intervals_contain_the_value_narrow_with_rows_and_repeat(metric, target, case):
    def measured(n):
        arrays = case(3, n)
        value, low, high = evaluate_within(metric, target, *arrays, seed=1)
        assert value == evaluate(metric, target, *arrays)
        assert low <= value <= high
        assert (low, high) == interval(metric, target, *arrays, seed=1)
        return high - low

    assert measured(1600) < 0.6 * measured(100)


def test_a_higher_confidence_gives_a_wider_interval():
    arrays = binary_case(1)
    for metric in ("accuracy", "auc"):
        narrow = interval(metric, BINARY, *arrays, confidence=0.5, seed=1)
        wide = interval(metric, BINARY, *arrays, confidence=0.99, seed=1)
        assert wide[0] < narrow[0] < narrow[1] < wide[1]


def test_the_interval_of_a_perfect_accuracy_still_leaves_doubt():
    truth = np.full(10, "yes")
    low, high = interval("accuracy", BINARY, truth, truth, np.ones(10), seed=1)
    assert (round(low, 4), high) == (0.7225, 1.0)


def test_ninety_five_percent_bootstrap_intervals_cover_about_that_often():
    covered = 0
    for seed in range(100):
        low, high = interval("mae", NUMBER, *number_case(seed, n=100), seed=seed)
        covered += low <= 0.5 * math.sqrt(2 / math.pi) <= high
    assert 0.89 <= covered / 100 <= 0.99


@pytest.mark.parametrize(
    ("metric", "truth", "prediction"),
    [
        ("auc", ["yes", "yes"], ["yes", "no"]),
        ("precision", ["yes", "no"], ["no", "no"]),
        ("recall", ["no", "no"], ["yes", "no"]),
        ("f1", ["no", "no"], ["no", "no"]),
    ],
)
def test_what_the_classes_at_hand_cannot_define_is_nan(metric, truth, prediction):
    value = evaluate(metric, BINARY, np.array(truth), np.array(prediction), np.array([0.7, 0.2]))
    assert math.isnan(value)


def test_r2_of_a_constant_truth_is_nan():
    assert math.isnan(evaluate("r2", NUMBER, np.ones(3), np.arange(3.0), np.arange(3.0)))


def test_an_unknown_score_leaves_the_auc_undefined():
    truth, prediction, score = binary_case(1)
    score[0] = math.nan
    assert math.isnan(evaluate("auc", BINARY, truth, prediction, score))


def test_a_sure_and_wrong_score_has_a_finite_log_loss():
    answers = np.array(["yes", "no"])
    assert 10 < evaluate("log_loss", BINARY, answers, answers, np.array([0.0, 1.0])) < 100


def test_classes_may_come_as_object_arrays():
    truth, prediction, score = three_class_case(1)
    as_objects = evaluate("f1_macro", THREE, truth.astype(object), prediction.astype(object), score)
    assert as_objects == evaluate("f1_macro", THREE, truth, prediction, score)


def test_a_value_that_is_no_class_is_named():
    _, prediction, score = binary_case(1, n=2)
    with pytest.raises(ValueError, match=r"truth has 'maybe'; .* \['no', 'yes'\]"):
        evaluate("accuracy", BINARY, np.array(["maybe", "no"]), prediction, score)
    with pytest.raises(ValueError, match="truth has None"):
        evaluate("accuracy", BINARY, np.array([None, "no"], dtype=object), prediction, score)


def test_wrong_arguments_are_named_with_their_values():
    truth, prediction, score = binary_case(1, n=10)
    with pytest.raises(ValueError, match="lengths 10, 9 and 10"):
        evaluate("accuracy", BINARY, truth, prediction[:9], score)
    with pytest.raises(ValueError, match="'auc' is not defined for a multiclass target"):
        metric_for("auc", "multiclass")


def test_worsening_follows_the_direction_of_the_metric():
    assert worsening("auc", 0.9, 0.8) == pytest.approx(0.1)
    assert worsening("log_loss", 0.9, 0.8) == pytest.approx(-0.1)


def test_measuring_and_gating_import_no_learning_library():
    code = (
        "import sys, mlops_drift.learning.metrics.evaluation, mlops_drift.learning.gates.registry\n"
        "heavy = {'sklearn', 'lightgbm', 'optuna', 'scipy', 'mlflow'}\n"
        "print(sorted(heavy & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
