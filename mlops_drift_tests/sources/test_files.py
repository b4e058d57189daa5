import gzip
import hashlib
from collections import Counter
from datetime import date, datetime

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from mlops_drift.sources.base import MissingDayError, Origin, SourceError
from mlops_drift.sources.files import FilesSource

FIRST, SECOND, THIRD = date(2024, 10, 1), date(2024, 10, 2), date(2024, 10, 3)
CSV = "id,day,x\n1,2024-10-01,0.5\n2,2024-10-02,1.5\n3,2024-10-03,\n4,2024-10-02,2.5\n"
ROWS = [
    {"id": 1, "day": "2024-10-01", "x": 0.5},
    {"id": 2, "day": "2024-10-02", "x": 1.5},
    {"id": 3, "day": "2024-10-03", "x": None},
    {"id": 4, "day": "2024-10-02", "x": 2.5},
]


def source(folder, path, day_column="day", **options):
    table = {"path": path, "day_column": day_column, **options}
    labels = {"path": "labels.csv", "day_column": "day"}
    return FilesSource(kind="files", events=table, labels=labels).open(folder)


def events(folder, path, first=FIRST, last=THIRD, **options):
    return source(folder, path, **options).events(first, last)


def rows_of(batch):
    """The rows of a batch with their day and time, without the column that the days come from."""
    return [
        {"day": day, "event_time": time}
        | {name: value for name, value in row.items() if name != part.day_column}
        for part in batch.parts
        for day, time, row in zip(
            part.days.to_pylist(), part.times.to_pylist(), part.rows.to_pylist(), strict=True
        )
    ]


def column(batch, name):
    return [row[name] for row in rows_of(batch)]


def write(folder, path, text):
    (folder / path).parent.mkdir(parents=True, exist_ok=True)
    if path.endswith(".gz"):
        (folder / path).write_bytes(gzip.compress(text.encode()))
    else:
        (folder / path).write_text(text)


def frame():
    return pd.DataFrame(ROWS)


WRITERS = {
    "e.csv": lambda folder, path: write(folder, path, CSV),
    "e.csv.gz": lambda folder, path: write(folder, path, CSV),
    "E.CSV": lambda folder, path: write(folder, path, CSV),
    "e.parquet": lambda folder, path: frame().to_parquet(folder / path),
    "e.json": lambda folder, path: write(folder, path, frame().to_json(orient="records")),
    "e.json.gz": lambda folder, path: write(folder, path, frame().to_json(orient="records")),
    "e.jsonl": lambda folder, path: frame().to_json(folder / path, orient="records", lines=True),
    "e.jsonl.gz": lambda folder, path: write(
        folder, path, frame().to_json(orient="records", lines=True)
    ),
}


@pytest.mark.parametrize("path", WRITERS)
def test_every_format_gives_the_rows_of_the_asked_days(tmp_path, path):
    WRITERS[path](tmp_path, path)
    batch = events(tmp_path, path, SECOND, THIRD)
    rows = sorted(rows_of(batch), key=lambda row: int(row["id"]))
    assert list(rows[0]) == ["day", "event_time", "id", "x"]
    assert [int(row["id"]) for row in rows] == [2, 3, 4]
    assert [row["day"] for row in rows] == [SECOND, THIRD, SECOND]
    assert [row["x"] and float(row["x"]) for row in rows] == [1.5, None, 2.5]
    assert batch.misplaced == {}
    assert batch.parts[0].place == str(tmp_path / path)


@pytest.mark.parametrize("path", ["e.csv", "e.json", "e.jsonl"])
def test_text_formats_leave_every_cell_as_text(tmp_path, path):
    WRITERS[path](tmp_path, path)
    schema = events(tmp_path, path).parts[0].rows.schema
    assert schema.field("id").type == pa.string()
    assert schema.field("x").type == pa.string()


def test_labels_come_from_their_own_file(tmp_path):
    write(tmp_path, "labels.csv", CSV)
    assert column(source(tmp_path, "e.csv").labels(FIRST, FIRST), "id") == ["1"]


def test_a_relative_path_starts_at_the_folder_of_the_yaml_and_an_absolute_one_does_not(tmp_path):
    write(tmp_path, "data/e.csv", CSV)
    folder = tmp_path / "defs"
    folder.mkdir()
    for path in ("../data/e.csv", str(tmp_path / "data" / "e.csv")):
        assert len(rows_of(events(folder, path))) == 4


@pytest.mark.parametrize("folder", ["it's 100 %", "a*b", "a?b", "a[1]"])
def test_a_path_is_no_pattern_that_other_files_match(tmp_path, folder):
    for other in ("axb", "a1"):
        write(tmp_path, f"{other}/e.csv", "id,day\n9,2024-10-01\n")
    write(tmp_path, f"{folder}/e.csv", CSV)
    assert column(events(tmp_path, f"{folder}/e.csv"), "id") == ["1", "2", "3", "4"]


@pytest.mark.parametrize("ending", ["csv", "jsonl"])
def test_the_day_of_a_text_is_the_utc_day_of_its_moment(tmp_path, ending):
    moments = {
        "2024-10-02": datetime(2024, 10, 2),
        "2024-10-02 07:30:00": datetime(2024, 10, 2, 7, 30),
        "2024-10-02T07:30:00.250": datetime(2024, 10, 2, 7, 30, 0, 250_000),
        "2024-10-02T07:30:00Z": datetime(2024, 10, 2, 7, 30),
        "2024-10-03T00:30:00+02:00": datetime(2024, 10, 2, 22, 30),
        "2024-10-01T22:30:00-05:00": datetime(2024, 10, 2, 3, 30),
    }
    lines = [f"1,{text}" if ending == "csv" else f'{{"id": 1, "at": "{text}"}}' for text in moments]
    write(tmp_path, f"e.{ending}", "\n".join(["id,at", *lines] if ending == "csv" else lines))
    rows = rows_of(events(tmp_path, f"e.{ending}", SECOND, SECOND, day_column="at"))
    assert rows == [{"day": SECOND, "event_time": at, "id": "1"} for at in moments.values()]


@pytest.mark.parametrize(
    ("kind", "value", "moment"),
    [
        (pa.date32(), SECOND, datetime(2024, 10, 2)),
        (pa.timestamp("us"), datetime(2024, 10, 2, 23, 59), datetime(2024, 10, 2, 23, 59)),
        (pa.timestamp("ns"), datetime(2024, 10, 2, 23, 59), datetime(2024, 10, 2, 23, 59)),
        (
            pa.timestamp("us", "Europe/Berlin"),
            pd.Timestamp("2024-10-03 01:00", tz="Europe/Berlin"),
            datetime(2024, 10, 2, 23),
        ),
        (pa.string(), "2024-10-02", datetime(2024, 10, 2)),
    ],
)
def test_the_day_column_of_a_parquet_file_may_be_a_date_a_timestamp_or_text(
    tmp_path, kind, value, moment
):
    pq.write_table(pa.table({"at": pa.array([value], kind)}), tmp_path / "e.parquet")
    batch = events(tmp_path, "e.parquet", SECOND, SECOND, day_column="at")
    assert batch.parts[0].times.type == pa.timestamp("us")
    assert rows_of(batch) == [{"day": SECOND, "event_time": moment}]


def test_rows_of_other_and_of_no_readable_days_are_counted(tmp_path):
    write(tmp_path, "e.csv", CSV + "5,,1\n6,soon,1\n7,2024-13-01,1\n8,2025-01-01,1\n")
    batch = events(tmp_path, "e.csv")
    assert len(rows_of(batch)) == 4
    (look,) = batch.others({})
    assert Counter(look.part.days.to_pylist()) == {
        FIRST: 1,
        SECOND: 2,
        THIRD: 1,
        None: 3,
        date(2025, 1, 1): 1,
    }


def test_columns_of_the_source_may_be_named_day_and_event_time(tmp_path):
    write(tmp_path, "e.csv", "Day,event_time,at,x\nMonday,noon,2024-10-01 08:00:00,5\n")
    (part,) = events(tmp_path, "e.csv", day_column="at").parts
    assert part.days.to_pylist() == [FIRST]
    assert part.times.to_pylist() == [datetime(2024, 10, 1, 8)]
    assert part.rows.column_names == ["Day", "event_time", "at", "x"]


def test_the_day_column_may_be_called_event_time_and_hold_quotes(tmp_path):
    write(tmp_path, "e.csv", 'id,event_time,"the ""day"""\n1,2024-10-01 08:00:00,2024-10-02\n')
    assert column(events(tmp_path, "e.csv", day_column='the "day"'), "day") == [SECOND]
    (part,) = events(tmp_path, "e.csv", day_column="event_time").parts
    assert part.days.to_pylist() == [FIRST]


def test_no_row_of_a_csv_file_is_taken_for_a_comment_or_a_header(tmp_path):
    write(tmp_path, "e.csv", 'id,day,note\n#1,2024-10-01,"a, ""b"""\nid,2024-10-01,\n')
    rows = rows_of(events(tmp_path, "e.csv"))
    assert [(row["id"], row["note"]) for row in rows] == [("#1", 'a, "b"'), ("id", None)]


def test_a_path_with_a_day_is_one_file_a_day(tmp_path):
    write(tmp_path, "in/2024-10-01.csv", "id\n1\n2\n")
    write(tmp_path, "in/2024-10-02.csv", "id\n3\n")
    batch = events(tmp_path, "in/{day}.csv", FIRST, SECOND, day_column=None)
    assert [(row["id"], row["day"]) for row in rows_of(batch)] == [
        ("1", FIRST),
        ("2", FIRST),
        ("3", SECOND),
    ]
    assert column(batch, "event_time")[2] == datetime(2024, 10, 2)
    assert batch.misplaced == {}


def test_the_day_may_be_a_folder_of_a_partitioned_data_set(tmp_path):
    write(tmp_path, "day=2024-10-01/part.csv", "id\n1\n")
    batch = events(tmp_path, "day={day}/part.csv", FIRST, FIRST, day_column=None)
    assert rows_of(batch) == [{"day": FIRST, "event_time": datetime(2024, 10, 1), "id": "1"}]


def test_rows_of_another_day_in_the_file_of_a_day_are_counted(tmp_path):
    write(tmp_path, "e-2024-10-01.csv", "id,day\n1,2024-10-01\n2,2024-10-02\n3,soon\n")
    write(tmp_path, "e-2024-10-02.csv", "id,day\n4,2024-10-02\n5,2024-10-01\n")
    batch = events(tmp_path, "e-{day}.csv", FIRST, SECOND)
    assert column(batch, "id") == ["1", "4"]
    misplaced = {day: part.rows["id"].to_pylist() for day, part in batch.misplaced.items()}
    assert misplaced == {FIRST: ["2", "3"], SECOND: ["5"]}


def test_days_may_have_columns_of_their_own_and_types_of_their_own(tmp_path):
    pq.write_table(pa.table({"x": [1.0]}), tmp_path / "2024-10-01.parquet")
    pq.write_table(pa.table({"X": ["a"], "y": [1]}), tmp_path / "2024-10-02.parquet")
    parts = events(tmp_path, "{day}.parquet", FIRST, SECOND, day_column=None).parts
    assert [part.rows.to_pylist() for part in parts] == [[{"x": 1.0}], [{"X": "a", "y": 1}]]


def test_a_missing_file_is_named_with_its_days_and_the_remedy(tmp_path):
    with pytest.raises(SourceError) as caught:
        events(tmp_path, "e.csv")
    told = [str(tmp_path / "e.csv"), "2024-10-01 to 2024-10-03", "put the file there", "`path`"]
    for fragment in told:
        assert fragment in str(caught.value)


def test_the_missing_file_of_one_day_is_named(tmp_path):
    write(tmp_path, "2024-10-01.csv", "id\n1\n")
    with pytest.raises(SourceError, match=r"2024-10-02\.csv: no such file \(wanted for 2024-10-02"):
        events(tmp_path, "{day}.csv", FIRST, SECOND, day_column=None)


def test_the_missing_days_of_a_range_are_told_at_once_each_with_its_file(tmp_path):
    write(tmp_path, "e/2024-10-02.csv", "id\n1\n")
    files = source(tmp_path, "e/{day}.csv", day_column=None)
    missing = {FIRST: "e/2024-10-01.csv", THIRD: "e/2024-10-03.csv"}
    assert files.missing_days("events", FIRST, THIRD) == missing
    assert files.missing_days("labels", FIRST, THIRD) == {}
    with pytest.raises(MissingDayError, match=r"e/2024-10-01\.csv, e/2024-10-03\.csv") as caught:
        files.events(FIRST, THIRD)
    assert caught.value.places == missing


def test_a_day_whose_file_may_be_missing_is_none_that_lacks_one(tmp_path):
    files = source(tmp_path, "{day}.csv", day_column=None, missing="empty")
    assert files.missing_days("events", FIRST, THIRD) == {}


def test_a_missing_day_may_be_empty(tmp_path):
    options = {"day_column": None, "missing": "empty"}
    assert events(tmp_path, "{day}.csv", **options).parts == ()
    write(tmp_path, "2024-10-02.csv", "id\n1\n")
    assert column(events(tmp_path, "{day}.csv", **options), "day") == [SECOND]


@pytest.mark.parametrize(
    ("path", "text"), [("e.csv", "id,day\n"), ("e.json", "[]"), ("e.jsonl", "[]\n")]
)
def test_a_file_without_rows_has_none(tmp_path, path, text):
    write(tmp_path, path, text)
    batch = events(tmp_path, path)
    assert rows_of(batch) == []
    (look,) = batch.others({})
    assert look.part.rows.num_rows == 0


def test_a_file_of_a_day_is_looked_at_when_it_has_changed(tmp_path):
    for day in (FIRST, SECOND):
        write(tmp_path, f"{day}.csv", f"id,day\n1,{day}\n")
    batch = events(tmp_path, "{day}.csv", last=SECOND)
    assert set(batch.stamps) == {FIRST, SECOND}
    assert list(batch.others(batch.stamps)) == []
    write(tmp_path, f"{FIRST}.csv", f"id,day\n2,{FIRST}\n")
    (tmp_path / f"{SECOND}.csv").unlink()
    changed, gone = batch.others(batch.stamps)
    assert (changed.day, changed.part.rows["id"].to_pylist()) == (FIRST, ["2"])
    assert (gone.day, gone.part.rows.num_rows, gone.stamp) == (SECOND, 0, "")


@pytest.mark.parametrize("path", ["e.csv", "e.parquet", "e.jsonl"])
def test_a_missing_day_column_is_answered_with_the_columns_found(tmp_path, path):
    WRITERS[path](tmp_path, path)
    with pytest.raises(
        SourceError, match=r"'when' is missing; found 'id', 'day', 'x'; name one of"
    ):
        events(tmp_path, path, day_column="when")


@pytest.mark.parametrize("path", ["e.xlsx", "e.gz", "events"])
def test_an_unknown_ending_is_answered_with_the_known_ones(tmp_path, path):
    write(tmp_path, path, "x")
    with pytest.raises(SourceError) as caught:
        events(tmp_path, path)
    assert str(tmp_path / path) in str(caught.value)
    assert ".parquet, .csv, .tsv, .json, .jsonl" in str(caught.value)


@pytest.mark.parametrize("path", ["e.parquet", "e.json", "e.jsonl", "e.csv.gz"])
def test_an_unreadable_file_is_named(tmp_path, path):
    (tmp_path / path).write_bytes(b"\x00\x01 no such format \xff\n" * 20)
    with pytest.raises(SourceError) as caught:
        events(tmp_path, path)
    assert str(tmp_path / path) in str(caught.value)


# where rows come from


def digest_of(file):
    return hashlib.sha256(file.read_bytes()).hexdigest()


def test_every_day_that_is_asked_for_names_the_file_and_its_digest(tmp_path):
    write(tmp_path, "events.csv", CSV)
    origin = Origin("events.csv", digest_of(tmp_path / "events.csv"))
    assert events(tmp_path, "events.csv").origins == dict.fromkeys((FIRST, SECOND, THIRD), origin)


def test_a_file_a_day_is_named_for_its_day(tmp_path):
    for day in (FIRST, THIRD):
        write(tmp_path, f"in/{day}.csv", f"id,x\n{day.day},1\n")
    batch = events(tmp_path, "in/{day}.csv", day_column=None, missing="empty")
    assert batch.origins == {
        day: Origin(f"in/{day}.csv", digest_of(tmp_path / f"in/{day}.csv"))
        for day in (FIRST, THIRD)
    }


def test_a_file_that_was_written_again_has_another_digest(tmp_path):
    write(tmp_path, "events.csv", CSV)
    before = events(tmp_path, "events.csv").origins[FIRST]
    write(tmp_path, "events.csv", CSV.replace("0.5", "0.25"))
    after = events(tmp_path, "events.csv").origins[FIRST]
    assert before.digest != after.digest == digest_of(tmp_path / "events.csv")


def test_a_file_elsewhere_is_named_by_its_whole_path(tmp_path):
    write(tmp_path, "other/events.csv", CSV)
    (tmp_path / "defs").mkdir()
    elsewhere = str(tmp_path / "other" / "events.csv")
    assert events(tmp_path / "defs", elsewhere).origins[FIRST].place == elsewhere
