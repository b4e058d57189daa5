import numpy as np
import pytest

from mlops_drift.learning.config import Training
from mlops_drift.learning.families.registry import SHIPPED, family
from mlops_drift.learning.search import folds
from mlops_drift.learning.search.folds import FoldMatrices, folds_of
from mlops_drift_tests.learning.samples import BINARY, MIXED, NUMBER, mixed


def of(truth, target=BINARY, **changes):
    return folds_of(np.array(truth), target, Training(metric="accuracy", **changes))


def test_stratified_folds_predict_every_row_once_with_the_same_share_of_each_class():
    truth = np.array(["good"] * 80 + ["bad"] * 20)
    found = of(truth)
    assert sorted(np.concatenate([other for _, other in found])) == list(range(100))
    assert [int(np.sum(truth[other] == "bad")) for _, other in found] == [5] * 4


@pytest.mark.parametrize("target", [BINARY, NUMBER], ids=lambda target: target.kind)
def test_folds_in_the_order_of_time_are_predicted_from_earlier_rows_only(target):
    truth = ["good", "bad"] * 10 if target == BINARY else np.arange(20.0)
    found = of(truth, target, validation="time_ordered")
    assert [(fit.tolist(), other.tolist()) for fit, other in found] == [
        (list(range(cut)), list(range(cut, cut + 4))) for cut in (4, 8, 12, 16)
    ]


def test_a_fold_with_one_class_to_fit_on_is_left_out():
    found = of(["good"] * 10 + ["bad", "good"] * 5, validation="time_ordered")
    assert [fit.max() for fit, _ in found] == [11, 15]


def test_a_handful_of_rows_lowers_the_number_of_folds():
    found = of(["good", "bad", "good", "bad"], validation="time_ordered", folds=9)
    assert [len(fit) for fit, _ in found] == [2, 3]


@pytest.mark.parametrize("most_bytes", [2**28, 0])
@pytest.mark.parametrize("name", SHIPPED)
def test_matrices_are_to_the_last_bit_what_a_pipeline_makes_of_the_rows(
    name, most_bytes, monkeypatch
):
    monkeypatch.setattr(folds, "MOST_BYTES", most_bytes)
    features, truth = mixed(BINARY, n=400)
    features.loc[:2, "city"] = "atlantis"
    features.loc[3:4, "city"] = "eldorado"
    features.loc[::9, ["x", "city"]] = None
    features.loc[5, "city"] = "zion, in one fold only"
    cut = folds_of(truth, BINARY, Training(metric="accuracy", folds=2))
    matrices = FoldMatrices(features, truth, MIXED, cut)
    chosen = family(name)
    params = chosen.default(MIXED, 400)
    for _ in range(2):
        for number, (fit_rows, other_rows) in enumerate(cut):
            preparation = chosen.build(params, MIXED, BINARY, 7)[:-1]
            fitted = preparation.fit_transform(features.iloc[fit_rows])
            other = preparation.transform(features.iloc[other_rows])
            made = matrices.of(chosen, params, number)
            np.testing.assert_array_equal(made.rows, fitted)
            np.testing.assert_array_equal(made.others, other)


def test_a_matrix_is_made_once_for_all_trials_that_share_it():
    features, truth = mixed(BINARY)
    cut = folds_of(truth, BINARY, Training(metric="accuracy"))
    matrices, linear = FoldMatrices(features, truth, MIXED, cut), family("linear")
    first = matrices.of(linear, {"degree": 1, "C": 1.0}, 0)
    assert matrices.of(linear, {"degree": 1, "C": 9.0}, 0) is first
    assert matrices.of(linear, {"degree": 2, "C": 1.0}, 0) is not first
    assert matrices.of(linear, {"degree": 1, "C": 1.0}, 1) is not first
