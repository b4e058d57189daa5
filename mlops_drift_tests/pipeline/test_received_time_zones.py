"""Which day a moment is of."""

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from mlops_drift_tests.pipeline.place import Place, day, describe, write


def berlin(tmp_path, **source):
    times = pd.date_range("2024-03-01", periods=40, freq="D", tz="Europe/Berlin")
    frame = pa.table({"id": [f"k{n}" for n in range(40)], "day": times, "b": [1.0] * 40})
    pq.write_table(frame, tmp_path / "e.parquet")
    return Place(tmp_path, describe("e.parquet", source=source))


def test_midnights_of_another_zone_are_traced_and_named(tmp_path):
    place = berlin(tmp_path)
    place.land(0, 38)
    assert place.reasons() == [(day(0), "day: 2024-02-29 is before start_date 2024-03-01")]
    assert len(place.events()) == 39
    assert "22:00 or 23:00 UTC" in place.account().note
    assert "source.timezone" in place.account().note


def test_a_time_zone_decides_which_day_a_moment_is_of(tmp_path):
    place = berlin(tmp_path, timezone="Europe/Berlin")
    place.land(0, 39)
    assert [row["day"] for row in place.events()] == [day(n) for n in range(40)]
    assert place.events()[0]["event_time"].isoformat() == "2024-02-29T23:00:00"
    assert place.account().note == ""


def test_a_time_without_offset_is_local(tmp_path):
    expected = {
        "2024-03-02": day(1),
        "2024-03-02 00:30:00": day(1),
        "2024-03-02T03:00:00Z": day(0),
        "2024-03-02T03:00:00-05:00": day(1),
    }
    place = Place(tmp_path, describe(source={"timezone": "America/New_York"}))
    write(tmp_path, [[f"of {text}", text, "1"] for text in expected])
    place.land(0, 3)
    assert {row["id"]: row["day"] for row in place.events()} == {
        f"of {text}": found for text, found in expected.items()
    }


def test_a_moment_before_the_first_day_of_the_calendar_is_none(tmp_path):
    place = Place(tmp_path, describe(source={"timezone": "America/New_York"}))
    write(tmp_path, [["a", "0001-01-01T00:00:00Z", "1"], ["b", day(0), "1"]])
    place.land(0)
    assert [row["key"] for row in place.quarantined()] == ["a"]
    assert [row["id"] for row in place.events()] == ["b"]
