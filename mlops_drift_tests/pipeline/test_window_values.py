"""The values of large windows are read when they are asked for, a few columns at a time."""

import pandas as pd
import pytest

from mlops_drift.drift.sorted_values import SortedValues
from mlops_drift.pipeline import profiles
from mlops_drift.pipeline.profiles import WindowValues
from mlops_drift_tests.pipeline.served import (
    Served,
    distances,
    expected_distances,
    features_of,
    predictions_of,
    values_of,
    verdicts,
)


@pytest.mark.parametrize("together", [1, 10**9])
def test_large_windows_have_the_same_distances_column_by_column(memory_lake, monkeypatch, together):
    monkeypatch.setattr(profiles, "TOGETHER", together)
    served = Served(memory_lake, columns={name: {"metric": "ks"} for name in ("a", "b", "score")})
    served.promote(1, on=-1)
    served.put_days(*(features_of(number) for number in range(5)))
    served.measure(0, 3)
    (found,) = served.measure(4)
    mine = verdicts(found, window=3)
    for column in ("a", "b"):
        born = values_of(features_of(-1, 600), column=column)
        union = values_of(*(features_of(number) for number in (2, 3, 4)), column=column)
        assert distances(mine[column]) == expected_distances(born, union)
    union = pd.concat([predictions_of(number) for number in (2, 3, 4)])["score"]
    assert distances(mine["score"]) == expected_distances(
        predictions_of(-1, 1, 300)["score"], union
    )


def test_values_are_read_when_they_are_asked_for_so_many_columns_at_a_time(monkeypatch):
    monkeypatch.setattr(profiles, "TOGETHER", 200)
    read = []

    def values(names):
        read.append(list(names))
        return {name: SortedValues([1.0]) for name in names}

    found = WindowValues(["a", "b", "c"], 100, values)
    assert (list(found), len(found), read) == (["a", "b", "c"], 3, [])
    assert [len(found[name]) for name in ("a", "b", "c")] == [1, 1, 1]
    assert read == [["a", "b"], ["c"]]
    assert found.get("d") is None
