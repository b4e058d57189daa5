import datetime as dt
import decimal

import numpy as np
import pyarrow as pa
import pytest

from mlops_drift.drift import multivariate
from mlops_drift.drift.multivariate import domain_auc

pytestmark = pytest.mark.filterwarnings("error")

MIXED = {"x": "numeric", "count": "numeric", "city": "categorical", "flag": "categorical"}
PAIR = {"x": "numeric", "y": "numeric"}
NO_COLUMN_ALONE = 0.53


def mixed(seed, n=2000):
    rng = np.random.default_rng(seed)
    return pa.table(
        {
            "x": pa.array(rng.normal(size=n), mask=rng.random(n) < 0.1),
            "count": rng.integers(0, 9, n),
            "city": rng.choice(["oslo", "rome", "kyiv"], n, p=[0.6, 0.3, 0.1]),
            "flag": rng.random(n) < 0.2,
        }
    )


def correlated(seed, sign, n=1500):
    rng = np.random.default_rng(seed)
    x, y = rng.multivariate_normal([0, 0], [[1, 0.6], [0.6, 1]], n).T
    return pa.table({"x": x, "y": sign * y})


def with_column(seed, name, values):
    return mixed(seed, len(values)).append_column(name, [values])


def replaced(table, name, values):
    return table.set_column(table.column_names.index(name), name, [values])


@pytest.fixture
def fewer_trees(monkeypatch):
    """A smaller classifier, which sees what is plain."""
    monkeypatch.setattr(multivariate, "_TREES", 20)
    monkeypatch.setattr(multivariate, "_FOLDS", 3)


quick = pytest.mark.usefixtures("fewer_trees")


def test_samples_of_one_distribution_cannot_be_told_apart():
    assert 0.47 < domain_auc(mixed(0), mixed(100), MIXED) < 0.53


@quick
def test_a_table_cannot_be_told_from_itself():
    assert domain_auc(mixed(0), mixed(0), MIXED) < 0.53


@quick
def test_joint_drift_is_seen_that_no_column_shows():
    before, after = correlated(0, 1), correlated(1, -1)
    assert domain_auc(before, after, PAIR) > 0.7
    for name in PAIR:
        assert domain_auc(before, after, {name: "numeric"}) < NO_COLUMN_ALONE


def test_only_the_named_columns_are_looked_at():
    after = replaced(mixed(1), "x", pa.array(np.full(2000, 9.0)))
    assert domain_auc(mixed(0), after, MIXED) > 0.95
    assert domain_auc(mixed(0), after, {"count": "numeric", "flag": "categorical"}) < 0.53


@quick
def test_disjoint_tables_are_told_apart_without_error():
    before = pa.table({"x": np.arange(100.0), "city": ["oslo"] * 100})
    after = pa.table({"x": np.arange(100.0), "city": ["rome"] * 100})
    assert domain_auc(before, after, {"x": "numeric", "city": "categorical"}) == 1.0


@quick
@pytest.mark.parametrize("name", ["x", "city"])
def test_a_missing_value_is_information(name):
    after = mixed(1)
    lost = after[name].to_pylist()
    lost[::2] = [None] * 1000
    after = replaced(after, name, pa.array(lost, after[name].type))
    assert domain_auc(mixed(0), after, {name: MIXED[name]}) > 0.65


@quick
def test_the_same_seed_gives_the_same_number_also_of_a_draw(monkeypatch):
    monkeypatch.setattr(multivariate, "_MAX_ROWS", 500)
    before, after = correlated(0, 1), correlated(1, -1)
    first, again = (domain_auc(before, after, PAIR, seed=3) for _ in range(2))
    assert first == again
    assert first != domain_auc(before, after, PAIR, seed=4)
    assert first > 0.7


@pytest.mark.parametrize(("n_reference", "n"), [(0, 100), (100, 0), (1, 1), (100, 1), (0, 0)])
def test_fewer_than_two_rows_tell_nothing(n_reference, n):
    assert domain_auc(mixed(0).slice(0, n_reference), mixed(1).slice(0, n), MIXED) == 0.5


def test_no_column_or_none_that_varies_tells_nothing():
    assert domain_auc(mixed(0), mixed(1), {}) == 0.5
    constant = pa.table({"x": [1.5] * 50, "void": pa.nulls(50), "city": ["oslo"] * 50})
    kinds = {"x": "numeric", "void": "numeric", "city": "categorical"}
    assert domain_auc(constant, constant, kinds) == 0.5


@quick
def test_a_few_rows_have_fewer_folds():
    assert 0 <= domain_auc(mixed(0, 3), mixed(1, 400), MIXED) <= 1


N = 300
INF = float("inf")
UGLY = {
    "constant": pa.array([7] * N),
    "all null": pa.nulls(N),
    "null doubles": pa.nulls(N, pa.float64()),
    "one value": pa.array([1.0, *[None] * (N - 1)]),
    "infinities": pa.array([INF, -INF, 0.0] * (N // 3)),
    "huge and tiny": pa.array([1.7e308, -1.7e308, 5e-324] * (N // 3)),
    "NaN": pa.array([float("nan"), 1.0, None] * (N // 3)),
    "unsigned": pa.array([2**64 - 1, 0, 1] * (N // 3), pa.uint64()),
    "decimal": pa.array([decimal.Decimal("1.25"), decimal.Decimal("99999.99")] * (N // 2)),
    "half": pa.array([1.0, 2.0] * (N // 2), pa.float32()).cast(pa.float16()),
    "date": pa.array([dt.date(2024, 1, 1), dt.date(1, 1, 1)] * (N // 2)),
    "timestamp": pa.array([dt.datetime(2024, 1, 1, 5)] * N, pa.timestamp("us", "UTC")),
    "boolean": pa.array([True, False, None] * (N // 3)),
}
UGLY_TEXT = {
    "distinct": pa.array([f"id {i}" for i in range(N)]),
    "dictionary": pa.array(["a", None, "b"] * (N // 3)).dictionary_encode(),
    "all null": pa.nulls(N),
    "null text": pa.nulls(N, pa.string()),
    "numbers": pa.array([1.0, 2.5, float("nan")] * (N // 3)),
    "boolean": pa.array([True, False] * (N // 2)),
    "odd names": pa.array(["", "null", "it's", 'a "b"'] * (N // 4)),
    "large text": pa.array(["a", "b"] * (N // 2), pa.large_string()),
}


@pytest.mark.parametrize(
    ("kind", "name"),
    [("numeric", name) for name in UGLY] + [("categorical", name) for name in UGLY_TEXT],
)
def test_an_ugly_column_neither_fails_nor_hides_the_others(kind, name, monkeypatch):
    monkeypatch.setattr(multivariate, "_FOLDS", 2)
    monkeypatch.setattr(multivariate, "_TREES", 5)
    values = (UGLY if kind == "numeric" else UGLY_TEXT)[name]
    kinds = {"x": "numeric", "city": "categorical", 'ugly "column"': kind}
    tables = [with_column(seed, 'ugly "column"', values) for seed in (0, 1)]
    assert 0.35 < domain_auc(*tables, kinds) < 0.65
    moved = replaced(tables[1], "x", pa.array(np.random.default_rng(2).normal(3, 1, N)))
    assert domain_auc(tables[0], moved, kinds) > 0.9


@quick
def test_a_column_that_became_all_null_is_told_apart():
    before, after = (mixed(seed, N).select(["count"]) for seed in (0, 1))
    after = replaced(after, "count", pa.nulls(N))
    assert domain_auc(before, after, {"count": "numeric"}) == 1.0


@quick
def test_whole_numbers_and_doubles_of_the_same_value_are_the_same():
    before, after = pa.array([1, 2, 3] * 200), pa.array([1.0, 2.0, 3.0] * 200)
    for kind in ("numeric", "categorical"):
        tables = [pa.table({"v": values}) for values in (before, after)]
        assert domain_auc(*tables, {"v": kind}) < 0.53


@quick
def test_ten_thousand_categories_hide_no_drift_in_the_frequent_ones_and_ids_are_none():
    def visits(seed, home):
        rng = np.random.default_rng(seed)
        pages = np.where(rng.random(10_000) < home, "home", [f"page {i}" for i in range(10_000)])
        return pa.table({"page": pages})

    assert domain_auc(visits(0, 0.2), visits(1, 0.6), {"page": "categorical"}) > 0.65
    ids = [pa.table({"id": [f"{side}-{i}" for i in range(10_000)]}) for side in "ab"]
    assert 0.47 < domain_auc(*ids, {"id": "categorical"}) < 0.53


def test_what_cannot_be_read_is_named():
    with pytest.raises(ValueError, match="no column 'age'"):
        domain_auc(mixed(0, 50), mixed(1, 50), {"age": "numeric"})
    with pytest.raises(ValueError, match=r"column 'city'.*holds text"):
        domain_auc(mixed(0, 50), mixed(1, 50), {"city": "numeric"})
