import pyarrow as pa
import pytest

from mlops_drift.compare.column_history import column_histories
from mlops_drift.compare.compare import compare
from mlops_drift.drift.config import DriftMonitor
from mlops_drift_tests.compare.two_tables import MONITOR, by_day, drifted


def test_failed_columns_come_first_furthest_leading_then_unknown_then_passed():
    histories = column_histories([drifted()], MONITOR)
    verdicts = [history.verdict for history in histories]
    assert [history.name for history in histories[:3]] == ["moved", "lost", "extra"]
    assert verdicts == ["fail", "fail", "unknown", "pass", "pass"]


def test_the_last_chunk_with_the_verdict_of_a_column_stands_for_it():
    histories = {history.name: history for history in column_histories(by_day(), MONITOR)}
    assert histories["moved"].failed == [4, 5]
    assert (histories["moved"].shown, histories["moved"].verdict) == (5, "fail")
    assert (histories["steady"].shown, histories["steady"].verdict) == (5, "pass")
    # The third chunk has too few rows.
    [steady] = [one for one in column_histories(by_day()[:3], MONITOR) if one.name == "steady"]
    assert (steady.shown, steady.verdict) == (1, "pass")


def test_a_chunk_that_was_not_judged_has_no_value():
    [history, *_] = column_histories(by_day(), MONITOR)
    assert [number for number, value in enumerate(history.judged) if value is None] == [2]
    assert history.effect(history.cells[2]) is not None


def test_a_column_with_its_own_metric_is_shown_by_that():
    monitor = DriftMonitor(columns={"moved": {"metric": "psi", "threshold": 0.25}})
    [moved] = [
        history for history in column_histories([drifted()], monitor) if history.name == "moved"
    ]
    assert (moved.metric, moved.threshold) == ("psi", 0.25)
    assert moved.judged == [moved.cells[0].measures.value("psi")]


def test_no_comparison_is_refused():
    with pytest.raises(ValueError, match="at least one comparison, found none"):
        column_histories([], MONITOR)


def test_categories_are_shown_by_the_metric_that_judged_them():
    table = pa.table({"c": ["a", "b"] * 100})
    monitor = DriftMonitor(metric="ks")
    [found] = column_histories([compare(table, table, monitor=monitor)], monitor)
    assert (found.metric, found.threshold) == ("js", 0.1)
    assert found.judged != [None]
