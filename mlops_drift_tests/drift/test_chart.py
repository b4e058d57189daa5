import struct
import subprocess
import sys

import numpy as np
import pyarrow as pa
import pytest

from mlops_drift.drift.chart import comparison_chart
from mlops_drift.drift.reference import Reference


def fit(values, kind):
    return Reference.fit(pa.table({"x": values}), {"x": kind}, bins=10).columns["x"]


@pytest.mark.parametrize(
    ("values", "kind", "current"),
    [
        (np.arange(1000.0), "numeric", [1.0, 5.0, None]),
        ([f"$a_{i}$ {'long ' * 9}\n" for i in range(100)], "categorical", ["$x^$", None]),
        (pa.array([], pa.float64()), "numeric", []),
    ],
    ids=["numbers", "many texts that look like formulas", "nothing"],
)
def test_chart_is_a_small_png(values, kind, current):
    column = fit(values, kind)
    type_ = pa.float64() if kind == "numeric" else pa.string()
    png = comparison_chart(column, "$x_", column.bin(pa.array(current, type_)), "$moved_ by 30 %")
    assert png.startswith(b"\x89PNG\r\n\x1a\n")
    assert struct.unpack(">II", png[16:24]) == (480, 240)
    assert len(png) < 50_000


def test_chart_shows_the_window():
    column = fit(np.arange(1000.0), "numeric")
    charts = {
        comparison_chart(column, "x", column.bin(pa.array(current)), "x")
        for current in ([1.0] * 9, [999.0] * 9)
    }
    assert len(charts) == 2


def test_heavy_libraries_load_only_when_they_are_needed():
    code = (
        "import sys\n"
        "from mlops_drift.drift import chart, config, metrics, profile, reference, verdict\n"
        "print({'scipy', 'matplotlib', 'sklearn', 'pandas'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"
