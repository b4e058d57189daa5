import numpy as np
import pyarrow as pa
import pytest
from scipy import stats

from mlops_drift.explore.alone import Truth, alone
from mlops_drift.explore.sample import sampled
from mlops_drift.explore.values import Values
from mlops_drift.schema.columns import Target

N = 2000
BINARY = Target(column="y", kind="binary", classes=["no", "yes"], positive="yes")


def numbers(values, name="x"):
    return Values(name, "DOUBLE", "number", "", np.asarray(values, dtype=float))


def texts(values, name="x"):
    coded = pa.array(values).dictionary_encode()
    codes = coded.indices.fill_null(-1).to_numpy(zero_copy_only=False).astype(np.int64)
    return Values(name, "VARCHAR", "text", "", None, codes, coded.dictionary)


def found(values, truth):
    places = np.arange(N)
    counts = np.zeros(0, dtype=np.int64)
    if values.codes is not None:
        counts = np.bincount(values.codes[values.codes >= 0], minlength=len(values.labels))
    return alone(sampled(values, places, counts), truth)


@pytest.fixture(scope="module")
def rng():
    return np.random.default_rng(1)


@pytest.fixture(scope="module")
def hits(rng):
    return rng.random(N) < 0.3


@pytest.fixture(scope="module")
def truth(hits):
    return Truth.of(texts(np.where(hits, "yes", "no").tolist(), "y"), BINARY, np.arange(N))


def test_of_a_rising_number_it_is_the_auc(rng, hits, truth):
    values = rng.normal(size=N) + hits
    one = found(numbers(values), truth)
    u = stats.mannwhitneyu(values[hits], values[~hits]).statistic
    assert one.measure == "auc"
    assert one.value == pytest.approx(u / hits.sum() / (~hits).sum(), abs=0.01)
    assert not one.leak


def test_a_number_that_is_extreme_for_one_class_predicts_it_without_an_order(rng, hits, truth):
    values = np.where(hits, rng.choice([-1, 1], N) * rng.uniform(2, 3, N), rng.uniform(-1, 1, N))
    assert "almost perfectly" in found(numbers(values), truth).leak


def test_a_column_that_is_filled_for_one_class_alone_leaks(rng, hits, truth):
    one = found(numbers(np.where(hits, rng.normal(size=N), np.nan)), truth)
    assert one.value == 1
    assert one.leak


def test_the_target_by_another_name_is_called_so(hits, truth):
    one = found(texts(np.where(hits, "R", "K").tolist()), truth)
    assert one.leak == "is the target by another name"


def test_names_of_rows_and_noise_predict_nothing(rng, truth):
    assert found(texts([f"n{i}" for i in range(N)]), truth).value == pytest.approx(0.5, abs=0.05)
    noise = texts(rng.integers(0, 40, N).astype(str).tolist())
    assert found(noise, truth).value == pytest.approx(0.5, abs=0.05)


def test_a_column_of_one_value_says_nothing(truth):
    assert found(numbers(np.ones(N)), truth) is None
    assert found(numbers(np.full(N, np.nan)), truth) is None


def test_of_more_classes_it_is_the_share_of_errors_that_the_column_avoids(rng):
    y = rng.integers(0, 3, N)
    target = Target(column="y", kind="multiclass", classes=["0", "1", "2"])
    truth = Truth.of(texts(y.astype(str).tolist(), "y"), target, np.arange(N))
    half = np.where(rng.random(N) < 0.5, y, rng.integers(0, 3, N))
    one = found(texts(half.astype(str).tolist()), truth)
    right, constant = np.mean(half == y), np.bincount(y).max() / N
    assert one.measure == "lambda"
    assert one.value == pytest.approx((right - constant) / (1 - constant), abs=0.05)
    assert found(texts((y + 5).astype(str).tolist()), truth).leak


def test_of_numbers_it_is_r2_and_the_same_or_the_same_order_leaks(rng):
    y = rng.lognormal(size=N)
    target = Target(column="y", kind="regression")
    truth = Truth.of(numbers(y, "y"), target, np.arange(N))
    group = (y > 1).astype(int)
    one = found(texts(group.astype(str).tolist()), truth)
    means = np.array([y[group == 0].mean(), y[group == 1].mean()])
    assert one.value == pytest.approx(1 - np.var(y - means[group]) / np.var(y), abs=0.05)
    assert found(numbers(y), truth).leak == "is equal to the target"
    assert "as the target does" in found(numbers(-3 * y), truth).leak
    assert found(numbers(rng.normal(size=N)), truth).value < 0.05


def test_a_target_of_few_rows_or_of_one_class_has_no_truth(rng):
    few = Values("y", "VARCHAR", "text", "", None, np.full(N, -1), pa.array(["no", "yes"]))
    assert Truth.of(few, BINARY, np.arange(N)) is None
    assert Truth.of(texts(["no"] * N, "y"), BINARY, np.arange(N)) is None
