"""Comparisons by chunk: which rows each has, how it is named, what is refused."""

import datetime as dt
import math

import numpy as np
import pyarrow as pa
import pytest
from scipy import stats

from mlops_drift.compare import chunks
from mlops_drift.compare.compare import compare, compare_chunks
from mlops_drift.files.error import TableError
from mlops_drift_tests.compare.two_columns import as_json, table

pytestmark = pytest.mark.filterwarnings("error")


def chunked(n_days=4, n=300, **shifts):
    """Rows of some days, out of order, of which some are shifted."""
    days = [dt.date(2024, 1, 1 + i) for i in range(n_days)]
    x = [table(n, shifts.get(f"day{i}", 0.0), seed=10 + i) for i in range(n_days)]
    day = pa.array(np.repeat(np.array(days, dtype="datetime64[D]"), n))
    rows = pa.concat_tables(x).append_column("day", day)
    return rows.take(np.random.default_rng(0).permutation(len(rows)))


def test_each_chunk_is_compared_like_a_table_of_its_own():
    past, rows = table(), chunked(day2=1.0)
    found = compare_chunks(past, rows, by="day")
    assert [chunk.chunk for chunk in found] == [f"2024-01-0{i}" for i in (1, 2, 3, 4)]
    assert [chunk.drifted for chunk in found] == [[], [], ["x"], []]
    assert list(as_json(found[0])) == ["chunk", "n_reference", "n_current", "columns", "drifted"]
    for i, chunk in enumerate(found):
        day = pa.scalar(dt.date(2024, 1, 1 + i))
        own = rows.filter(pa.compute.equal(rows["day"], day)).drop_columns("day")
        assert chunk.to_dict() == {"chunk": chunk.chunk, **compare(past, own).to_dict()}
        np.testing.assert_array_equal(chunk.columns["plan"].counts.sum(), 300)
    assert [c.to_dict() for c in compare_chunks(past, rows.sort_by("day"), by="day")] == [
        chunk.to_dict() for chunk in found
    ]


def labels(values, **options):
    rows = pa.table({"by": values, "x": np.arange(float(len(values)))})
    found = compare_chunks(table(), rows, by="by", **options)
    return [(chunk.chunk, chunk.n_current) for chunk in found]


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        (["b", None, "a", "b"], [("a", 1), ("b", 2), ("null", 1)]),
        ([10, 9, 10], [("9", 1), ("10", 2)]),
        ([2.5, np.nan, None], [("2.5", 1), ("null", 2)]),
        ([True, False, True], [("false", 1), ("true", 2)]),
        (
            [dt.datetime(2024, 1, 2), dt.datetime(2024, 1, 1)],
            [("2024-01-01", 1), ("2024-01-02", 1)],
        ),
        ([dt.datetime(2024, 1, 2, tzinfo=dt.UTC)], [("2024-01-02", 1)]),
        ([dt.datetime(2024, 1, 1, 6), None], [("2024-01-01 06:00:00", 1), ("null", 1)]),
        (pa.array([dt.datetime(2024, 1, 1)], pa.timestamp("ns")), [("2024-01-01", 1)]),
        (pa.array([None, None]), [("null", 2)]),
        (pa.array([], pa.date32()), []),
    ],
)
def test_chunks_are_named_and_ascend(values, expected):
    assert labels(values) == expected


def test_rows_without_a_chunk_are_a_chunk_of_their_own():
    rows = chunked(1)
    rows = rows.set_column(2, "day", pa.array([None] * 300, pa.date32()))
    [found] = compare_chunks(table(), pa.concat_tables([rows, rows]), by="day")
    assert (found.chunk, found.n_current) == ("null", 600)
    assert found.columns["x"].counts.sum() == found.columns["plan"].counts.sum() == 600


def test_more_chunks_than_can_be_read_are_refused(monkeypatch):
    monkeypatch.setattr(chunks, "MAX_CHUNKS", 3)
    assert len(labels([1, 2, 3, 3])) == 3
    assert len(labels([1, 2, 3, None])) == 4
    with pytest.raises(
        TableError, match="'by' of the table has 4 different values, at most 3 chunks"
    ):
        labels([1, 2, 3, 4])


def test_a_chunk_column_that_cannot_divide_is_refused():
    with pytest.raises(TableError, match=r"no column 'day'; its columns are \['x', 'plan'\]"):
        compare_chunks(table(), table(), by="day")
    with pytest.raises(TableError, match=r"'day' of the table holds BIGINT\[\]"):
        compare_chunks(table(), table(2, day=[[1], [2]]), by="day")


def test_the_chunk_column_itself_is_not_compared():
    past = table(day=[1] * 1000)
    assert list(compare_chunks(past, past, by="day")[0].columns) == ["x", "plan"]


def test_each_chunk_is_a_family_of_its_own():
    rng = np.random.default_rng(3)
    names = [f"x{i}" for i in range(20)]
    past = pa.table({name: rng.normal(size=2000) for name in names})
    day = np.repeat([1, 2], 400)
    now = pa.table({name: rng.normal(0.1 * day) for name in names} | {"day": day})
    first, second = compare_chunks(past, now, by="day")
    for chunk in (first, second):
        measures = [column.measures for column in chunk.columns.values()]
        p = [m.chi2_p for m in measures] + [m.null_p for m in measures]
        expected = stats.false_discovery_control(p)[:20]
        found = [column.q for column in chunk.columns.values()]
        assert found == pytest.approx(expected.tolist(), rel=1e-12)


def test_every_number_of_a_comparison_is_finite():
    found = compare_chunks(table(), chunked(day1=5.0), by="day", tests=["levene", "mann-whitney"])
    for chunk in found:
        for column in chunk.to_dict()["columns"].values():
            numbers = [value for value in column.values() if isinstance(value, float)]
            assert all(map(math.isfinite, numbers))


def test_rows_without_a_chunk_are_told_from_a_chunk_called_null():
    now = table(300, by=["null"] * 100 + [None] * 100 + ["a"] * 100)
    found = compare_chunks(table(), now, by="by", columns=["x"])
    assert [chunk.chunk for chunk in found] == ["a", "null", "(null)"]
