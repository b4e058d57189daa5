"""Columns that make other tools crash: a finite answer, or unknown with the reason."""

import datetime as dt
import json
import math
from decimal import Decimal

import numpy as np
import pyarrow as pa
import pytest

from mlops_drift.compare.compare import compare, compare_chunks
from mlops_drift.drift.config import DriftMonitor

pytestmark = pytest.mark.filterwarnings("error")

N = 400
RNG = np.random.default_rng(0)
NORMAL, OTHER = RNG.normal(size=N), RNG.normal(size=N)
LARGEST = np.finfo(np.float64).max
DAY = dt.date(2024, 1, 1)


def of_type(values, arrow_type):
    return pa.array(values.tolist(), arrow_type)


# Reference, current, verdict.
COLUMNS = {
    "constant": ([4.2] * N, [4.2] * N, "pass"),
    "another constant": ([4.2] * N, [4.3] * N, "fail"),
    "a constant that became numbers": ([0.0] * N, NORMAL, "fail"),
    "numbers that became a constant": (NORMAL, [0.0] * N, "fail"),
    "all null": (pa.array([None] * N, pa.float64()), pa.array([None] * N, pa.float64()), "pass"),
    "all null without a type": (pa.array([None] * N), pa.array([None] * N), "pass"),
    "all null now": (NORMAL, pa.array([None] * N), "fail"),
    "all NaN now": (NORMAL, [np.nan] * N, "fail"),
    "all null before": (pa.array([None] * N), NORMAL, "fail"),
    "text all null now": (["a", "b"] * N, pa.array([None] * N), "fail"),
    "text all null before": (pa.array([None] * N), ["a", "b"] * N, "fail"),
    "one row before": ([1.5], NORMAL, "unknown"),
    "one row now": (NORMAL, [1.5], "unknown"),
    "one text before": (["a"], ["a"] * N, "unknown"),
    "no rows before": (pa.array([], pa.float64()), NORMAL, "unknown"),
    "no rows now": (NORMAL, pa.array([], pa.float64()), "unknown"),
    "no texts now": (["a"] * N, pa.array([], pa.string()), "unknown"),
    "10,000 texts": ([f"id {i}" for i in range(10_000)],) * 2 + ("pass",),
    "10,000 other texts": (
        [f"id {i}" for i in range(10_000)],
        [f"id {i}" for i in range(10_000, 20_000)],
        "pass",
    ),
    "10,000 texts that are gone": ([f"id {i}" for i in range(10_000)], [None] * N, "fail"),
    "booleans": ([True, False] * N, [True, False, None] * N, "fail"),
    "booleans as before": ([True, False] * N, [False, True] * N, "pass"),
    "dates": (
        [DAY + dt.timedelta(days=i % 90) for i in range(N)],
        [DAY + dt.timedelta(days=60 + i % 90) for i in range(N)],
        "fail",
    ),
    "times with a zone": (
        pa.array([dt.datetime(2024, 1, 1, i % 24, tzinfo=dt.UTC) for i in range(N)]),
        pa.array([dt.datetime(2024, 1, 1, i % 24) for i in range(N)], pa.timestamp("ns")),
        "pass",
    ),
    "clock": (
        [dt.time(i % 12) for i in range(N)],
        [dt.time(12 + i % 12) for i in range(N)],
        "fail",
    ),
    "durations": (
        [dt.timedelta(hours=i % 50) for i in range(N)],
        [dt.timedelta(hours=i % 50) for i in range(N)],
        "pass",
    ),
    "nothing but infinities": ([np.inf, -np.inf] * N, [np.inf, -np.inf] * N, "pass"),
    "infinities now": (NORMAL, np.where(OTHER > 0, np.inf, OTHER), "fail"),
    "infinities before": (np.where(NORMAL > 0, -np.inf, NORMAL), OTHER, "fail"),
    "an infinity of each sign": (
        np.append(NORMAL, [np.inf, -np.inf]),
        np.append(OTHER, [np.inf, -np.inf]),
        "pass",
    ),
    "huge": (NORMAL * 1e307, OTHER * 1e307, "pass"),
    "huge and moved": (NORMAL * 1e307, (OTHER + 3) * 1e307, "fail"),
    "the ends of the doubles": ([-LARGEST, LARGEST] * N, [LARGEST] * N, "fail"),
    "tiny": (NORMAL * 1e-308, OTHER * 1e-308, "pass"),
    "tiny and moved": (NORMAL * 1e-308, (OTHER + 3) * 1e-308, "fail"),
    "the smallest doubles": (np.arange(N) * 5e-324, np.arange(N) * 5e-324, "pass"),
    "tiny that became huge": (NORMAL * 1e-308, NORMAL * 1e307, "fail"),
    "huge that became tiny": (NORMAL * 1e307, NORMAL * 1e-308, "fail"),
    "one huge value among many": (np.append(NORMAL, 1e308), np.append(OTHER, -1e308), "pass"),
    "unsigned": (
        of_type(np.arange(N, dtype=np.uint64) + np.uint64(2**64 - 10**6), pa.uint64()),
        of_type(np.arange(N, dtype=np.uint64), pa.uint64()),
        "fail",
    ),
    "decimals": (
        [Decimal(i) / 100 for i in range(N)],
        [Decimal(i) / 100 for i in reversed(range(N))],
        "pass",
    ),
    "decimals that became doubles": (
        [Decimal(i) / 100 for i in range(N)],
        [i / 100 for i in range(N)],
        "pass",
    ),
    "whole numbers that became doubles": (np.arange(N) % 5, (np.arange(N) % 5) * 1.0, "pass"),
    "dictionary that became strings": (
        pa.array(["a", "b"] * N).dictionary_encode(),
        pa.array(["a", "b"] * N, pa.large_string()),
        "pass",
    ),
    "numbers that became text": (NORMAL, [f"{value:.2f} EUR" for value in OTHER], "unknown"),
    "text that became numbers": (["1", "2"] * N, [1, 2] * N, "pass"),
    "lists": ([[1.0]] * N, [[1.0]] * N, "unknown"),
    "a list that became numbers": ([[1.0]] * N, NORMAL, "unknown"),
    "numbers that became a list": (NORMAL, [[1.0]] * N, "unknown"),
    "small floats": (
        pa.array(np.arange(N) % 7, pa.float16()),
        pa.array(np.arange(N) % 7, pa.float16()),
        "pass",
    ),
    "signed zeros": ([0.0, -0.0] * N, [-0.0] * N, "pass"),
    "empty texts": (["", "a"] * N, ["", "a"] * N, "pass"),
    "missing before": (None, NORMAL, "unknown"),
    "missing now": (NORMAL, None, "unknown"),
}


def tables(past, now):
    """Both sides, beside a column that keeps one alive from which `x` is missing."""
    found = []
    for values in (past, now):
        rows = 0 if values is None else len(values)
        columns = {"still": pa.array([1.0] * rows, pa.float64())}
        found.append(pa.table(columns if values is None else {**columns, "x": values}))
    return found


def assert_complete(column):
    assert column.reasons
    assert all(reason.startswith(("x ", "x: ")) for reason in column.reasons)
    numbers = [*column.measures.to_dict().values()] if column.measures else []
    numbers += [column.q, column.excess, *column.tests.values()]
    assert all(value is None or math.isfinite(value) for value in numbers)
    assert (column.q is None) == (column.verdict == "unknown")
    json.dumps(column.to_dict(), allow_nan=False)


@pytest.mark.parametrize(("past", "now", "verdict"), COLUMNS.values(), ids=COLUMNS)
def test_ugly_columns_have_an_answer(past, now, verdict):
    tests = ["mann-whitney", "levene"]
    found = compare(*tables(past, now), columns=["x"], tests=tests).columns["x"]
    assert_complete(found)
    assert found.verdict == verdict, found.reasons
    if found.measures:
        assert (found.measures.n_reference, found.measures.n) == (len(past), len(now))


@pytest.mark.parametrize("name", COLUMNS)
def test_ugly_columns_have_an_answer_by_exact_metrics_too(name):
    past, now, verdict = COLUMNS[name]
    found = compare(*tables(past, now), monitor=DriftMonitor(metric="wasserstein")).columns["x"]
    assert_complete(found)
    if verdict == "unknown":
        assert found.verdict == "unknown"


@pytest.mark.parametrize("metric", ["psi", "ks"])
def test_no_ugly_column_differs_from_itself(metric):
    monitor = DriftMonitor(metric=metric, threshold=1e-9, alpha=0.5)
    for past, _, _ in COLUMNS.values():
        if past is not None:
            found = compare(*tables(past, past), monitor=monitor).columns["x"]
            assert_complete(found)
            assert found.verdict in ("pass", "unknown")


@pytest.mark.parametrize("name", COLUMNS)
def test_ugly_columns_can_be_chunks_and_in_chunks(name):
    past, now, _ = COLUMNS[name]
    reference, current = tables(past, now)
    parts = current.append_column("part", pa.array(["a", "b"] * len(current))[: len(current)])
    for chunk in compare_chunks(reference, parts, by="part"):
        assert_complete(chunk.columns["x"])


def test_all_ugly_columns_fit_in_one_comparison():
    sides = [{}, {}]
    for name, (*pair, _) in COLUMNS.items():
        for side, values in zip(sides, pair, strict=True):
            if values is not None and len(values) >= 300:
                side[name] = pa.array(values)[:300]
    past, now = sides
    found = compare(pa.table(past), pa.table(now))
    assert set(found.columns) == {*past, *now}
    json.dumps(found.to_dict(), allow_nan=False)
    assert set(found.drifted) < set(found.columns)
