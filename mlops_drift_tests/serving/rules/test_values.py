import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from mlops_drift.schema.columns import Column
from mlops_drift.serving.rules.values import Values

NUMBER = Column(type="number", min=0, max=100)
INTEGER = Column(type="integer", min=0, max=5)
BOOLEAN = Column(type="boolean")
PLAN = Column(type="category", allowed=["basic", "full"])
FREE = Column(type="category")


@pytest.mark.parametrize(
    ("written", "told"),
    [
        ({}, ["exactly one is needed", "found none"]),
        ({"below": 5, "missing": True}, ["found below and missing"]),
        ({"equals": 1, "one_of": [1]}, ["found equals and one_of"]),
        ({"above": 1, "at_least": 1}, ["above and at_least are both given"]),
        ({"below": 1, "at_most": 1}, ["below and at_most are both given"]),
        ({"above": 5, "below": 3}, ["no number is above 5 and below 3", "swap or widen"]),
        ({"at_least": 3, "below": 3}, ["no number is at least 3 and below 3"]),
        ({"outside": {}}, ["outside needs bounds", "{at_least: 10, below: 150}"]),
        ({"outside": {"at_least": 3, "at_most": 2}}, ["no number is at least 3 and at most 2"]),
        ({"one_of": []}, ["at least 1"]),
        ({"one_of": ["a", "a"]}, ["named once", "a more often"]),
        ({"less_than": 3}, ["less_than", "Extra inputs"]),
        ({"below": float("inf")}, ["finite"]),
        ({"missing": None}, ["found none"]),
    ],
)
def test_values_that_no_column_has_are_refused(written, told):
    with pytest.raises(ValidationError) as error:
        Values.model_validate(written)
    for text in told:
        assert text in str(error.value)


@pytest.mark.parametrize(
    ("column", "written", "told"),
    [
        (PLAN, {"below": 5}, ["below needs type number or integer, found category", "one_of"]),
        (BOOLEAN, {"outside": {"below": 5}}, ["outside needs type number or integer"]),
        (PLAN, {"equals": "ful"}, ["found 'ful'", "allows basic, full"]),
        (FREE, {"equals": " full"}, ["found ' full'", "without the space"]),
        (FREE, {"equals": ""}, ["found ''"]),
        (BOOLEAN, {"equals": 1}, ["found '1'", "true or false"]),
        (NUMBER, {"equals": "many"}, ["found 'many'", "not a number"]),
        (NUMBER, {"one_of": [1, "nan"]}, ["found 'nan'", "not a number"]),
        (NUMBER, {"equals": "1e999"}, ["found '1e999'", "not a number"]),
        (NUMBER, {"equals": 100.5}, ["no value 100.5: type number, min 0, max 100"]),
        (INTEGER, {"equals": 1.5}, ["no value 1.5: type integer, min 0, max 5"]),
        (INTEGER, {"above": 1, "below": 2}, ["no value above 1 and below 2: type integer"]),
        (INTEGER, {"above": 5}, ["no value above 5: type integer, min 0, max 5"]),
        (NUMBER, {"below": 0}, ["no value below 0: type number, min 0, max 100"]),
        (
            NUMBER,
            {"outside": {"at_least": 0, "at_most": 100}},
            ["no value outside of at least 0 and at most 100"],
        ),
        (Column(type="number", nullable=False), {"missing": True}, ["missing needs a nullable"]),
    ],
)
def test_values_that_this_column_never_has_are_refused(column, written, told):
    with pytest.raises(ValueError, match=r"column|found") as error:
        Values.model_validate(written).plain(column)
    for text in told:
        assert text in str(error.value)


@pytest.mark.parametrize(
    ("column", "written", "kind", "plain"),
    [
        (NUMBER, {"at_least": 100}, "at_least", {"at_least": 100.0}),
        (NUMBER, {"above": 1, "at_most": 2}, "between", {"above": 1.0, "at_most": 2.0}),
        (NUMBER, {"outside": {"below": 100}}, "outside", {"outside": {"below": 100.0}}),
        (NUMBER, {"outside": {"above": 0}}, "outside", {"outside": {"above": 0.0}}),
        (NUMBER, {"equals": 0.5}, "equals", {"one_of": [0.5]}),
        (NUMBER, {"one_of": ["1", 2.0]}, "one_of", {"one_of": [1.0, 2.0]}),
        (INTEGER, {"equals": 3}, "equals", {"one_of": [3]}),
        (Column(type="integer"), {"equals": 2**53 + 1}, "equals", {"one_of": [2**53 + 1]}),
        (BOOLEAN, {"equals": True}, "equals", {"one_of": [True]}),
        (PLAN, {"one_of": ["full"]}, "one_of", {"one_of": ["full"]}),
        (FREE, {"equals": 1}, "equals", {"one_of": ["1"]}),
        (FREE, {"missing": True}, "missing", {"missing": True}),
        (FREE, {"missing": False}, "present", {"missing": False}),
    ],
)
def test_values_get_the_type_of_their_column(column, written, kind, plain):
    values = Values.model_validate(written)
    assert values.kind == kind
    assert values.plain(column) == plain
    [found] = plain.get("one_of", [None])[:1]
    assert found is None or type(values.plain(column)["one_of"][0]) is type(found)


@given(
    low=st.one_of(st.none(), st.tuples(st.sampled_from(["above", "at_least"]), st.integers(-8, 8))),
    high=st.one_of(st.none(), st.tuples(st.sampled_from(["below", "at_most"]), st.integers(-8, 8))),
    limits=st.tuples(st.integers(-6, 6), st.integers(-6, 6)).map(sorted),
    kind=st.sampled_from(["integer", "number"]),
    is_outside=st.booleans(),
)
def test_bounds_are_refused_exactly_where_no_allowed_value_is_within_them(
    low, high, limits, kind, is_outside
):
    """All bounds are halves, so that quarters are within every range of numbers."""
    bounds = {name: bound / 2 for name, bound in filter(None, (low, high))}
    column = Column(type=kind, min=limits[0] / 2, max=limits[1] / 2)
    step = 4 if kind == "integer" else 1
    asked = {
        "above": lambda value, bound: value > bound,
        "at_least": lambda value, bound: value >= bound,
        "below": lambda value, bound: value < bound,
        "at_most": lambda value, bound: value <= bound,
    }

    def holds(value):
        return all(asked[name](value, bound) for name, bound in bounds.items()) is not is_outside

    candidates = [quarters / 4 for quarters in range(-40, 41, step)]
    possible = [one for one in candidates if column.min <= one <= column.max and holds(one)]
    is_range = any(
        all(asked[name](one / 4, bounds[name]) for name in bounds) for one in range(-40, 41)
    )
    if not bounds or not is_range:
        with pytest.raises(ValidationError):
            Values.model_validate({"outside": bounds} if is_outside else bounds)
        return
    values = Values.model_validate({"outside": bounds} if is_outside else bounds)
    if possible:
        assert values.plain(column)
    else:
        with pytest.raises(ValueError, match="has no value"):
            values.plain(column)
