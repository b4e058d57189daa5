"""What landing says of the rows that it keeps aside."""

import pyarrow as pa
import pytest

from mlops_drift.pipeline.landing import quarantined_by_reason


@pytest.mark.parametrize(
    ("reasons", "counted"),
    [
        (
            [
                "x: 1.0 is not an allowed value (0, 1); in a text file 1.0 is not 1",
                "x: 2 is not an allowed value (0, 1)",
            ],
            {"x: is not an allowed value (0, 1)": 2},
        ),
        (
            [
                f"x: {text} is not kept exactly by a floating-point number; declare the column as "
                "integer or category"
                for text in ("9007199254740993", "1e-400")
            ],
            {"x: is not kept exactly by a floating-point number": 2},
        ),
        (
            [
                f"id: {text} is a floating-point number so large that it stands for several whole "
                "ones"
                for text in ("9007199254740992", "1e18")
            ],
            {
                "id: is a floating-point number so large that it stands for several whole ones": 2,
            },
        ),
    ],
)
def test_rows_are_counted_by_reason_whatever_the_value(reasons, counted):
    assert quarantined_by_reason(pa.table({"reason": reasons})) == counted
