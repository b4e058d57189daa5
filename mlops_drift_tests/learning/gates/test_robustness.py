"""Missing cells, unseen categories, extreme numbers."""

import numpy as np
import pandas as pd
import pytest

from mlops_drift.learning.gates.null_robustness import NullRobustness, with_gaps
from mlops_drift.learning.gates.strange_values import (
    LARGEST,
    UNSEEN,
    ExtremeValueRobustness,
    UnseenCategoryRobustness,
)
from mlops_drift.schema.columns import Column
from mlops_drift_tests.learning.gates.candidates import (
    BINARY,
    COLUMNS,
    NUMBER,
    TARGETS,
    THREE,
    candidate,
    constant,
    knowing,
    rows,
)

NULLS, UNSEENS, EXTREMES = NullRobustness(), UnseenCategoryRobustness(), ExtremeValueRobustness()


def otherwise(target, odd, answer):
    """A model that knows all, but answers odd rows in its own way."""

    def predict(frame):
        found, strange = knowing(target)(frame), odd(frame).to_numpy()
        return found.assign(
            **{name: found[name].mask(strange, value) for name, value in answer.items()}
        )

    return predict


def gaps(frame):
    return frame[["x", "count", "flag", "city"]].isna().any(axis=1)


def raising(frame):
    if gaps(frame).any():
        raise ValueError("no gaps, please")
    return knowing(BINARY)(frame)


# Missing cells


@pytest.mark.parametrize("target", TARGETS, ids=lambda target: target.kind)
def test_a_model_that_fills_gaps_passes(target):
    found = NULLS.judge(candidate(target))
    assert found.verdict == "pass"
    assert found.value < found.threshold <= 0.1


def test_only_nullable_columns_get_gaps_and_the_seed_decides_which():
    frame = rows(BINARY, 500, 1)[list(COLUMNS)]
    names = [name for name, column in COLUMNS.items() if column.nullable]
    emptied = with_gaps(frame, names, seed=3)
    assert emptied["z"].notna().all()
    assert 0.07 < emptied[names].isna().to_numpy().mean() < 0.13
    assert emptied.equals(with_gaps(frame, names, seed=3))
    assert not emptied.equals(with_gaps(frame, names, seed=4))
    kept = emptied.notna()
    assert (emptied[kept].fillna(0).astype(str) == frame[kept].fillna(0).astype(str))["city"].all()


@pytest.mark.parametrize(
    ("answer", "told"),
    [
        ({"score": np.nan}, "predictions or scores are not valid"),
        ({"score": 1.2}, "predictions or scores are not valid"),
        ({"prediction": "maybe"}, "predictions or scores are not valid"),
        ({"prediction": None}, "predictions or scores are not valid"),
    ],
)
def test_answers_that_are_none_fail(answer, told):
    found = NULLS.judge(candidate(BINARY, otherwise(BINARY, gaps, answer)))
    assert (found.name, found.verdict) == ("null_robustness", "fail")
    assert told in found.summary


def test_a_model_that_raises_on_gaps_fails_with_its_error():
    found = NULLS.judge(candidate(BINARY, raising))
    assert found.verdict == "fail"
    assert "raises ValueError: no gaps, please" in found.summary


def test_a_mean_score_at_the_edge_fails_unless_it_is_there_anyway():
    def sure(frame):
        found = knowing(BINARY)(frame)
        return found.assign(score=found["score"] * (0.01 if gaps(frame).any() else 1))

    found = NULLS.judge(candidate(BINARY, sure))
    assert found.verdict == "fail"
    assert "the mean score is" in found.summary

    def rare(frame):
        found = knowing(BINARY)(frame)
        return found.assign(score=found["score"] / 15)

    assert NULLS.judge(candidate(BINARY, rare)).verdict == "pass"


@pytest.mark.parametrize("target", TARGETS, ids=lambda target: target.kind)
def test_scores_that_hardly_differ_any_more_fail(target):
    def dull(frame):
        return (constant(target) if gaps(frame).any() else knowing(target))(frame)

    assert NULLS.judge(candidate(target, constant(target))).verdict == "pass"
    found = NULLS.judge(candidate(target, dull))
    assert found.verdict == "fail"
    assert "hardly differ" in found.summary


def test_three_classes_may_all_be_sure_if_they_are_on_intact_rows():
    def sure(frame):
        return knowing(THREE)(frame).assign(score=0.999)

    assert NULLS.judge(candidate(THREE, sure)).verdict == "pass"


def test_the_column_whose_gaps_cost_most_is_named():
    astray = otherwise(
        NUMBER, lambda frame: frame["city"].isna(), {"prediction": -8.0, "score": -8.0}
    )
    found = NULLS.judge(candidate(NUMBER, astray))
    worst, *others = found.tables["columns"]
    assert worst["column"] == "city"
    share = worst["loss"] / (10 * found.threshold)
    assert f"with gaps in 'city' alone by {100 * share:.3g} %" in found.summary
    assert {row["column"] for row in others} == {"x", "count", "flag"}
    assert max(row["loss"] for row in others) < 0.1 < worst["loss"]


@pytest.mark.parametrize(
    ("target", "answer", "metric"),
    [
        (THREE, {"prediction": "low"}, "accuracy"),
        (NUMBER, {"prediction": -8.0, "score": -8.0}, "mae"),
        (NUMBER, {"prediction": -8.0, "score": -8.0}, "rmse"),
        (NUMBER, {"prediction": -8.0, "score": -8.0}, "r2"),
    ],
)
def test_a_metric_that_worsens_too_much_fails(target, answer, metric):
    test, limit = rows(target, 1500, 2), {"max_null_loss": 0.05}
    new = candidate(target, otherwise(target, gaps, answer), test=test, metric=metric, gates=limit)
    found = NULLS.judge(new)
    assert found.verdict == "fail"
    assert found.value > found.threshold
    assert f"{metric} worsens by" in found.summary
    assert f"accepted is {'5 %' if metric in ('mae', 'rmse') else '5 points'}" in found.summary


@pytest.mark.parametrize("metric", ["mae", "rmse", "r2"])
def test_what_a_missing_value_could_have_told_is_no_fault_of_the_model(metric):
    names = [f"c{number}" for number in range(10)]
    columns = {name: Column(type="number") for name in names}

    def sums(n, seed):
        values = np.random.default_rng(seed).normal(size=(n, 10))
        frame = pd.DataFrame(values, columns=names).assign(id=np.arange(n) + n * seed)
        return frame.assign(y=values.sum(axis=1))

    def best(frame):
        total = frame[names].fillna(0.0).sum(axis=1)
        return pd.DataFrame({"prediction": total, "score": total})

    train, test = sums(400, 1), sums(800, 2)
    new = candidate(
        NUMBER, best, train, test, columns=columns, out_of_fold=best(train), metric=metric
    )
    assert NULLS.judge(new).verdict == "pass"
    low = candidate(
        NUMBER,
        lambda frame: best(frame.fillna(-3.0)),
        train,
        test,
        columns=columns,
        out_of_fold=best(train),
        metric=metric,
    )
    assert NULLS.judge(low).verdict == "fail"


def test_an_error_that_few_rows_explain_passes():
    test = rows(BINARY, 20, 1)
    odd = otherwise(BINARY, gaps, {"prediction": "no"})
    found = NULLS.judge(candidate(BINARY, odd, test=test, gates={"max_null_loss": 0.05}))
    assert found.value > 0.05
    assert found.verdict == "pass"


# Strange values


@pytest.mark.parametrize("gate", [UNSEENS, EXTREMES])
@pytest.mark.parametrize("target", TARGETS, ids=lambda target: target.kind)
def test_a_model_that_bounds_what_it_takes_passes(gate, target):
    found = gate.judge(candidate(target))
    assert (found.verdict, found.value, found.threshold) == ("pass", 0.0, 0.0)


def test_every_column_of_a_model_of_numbers_can_be_strange_at_once():
    numbers = {name: column for name, column in COLUMNS.items() if column.is_numeric}

    def constant_answer(frame):
        return pd.DataFrame({"prediction": "no", "score": 0.3}, index=frame.index)

    found = EXTREMES.judge(candidate(BINARY, constant_answer, columns=numbers))
    assert (found.verdict, found.value) == ("pass", 0.0)


def test_an_unseen_category_that_breaks_the_scores_fails_by_column():
    odd = otherwise(BINARY, lambda frame: frame["city"] == UNSEEN, {"score": np.nan})
    found = UNSEENS.judge(candidate(BINARY, odd))
    assert (found.name, found.verdict, found.value) == ("unseen_category_robustness", "fail", 20)
    assert "an unseen category in city breaks 20 of 20 rows" in found.summary


def test_a_model_that_knows_no_other_category_fails_with_its_error():
    codes = {"oslo": 0, "rome": 1, "kyiv": 2}

    def strict(frame):
        known = [codes[city] for city in frame["city"]]
        return knowing(BINARY)(frame.assign(city=[list(codes)[code] for code in known]))

    found = UNSEENS.judge(candidate(BINARY, strict))
    assert found.verdict == "fail"
    assert "an unseen category in city raises KeyError" in found.summary


@pytest.mark.parametrize("value", [np.inf, -np.inf, LARGEST, -LARGEST])
def test_one_extreme_value_in_one_column_is_found(value):
    odd = otherwise(NUMBER, lambda frame: frame["count"] == value, {"prediction": np.inf})
    found = EXTREMES.judge(candidate(NUMBER, odd))
    assert (found.name, found.verdict) == ("extreme_value_robustness", "fail")
    assert "in count breaks 20 of 20 rows" in found.summary
    tried = {row["value"] for row in found.tables["broken"]}
    assert len(tried) == 2
    assert any("every such column" in what for what in tried)


def test_a_model_without_bounds_fails_and_one_that_raises_says_where():
    def linear(frame):
        total = frame["x"].astype(float) * 1e300 * frame["z"].astype(float)
        return pd.DataFrame({"prediction": total, "score": total}, index=frame.index)

    assert EXTREMES.judge(candidate(NUMBER, linear)).verdict == "fail"

    def picky(frame):
        if not np.isfinite(frame["z"].astype(float)).all():
            raise ValueError("infinity")
        return knowing(BINARY)(frame)

    found = EXTREMES.judge(candidate(BINARY, picky))
    assert "infinity in z raises ValueError: infinity" in found.summary
    assert "in x" not in found.summary


@pytest.mark.parametrize("fill", [np.nan, 5.0, LARGEST, np.inf])
def test_the_range_of_odd_columns_is_taken_without_an_error(fill):
    train = rows(BINARY, 30, 1).assign(x=fill)
    assert EXTREMES.judge(candidate(BINARY, train=train)).verdict == "pass"
