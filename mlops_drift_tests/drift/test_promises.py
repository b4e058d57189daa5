"""What must be found in data that people know, and what must not."""

from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.compute as pc
import pytest

from mlops_drift.compare.compare import compare_chunks
from mlops_drift.config.loading import find_model

EVENTS = Path(__file__).parents[3] / "shared" / "data" / "insurance" / "events.parquet"
DRIFTING, STILL = {"emergency_braking", "miles"}, {"braking_distance", "power", "training"}


def failed_by_month(reference, months):
    found = compare_chunks(reference, months, by="month", columns=sorted({*DRIFTING, *STILL}))
    return [set(chunk.drifted) for chunk in found]


def months_of(events):
    with duckdb.connect() as connection:
        connection.register("events", events)
        return connection.sql(
            "SELECT *, strftime(day, '%Y-%m') AS month FROM events ORDER BY day"
        ).to_arrow_table()


def check(events):
    months = months_of(events)
    is_reference = pc.equal(months["month"], "2019-12")
    failed = failed_by_month(months.filter(is_reference), months.filter(pc.invert(is_reference)))
    assert len(failed) == 36
    assert all(found >= DRIFTING for found in failed[11:])
    assert not any(found & STILL for found in failed)


@pytest.mark.skipif(not EVENTS.exists(), reason="the published insurance data is not here")
def test_slow_drift_of_the_published_insurance_data_is_found_and_stays_found():
    with duckdb.connect() as connection:
        check(connection.sql(f"SELECT * FROM '{EVENTS}'").to_arrow_table())


def test_sensors_that_do_not_drift_never_fail_in_42_days():
    spec = find_model("glassware").spec
    (part,) = spec.source.open(Path()).events(spec.start_date, spec.end_date).parts
    events = part.rows.append_column("day", part.days)
    first = pc.less(events["day"], pa.scalar(spec.start_date.replace(day=11)))
    found = compare_chunks(
        events.filter(first), events.filter(pc.invert(first)), by="day", columns=list(spec.columns)
    )
    assert len(found) == 32
    assert not any(chunk.drifted for chunk in found)
    assert {column.verdict for chunk in found[:-1] for column in chunk.columns.values()} == {"pass"}
