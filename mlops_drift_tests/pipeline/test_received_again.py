"""A source that reads some days again finds what has changed of these, and of no others."""

from datetime import timedelta

import pyarrow as pa
import pyarrow.compute as pc
import pytest

from mlops_drift.schema.days import days_between
from mlops_drift.sources.base import Source
from mlops_drift.sources.dated_rows import batch_of, part_of
from mlops_drift_tests.pipeline.place import Place, day, two_a_day

REREAD = 2


class Shelf(Source):
    """Rows by day, as a database has them; remembers which days were asked for."""

    def __init__(self, rows, reread):
        self.rows, self.reread, self.asked = rows, reread, []

    def _read(self, first, last):
        self.asked.append((first, last))
        table = pa.Table.from_pylist(
            [{"id": key, "day": when, "b": value} for key, when, value in self.rows],
            pa.schema([("id", pa.string()), ("day", pa.date32()), ("b", pa.string())]),
        )
        wanted = pa.array(days_between(first, last), pa.date32())
        return table.filter(pc.is_in(table["day"], value_set=wanted))

    def events(self, first, last):
        since = first - timedelta(days=self.reread)
        part = part_of(self._read(since, last), "shelf", "day", "UTC")
        return batch_of(part, since, (first, last), "shelf", "UTC")

    def labels(self, first, last):
        raise NotImplementedError


@pytest.fixture
def place(tmp_path):
    place = Place(tmp_path)
    # Rows before the model's first day are of no concern.
    place.source = Shelf([*two_a_day(6), ["old", day(-1), "1"]], REREAD)
    return place


def test_days_that_have_not_run_are_read_for_nothing(place):
    place.land(0)
    place.land(1)
    assert place.source.asked == [(day(-2), day(0)), (day(-1), day(1))]
    assert (place.account().recorded, place.account().rows) == (4, 4)
    assert place.quarantined() == []


def test_what_came_late_changed_or_went_is_found_as_far_as_days_are_read_again(place):
    for number in range(4):
        place.land(number)
    rows = [row for row in place.source.rows if row[0] not in ("k20", "k31")]
    late = [["late", day(3), "5"], ["far", day(1), "5"], ["k31", day(3), "9"]]
    place.source.rows = [*rows, *late]
    assert place.land(4).late == {day(3): 1}
    account = place.account()
    assert account.landed_late == account.late == {day(3): 1}
    assert account.gone_days == {day(2): 1, day(3): 1}
    # What was found stays on record, and nothing is found twice.
    assert place.land(5).late == {}
    assert place.land(4).late == {day(3): 1}
    again = place.account()
    assert (again.landed_late, again.late) == (account.landed_late, account.late)
    assert (again.gone, again.recorded) == (account.gone, account.recorded + 2)


def test_a_range_of_days_finds_what_days_one_by_one_do(place, tmp_path):
    for number in range(4):
        place.land(number)
    place.source.rows.append(["late", day(3), "5"])
    assert place.land(4, 5).late == {day(3): 1}
