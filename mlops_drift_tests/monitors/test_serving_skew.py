"""The page and the sentences of skew, from what was compared."""

from datetime import datetime

from mlops_drift.monitors.serving_skew import (
    ColumnSkew,
    Difference,
    RowSkew,
    ServingSkew,
    SkewDay,
)
from mlops_drift_tests.monitors.contexts import MemoryContext
from mlops_drift_tests.pipeline.place import day, describe

FIRST = Difference("k1", datetime(2024, 3, 6, 9, 30, 1), 4, "x" * 99, None)
SKEW = SkewDay(
    day(5),
    RowSkew(200, repeated=3),
    [ColumnSkew("a", 200), ColumnSkew("c", 200, 1, 0, 3, first=FIRST), ColumnSkew("score", 0)],
)


def context_of(skew):
    return MemoryContext(describe(), [day(5)], skew=lambda one: skew)


def test_the_page_has_the_shares_of_each_column_and_an_example():
    check, context = ServingSkew(None), context_of(SKEW)
    found = sorted(check.evaluate(context, day(5)), key=lambda one: one.verdict)
    assert [(one.subject, one.verdict, one.value) for one in found[:1]] == [("c", "fail", 0.02)]
    explained = check.explain(context, found)
    assert explained.numbers == {"mismatching": 0.005, "missing": 0.0, "extra": 0.015}
    first, second, third = explained.tables["columns"]
    assert first == {
        "column": "c",
        "rows": 200,
        "mismatching": 0.005,
        "missing": 0.0,
        "extra": 0.015,
        "first row": "key k1 by version 4, 2024-03-06 09:30:01 UTC",
        "in the log": "x" * 59 + "…",
        "by the batch path": "null",
    }
    assert (second["column"], second["mismatching"], second["first row"]) == ("a", 0.0, None)
    assert (third["column"], third["rows"]) == ("score", 0)


def test_a_day_whose_rows_alone_differ_is_explained_too():
    check, context = ServingSkew(None), context_of(SkewDay(day(5), RowSkew(0)))
    assert check.explain(context, check.evaluate(context, day(5))).tables == {}


def test_lost_and_unlogged_rows_are_counted_together():
    rows = RowSkew(10, lost=2, unlogged=10, lost_example="key 1", unlogged_example="7")
    found = ServingSkew(None).evaluate(context_of(SkewDay(day(5), rows)), day(5))
    assert [(one.verdict, one.value, one.n) for one in found] == [("fail", 0.6, 20)]
    assert found[0].reason == (
        "2 of 10 rows of the log are no events (key 1); 10 events have no row in the log (key 7)"
    )
