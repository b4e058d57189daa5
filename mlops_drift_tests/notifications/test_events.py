import json
import math
from datetime import date

import pytest

from mlops_drift.monitors.base import CheckEvaluation
from mlops_drift.notifications.events import EVALUATIONS, event, facts_of

DAY = date(2024, 10, 5)


def evaluated(subject, value):
    return CheckEvaluation(
        day=DAY,
        production_day=DAY,
        check="null_spike",
        version=3,
        window=1,
        verdict="fail",
        code="beyond_limit",
        reason="word " * 100,
        n=50,
        subject=subject,
        value=value,
        threshold=0.1,
    )


@pytest.mark.parametrize(
    ("timezone", "end"),
    [
        ("UTC", "2024-10-06T00:00:00Z"),
        ("Europe/Berlin", "2024-10-05T22:00:00Z"),
        ("America/New_York", "2024-10-06T04:00:00Z"),
    ],
)
def test_an_event_has_the_time_of_the_end_of_its_day(timezone, end):
    assert json.loads(event("check.failed", DAY, timezone, {})) == {
        "type": "mlops_drift.check.failed",
        "timestamp": end,
        "data": {},
    }


def test_facts_are_values_that_every_reader_of_json_knows():
    facts = {"day": DAY, "sizes": (1.5, math.inf, math.nan), "inner": [{"text": "é\n"}, None, True]}
    written = event("check.failed", DAY, "UTC", facts)
    assert written.isascii()
    assert json.loads(written)["data"] == {
        "day": "2024-10-05",
        "sizes": [1.5, None, None],
        "inner": [{"text": "é\n"}, None, True],
    }


def test_the_worst_evaluations_are_facts_and_the_others_are_counted():
    found = facts_of(evaluated(f"column {n}", 0.2 + n) for n in range(1000))
    assert [one["subject"] for one in found["evaluations"]][:2] == ["column 999", "column 998"]
    assert (len(found["evaluations"]), found["more"]) == (EVALUATIONS, 1000 - EVALUATIONS)
    assert len(event("check.failed", DAY, "UTC", found)) < 20_000
    assert facts_of([]) == {"evaluations": [], "more": 0}
