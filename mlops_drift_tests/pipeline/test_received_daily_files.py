"""Daily files that come, change, break or go after their day has run."""

import json
import os

import pandas as pd

from mlops_drift_tests.pipeline.place import Place, day, describe, two_a_day, write


def test_a_daily_file_that_is_gone_takes_its_rows_with_it(tmp_path):
    place = Place(tmp_path, describe("{day}.csv"))
    for number in range(3):
        write(tmp_path, two_a_day(number + 1, number), f"{day(number)}.csv")
    place.land(0, 1)
    (tmp_path / f"{day(0)}.csv").rename(tmp_path / "elsewhere.csv")
    place.land(2)
    assert place.account().gone_days == {day(0): 2}
    (tmp_path / "elsewhere.csv").rename(tmp_path / f"{day(0)}.csv")
    place.land(2)
    assert place.account().gone_days == {}


def test_a_file_that_comes_for_a_day_that_had_none_is_noticed(tmp_path):
    events = {"path": "{day}.csv", "missing": "empty"}
    place = Place(tmp_path, describe(source={"events": events}))
    place.land(0, 1)
    write(tmp_path, two_a_day(1), f"{day(0)}.csv")
    place.land(2)
    assert place.account().landed_late == {day(0): 2}
    assert len(place.events()) == 2


def test_an_edit_that_keeps_size_and_time_of_a_file_is_noticed(tmp_path):
    place = Place(tmp_path, describe("{day}.csv"))
    for number in range(2):
        write(tmp_path, [[f"k{number}", day(number), "1"]], f"{day(number)}.csv")
    place.land(0)
    file = tmp_path / f"{day(0)}.csv"
    before = file.stat()
    write(tmp_path, [["k0", day(0), "2"]], file.name)
    os.utime(file, ns=(before.st_atime_ns, before.st_mtime_ns))
    place.land(1)
    assert place.account().late == {day(0): 1}


def test_a_column_that_no_record_of_a_day_has_makes_its_quality_unknown(tmp_path):
    place = Place(tmp_path, describe("{day}.jsonl"))
    for number, name in enumerate(("b", "bb")):
        record = {"id": f"k{number}", "day": str(day(number)), name: 1}
        (tmp_path / f"{day(number)}.jsonl").write_text(json.dumps(record))
    quality = {
        day(number): place.land(number).checks.of_check("data_quality")[0] for number in range(2)
    }
    assert [quality[day(number)].verdict for number in range(2)] == ["pass", "unknown"]
    assert quality[day(1)].reason.endswith(
        "no record has 'b': it is null in its only row; beside there is 'bb'"
    )


def test_a_new_copy_of_the_same_file_changes_nothing(tmp_path):
    place = Place(tmp_path, describe("{day}.csv"))
    for number in range(2):
        write(tmp_path, [["a", day(number), "x"], *two_a_day(1, 0)], f"{day(number)}.csv")
    place.land(0)
    write(tmp_path, [["a", day(0), "x"], *two_a_day(1, 0)], f"{day(0)}.csv")
    place.land(1)
    assert (place.account().gone, place.account().late) == (0, {})


def test_a_daily_file_that_grew_after_its_day_is_noticed(tmp_path):
    place = Place(tmp_path, describe("{day}.csv"))
    for number in range(3):
        write(tmp_path, two_a_day(number + 1, number), f"{day(number)}.csv")
    place.land(0, 1)
    write(tmp_path, [*two_a_day(1), ["late", day(0), "1"], ["x", "soon", "2"]], f"{day(0)}.csv")
    place.land(2)
    place.land(2)
    assert place.account().late == place.account().landed_late == {day(0): 1}
    assert place.reasons() == [(day(2), "day: soon is not a day such as 2024-10-01")]
    place.land(0)
    assert place.reasons() == [(day(0), "day: soon is not a day such as 2024-10-01")]
    assert place.account().rows == place.account().recorded == 8


def test_a_daily_file_that_is_broken_later_holds_up_no_other_day(tmp_path):
    place = Place(tmp_path, describe("{day}.parquet"))
    for number in range(3):
        frame = pd.DataFrame(two_a_day(number + 1, number), columns=["id", "day", "b"])
        frame.to_parquet(tmp_path / f"{day(number)}.parquet")
    whole = (tmp_path / f"{day(0)}.parquet").read_bytes()
    place.land(0)
    (tmp_path / f"{day(0)}.parquet").write_bytes(b"PAR1")
    for number in (1, 1, 2):
        assert place.land(number).rows == 2
        assert "2024-03-01.parquet: the Parquet file is cut off" in place.account().note
    assert place.account().gone == 0
    (tmp_path / f"{day(0)}.parquet").write_bytes(whole)
    place.land(2)
    assert place.account().note == ""


def test_rows_of_another_day_in_a_daily_file_are_quarantined_with_it(tmp_path):
    place = Place(tmp_path, describe("{day}.csv"))
    write(tmp_path, [["a", day(0), "1"], ["b", day(1), "1"], ["c", "soon", "1"]], f"{day(0)}.csv")
    place.land(0)
    place.land(0)
    assert place.reasons() == [
        (day(0), "day: the row is of 2024-03-02"),
        (day(0), "day: soon is not a day such as 2024-10-01"),
    ]
    assert place.account().rows == 3
