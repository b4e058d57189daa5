"""Rules answer as their YAML reads."""

import json
import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlops_drift.schema.columns import Column, Target
from mlops_drift.serving.rules.config import FallbackRules
from mlops_drift.serving.rules.evaluate import Rules

COLUMNS = {
    "amount": Column(type="number", min=-4, max=4),
    "exact": Column(type="number", nullable=False),
    "count": Column(type="integer", min=-2, max=6),
    "is_new": Column(type="boolean"),
    "plan": Column(type="category", allowed=["basic", "full", "1"]),
}
TARGET = Target(column="risk", kind="multiclass", classes=["high", "medium", "low"])
LISTED = {
    "amount": [-4, -1.5, 0, 2],
    "exact": [0, 1, 2.5],
    "count": [-2, 1, 6],
    "is_new": [True, False],
    "plan": ["basic", "full", "1"],
}


def rules_of(written):
    """The rules as the service gets them, through a file."""
    plain = FallbackRules.model_validate(written).plain(COLUMNS, TARGET)
    return Rules.from_plain(json.loads(json.dumps(plain)))


# A naive reading of the YAML.


def is_within(value, bounds):
    return (
        ("above" not in bounds or value > bounds["above"])
        and ("at_least" not in bounds or value >= bounds["at_least"])
        and ("below" not in bounds or value < bounds["below"])
        and ("at_most" not in bounds or value <= bounds["at_most"])
    )


def is_one(value, asked):
    if "missing" in asked:
        return (value is None) == asked["missing"]
    if value is None:
        return False
    if "equals" in asked:
        return value == asked["equals"]
    if "one_of" in asked:
        return value in asked["one_of"]
    if "outside" in asked:
        return not is_within(value, asked["outside"])
    return is_within(value, asked)


def holds(row, when):
    return all(is_one(row.get(name), asked) for name, asked in when.items())


# YAML and rows.

LOW, HIGH = st.sampled_from(["above", "at_least"]), st.sampled_from(["below", "at_most"])


@st.composite
def bounds(draw):
    """One or two bounds, between which something of every column of numbers is left."""
    low, high = draw(st.sampled_from([(0, 2), (0.5, 3), (1, 3.5)]))
    both = {draw(LOW): low, draw(HIGH): high}
    return draw(st.sampled_from([both, *({name: bound} for name, bound in both.items())]))


@st.composite
def values(draw, name):
    column = COLUMNS[name]
    kinds = [
        st.sampled_from(LISTED[name]).map(lambda one: {"equals": one}),
        st.lists(st.sampled_from(LISTED[name]), min_size=1, unique=True).map(
            lambda several: {"one_of": several}
        ),
    ]
    if column.nullable:
        kinds.append(st.booleans().map(lambda is_missing: {"missing": is_missing}))
    if column.is_numeric:
        kinds += [bounds(), bounds().map(lambda inner: {"outside": inner})]
    return draw(st.one_of(kinds))


@st.composite
def conditions(draw):
    """Conditions none of which holds only where an earlier one does."""
    found = []
    for _ in range(draw(st.integers(0, 5))):
        names = draw(st.lists(st.sampled_from(list(COLUMNS)), min_size=1, max_size=3, unique=True))
        when = {name: draw(values(name)) for name in names}
        if not any(earlier.items() <= when.items() for earlier in found):
            found.append(when)
    return found


@st.composite
def described(draw):
    table = [
        {"when": when, "answer": draw(st.sampled_from(TARGET.classes))}
        for when in draw(conditions())
    ]
    return {
        "conditions": draw(conditions()),
        "min_probability": draw(st.sampled_from([0.4, 0.5, 0.9])),
        "failures": draw(st.lists(st.sampled_from(["error", "timeout"]), unique=True)),
        "answers": [*table, {"answer": draw(st.sampled_from(TARGET.classes))}],
    }


@st.composite
def rows(draw):
    """A row within the constraints; what is missing may be left out."""
    number = st.one_of(st.sampled_from([0, 0.5, 1, 2, 3, 3.5]), st.floats(-4, 4))
    cells = {
        "amount": number,
        "exact": number,
        "count": st.integers(-2, 6),
        "is_new": st.booleans(),
        "plan": st.sampled_from(LISTED["plan"]),
    }
    row = {
        name: draw(st.one_of(st.none(), cell) if COLUMNS[name].nullable else cell)
        for name, cell in cells.items()
    }
    left_out = draw(st.booleans())
    return {name: value for name, value in row.items() if value is not None or not left_out}


@given(described(), st.lists(rows(), min_size=1, max_size=5))
def test_every_row_gets_the_one_answer_that_the_table_reads(written, found):
    rules = rules_of(written)
    for row in found:
        fitting = [one["answer"] for one in written["answers"] if holds(row, one.get("when", {}))]
        assert rules.answer(row) == fitting[0]


@given(
    described(),
    rows(),
    st.one_of(st.none(), st.sampled_from([(0.2, 0.3, 0.5), (0.34, 0.33, 0.33), (0, 0, 1)])),
    st.sampled_from([None, "error", "timeout"]),
)
def test_the_reason_is_the_first_that_holds(written, row, probabilities, failure):
    rules = rules_of(written)
    held = [when for when in written["conditions"] if holds(row, when)]
    reason = rules.reason(row, probabilities, failure)
    if held:
        assert reason == rules.before(row)
        assert len(reason.split("_and_")) == len(held[0])
        assert all(f"{name}_" in reason for name in held[0])
    elif failure:
        assert reason == (failure if failure in written["failures"] else None)
    elif probabilities:
        low = max(probabilities) < written["min_probability"]
        assert reason == ("low_probability" if low else None)
    else:
        assert reason is None


def test_the_order_of_conditions_and_answers_decides():
    first, second = {"amount": {"above": 0}}, {"count": {"at_least": 2}}
    row = {"amount": 1.0, "count": 3}
    rules = {"conditions": [first, second]}
    table = [{"when": first, "answer": "high"}, {"when": second, "answer": "low"}]
    last = {"answer": "medium"}
    forward = rules_of({**rules, "answers": [*table, last]})
    assert (forward.before(row), forward.answer(row)) == ("amount_above", "high")
    swapped = {"conditions": [second, first], "answers": [*reversed(table), last]}
    backward = rules_of(swapped)
    assert (backward.before(row), backward.answer(row)) == ("count_at_least", "low")
    for each in (forward, backward):
        assert (each.before({"amount": 0.0}), each.answer({"amount": 0.0})) == (None, "medium")


@pytest.mark.parametrize(
    ("asked", "inside", "beyond"),
    [
        ({"at_least": 1, "below": 3}, [1, 2, 2.999], [0.999, 3]),
        ({"above": 1, "at_most": 3}, [1.001, 3], [1, 3.001]),
        ({"outside": {"at_least": 1, "below": 3}}, [0.999, 3], [1, 2.999]),
        ({"outside": {"above": 1, "at_most": 3}}, [1, 3.001], [1.001, 3]),
        ({"outside": {"above": 1}}, [1, -3], [1.001]),
        ({"equals": 0.5}, [0.5], [0.4999]),
        ({"missing": False}, [0, 1], []),
    ],
)
def test_bounds_are_in_or_out_as_their_names_say_and_nothing_missing_is_in(asked, inside, beyond):
    rules = rules_of({"conditions": [{"amount": asked}], "answers": [{"answer": "low"}]})
    assert all(rules.before({"amount": value}) for value in inside)
    assert not any(rules.before({"amount": value}) for value in [*beyond, None])
    assert rules.before({}) is None


def test_a_regression_answers_numbers():
    target = Target(column="price", kind="regression")
    written = {"answers": [{"when": {"amount": {"below": 0}}, "answer": 1.5}, {"answer": 3}]}
    rules = Rules.from_plain(FallbackRules.model_validate(written).plain(COLUMNS, target))
    assert [rules.answer({"amount": value}) for value in (-1, 1, None)] == [1.5, 3.0, 3.0]
    assert rules.reason({}, None, None) is None
    assert rules.reason({}, None, "error") == "error"


def test_a_serving_process_evaluates_them_without_heavy_libraries():
    code = (
        "import sys, mlops_drift.serving.rules.evaluate\n"
        "print({'numpy', 'pandas', 'pydantic', 'dagster', 'mlflow'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"
