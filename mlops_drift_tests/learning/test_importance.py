import numpy as np
import pandas as pd
import pytest

from mlops_drift.learning.families.registry import family
from mlops_drift.learning.importance import MAX_ROWS, REPEATS, feature_importance
from mlops_drift.schema.columns import Column
from mlops_drift_tests.learning.samples import BINARY, MIXED, NUMBER, SENSORS, TARGETS, boxed, mixed

pytestmark = pytest.mark.filterwarnings("error")

METRICS = {"binary": "auc", "multiclass": "accuracy", "regression": "rmse"}


def fitted(target, frame, labels, columns=MIXED, name="lightgbm"):
    chosen = family(name)
    params = chosen.default(columns, len(frame))
    if name == "lightgbm":
        params["n_estimators"] = 30
    return chosen.build(params, columns, target, seed=7).fit(frame, labels)


@pytest.mark.parametrize("target", TARGETS, ids=lambda target: target.kind)
@pytest.mark.parametrize("name", ["lightgbm", "linear"])
def test_shares_sum_to_one_and_rank_the_columns(target, name):
    frame, labels = mixed(target, n=400)
    pipeline = fitted(target, frame, labels, name=name)
    shares = feature_importance(pipeline, target, frame, labels, METRICS[target.kind], seed=1)
    assert list(shares) == list(MIXED)
    assert sum(shares.values()) == pytest.approx(1)
    assert min(shares.values()) >= 0
    assert max(shares, key=shares.get) == "x"
    assert shares["city"] > shares["count"]


def test_only_the_column_that_decides_matters():
    frame, _ = mixed(BINARY)
    labels = np.where(frame["city"] == "rome", "good", "bad")
    pipeline = fitted(BINARY, frame, labels, name="linear")
    shares = feature_importance(pipeline, BINARY, frame, labels, "accuracy", seed=1)
    assert shares["city"] > 0.95


def test_a_column_that_is_never_used_has_none():
    frame, labels = mixed(NUMBER)
    columns = {**MIXED, "constant": Column(type="number")}
    frame["constant"] = 1.0
    pipeline = fitted(NUMBER, frame, labels, columns)
    shares = feature_importance(pipeline, NUMBER, frame, labels, "mae", seed=1)
    assert shares["constant"] == 0


def test_a_metric_that_improves_does_not_count():
    frame, labels = boxed(300, seed=0)
    pipeline = fitted(BINARY, frame, labels, SENSORS)
    wrong = np.where(labels == "good", "bad", "good")
    shares = feature_importance(pipeline, BINARY, frame, wrong, "accuracy", seed=1)
    assert shares == pytest.approx(dict.fromkeys(SENSORS, 1 / 3))


def test_where_nothing_matters_or_nothing_is_known_all_columns_are_alike():
    frame, labels = mixed(BINARY)
    pipeline = fitted(BINARY, frame, labels)
    alike = dict.fromkeys(MIXED, 0.25)
    one_class = np.full(len(frame), "good")
    assert feature_importance(pipeline, BINARY, frame, one_class, "auc", seed=1) == alike
    for rows in (0, 1):
        some = frame.head(rows), labels[:rows]
        assert feature_importance(pipeline, BINARY, *some, "accuracy", seed=1) == alike


def test_the_same_seed_gives_the_same_shares_whatever_the_order_of_the_columns():
    frame, labels = mixed(BINARY)
    pipeline = fitted(BINARY, frame, labels)
    first, again = (
        feature_importance(pipeline, BINARY, rows, labels, "log_loss", seed=1)
        for rows in (frame, frame[reversed(frame.columns)])
    )
    assert first == pytest.approx(again, rel=1e-12)
    assert first != feature_importance(pipeline, BINARY, frame, labels, "log_loss", seed=2)


def test_many_rows_are_drawn_from_and_the_frame_is_left_alone():
    frame, labels = mixed(NUMBER, n=3 * MAX_ROWS)
    pipeline = fitted(NUMBER, frame, labels)
    frame.index = pd.Index([f"key {i}" for i in range(len(frame))])
    before = frame.copy()
    asked = []

    class Counting:
        def predict(self, rows):
            asked.append(len(rows))
            return pipeline.predict(rows)

    feature_importance(Counting(), NUMBER, frame, labels, "mae", seed=1)
    assert asked == [MAX_ROWS, *[REPEATS * MAX_ROWS] * len(MIXED)]
    pd.testing.assert_frame_equal(frame, before)


def test_any_dtype_is_shuffled():
    frame, labels = mixed(BINARY)
    frame.loc[::9, "city"] = None
    frame = frame.convert_dtypes().astype({"city": "category"})
    pipeline = fitted(BINARY, frame, labels)
    shares = feature_importance(pipeline, BINARY, frame, labels, "auc", seed=1)
    assert max(shares, key=shares.get) == "x"
