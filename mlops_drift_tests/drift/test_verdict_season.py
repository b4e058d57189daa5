"""Verdicts against the same period of the past."""

import numpy as np
import pyarrow as pa
import pytest

from mlops_drift.drift.config import DriftMonitor
from mlops_drift.drift.profile import profile
from mlops_drift.drift.reference import Reference
from mlops_drift.drift.verdict import judge
from mlops_drift_tests.drift.verdicts import normal

pytestmark = pytest.mark.filterwarnings("error")


class TestSeason:
    """Windows that are held against the same period of the past."""

    REFERENCE = Reference.fit(pa.table({"x": normal(3000), "y": normal(3000, seed=1)}))

    def window(self, mean, n=1000, seed=5):
        table = pa.table({"x": normal(n, mean, seed), "y": normal(n, 0, seed + 1)})
        return profile(self.REFERENCE, table)

    def judged(self, windows, seasons):
        found = judge(self.REFERENCE, windows, DriftMonitor(), seasons=seasons)
        return {(v.window, v.column): v for v in found if v.rule == "drift"}

    def test_a_season_is_no_drift_against_the_same_season(self):
        now, past = self.window(1), self.window(1, seed=8)
        assert self.judged({7: now}, None)[7, "x"].verdict == "fail"
        found = self.judged({7: now}, {7: past})[7, "x"]
        assert (found.verdict, found.baseline) == ("pass", "season")
        assert found.reason.endswith("1,000 rows compared with the same period of the past")

    def test_a_shift_against_the_season_fails_and_says_from_where(self):
        found = self.judged({7: self.window(0)}, {7: self.window(1, seed=8)})[7, "x"]
        assert (found.verdict, found.measures.n_reference) == ("fail", 1000)
        before = self.window(1, seed=8)["x"].counts
        after = self.window(0)["x"].counts
        largest = np.argmax(np.abs(after - before))
        label = self.REFERENCE.columns["x"].labels[largest]
        assert found.reason.endswith(
            f"share of {label} went from {before[largest] / 10:.1f} % "
            f"to {after[largest] / 10:.1f} %"
        )

    def test_windows_and_columns_without_a_season_keep_the_reference(self):
        now = self.window(0)
        seasons = {7: {"x": self.window(0, seed=8)["x"]}}
        found = self.judged({1: now, 7: now}, seasons)
        assert {key: v.baseline for key, v in found.items()} == {
            (1, "x"): "reference",
            (1, "y"): "reference",
            (7, "x"): "season",
            (7, "y"): "reference",
        }

    def test_a_thin_season_is_unknown(self):
        found = self.judged({7: self.window(0)}, {7: self.window(0, n=29, seed=8)})[7, "x"]
        assert found.verdict == "unknown"
        assert "29 rows, at least 30 are needed" in found.reason
