"""Profiles of strange names and categories, and of categories that are new."""

import numpy as np
import pyarrow as pa
import pytest

from mlops_drift.drift import column_reference as reference_module
from mlops_drift.drift.profile import profile, profile_by
from mlops_drift.drift.reference import Reference
from mlops_drift_tests.drift.one_column import fit, profiled

pytestmark = pytest.mark.filterwarnings("error")

STRANGE = 'a "b" \' {rows} c'
TEXTS = ["it's", "", "{rows}", 'say "so"', "null", "unseen", "other", "é", "a\0b", "NULL", " "]


def test_strange_names_and_categories_are_counted():
    table = pa.table({STRANGE: [1.0, 2.0, None] * 44, "t'": TEXTS * 12, "select": TEXTS * 12})
    reference = Reference.fit(table, {STRANGE: "numeric", "t'": "categorical"})
    found = profile(reference, table)
    for name, column in found.items():
        assert column.counts.tolist() == reference.columns[name].counts.tolist()
    assert found["t'"].counts.tolist() == [12] * len(TEXTS) + [0, 0, 0]
    others = pa.table({STRANGE: [None, 2.0, 9.0], "t'": ["", "zz", None]})
    column = profile(reference, others)["t'"]
    assert reference.columns["t'"].unseen(column.counts) == 1
    by_text = profile_by(reference, table, "t'")
    assert list(by_text) == sorted(TEXTS)
    assert by_text["it's"]["t'"].n == 12


def test_columns_named_like_the_parts_of_the_query_are_counted():
    names = ["c1", "c0", "g", "f1", "f0", "d0", "v", "arrow_rows"]
    table = pa.table({name: np.arange(100.0) + 1000 * i for i, name in enumerate(names)})
    reference = Reference.fit(table)
    for name, column in profile(reference, table).items():
        assert column.counts.tolist() == reference.columns[name].counts.tolist()
        assert column.minimum == 1000 * names.index(name)
    assert len(profile_by(reference, table, "g")) == 100


def test_categories_beyond_the_longest_list_are_unseen(monkeypatch):
    monkeypatch.setattr(reference_module, "MAX_CATEGORIES", 3)
    texts = ["a"] * 500 + ["b"] * 400 + ["c", "c", "d", "e"]
    reference = fit(texts)
    column = reference.columns["x"]
    assert (column.values, column.rare) == (("a", "b"), ("c",))
    assert column.counts.tolist() == [500, 400, 2, 2, 0]
    assert profiled(reference, texts).counts.tolist() == [500, 400, 2, 2, 0]
    found = profiled(reference, ["c", "d", "never", None])
    assert found.counts.tolist() == [0, 0, 1, 2, 1]


def test_unseen_categories_are_told_apart_by_the_same_hash_in_sql_and_in_python():
    reference = Reference.fit(pa.table({"x": ["a"] * 50 + ["once", "it's", "é, ü"]}))
    column = reference.columns["x"]
    new = ["a", "b", "b", "c", "it''s", "ü", "", "once", None]
    found = profile(reference, pa.table({"x": new}))["x"]
    numbers = column.novelty_of(new)
    assert found.novelty.tolist() == np.bincount(numbers[numbers >= 0], minlength=8).tolist()
    assert found.novelty.sum() == found.counts[-2] == 6
    assert numbers[[0, 7, 8]].tolist() == [-1, -1, -1]


def test_where_no_new_category_is_expected_none_are_told_apart():
    reference = Reference.fit(pa.table({"x": ["a", "b"] * 50}))
    assert profile(reference, pa.table({"x": ["c"]}))["x"].novelty.tolist() == []
    assert profile(reference, pa.table({"x": ["c"]}).slice(1))["x"].novelty.tolist() == []
