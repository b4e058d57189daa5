"""Comparisons of text files: which values are the same, and as what they are judged."""

import datetime as dt
from decimal import Decimal

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from mlops_drift.compare.compare import compare, compare_chunks
from mlops_drift.drift.profile import profile
from mlops_drift.drift.reference import Reference
from mlops_drift_tests.compare.two_columns import table, verdicts

pytestmark = pytest.mark.filterwarnings("error")


def in_files(folder, past, now):
    """Compares one column `x` of two CSV files, beside a column that nothing is the matter with."""
    paths = [folder / "past.csv", folder / "now.csv"]
    for path, values in zip(paths, (past, now), strict=True):
        path.write_text("x;ok\n" + "".join(f"{value};1\n" for value in values))
    return compare(*paths, columns=["x", "ok"]).columns["x"]


def days(month, last, pattern):
    return [dt.date(2024, month, 1 + n % last).strftime(pattern) for n in range(400)]


@pytest.mark.parametrize(
    ("past", "now"),
    [
        (["True", "False"] * 99 + ["None"] * 4, ["True", "False"] * 100),
        (["true", "false"] * 100, ["0", "1"] * 100),
        (["0", "1"] * 100, ["True", "False"] * 100),
        (["1.0", "2.0"] * 100 + ["a"] * 50, ["1.0", "2.0"] * 100 + ["a"] * 45),
        (["1.0", "2.0", "a"] * 99, ["1.0", "2.0", "a"] * 40),
        ([" ", *map(str, range(500))], list(map(str, range(0, 500, 3)))),
        (days(1, 20, "%m/%d/%Y"), days(1, 20, "%m/%d/%Y")),
        (["1,5", "2,5"] * 100, ["1.5", "2.5"] * 100),
    ],
)
def test_the_same_values_of_two_text_files_are_the_same(past, now, tmp_path):
    assert in_files(tmp_path, past, now).verdict == "pass"


def test_days_of_two_text_files_are_read_in_one_format(tmp_path):
    column = in_files(tmp_path, days(1, 20, "%m/%d/%Y"), days(1, 12, "%m/%d/%Y"))
    assert column.measures.maximum == (dt.date(2024, 1, 12) - dt.date(1970, 1, 1)).days


def test_numbers_with_a_text_among_them_are_not_judged_as_categories(tmp_path):
    rng = np.random.default_rng(1)
    past, now = rng.normal(size=500), rng.normal(3, 1, 500)
    column = in_files(tmp_path, ["?", *past], now)
    assert (column.verdict, column.kind) == ("unknown", None)
    assert "holds text such as '?' in 1 of 501 rows" in column.reasons[0]
    moved = in_files(tmp_path, [" ", *past], [*now, " "])
    assert (moved.verdict, moved.kind) == ("fail", "numeric")


def test_a_text_file_beside_a_table_of_texts_is_read_as_text(tmp_path):
    pq.write_table(pa.table({"x": ["1.0", "2.0"] * 100}), tmp_path / "past.parquet")
    (tmp_path / "now.csv").write_text("x\n" + "1.0\n2.0\n" * 100)
    paths = [tmp_path / "past.parquet", tmp_path / "now.csv"]
    assert verdicts(compare(*paths)) == verdicts(compare(*paths[::-1])) == {"x": "pass"}


@pytest.mark.parametrize("form", ["csv", "parquet"])
def test_words_for_a_missing_value_are_texts_beside_texts(form, tmp_path):
    codes = ["EU", "NA", "None", "null"] * 50
    past, now = tmp_path / f"past.{form}", tmp_path / "now.csv"
    if form == "csv":
        past.write_text("c\n" + "\n".join(codes) + "\n")
    else:
        pq.write_table(pa.table({"c": codes}), past)
    for words in (codes, ["null", "NA"] * 100):
        now.write_text("c,x\n" + "".join(f"{word},1\n" for word in words))
        for column in (compare(past, now).columns["c"], compare(now, past).columns["c"]):
            assert (column.measures.null_reference, column.measures.null_share) == (0, 0)
            assert column.verdict == ("pass" if words is codes else "fail")


def test_ids_of_many_digits_stay_apart(tmp_path):
    ids = [12345678901234567000 + number for number in range(100)]
    halves = [ids[:50] * 4, ids[50:] * 4]
    past, now = tmp_path / "past.csv", tmp_path / "now.csv"
    for path, half in zip((past, now), halves, strict=True):
        path.write_text("id\n" + "\n".join(map(str, half)))
    tables = [pa.table({"id": pa.array(half, pa.uint64())}) for half in halves]
    for pair in ((past, now), tables, (past, tables[1])):
        column = compare(*pair, categorical=["id"]).columns["id"]
        assert (column.measures.unseen, column.measures.value("tvd")) == (1.0, 1.0)
    assert compare(past, tables[0], categorical=["id"]).columns["id"].measures.unseen == 0
    whole = pa.table(
        {"id": pa.array([Decimal(number) for number in ids], pa.decimal128(38, 4)), "x": range(100)}
    )
    assert len(compare_chunks(whole, whole, by="id")) == 100


@pytest.mark.parametrize("kind", [pa.uint64(), pa.decimal128(38, 0), pa.string()])
def test_numbers_that_a_double_cannot_tell_apart_are_not_judged_as_numbers(kind, tmp_path):
    ids = [Decimal(12345678901234567000 + number) for number in range(100)] * 4
    path = tmp_path / ("ids.csv" if kind == pa.string() else "ids.parquet")
    if kind == pa.string():
        path.write_text("id\n" + "\n".join(map(str, ids)))
    else:
        pq.write_table(pa.table({"id": pa.array(ids).cast(kind)}), path)
    column = compare(path, path).columns["id"]
    assert column.verdict == "unknown"
    assert "are the same as numbers" in column.reasons[0]
    assert compare(path, path, categorical=["id"]).columns["id"].verdict == "pass"
    # These differ by more than a double rounds.
    moments = table(ns=1_700_000_000_000_000_000 + np.arange(1000) * 1_000_000)
    assert compare(moments, moments).columns["ns"].verdict == "pass"


@pytest.mark.parametrize(
    ("past", "now"),
    [
        (["00501", "A12", "00712"], ["00501", "00712"]),
        (["True", "False", "Maybe"], ["True", "False"]),
        (["true", "false"], ["True", "False"]),
    ],
)
def test_a_text_file_is_read_as_the_categories_of_a_fitted_reference(past, now, tmp_path):
    for name, values in (("past", past), ("now", now)):
        (tmp_path / f"{name}.csv").write_text("x\n" + "".join(f"{v}\n" for v in values * 100))
    reference = Reference.fit(tmp_path / "past.csv")
    assert compare(reference, tmp_path / "now.csv").columns["x"].measures.unseen == 0
    assert profile(reference, tmp_path / "now.csv")["x"].counts[-2] == 0
