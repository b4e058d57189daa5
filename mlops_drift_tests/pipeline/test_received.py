import csv
import json
import os
from collections import Counter
from datetime import date, timedelta
from decimal import Decimal
from threading import Thread

import duckdb
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from mlops_drift.config.context import ModelContext
from mlops_drift.config.spec import ModelSpec
from mlops_drift.pipeline.landing import EVENTS, LABELS, land_events, land_labels
from mlops_drift.pipeline.ledger import read_account
from mlops_drift.store.delta import DeltaLake
from mlops_drift.store.lake import Scan
from mlops_drift.store.memory import MemoryLake
from mlops_drift_tests.tiny import SPEC, merged

START = date(2024, 3, 1)
# Lakes in memory keep their tables to themselves; one connection reads them all.
DATABASE = duckdb.connect()


def day(number):
    return START + timedelta(days=number)


def describe(path="e.csv", **changes):
    source = {"events": {"path": path}, **changes.pop("source", {})}
    columns = {"a": ..., "b": {"type": "number"}, "c": ...}
    base = {
        "start_date": START,
        "end_date": ...,
        "source": source,
        "key_type": "text",
        "columns": columns,
        "gates": {"trusted_columns": []},
    }
    return ModelSpec.model_validate(merged(SPEC, merged(base, changes)))


class Place:
    """A folder of source files, and a lake in memory that they land in."""

    def __init__(self, folder, spec=None, lake=None):
        self.folder, self.spec = folder, spec or describe()
        self.model = ModelContext.of(lake or MemoryLake(folder, DATABASE), self.spec).store
        self.source = self.spec.source.open(folder)

    def land(self, first, last=None, land=land_events):
        model = ModelContext(self.spec, self.model)
        return land(model, self.source, day(first), day(first if last is None else last))

    def events(self):
        return self.model.lake.read(self.model.tables.events).to_pylist()

    def quarantined(self):
        return self.model.lake.read(self.model.tables.quarantined).to_pylist()

    def reasons(self):
        return [(row["day"], row["reason"]) for row in self.quarantined()]

    def account(self, source=EVENTS):
        return read_account(self.model, source)


@pytest.fixture
def place(tmp_path):
    return Place(tmp_path)


def write(folder, rows, name="e.csv"):
    with (folder / name).open("w", newline="") as file:
        csv.writer(file).writerows([["id", "day", "b"], *rows])


def two_a_day(days, first=0):
    return [[f"k{10 * n + i}", day(n), "1"] for n in range(first, days) for i in range(2)]


def test_rows_of_days_to_come_wait(place):
    write(place.folder, two_a_day(4))
    place.land(0, 1)
    account = place.account()
    assert (account.rows, account.recorded, account.waiting, account.gone) == (8, 4, 4, 0)


def test_rows_without_a_readable_day_are_quarantined_once_whenever_they_come(place):
    rows = two_a_day(4)
    write(place.folder, [*rows[:4], ["x", "soon", "1"]])
    place.land(0)
    place.land(1)
    write(place.folder, [*rows, ["x", "soon", "1"], ["y", "", "1"]])
    place.land(2)
    place.land(3)
    assert place.reasons() == [
        (day(0), "day: soon is not a day such as 2024-10-01"),
        (day(2), "day: missing"),
    ]
    assert [row["row_day"] for row in place.quarantined()] == [None, None]
    assert place.account().rows == place.account().recorded == 10


def test_rows_before_the_start_are_quarantined_and_no_fault(place):
    write(place.folder, [["x", day(-2), "1"], *two_a_day(2)])
    landed = place.land(0)
    assert place.reasons() == [(day(0), "day: 2024-02-28 is before start_date 2024-03-01")]
    assert landed.checks.of_check("data_quality")[0].verdict == "pass"
    assert place.account().rows == 5


def test_rows_of_a_day_that_has_run_are_quarantined_until_it_lands_again(place):
    rows = two_a_day(3)
    write(place.folder, rows)
    place.land(0, 1)
    write(place.folder, [["late", day(1), "5"], *rows])
    landed = place.land(2)
    assert place.reasons() == [(day(2), "day: 2024-03-02 has run already")]
    assert place.quarantined()[0] == {
        **place.quarantined()[0],
        "key": "late",
        "row_day": day(1),
        "source": EVENTS,
        "row": '{"id":"late","day":"2024-03-02","b":"5"}',
    }
    assert landed.checks.of_check("data_quality")[0].verdict == "fail"
    assert place.account().late == {day(1): 1}
    place.land(2)
    assert len(place.quarantined()) == 1

    place.land(1)
    assert place.quarantined() == []
    assert [row["id"] for row in place.events() if row["day"] == day(1)] == ["late", "k10", "k11"]
    assert place.account().rows == place.account().recorded == 7
    assert place.account().late == {}


def test_rows_of_a_day_that_was_left_out_wait_for_it(place):
    write(place.folder, two_a_day(3))
    place.land(2)
    assert place.quarantined() == []
    assert place.account().waiting == 4
    place.land(0, 1)
    assert place.account().waiting == 0
    assert len(place.events()) == 6


def test_of_late_rows_with_a_key_on_record_only_the_surplus_is_quarantined(place):
    write(place.folder, [["a", day(0), "1"], ["", day(0), "2"]])
    place.land(0)
    write(
        place.folder, [["a", day(0), "1"], ["", day(0), "2"], ["a", day(0), "3"], ["", day(0), "4"]]
    )
    place.land(1)
    late = [json.loads(row["row"])["b"] for row in place.quarantined() if row["day"] == day(1)]
    assert late == ["3", "4"]


def test_rows_that_the_source_has_no_longer_are_counted(place):
    rows = two_a_day(3)
    write(place.folder, rows)
    place.land(0, 1)
    write(place.folder, rows[4:])
    place.land(2)
    account = place.account()
    assert (account.rows, account.recorded, account.waiting, account.gone) == (2, 6, 0, 4)
    assert len(place.events()) == 6


def test_a_row_that_replaces_another_of_a_day_that_has_run_is_quarantined(place):
    rows = two_a_day(3)
    write(place.folder, rows)
    place.land(0)
    write(place.folder, [rows[0], ["new", day(0), "1"], *rows[2:]])
    place.land(1)
    place.land(2)
    assert place.reasons() == [(day(1), "day: 2024-03-01 has run already")]
    account = place.account()
    assert (account.rows, account.recorded, account.gone) == (6, 7, 1)
    assert account.late == account.gone_days == {day(0): 1}
    place.land(0)
    assert {row["id"] for row in place.events() if row["day"] == day(0)} == {"k0", "new"}
    assert place.quarantined() == []
    assert (place.account().gone, place.account().late, place.account().gone_days) == (0, {}, {})


@pytest.mark.parametrize("path", ["e.csv", "{day}.csv"])
def test_a_value_that_is_corrected_in_place_is_quarantined_and_named(tmp_path, path):
    place = Place(tmp_path, describe(path))

    def put(first):
        rows = [[f"k{number}", day(number), "1" if number else first] for number in range(3)]
        for number, row in enumerate(rows):
            write(tmp_path, [row], f"{day(number)}.csv")
        write(tmp_path, rows)

    put("1")
    place.land(0)
    put("2")
    place.land(1)
    assert place.reasons()[0] == (
        day(1),
        "day: 2024-03-01 has run already with other values for this key",
    )
    assert place.account().late == place.account().gone_days == {day(0): 1}
    # As it was, it is on record.
    put("1.0")
    place.land(2)
    assert place.account().late == place.account().gone_days == {day(0): 1}
    place.land(0, 2)
    assert place.account().gone == 0


def test_quarantined_rows_of_a_day_that_has_run_are_compared_with_the_source_too(place):
    rows = [["a", day(0), "x"], ["a", day(0), "1"], ["a", day(0), "1"], ["?", "soon", "1"]]
    write(place.folder, rows)
    place.land(0)
    assert len(place.quarantined()) == 3
    write(place.folder, [["a", day(0), "y"], *rows[1:3], ["?", "later", "1"]])
    place.land(1)
    assert sorted(place.reasons()[3:]) == [
        (day(1), "day: 2024-03-01 has run already with other values for this key"),
        (day(1), "day: later is not a day such as 2024-10-01"),
    ]
    assert (place.account().gone, place.account().late) == (2, {day(0): 1})


def test_late_rows_of_a_landing_that_is_made_again_are_found_again(place):
    rows = two_a_day(3)
    write(place.folder, rows)
    place.land(0)
    write(place.folder, [["late", day(0), "1"], *rows])
    place.land(1)
    place.land(1)
    assert len(place.quarantined()) == 1
    write(place.folder, rows)
    place.land(1)
    assert place.quarantined() == []
    assert (place.account().gone, place.account().late) == (0, {})


def test_rows_that_the_retention_has_removed_are_not_taken_for_new_ones(place):
    rows = [*two_a_day(4), ["x", "soon", "1"]]
    write(place.folder, rows)
    place.land(0, 1)
    tables = place.model.tables
    for table in (tables.events, tables.quarantined):
        place.model.lake.rewrite(Scan(table, day(0), day(0)), lambda rows: rows.slice(0, 0))
    write(place.folder, [["new", day(0), "1"], *rows, ["y", "soon", "1"]])
    place.land(2)
    assert [(row["key"], row["row_day"]) for row in place.quarantined()] in (
        [("k1", day(0)), ("y", None)],
        [("y", None), ("k1", day(0))],
    )
    assert place.account().gone == 0


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
    assert place.account().late == {day(0): 2}


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


def test_labels_have_an_account_of_their_own(tmp_path):
    place = Place(tmp_path, describe(source={"labels": {"path": "l.csv"}}))
    write(tmp_path, two_a_day(2))
    header = [["id", "day", "y"], ["k0", day(1), "yes"], ["k0", "?", "no"], ["k1", day(2), "no"]]
    with (tmp_path / "l.csv").open("w", newline="") as file:
        csv.writer(file).writerows(header)
    place.land(0, 1)
    place.land(0, 1, land_labels)
    account = place.account(LABELS)
    assert (account.rows, account.recorded, account.waiting) == (3, 2, 1)
    assert [row["source"] for row in place.quarantined()] == [LABELS]


def test_a_daily_file_that_grew_after_its_day_is_noticed(tmp_path):
    place = Place(tmp_path, describe("{day}.csv"))
    for number in range(3):
        write(tmp_path, two_a_day(number + 1, number), f"{day(number)}.csv")
    place.land(0, 1)
    write(tmp_path, [*two_a_day(1), ["late", day(0), "1"], ["x", "soon", "2"]], f"{day(0)}.csv")
    place.land(2)
    place.land(2)
    assert place.account().late == {day(0): 2}
    assert [row["key"] for row in place.quarantined()] == ["late", "x"]
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


def test_two_landings_at_once_quarantine_a_row_once(tmp_path):
    write(tmp_path, [*two_a_day(2), ["x", "soon", "1"]])
    places = [
        Place(tmp_path, lake=DeltaLake(tmp_path / "lake", duckdb.connect())) for _ in range(2)
    ]
    workers = [Thread(target=place.land, args=(n,)) for n, place in enumerate(places)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert len(places[0].quarantined()) == 1
    account = places[0].account()
    assert account.recorded == 5
    assert len(places[0].events()) == 4


def test_a_landing_that_was_cut_off_before_its_record_is_made_again(place):
    write(place.folder, [*two_a_day(2), ["x", "soon", "1"]])
    place.land(0)
    tables = place.model.tables
    place.model.lake.rewrite(tables.received, lambda rows: rows.slice(0, 0))
    place.land(0)
    assert len(place.quarantined()) == 1
    assert place.account().rows == 5


# which day a moment is of


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


def test_keys_of_forty_digits_keep_them(tmp_path):
    place = Place(tmp_path, describe("e.parquet"))
    keys = [f"{'1234567890' * 4}{number}" for number in range(3)]
    ids = pa.array(list(map(Decimal, keys)), pa.decimal256(60, 0))
    table = pa.table({"id": ids, "day": [day(0)] * 3, "b": [1.0] * 3})
    pq.write_table(table, tmp_path / "e.parquet")
    place.land(0)
    assert [row["id"] for row in place.events()] == keys


def test_what_only_a_database_reads_as_a_day_is_none(place):
    texts = [
        *("infinity", "epoch", "20240301", "2024-3", "99999-01-01", "now", "0000-01-01"),
        *("2024-03-02 (BC)", "9999-12-31T23:00:00-05:00", "0001-01-01T00:00:00+01:00"),
    ]
    write(place.folder, [[f"k{number}", text, "1"] for number, text in enumerate(texts)])
    place.land(0)
    assert sorted(place.reasons()) == sorted(
        (day(0), f"day: {text} is not a day such as 2024-10-01") for text in texts
    )


# every row is accounted for, however the days are put together

# The last day that runs.
LAST = 3
CELLS = st.sampled_from(["k1", "k2", "k3", "", "1.0", "n,a", 'say "x"', "ü", "\n"])
DAYS = st.sampled_from(
    [*(str(day(n)) for n in range(-1, LAST + 1)), "", "soon", "2024-03-02T23:59:59+02:00"]
)
ROW = st.tuples(CELLS, DAYS, st.sampled_from(["1", "-2.5", "", "x", "inf"]))
ROWS = st.lists(ROW, max_size=14)
# What becomes of a row while the days run: it stays, goes, or is another.
EDITS = st.lists(st.one_of(st.just("stays"), st.just("goes"), ROW), min_size=15, max_size=15)


def edited(rows, edits):
    pairs = zip(rows, edits, strict=False)
    return [row if edit == "stays" else edit for row, edit in pairs if edit != "goes"]


def surplus(rows, others):
    """How many rows are not among the others, blanks being alike."""
    counted = [Counter(tuple(map(str.strip, row)) for row in some) for some in (rows, others)]
    return (counted[0] - counted[1]).total()


def _shown(row):
    # A record lacks the keys that it leaves out.
    if "row" in row:
        row["row"] = {name: cell for name, cell in json.loads(row["row"]).items() if cell}
    return str(row)


def tables_after(folder, steps, files, name):
    spec = describe(name)
    place = Place(folder, spec)
    for first, last in steps:
        for path, write_file in files(first):
            write_file(path)
        place.land(first, last)
    tables = place.model.tables
    return {
        table.name: sorted(map(_shown, place.model.lake.read(table).to_pylist()))
        for table in (
            tables.events,
            tables.quarantined,
            tables.checks,
            tables.files,
            tables.received,
        )
    }, place


def as_csv(rows):
    return lambda path: write(path.parent, rows, path.name)


def as_parquet(rows):
    def write_file(path):
        table = pa.table(
            {
                name: pa.array([row[n] or None for row in rows], pa.string())
                for n, name in enumerate(["id", "day", "b"])
            }
        )
        pq.write_table(table, path)

    return write_file


def as_jsonl(rows):
    def write_file(path):
        lines = (
            {
                name: cell or None
                for name, cell in zip(["id", "day", "b"], row, strict=True)
                if cell or name == "id"
            }
            for row in rows
        )
        text = "".join(json.dumps(line) + "\n" for line in lines)
        path.write_text(text or "[]", encoding="utf-8")

    return write_file


def as_json(rows):
    def write_file(path):
        names = ["id", "day", "b"]
        records = [dict(zip(names, (cell or None for cell in row), strict=True)) for row in rows]
        path.write_text(json.dumps(records), encoding="utf-8")

    return write_file


FORMATS = {"csv": as_csv, "parquet": as_parquet, "jsonl": as_jsonl, "json": as_json}


@settings(
    max_examples=2,
    phases=[Phase.generate],
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(rows=ROWS, edits=EDITS, appended=ROWS, ending=st.sampled_from(sorted(FORMATS)))
def test_every_row_lands_or_is_quarantined_in_steps_of_any_length(
    tmp_path, rows, edits, appended, ending
):
    rows = [("k0", str(day(0)), "1"), *rows]
    later = [rows[0], *edited(rows[1:], edits), *appended]
    encode = FORMATS[ending]

    def files(first):
        # The file changes before the last day.
        return [(tmp_path / f"e.{ending}", encode(later if first == LAST else rows))]

    steps = [(n, n) for n in range(LAST + 1)]
    daily, place = tables_after(tmp_path, steps, files, f"e.{ending}")
    ranged, _ = tables_after(tmp_path, [(0, LAST - 1), (LAST, LAST)], files, f"e.{ending}")
    assert daily == ranged
    ran = [[row for row in some if row[1] != str(day(LAST))] for some in (rows, later)]
    account = place.account()
    assert (account.rows, account.waiting) == (len(later), 0)
    assert account.gone == surplus(*ran)
    assert account.recorded == len(later) + account.gone
    assert len(place.events()) + len(place.quarantined()) == account.recorded
    assert sum(row["day"] == day(LAST) != row["row_day"] for row in place.quarantined()) == surplus(
        *reversed(ran)
    )

    once, _ = tables_after(
        tmp_path, [(0, LAST)], lambda _: [(tmp_path / f"e.{ending}", encode(rows))], f"e.{ending}"
    )
    parts, _ = tables_after(tmp_path, [(0, 1), (2, LAST)], lambda _: [], f"e.{ending}")
    assert once == parts


@settings(
    max_examples=2,
    phases=[Phase.generate],
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(rows=ROWS, ending=st.sampled_from(sorted(FORMATS)))
def test_daily_files_hold_what_one_file_holds(tmp_path, rows, ending):
    by_day = {n: [row for row in rows if row[1] == str(day(n))] for n in range(LAST + 1)}
    readable = [row for n in by_day for row in by_day[n]]
    encode = FORMATS[ending]

    def one(_):
        return [(tmp_path / f"all.{ending}", encode([("k0", str(day(0)), "1"), *readable]))]

    def daily(_):
        first = {0: [("k0", str(day(0)), "1"), *by_day[0]]}
        return [(tmp_path / f"{day(n)}.{ending}", encode({**by_day, **first}[n])) for n in by_day]

    whole, _ = tables_after(tmp_path, [(0, LAST)], one, f"all.{ending}")
    for steps in ([(0, LAST)], [(n, n) for n in by_day]):
        parts, place = tables_after(tmp_path, steps, daily, f"{{day}}.{ending}")
        names = [place.model.tables.events.name, place.model.tables.quarantined.name]
        assert Counter(map(tuple, map(parts.get, names))) == Counter(
            map(tuple, map(whole.get, names))
        )
        assert place.account().rows == len(readable) + 1


@settings(
    max_examples=2,
    phases=[Phase.generate],
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(rows=ROWS, edits=EDITS, ending=st.sampled_from(sorted(FORMATS)))
def test_daily_files_that_change_after_their_day_leave_a_trace(tmp_path, rows, edits, ending):
    rows = [row for row in rows if row[1].startswith("2024-03")]
    for name in tmp_path.glob("2024-*"):
        name.unlink()
    place = Place(tmp_path, describe(f"{{day}}.{ending}"))
    encode = FORMATS[ending]

    def write_days(by_day):
        for number in range(LAST + 1):
            first = (f"f{number}", str(day(number)), "1")
            encode([first, *by_day[number]])(tmp_path / f"{day(number)}.{ending}")

    by_day = [[row for row in rows if row[1].startswith(str(day(n)))] for n in range(LAST + 1)]
    write_days(by_day)
    for number in range(LAST):
        place.land(number)
    later = [edited(some, edits[number:]) for number, some in enumerate(by_day)]
    write_days(later)
    place.land(LAST)
    pairs = list(zip(by_day[:LAST], later[:LAST], strict=True))
    account = place.account()
    assert account.gone == sum(surplus(*pair) for pair in pairs)
    assert sum(account.late.values()) == sum(surplus(*reversed(pair)) for pair in pairs)
    assert account.rows == LAST + 1 + sum(map(len, later))
    assert len(place.events()) + len(place.quarantined()) == account.recorded
