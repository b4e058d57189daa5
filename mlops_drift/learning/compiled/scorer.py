"""Scores rows by a compiled form, to the last bit as the pipeline that it was made of."""

from array import array
from collections.abc import Callable, Mapping, Sequence
from functools import reduce
from math import inf
from operator import add

from mlops_drift.learning.compiled.base import Scored, Value
from mlops_drift.learning.compiled.form import Feature, Form, number
from mlops_drift.learning.compiled.trees import Trees

# From so many rows on one call for all of them is faster than a call for each.
TOGETHER = 8


class CompiledScorer:
    """A `RowScorer`; it may be used from several threads at once."""

    def __init__(self, form: Form) -> None:
        self.form = form
        self._trees = Trees(form.booster)
        self._encoders = [(one.name, _encoder(one, form.bound)) for one in form.features]
        self._answer = _answer(form)

    def score(self, rows: Sequence[Mapping[str, Value]]) -> list[Scored]:
        """The prediction of each row, in their order."""
        if len(rows) < TOGETHER:
            one = self._trees.one
            return [self._answer(one(self._encoded([row]))) for row in rows]
        matrix = self._encoded(rows)
        found = self._trees.many(matrix.buffer_info()[0], len(rows), by_row=True)
        of_row = self._trees.outputs
        return [
            self._answer(found[start : start + of_row]) for start in range(0, len(found), of_row)
        ]

    def _encoded(self, rows: Sequence[Mapping[str, Value]]) -> "array[float]":
        return array("d", [code(row.get(name)) for row in rows for name, code in self._encoders])


def _encoder(feature: Feature, bound: float) -> Callable[[Value], float]:
    missing = number(feature.missing)
    if feature.codes is not None:
        codes: dict[Value, float] = {text: number(code) for text, code in feature.codes.items()}
        codes[None] = missing
        known, unseen = codes.get, number(feature.unseen)
        return lambda value: known(value, unseen)

    def clipped(value: Value) -> float:
        if value is None:
            return missing
        exact = float(value)
        if -bound <= exact <= bound:
            return exact
        if exact != exact or exact in (inf, -inf):
            return missing
        return bound if exact > 0 else -bound

    return clipped


def _answer(form: Form) -> Callable[[Sequence[float]], Scored]:
    """What the numbers that the trees predict for a row mean."""
    if form.kind == "regression":
        return lambda found: Scored(found[0], found[0], None)
    learned, weights, threshold = form.learned, form.weights, form.threshold
    # Where each declared class is among the learned ones; a class that was never seen is last.
    places = [learned.index(one) if one in learned else len(learned) for one in form.classes]
    positive = None if form.positive is None else learned.index(form.positive)

    def answer(found: Sequence[float]) -> Scored:
        shares = [1 - found[0], found[0]] if len(found) == 1 else list(found)
        if weights is not None:
            shares = [share / weight for share, weight in zip(shares, weights, strict=True)]
            # Newer Pythons add up floats with a correction, which numpy does not.
            total = reduce(add, shares)
            shares = [share / total for share in shares]
        if threshold is not None and positive is not None:
            place = positive if shares[positive] >= threshold else 1 - positive
        else:
            place = shares.index(max(shares))
        score = max(shares) if positive is None else shares[positive]
        in_order = (*shares, 0.0)
        return Scored(learned[place], score, tuple([in_order[at] for at in places]))

    return answer
