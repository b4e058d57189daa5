from math import inf, nan

import dagster as dg
import pytest

from mlops_drift.checks.report import check_result, verdict_table

KEY = dg.AssetKey(["tiny", "challenger"])


def result(verdict, **numbers):
    return check_result(KEY, "check", verdict, "why", numbers, "do this", {"more": 1})


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
    metadata = result("unknown", value=nan, threshold=inf, n=3).metadata
    assert "value" not in metadata
    assert "threshold" not in metadata
    assert metadata["n"] == dg.MetadataValue.float(3.0)


def test_only_a_failure_says_what_to_do():
    assert "next step" not in result("pass").metadata
    assert "next step" not in result("unknown").metadata
    assert result("fail").metadata["next step"].value == "do this"


def test_tables_round_numbers_and_show_undefined_ones_as_empty():
    table = verdict_table([{"value": 0.123456, "n": 3, "q": nan}])
    assert table.records[0].data == {"value": 0.1235, "n": 3, "q": None}
    assert verdict_table([]).records == []
