"""What days are kept with: what is declared, and what the versions need that serve."""

from dataclasses import replace

import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlops_drift.config.context import ModelContext
from mlops_drift.config.spec import ModelSpec
from mlops_drift.config.version_columns import VersionColumns, changed_columns
from mlops_drift.errors import UserError
from mlops_drift.pipeline.features import make_features
from mlops_drift.pipeline.gates import as_known_by
from mlops_drift.pipeline.landing import land_events
from mlops_drift.pipeline.living import (
    FurtherColumn,
    columns_since,
    kept_since,
    living_columns,
    named,
)
from mlops_drift.pipeline.scoring import scorable
from mlops_drift.pipeline.screening import screen_events
from mlops_drift.policy.situation import NO_DAY_YET
from mlops_drift.schema.columns import Column
from mlops_drift.sources.base import SourceError
from mlops_drift.store.lake import Scan
from mlops_drift.store.memory import MemoryLake
from mlops_drift.store.records import Promotion, VersionRecord
from mlops_drift_tests.pipeline.screening.samples import batch, events_of
from mlops_drift_tests.tiny import SPEC, day, merged

OLD = {"a": {"type": "number"}, "n": {"type": "integer"}}
TWICE = "SELECT id, 2 * a AS made FROM events"


def spec_of(columns, **changes):
    source = {
        "events": {"path": "events/{day}.csv", "day_column": ...},
        "labels": {"path": "labels/{day}.csv", "day_column": ...},
    }
    described = {
        "columns": {**dict.fromkeys("abc", ...), **columns},
        "source": source,
        "gates": {"trusted_columns": ...},
    }
    return ModelSpec(**merged(merged(SPEC, described), changes))


def derived_by(sql):
    columns = {"a": OLD["a"], "made": {"type": "number", "derived": True}}
    return spec_of(columns, features_sql=sql)


class Place:
    """A model in a lake, with a file of events a day."""

    def __init__(self, folder, lake, spec):
        self.folder, self.lake = folder, lake
        (folder / "events").mkdir()
        self.describe(spec)

    def describe(self, spec):
        self.model = ModelContext.of(self.lake, spec)
        return self

    def serve(self, version, on):
        """Records a version of what is declared, which serves from the day after."""
        known = VersionColumns.of(self.model.spec).model_dump_json(exclude_defaults=True)
        about = (version, day(on), "set", 9, "linear", "accuracy", 1.0, 1.0, 1.0, 9, "", known)
        self.model.store.versions.add(VersionRecord(*about))
        promotion = Promotion(version, day(on), version, None, "set", "", f"d{version}")
        self.model.store.versions.add_promotion(promotion)
        return self

    def land(self, number, **columns):
        """Lands a day of two events, and makes its features; what the checks found."""
        rows = {"id": [2 * number, 2 * number + 1], **columns}
        file = self.folder / "events" / f"{day(number)}.csv"
        pd.DataFrame(rows).to_csv(file, index=False)
        source = self.model.spec.source.open(self.folder)
        landed = land_events(self.model, source, day(number), day(number))
        make_features(self.model, day(number), day(number))
        return {item.subject: item for item in landed.checks.of_check("data_quality")}

    def features(self, version=None):
        """The features, as they are declared or as a version knows them."""
        known = self.model.of_version(version) if version else self.model
        return self.lake.read(known.store.tables.features).sort_by("id").to_pylist()


@pytest.fixture
def place(tmp_path, memory_lake):
    return Place(tmp_path, memory_lake, spec_of(OLD))


def test_a_version_keeps_the_columns_that_it_was_trained_on(place):
    place.land(0, a=[1.0, 2.0], n=[1, 2])
    place.serve(1, on=0).describe(spec_of({"a": OLD["a"], "n": {"type": "category"}}))
    place.land(1, a=[3.0, 4.0], n=["3", "4+"])
    assert [row["n"] for row in place.features()] == [None, None, "3", "4+"]
    assert [row["n"] for row in place.features(1)] == [1, 2, 3, None]


def test_days_are_kept_without_what_no_version_needs(place):
    place.land(0, a=[1.0, 2.0], n=[1, 2])
    place.describe(spec_of({"a": OLD["a"]}))
    assert not living_columns(place.model, day(1), day(1)).further
    place.land(1, a=[1.0, 2.0], n=[1, 2])
    known = place.describe(spec_of(OLD)).features()
    assert [row["n"] for row in known] == [1, 2, None, None]


def test_the_champion_before_is_still_kept_for(place):
    place.serve(1, on=0).describe(spec_of({"a": OLD["a"]})).serve(2, on=1)
    assert [one.name for one in living_columns(place.model, day(2), day(2)).further] == ["n"]
    place.serve(3, on=2)
    assert not living_columns(place.model, day(3), day(3)).further


def test_only_days_that_have_a_column_count_as_its_days(place):
    place.land(0, a=[1.0, 2.0], n=[1, 2])
    assert columns_since(place.model) is None
    place.describe(spec_of({**OLD, "d": {"type": "number"}}))
    assert columns_since(place.model) == NO_DAY_YET
    assert kept_since(place.model, day(1)) == {"d": day(1)}
    place.land(1, a=[1.0, 2.0], n=[1, 2], d=[1.0, 2.0])
    place.land(2, a=[1.0, 2.0], n=[1, 2], d=[1.0, 2.0])
    assert columns_since(place.model) == day(1)
    # The day before is landed again, and has it too.
    place.land(0, a=[1.0, 2.0], n=[1, 2], d=[1.0, 2.0])
    assert columns_since(place.model) is None


def test_days_that_land_again_count_once_they_reach_the_others(place):
    for number in range(3):
        place.land(number, a=[1.0, 2.0], n=[1, 2])
    place.describe(spec_of({**OLD, "d": {"type": "number"}}))
    place.land(3, a=[1.0, 2.0], n=[1, 2], d=[1.0, 2.0])
    for number, since in enumerate([day(3), day(3), None]):
        place.land(number, a=[1.0, 2.0], n=[1, 2], d=[1.0, 2.0])
        assert columns_since(place.model) == since


def test_a_column_that_is_kept_no_longer_does_not_last_by_days_that_land_again(place):
    both = {"a": [1.0, 2.0], "n": [1, 2]}
    place.land(0, **both)
    place.serve(1, on=0).describe(spec_of({"a": OLD["a"]})).serve(2, on=1).serve(3, on=2)
    place.land(3, **both)
    # Version 1 served the day.
    place.land(1, **both)
    place.describe(spec_of(OLD))
    assert columns_since(place.model) == NO_DAY_YET
    place.land(4, **both)
    assert columns_since(place.model) == day(4)


def test_a_column_begins_when_the_source_has_it(place):
    place.land(0, a=[1.0, 2.0], n=[1, 2])
    place.describe(spec_of({**OLD, "d": {"type": "number"}}))
    assert place.land(1, a=[1.0, 2.0], n=[1, 2])["d"].verdict == "fail"
    assert columns_since(place.model) == NO_DAY_YET
    place.land(2, a=[1.0, 2.0], n=[1, 2], d=[1.0, 2.0])
    place.land(1, a=[1.0, 2.0], n=[1, 2])
    assert columns_since(place.model) == day(2)


def test_days_before_all_columns_were_renamed_have_none_of_them(place):
    place.land(0, a=[1.0, 2.0], n=[1, 2])
    place.describe(spec_of({"alpha": {"type": "number"}})).land(1, alpha=[1.0, 2.0])
    assert columns_since(place.model) == day(1)


def test_a_column_that_came_back_counts_from_its_return(place):
    place.land(0, a=[1.0, 2.0], n=[1, 2])
    place.describe(spec_of({"a": OLD["a"]})).land(1, a=[1.0, 2.0])
    place.describe(spec_of(OLD)).land(2, a=[1.0, 2.0], n=[1, 2])
    assert columns_since(place.model) == day(2)


def test_each_version_has_the_features_of_its_own_sql(tmp_path, memory_lake):
    place = Place(tmp_path, memory_lake, derived_by(TWICE))
    place.land(0, a=[1.0, 2.0])
    place.serve(1, on=0)
    place.describe(derived_by(TWICE.replace("2", "3"))).land(1, a=[1.0, 2.0])
    assert [row["made"] for row in place.features()] == [None, None, 3.0, 6.0]
    assert [row["made"] for row in place.features(1)] == [2.0, 4.0, 2.0, 4.0]
    # A comparison with a challenger gives it no others.
    declared = memory_lake.read(Scan(place.model.store.tables.features, day(1)))
    assert as_known_by(place.model, 1, declared)["made"].to_pylist() == [2.0, 4.0]
    assert columns_since(place.model) == day(1)


def test_a_column_of_the_source_and_a_derived_one_of_its_name_are_two(tmp_path, memory_lake):
    given, derived = spec_of({"a": OLD["a"], "made": {"type": "number"}}), derived_by(TWICE)
    place = Place(tmp_path, memory_lake, given)
    place.land(0, a=[1.0, 2.0], made=[7.0, 8.0])
    place.serve(1, on=0).describe(derived).land(1, a=[1.0, 2.0], made=[7.0, 8.0])
    assert [row["made"] for row in place.features()] == [None, None, 2.0, 4.0]
    assert [row["made"] for row in place.features(1)] == [7.0, 8.0, 7.0, 8.0]
    assert changed_columns(given, derived) == ["made is derived (was of the source)"]
    place.serve(2, on=1).describe(given).land(2, a=[1.0, 2.0], made=[7.0, 8.0])
    assert [row["made"] for row in place.features(2)[2:]] == [2.0, 4.0, 2.0, 4.0]
    assert [row["made"] for row in place.features()] == [7.0, 8.0] * 3


def test_sql_that_is_only_written_otherwise_derives_the_same_column(tmp_path, memory_lake):
    place = Place(tmp_path, memory_lake, derived_by(TWICE)).serve(1, on=0)
    place.describe(derived_by("select id,\n  2 * a as made -- twice\nfrom events"))
    assert not living_columns(place.model, day(1), day(1)).further


@pytest.mark.parametrize(
    ("nullable", "ending"),
    [
        (True, "version 1 goes on with nulls, which it may (nullable: true)"),
        (False, "version 1 predicts nothing on such a day (nullable: false)"),
    ],
)
def test_a_column_that_stops_arriving_is_a_failed_check_of_its_name(
    tmp_path, memory_lake, nullable, ending
):
    columns = {**OLD, "n": {"type": "integer", "nullable": nullable}}
    place = Place(tmp_path, memory_lake, spec_of(columns))
    place.land(0, a=[1.0, 2.0], n=[1, 2])
    place.serve(1, on=0)
    found = place.land(1, a=[3.0, 4.0], N=[1, 2])
    assert (found["events"].verdict, found["n"].verdict) == ("pass", "fail")
    assert "names are case-sensitive: write 'N' as 'n'" in found["n"].reason
    assert found["n"].reason.endswith(ending)
    features = memory_lake.read(place.model.store.tables.features)
    assert scorable(place.model.of_version(1).spec, features).num_rows == (4 if nullable else 2)


@pytest.mark.parametrize(
    ("change", "found"),
    [
        ({"key": "b"}, "key is b, and its versions were trained with id"),
        ({"target": {"column": "z"}}, "target.column is z, and its versions were trained with y"),
        ({"target": {"positive": "no"}}, "target.positive is no, and its versions were trained"),
        (
            {"target": {"classes": ["no", "buy"], "positive": "no"}},
            "target.positive is no, and its versions were trained with yes",
        ),
    ],
)
def test_another_key_or_target_is_another_model(place, change, found):
    place.serve(1, on=0).describe(spec_of(OLD, **change))
    with pytest.raises(UserError, match=found):
        living_columns(place.model, day(1), day(1))


def test_a_class_may_be_added(place):
    three = {"kind": "multiclass", "classes": ["no", "yes", "late"], "positive": ...}
    place.describe(spec_of(OLD, target=three)).serve(1, on=0)
    four = spec_of(OLD, target={**three, "classes": ["no", "yes", "late", "never"]})
    assert place.describe(four).model.of_version(1) is place.model
    with pytest.raises(UserError, match="is no, yes, gone, and its versions"):
        place.describe(
            spec_of(OLD, target={**three, "classes": ["no", "yes", "gone"]})
        ).model.of_version(1)


def test_a_column_that_never_arrived_is_an_error(place):
    with pytest.raises(SourceError, match="missing columns: 'n'"):
        place.land(0, a=[1.0, 2.0])


@pytest.mark.parametrize("lost", ["id", "all"])
def test_a_file_without_its_key_or_any_column_is_an_error(place, lost):
    place.land(0, a=[1.0, 2.0], n=[1, 2])
    file = place.folder / "events" / f"{day(1)}.csv"
    file.write_text("key,a,n\n1,2,3\n" if lost == "id" else "id,x\n1,2\n")
    with pytest.raises(SourceError, match="missing columns"):
        land_events(place.model, place.model.spec.source.open(place.folder), day(1), day(1))


CELLS = st.one_of(
    st.none(),
    st.integers(-(2**62), 2**62),
    st.floats(allow_nan=True),
    st.text(max_size=5),
    st.sampled_from(["true", "no", "1.0", " 7 ", "1e3", "nan", ""]),
).map(lambda value: None if value is None else str(value))
TYPES = st.sampled_from(["number", "integer", "boolean", "category"])


@given(cells=st.lists(CELLS, min_size=1, max_size=8), old=TYPES, new=TYPES)
def test_a_row_is_good_by_its_new_type_and_has_what_fits_of_the_old_one(
    memory_lake_of_all, cells, old, new
):
    ids = [f"k{number}" for number in range(len(cells))]
    columns = {"id": pa.array(ids), "x": pa.array(cells, pa.string())}
    by_new, by_old = (_landed(memory_lake_of_all, columns, kind) for kind in (new, old))
    both = _landed(memory_lake_of_all, columns, new, old)
    assert [row["id"] for row in both] == [row["id"] for row in by_new]
    assert [repr(row["x"]) for row in both] == [repr(row["x"]) for row in by_new]
    fitting = {row["id"]: row["x"] for row in by_old}
    assert [repr(row["x:old"]) for row in both] == [repr(fitting.get(r["id"])) for r in both]


@pytest.fixture(scope="module")
def memory_lake_of_all(tmp_path_factory, database):
    return MemoryLake(tmp_path_factory.mktemp("lake"), database)


def _landed(lake, columns, new, old=None):
    to = events_of(lake, {"x": Column(type=new)})
    if old:
        further = (FurtherColumn("x:old", "x", "", Column(type=old), (3,), True),)
        to = replace(to, further=further, table=to.table.with_columns(named(further)))
    return screen_events(to, batch(columns), day(0), day(0)).accepted.to_pylist()


def test_what_an_earlier_version_requires_keeps_a_row_aside(memory_lake):
    required = Column(type="integer", nullable=False)
    further = (FurtherColumn("x:old", "x", "", required, (3,), True),)
    to = events_of(memory_lake, {"x": Column(type="category")})
    to = replace(to, further=further, table=to.table.with_columns(named(further)))
    found = screen_events(to, batch({"id": ["k"], "x": ["3+"]}), day(0), day(0))
    [reason] = found.quarantined["reason"].to_pylist()
    assert reason == "x: 3+ is not an integer, as version 3 knows the column"
