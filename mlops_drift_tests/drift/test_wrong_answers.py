"""What popular tools get wrong, each case through the public path."""

import math

import numpy as np
import pyarrow as pa
import pytest
from scipy import stats

from mlops_drift.compare.compare import compare, compare_chunks
from mlops_drift.drift.config import DriftMonitor
from mlops_drift.drift.metrics.registry import SHIPPED
from mlops_drift.drift.sorted_values import SortedValues
from mlops_drift_tests.drift.verdicts import normal, with_nulls

pytestmark = pytest.mark.filterwarnings("error")


def quantiles(n, mean=0.0):
    return mean + stats.norm.ppf((np.arange(n) + 0.5) / n)


def compared(reference, current, **options):
    """The comparison of one column."""
    tables = pa.table({"x": reference}), pa.table({"x": current})
    return compare(*tables, **options).columns["x"]


def numbers(column):
    return [v for v in [*vars(column.measures).values(), column.q] if isinstance(v, int | float)]


def test_1_one_current_outlier_hides_no_shift():
    shifted = quantiles(10_000, 1)
    clean = compared(quantiles(10_000), shifted)
    shifted[0] = 1000.0
    spoiled = compared(quantiles(10_000), shifted)
    assert clean.measures.value("psi") == pytest.approx(0.93, rel=0.01)
    assert spoiled.measures.value("psi") == pytest.approx(clean.measures.value("psi"), rel=0.01)
    assert spoiled.verdict == "fail"


def test_2_one_reference_outlier_hides_no_shift():
    reference = quantiles(30_000)
    reference[0] = 1e6
    found = compared(reference, quantiles(30_000, 1))
    assert found.measures.value("ks") == pytest.approx(0.38, abs=0.005)
    assert found.measures.value("psi") == pytest.approx(0.93, rel=0.01)
    assert found.measures.value("wasserstein") == pytest.approx(
        1 / 1.349, abs=0.02 + 1e6 / 30_000 / 1.349
    )
    assert found.verdict == "fail"


def test_3_chi2_raises_as_many_false_alarms_as_promised():
    rng = np.random.default_rng(3)
    names, letters = [f"x{i}" for i in range(100)], np.array(list("abcdefghij"))
    found = [
        column
        for _ in range(2)
        for column in compare(
            *(pa.table({name: rng.choice(letters, 1000) for name in names}) for _ in range(2))
        ).columns.values()
    ]
    contingency = [column.measures.chi2_p for column in found]
    goodness = [
        stats.chisquare(column.counts[:10], column.column.counts[:10]).pvalue for column in found
    ]
    assert 0.015 < np.mean(np.array(contingency) < 0.05) < 0.09
    assert np.mean(np.array(goodness) < 0.05) > 0.4


@pytest.mark.parametrize("n", [100, 10_000])
@pytest.mark.parametrize("metric", ["js", "psi", "hellinger", "tvd", "linf"])
def test_4_one_row_of_a_new_category_is_no_alarm(n, metric):
    current = np.array(["a", "b"] * (n // 2), dtype=object)
    current[0] = "new"
    monitor = DriftMonitor(metric=metric, threshold=1e-9)
    found = compared(["a", "b"] * 5000, current, monitor=monitor)
    assert (found.verdict, found.measures.unseen) == ("pass", 1 / n)
    assert found.measures.chi2_p > 0.001
    assert all(map(math.isfinite, numbers(found)))


def test_5_an_all_null_column_fails_and_the_others_are_judged():
    reference = {name: normal(1000, seed=i) for i, name in enumerate(["gone", "moved", "still"])}
    current = {
        "gone": pa.array([None] * 200),
        "moved": normal(200, 1.5, seed=3),
        "still": normal(200, seed=4),
    }
    found = compare(pa.table(reference), pa.table(current))
    assert {name: column.verdict for name, column in found.columns.items()} == {
        "gone": "fail",
        "moved": "fail",
        "still": "pass",
    }
    gone = found.columns["gone"]
    assert gone.measures.null_share == 1.0
    assert any("share of null went from 0.0 % to 100.0 %" in reason for reason in gone.reasons)
    assert all(map(math.isfinite, numbers(gone)))


def test_6_growing_nulls_fail_although_no_value_moved():
    reference, current = with_nulls(normal(4000), 0.05), with_nulls(normal(1000, seed=1), 0.25)
    found = compared(reference, current, monitor=DriftMonitor(threshold=5))
    assert (found.measures.null_reference, found.measures.null_share) == (0.05, 0.25)
    assert found.verdict == "fail"
    [reason] = found.reasons
    assert reason.startswith("x lost values: share of null went from 5.0 % to 25.0 % (limit +5.0 %")
    # A null is a bin: the distances see it too.
    assert found.measures.value("psi") > 0.3
    kept = compared(reference[200:], current[250:]).measures.value("psi")
    assert kept < 0.03


def test_7_small_samples_without_drift_raise_no_alarm():
    rng = np.random.default_rng(5)
    columns, days = 15, 40
    names = [f"x{i}" for i in range(columns)]
    reference = pa.table({name: rng.normal(size=5000) for name in names})
    current = pa.table(
        {name: rng.normal(size=50 * days) for name in names} | {"day": np.arange(days).repeat(50)}
    )
    chunks = compare_chunks(reference, current.slice(0, 100), by="day")
    assert {column.verdict for chunk in chunks for column in chunk.columns.values()} == {"unknown"}
    chunks = compare_chunks(reference, current, by="day", monitor=DriftMonitor(min_rows=30))
    psi = np.array(
        [[column.measures.value("psi") for column in c.columns.values()] for c in chunks]
    )
    ks_p = np.array([[column.measures.ks_p for column in c.columns.values()] for c in chunks])
    assert psi.shape == (days, columns)
    # The everyday noise that a threshold or a test alone takes for drift.
    assert np.mean((psi > 0.1).any(axis=1)) > 0.95
    assert np.mean((ks_p < 0.05).any(axis=1)) > 0.45
    assert sum(bool(chunk.drifted) for chunk in chunks) <= 1


def test_8_a_tiny_shift_of_a_million_rows_passes():
    found = compared(quantiles(1_000_000), quantiles(1_000_000, 0.01))
    assert found.measures.ks_p < 1e-6
    assert found.measures.chi2_p < 1e-6
    assert found.q < 0.001
    assert found.verdict == "pass"
    assert "x stayed within its limit: JS distance 0.004" in found.reasons[0]


@pytest.mark.parametrize("metric", SHIPPED)
def test_9_identical_samples_are_never_flagged(metric):
    rng = np.random.default_rng(8)
    table = pa.table(
        {
            "number": rng.normal(size=4000),
            "level": rng.integers(0, 4, 4000),
            "text": rng.choice(["a", "b"], 4000),
            "id": [f"id {i}" for i in range(4000)],
            "gaps": pa.array(rng.normal(size=4000), mask=rng.random(4000) < 0.2),
        }
    )
    found = compare(table, table, monitor=DriftMonitor(metric=metric, threshold=1e-9, alpha=0.9))
    assert found.drifted == []
    for column in found.columns.values():
        assert column.verdict == "pass"
        assert (
            column.measures.value("js"),
            column.measures.value("psi"),
            column.measures.value("tvd"),
        ) == (0, 0, 0)
        assert (column.measures.chi2_p, column.q) == (1, 1)
        assert (
            column.measures.value("ks") or 0.0,
            column.measures.value("wasserstein") or 0.0,
        ) == (0, 0)


def test_a_p_value_is_never_taken_for_a_distance():
    # One far apart, one identical: an inverted comparison would swap them.
    apart = compared(quantiles(2000), quantiles(2000, 3), monitor=DriftMonitor(metric="ks"))
    same = compared(quantiles(2000), quantiles(2000), monitor=DriftMonitor(metric="ks"))
    assert (apart.verdict, same.verdict) == ("fail", "pass")
    assert (apart.q, same.q) == (pytest.approx(0, abs=1e-12), 1)
    assert SortedValues(quantiles(2000)).distances(SortedValues(quantiles(2000)))[0] == 0


@pytest.mark.parametrize("finite", [0, 300])
def test_infinities_of_the_other_sign_are_other_values(finite):
    ordinary = quantiles(300)[:finite].tolist()
    above, below = ([*ordinary, *[math.inf * sign] * 300] for sign in (1, -1))
    assert compared(above, below).verdict == "fail"
    assert compared(above, above).verdict == "pass"
