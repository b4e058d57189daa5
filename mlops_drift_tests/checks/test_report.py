from math import inf, nan

import dagster as dg
import pytest

from mlops_drift.checks.report import check_result, verdict_table

KEY = dg.AssetKey(["tiny", "challenger"])


def result(verdict, **numbers):
    return check_result(KEY, "check", verdict, "why", numbers, "do this", {"more": 1}, {})


@pytest.mark.parametrize(
    ("verdict", "passed", "severity"),
    [
        ("pass", True, dg.AssetCheckSeverity.ERROR),
        ("fail", False, dg.AssetCheckSeverity.ERROR),
        ("unknown", False, dg.AssetCheckSeverity.WARN),
    ],
)
def test_only_a_pass_passes_and_only_an_unknown_is_a_warning(verdict, passed, severity):
    found = result(verdict)
    assert found.passed is passed
    assert found.severity == severity


def test_undefined_numbers_are_left_out():
    metadata = result("unknown", value=nan, limit=inf, lower=3).metadata
    assert "value" not in metadata
    assert "limit" not in metadata
    assert metadata["lower"] == dg.MetadataValue.float(3.0)


def test_only_the_value_and_its_interval_are_numbers_that_dagster_plots():
    numbers = {"value": 0.81963272, "lower": 0.75, "upper": 0.9, "limit": 0.8, "by chance": 0.00123}
    metadata = result("pass", **numbers, q=1e-119).metadata
    assert metadata["value"] == dg.MetadataValue.float(0.8196)
    plotted = {name for name, it in metadata.items() if isinstance(it, dg.FloatMetadataValue)}
    assert plotted == {"value", "lower", "upper"}
    texts = {name: metadata[name].value for name in ("limit", "by chance", "q")}
    assert texts == {"limit": "0.8", "by chance": "0.00123", "q": "< 0.0001"}


def test_the_finding_comes_first_then_what_is_next_then_the_chart_and_tables_last():
    rows = {"windows": [{"window": 1}], "empty": []}
    numbers = {"lower": 0.1, "value": 0.2, "limit": 0.3}
    found = check_result(
        KEY, "check", "fail", "why", numbers, "do", {"version": "3"}, rows, "<svg/>"
    )
    names = ["verdict", "value", "lower", "limit", "version", "next step", "chart", "▾ windows"]
    assert list(found.metadata) == names
    # Dagster sorts what it stores.
    assert sorted(found.metadata)[-1] == "▾ windows"


def test_only_a_failure_says_what_to_do():
    assert "next step" not in result("pass").metadata
    assert "next step" not in result("unknown").metadata
    assert result("fail").metadata["next step"].value == "do this"


def test_tables_round_numbers_and_show_undefined_ones_as_empty():
    table = verdict_table([{"value": 0.123456, "n": 3}, {"value": nan, "n": 4}])
    assert [record.data for record in table.records] == [
        {"value": 0.1235, "n": 3},
        {"value": None, "n": 4},
    ]
    assert verdict_table([{"p": 1e-9, "q": 0.25}]).records[0].data == {
        "p": "< 0.0001",
        "q": "0.250",
    }
    assert verdict_table([]).records == []


def test_tables_have_no_empty_column_and_at_most_eight():
    row = {f"column {number}": number for number in range(12)}
    (record,) = verdict_table([{"lower": nan, "why": None, **row}]).records
    assert list(record.data) == [f"column {number}" for number in range(8)]
