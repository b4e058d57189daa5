from datetime import date, time

import numpy as np
import pyarrow as pa
import pytest

from mlops_drift.drift.rows import Rows
from mlops_drift.explore.duplicates import hashes_of
from mlops_drift.explore.values import facts_of, read_values


def read(source, name="x"):
    rows = Rows.of(source)
    return read_values(rows, name, facts_of(rows))


@pytest.mark.parametrize(
    ("values", "kind"),
    [
        ([1, 2, None], "integer"),
        ([1.0, 2.0, None], "integer"),
        ([1.5, 2.0, None], "number"),
        ([1.0, np.inf], "number"),
        ([True, None], "boolean"),
        ([date(2024, 1, 1), None], "day"),
        ([time(1, 2)], "unreadable"),
        (["a", None], "text"),
        (["1", "2"], "integer"),
        (["2024-01-01"], "day"),
        ([" ", ""], "empty"),
        ([None, None], "empty"),
        ([[1], [2]], "unreadable"),
        ([2**62, 2**62 + 1], "integer"),
    ],
)
def test_kinds_are_those_of_init(values, kind):
    assert read(pa.table({"x": values})).kind == kind


def test_blank_texts_are_missing_and_counted():
    found = read(pa.table({"x": ["a", "", "  ", None]}))
    assert (found.blank, found.is_missing.tolist()) == (2, [False, True, True, True])


def test_texts_among_numbers_are_named(tmp_path):
    lines = [*map(str, range(98)), "five", "six"]
    (tmp_path / "x.csv").write_text("\n".join(["x", *lines]) + "\n")
    found = read(tmp_path / "x.csv")
    assert found.kind == "unreadable"
    assert "but 2 of 100 values are texts such as 'five'" in found.problem


def test_words_for_missing_numbers_are_named(tmp_path):
    (tmp_path / "x.csv").write_text("x,y\n1,a\nNA,b\nnan,c\n3,d\n")
    found = read(tmp_path / "x.csv")
    assert (found.kind, found.words) == ("integer", (("NA", 1),))
    assert found.problem.startswith("'NA' stands for a missing value in 1 row,")


def test_equal_values_have_equal_hashes_and_the_column_counts():
    found = read(pa.table({"x": [0.0, -0.0, np.nan, None, 1.5]}))
    first, second = hashes_of(found, 0), hashes_of(found, 1)
    assert first[0] == first[1] != first[4]
    assert first[2] == first[3]
    assert first[4] != second[4]
