"""Charts of the drift checks, and what they show against a season."""

import numpy as np
import pytest

from mlops_drift.drift.profile import profile
from mlops_drift.drift.verdict import judge
from mlops_drift.monitors.drift import DriftDay
from mlops_drift_tests.charts.drawing import Drawing
from mlops_drift_tests.checks.judged_days import (
    MONITOR,
    REFERENCE,
    as_table,
    far_up,
    judged,
    plain,
    records,
    results,
    rows_of,
    up,
)
from mlops_drift_tests.tiny import day

# Charts


@pytest.mark.parametrize(("moved", "drawn"), [("a", 1), ("abd", 3), ("abde", 3)])
def test_a_chart_has_a_panel_for_each_failed_column_up_to_three(moved, drawn):
    changes = dict.fromkeys(moved, up)
    found = results(judged(windows={1: rows_of(1, **changes)}))["feature_drift"]
    assert len(Drawing.shown(plain(found)["chart"]).texts("title")) == drawn
    assert len([row for row in records(found, "columns") if row["verdict"] == "fail"]) == len(moved)


@pytest.fixture
def drawn(monkeypatch):
    """The panels that were asked for."""
    asked = []

    def draw(picture):
        asked.extend(picture)
        return "<svg/>"

    monkeypatch.setattr("mlops_drift.checks.monitors.draw", draw)
    return asked


def test_panels_show_the_failed_window_beside_the_reference(drifted, drawn):
    results(drifted)
    assert {panel.name: panel.title for panel in drawn} == {
        "a": f"reference and 1 day to {day(5)}",
        "b": f"reference and 7 days to {day(5)}",
        "d": f"reference and 1 day to {day(5)}",
    }
    for panel in drawn:
        assert panel.past is REFERENCE.columns[panel.name].counts
        window = 7 if panel.name == "b" else 1
        assert panel.counts is drifted.windows[window][panel.name].counts


# Seasons


def test_what_failed_against_the_season_is_shown_against_the_season(drawn):
    season = rows_of(3, 500, a=up)
    del season["score"], season["prediction"]
    features = REFERENCE.select(season)
    now = judged(windows={1: rows_of(1, a=far_up, score=np.sqrt)})
    past = {1: profile(features, as_table(season))}
    found = DriftDay(
        **{
            **vars(now),
            "seasons": past,
            "verdicts": judge(REFERENCE, now.windows, MONITOR, seasons=past),
        }
    )
    by_name = results(found)
    feature, served = by_name["feature_drift"], by_name["prediction_drift"]
    assert "compared with the same period of the past" in feature.description
    against = {
        (row["column"], row["window"]): row["against"] for row in records(feature, "windows")
    }
    assert {against[column, 1] for column in "abcde"} == {"season"}
    assert {against[column, 7] for column in "abcde"} == {"reference"}
    assert {row["against"] for row in records(served, "windows")} == {"reference"}
    (a,) = [row for row in records(feature, "columns before and now") if row["column"] == "a"]
    assert a["mean before"] == pytest.approx(1, abs=0.1)
    moved = records(feature, "moved bins")
    top = past[1]["a"].counts[-3] / 500
    assert next(row for row in moved if row["bin"].startswith(">= "))["before"] == top
    titles = {panel.name: panel.title for panel in drawn}
    assert titles["a"] == f"season and 1 day to {day(5)}"
    assert titles["score"] == f"reference and 1 day to {day(5)}"
    assert drawn[0].past is past[1]["a"].counts
