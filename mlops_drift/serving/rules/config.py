"""When rules answer in the place of a version, and what: the section `rules` of the YAML."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Annotated, Any, Literal, Self

from pydantic import Field, model_validator

from mlops_drift.schema.columns import Column, Target
from mlops_drift.schema.fields import Distinct, Name, Strict, Written
from mlops_drift.serving.rules.values import Values, as_number

Failure = Literal["error", "timeout"]
# The values that a row must have, by column; without any it is every row.
Condition = dict[Name, Values]


class Answer(Strict):
    """A row of the decision table."""

    when: Condition = Field(
        {},
        description="The values that a row must have, by column, all of them; without it, every "
        "row has this answer.",
    )
    answer: Written = Field(description="The answer: a class, or the number of a regression.")


class FallbackRules(Strict):
    """Rules that answer in the place of the version, from the row as it arrived.

    They are looked at in this order: `conditions` before the version is asked, `failures` if it
    gave nothing, and `min_probability` after it.
    """

    conditions: list[Condition] = Field(
        [],
        description="Rows that the version is not asked about, each by its values by column; the "
        "first that holds is the recorded reason.",
    )
    min_probability: float | None = Field(
        None,
        gt=0,
        lt=1,
        description="The rules answer where the largest probability is below this; for classes.",
    )
    failures: Annotated[list[Failure], Distinct] = Field(
        ["error", "timeout"],
        description="Failures after which the rules answer. error: the version raised. "
        "timeout: it took too long. After the others the request fails.",
    )
    answers: list[Answer] = Field(
        min_length=1,
        description="The decision table: the first row that holds is the answer. The last has no "
        "`when`.",
    )

    @model_validator(mode="after")
    def _every_rule_is_reached(self) -> Self:
        if not (self.conditions or self.min_probability is not None or self.failures):
            raise ValueError(
                "nothing leads to the rules; give conditions, min_probability or failures"
            )
        for number, condition in enumerate(self.conditions):
            if not condition:
                raise ValueError(
                    f"conditions.{number} holds for every row, so that no version would ever "
                    "answer; name a column, such as {age: {below: 18}}"
                )
        whens = [answer.when for answer in self.answers]
        _require_reached("conditions", self.conditions)
        _require_reached("answers", whens)
        if whens[-1]:
            raise ValueError(
                "the last of answers must have no `when`, so that every row has an answer; add "
                "one, such as {answer: ...}"
            )
        return self

    def plain(self, columns: Mapping[str, Column], target: Target) -> dict[str, Any]:
        """The rules as plain data, as ``Rules.from_plain`` reads them.

        Args:
            columns: the columns and the inputs.
            target: what is predicted.

        Raises:
            ValueError: if the rules do not fit the columns or the target.
        """
        with _naming("rules.min_probability"):
            self._probability_may_be_lower(target)
        conditions = [
            {
                "reason": "_and_".join(f"{name}_{one.kind}" for name, one in condition.items()),
                "when": _plain(f"rules.conditions.{number}", condition, columns),
            }
            for number, condition in enumerate(self.conditions)
        ]
        answers = []
        for number, row in enumerate(self.answers):
            when = _plain(f"rules.answers.{number}.when", row.when, columns)
            with _naming(f"rules.answers.{number}.answer"):
                answers.append({"when": when, "answer": _prediction(row.answer, target)})
        return {
            "conditions": conditions,
            "min_probability": self.min_probability,
            "failures": self.failures,
            "answers": answers,
        }

    def within(self, columns: Mapping[str, Column]) -> Self:
        """The rules without those about values that rows with such columns never have.

        A version may know a column by another type, or as never missing.
        """
        possible = {
            "conditions": [one for one in self.conditions if _is_possible(one, columns)],
            "answers": [one for one in self.answers if _is_possible(one.when, columns)],
        }
        return self.model_copy(update=possible)

    def _probability_may_be_lower(self, target: Target) -> None:
        if self.min_probability is None:
            return
        if not target.classes:
            raise ValueError("a regression has no probabilities; leave it out")
        least = 1 / len(target.classes)
        if self.min_probability <= least:
            raise ValueError(
                f"the largest of {len(target.classes)} probabilities is never below "
                f"{self.min_probability:g}; use more than {least:.3g}"
            )


def _require_reached(field: str, conditions: Sequence[Condition]) -> None:
    """Requires that no condition holds only where an earlier one does."""
    for number, condition in enumerate(conditions):
        for earlier, wider in enumerate(conditions[:number]):
            if wider.items() <= condition.items():
                raise ValueError(
                    f"{field}.{number} is never reached: {field}.{earlier} holds wherever it "
                    "does; move it up, or leave it out"
                )


def _plain(where: str, condition: Condition, columns: Mapping[str, Column]) -> dict[str, Any]:
    plain = {}
    for name, values in condition.items():
        with _naming(f"{where}.{name}"):
            plain[name] = values.plain(_arriving(name, columns))
    return plain


def _is_possible(condition: Condition, columns: Mapping[str, Column]) -> bool:
    try:
        _plain("", condition, columns)
    except ValueError:
        return False
    return True


def _arriving(name: str, columns: Mapping[str, Column]) -> Column:
    """A column of a row as it arrives."""
    known = [one for one, column in columns.items() if not column.derived]
    if name not in known:
        what = "is derived" if name in columns else "is no column"
        raise ValueError(f"{name} {what}; rules see a row as it arrives: {', '.join(known)}")
    return columns[name]


def _prediction(text: str, target: Target) -> str | float:
    if not target.is_classification:
        return float(as_number(text))
    if text not in (target.classes or []):
        raise ValueError(f"found {text!r}; the classes are {', '.join(target.classes or [])}")
    return text


@contextmanager
def _naming(where: str) -> Iterator[None]:
    """Puts the field in front of what is wrong with it."""
    try:
        yield
    except ValueError as error:
        raise ValueError(f"{where}: {error}") from None
