"""Predictions as a source has them, under the names that they have here."""

import pytest

from mlops_drift.sources.base import MissingDayError, SourceError
from mlops_drift_tests import elsewhere
from mlops_drift_tests.elsewhere import ROWS, describe
from mlops_drift_tests.tiny import day


def test_the_columns_have_one_name_whatever_the_source_calls_them(tmp_path):
    elsewhere.write(tmp_path, 2)
    batch = describe().open_source(tmp_path).predictions(day(1), day(1))
    [part] = batch.parts
    assert part.rows.column_names == ["id", "prediction", "score", "version"]
    assert part.rows.num_rows == ROWS
    assert batch.origins[day(1)].place == "predictions.csv"
    [look] = batch.others({})
    assert look.part.rows.column_names == part.rows.column_names
    assert look.part.rows.num_rows == 2 * ROWS


@pytest.mark.parametrize("column", ["id", "said", "p", "by"])
def test_a_column_that_is_missing_is_named(tmp_path, column):
    elsewhere.write(tmp_path, 1, lambda name, rows: rows.rename(columns={column: "other"}))
    with pytest.raises(SourceError, match=f"predictions.csv: missing columns: '{column}'"):
        describe().open_source(tmp_path).predictions(day(0), day(0))


def test_a_day_without_its_file_is_missing_of_predictions_alone(tmp_path):
    elsewhere.write(tmp_path, 2)
    table = {"path": "p-{day}.csv", "day_column": ...}
    source = describe({"model": {"predictions": table}}).open_source(tmp_path)
    assert source.missing_days("events", day(0), day(1)) == {}
    places = {day(0): f"p-{day(0)}.csv", day(1): f"p-{day(1)}.csv"}
    assert source.missing_days("predictions", day(0), day(1)) == places
    with pytest.raises(MissingDayError):
        source.predictions(day(0), day(1))
