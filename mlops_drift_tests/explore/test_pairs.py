import numpy as np
import pytest
from scipy import stats

from mlops_drift.explore.pairs import pairs_of
from mlops_drift.explore.sample import MOST_ROWS, Sampled, places_of


@pytest.fixture(scope="module")
def columns():
    rng = np.random.default_rng(1)
    x = rng.normal(size=500)
    y = np.where(rng.random(500) < 0.3, np.nan, np.exp(x) + rng.normal(0, 0.1, 500))
    codes = (x > 0).astype(int)
    return [
        Sampled("x", x),
        Sampled("y", y),
        Sampled("constant", np.ones(500)),
        Sampled("sign", None, codes, ("minus", "plus"), 2),
        Sampled("again", None, 1 - codes, ("plus", "minus"), 2),
        Sampled("name", None, np.arange(500) % 51, ("a",) * 51, 500),
    ]


def test_pairs_of_all_kinds_come_strongest_first(columns):
    found = pairs_of(columns)
    by_pair = {(one.first, one.second): one for one in found.strongest}
    assert next(iter(by_pair)) == ("sign", "again")
    assert {one.measure for one in found.strongest} == {"cramers_v", "eta", "spearman"}
    strengths = [round(one.strength, 9) for one in found.strongest]
    assert strengths == sorted(strengths, reverse=True)
    assert {name for pair in by_pair for name in pair} == {"x", "y", "sign", "again"}


def test_correlations_of_columns_with_gaps_are_those_of_the_rows_that_have_both(columns):
    found = pairs_of(columns)
    x, y = columns[0].numbers, columns[1].numbers
    expected = stats.spearmanr(x, y, nan_policy="omit").statistic
    assert found.numbers == ("x", "y")
    assert found.spearman[0][1] == found.spearman[1][0] == pytest.approx(expected, abs=1e-6)
    [pair] = [one for one in found.strongest if one.measure == "spearman"]
    assert pair.rows == np.isfinite(y).sum()


def test_without_columns_there_are_no_pairs():
    assert pairs_of([]).strongest == ()


def test_the_sample_is_bounded_and_the_same_each_time():
    places = places_of(1_000_000, 10)
    assert len(places) == len(set(places.tolist())) == MOST_ROWS
    assert (np.diff(places) > 0).all()
    assert (places == places_of(1_000_000, 10)).all()
    assert len(places_of(1_000_000, 300)) < len(places)
    assert places_of(100, 10).tolist() == list(range(100))
