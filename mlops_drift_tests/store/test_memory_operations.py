"""Operations in turn, on a lake on disk and on one in memory."""

import tempfile

import pyarrow as pa
import pyarrow.compute as pc
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mlops_drift.store.lake import Scan
from mlops_drift_tests.store.samples import FIRST, SECOND, THIRD
from mlops_drift_tests.store.two_lakes import BY_DAY, FIELDS, WHOLE, both_lakes, contents

# Operations take a lake, a table, the days from first to last and rows within those days.


def replace_days(lake, declared, first, last, new):
    lake.replace_days(declared, first, last, new)


def replace_days_where_source(lake, declared, first, last, new):
    events = new.filter(pc.equal(new["source"], "events"))
    lake.replace_days(declared, first, last, events, where="source = 'events'")


def replace_days_where_positive(lake, declared, first, last, new):
    positive = new.filter(pc.greater(new["x"], 0.0))
    lake.replace_days(declared, first, last, positive, where="x > 0")


def add_to_days(lake, declared, first, last, new):
    seen = []

    def build(existing):
        seen.append(contents(existing))
        return pa.concat_tables([existing, new])

    lake.rewrite(Scan(declared, first, last), build)
    return seen


def leave_days(lake, declared, first, last, new):
    lake.rewrite(Scan(declared, first, last), lambda existing: None)


def keep_even(lake, declared, first, last, new):
    def build(existing):
        even = pc.equal(pc.bit_wise_and(existing["id"], 1), 0)
        return pa.concat_tables([existing.filter(even), new])

    lake.rewrite(declared, build)


def append_unless(lake, declared, first, last, new):
    stands_for = {"id": [0, 1, 2], "source": ["events"]}
    return [lake.append_unless(declared, row, **stands_for) for row in new.to_pylist()[:2]]


REPLACEMENTS = [replace_days, replace_days_where_source, replace_days_where_positive]
# Days are rewritten only where each has files of its own.
OPERATIONS = {
    BY_DAY.name: [*REPLACEMENTS, add_to_days, leave_days, keep_even, append_unless],
    WHOLE.name: [*REPLACEMENTS, keep_even, append_unless],
}
DAYS = st.sampled_from([FIRST, SECOND, THIRD])
ROWS = st.lists(
    st.tuples(
        DAYS,
        st.sampled_from(["events", "labels"]),
        st.integers(0, 4),
        st.none() | st.sampled_from([-1.5, 0.0, 0.1, 2.0]),
    ),
    max_size=5,
)
EACH_DAY = [
    (FIRST, "events", 0, 0.5),
    (FIRST, "labels", 1, None),
    (SECOND, "events", 2, -1.5),
    (THIRD, "events", 3, None),
    (THIRD, "labels", 4, 2.0),
]
EVERY_OPERATION = [
    (replace_days, FIRST, THIRD, EACH_DAY),
    (leave_days, FIRST, THIRD, []),
    (add_to_days, SECOND, THIRD, EACH_DAY),
    (replace_days_where_source, FIRST, SECOND, EACH_DAY),
    (replace_days_where_positive, FIRST, THIRD, []),
    (append_unless, FIRST, THIRD, EACH_DAY),
    (replace_days, SECOND, SECOND, []),
    (replace_days_where_source, THIRD, THIRD, []),
    (keep_even, FIRST, THIRD, [(SECOND, "labels", 4, 0.1)]),
]


@st.composite
def histories(draw):
    """A table and operations on it."""
    declared = draw(st.sampled_from([BY_DAY, WHOLE]))
    operation = st.sampled_from(OPERATIONS[declared.name])
    step = st.tuples(operation, DAYS, DAYS, ROWS)
    return declared, draw(st.lists(step, min_size=1, max_size=5))


def of_the_days(declared, first, last, found):
    columns = zip(*(row for row in found if first <= row[0] <= last), strict=True)
    return pa.table(list(columns) or [[]] * len(FIELDS), schema=declared.schema)


def after(root, history, scan):
    """What both lakes tell of each step: what it returned, what is there, what the scan reads."""
    declared, steps = history
    told = []
    for lake in both_lakes(root):
        told.append([])
        for operation, one, other, found in steps:
            first, last = sorted([one, other])
            new = of_the_days(declared, first, last, found)
            returned = operation(lake, declared, first, last, new)
            told[-1].append((returned, contents(lake.read(declared)), contents(lake.read(scan))))
    return told


@settings(max_examples=4)
@given(histories(), st.none() | DAYS, st.none() | DAYS)
def test_the_same_operations_tell_and_leave_the_same_on_disk_and_in_memory(history, since, until):
    with tempfile.TemporaryDirectory() as root:
        on_disk, in_memory = after(root, history, Scan(history[0], since, until))
    assert in_memory == on_disk


@pytest.mark.parametrize("declared", [BY_DAY, WHOLE], ids=["by day", "whole"])
def test_every_operation_in_turn_tells_and_leaves_the_same(tmp_path, declared):
    steps = [step for step in EVERY_OPERATION if step[0] in OPERATIONS[declared.name]]
    assert {step[0] for step in steps} == set(OPERATIONS[declared.name])
    on_disk, in_memory = after(tmp_path, (declared, steps), Scan(declared, SECOND))
    assert in_memory == on_disk
    assert in_memory[-1][1][1]
