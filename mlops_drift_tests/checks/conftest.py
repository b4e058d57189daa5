"""A day with drift, for all tests of the drift checks."""

import pytest

from mlops_drift.drift.explain import SegmentShift
from mlops_drift.monitors.drift import SegmentedShift
from mlops_drift_tests.checks.judged_days import far_up, judged, rows_of, up


@pytest.fixture(scope="module")
def drifted():
    """A day on which `a` moved far, `d` moved, and the week of `b` moved."""
    return judged(
        windows={1: rows_of(1, a=far_up, d=up), 7: rows_of(2, 2000, b=up)},
        shifts=[
            SegmentedShift(
                "b",
                7,
                "c",
                [
                    SegmentShift(name, share, 0.1, 0.2, 0.5)
                    for name, share in [
                        ("red", 0.9),
                        ("blue", 0.06),
                        ("green", 0.02),
                        ("grey", 0.01),
                        ("pink", 0.01),
                        ("null", 0.0),
                    ]
                ],
            )
        ],
    )
