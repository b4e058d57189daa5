"""The compiled form of a version: its trees as text, and how columns become their numbers."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from hashlib import sha256
from json import dumps
from math import nan
from typing import Any, Self


def number(plain: float | None) -> float:
    """A number of a form, in which None is nan, as JSON has none."""
    return nan if plain is None else plain


@dataclass(frozen=True)
class Feature:
    """How a column becomes a number of the matrix.

    Attributes:
        missing: the number of a missing value, or of one that is not finite; None is nan.
        codes: of a categorical column the number of each category; None for a column of numbers.
        unseen: the number of a category that is not among the codes; None is nan.
    """

    name: str
    missing: float | None = None
    codes: Mapping[str, float | None] | None = None
    unseen: float | None = None


@dataclass(frozen=True)
class Form:
    """All that a version's predictions depend on, as plain data.

    Attributes:
        booster: the trees, as LightGBM writes them.
        features: in the order of the columns of the matrix.
        bound: numbers are clipped to it, of either sign.
        kind: of the target.
        classes: the declared ones, in their order; empty for a regression.
        learned: those that the trees know, in the order of their probabilities.
        positive: the class whose probability is the score, if there is one.
        threshold: score from which the positive class is predicted; None for the most probable.
        weights: of the learned classes, which the probabilities are freed from; None without.
    """

    booster: str
    features: tuple[Feature, ...]
    bound: float
    kind: str
    classes: tuple[str, ...] = ()
    learned: tuple[str, ...] = ()
    positive: str | None = None
    threshold: float | None = None
    weights: tuple[float, ...] | None = None

    def to_plain(self) -> dict[str, Any]:
        """The form as content of a JSON file."""
        return asdict(self)

    @classmethod
    def from_plain(cls, plain: Mapping[str, Any]) -> Self:
        """The form that `to_plain` gave."""
        lists = {name: tuple(plain[name]) for name in ("classes", "learned")}
        weights = plain["weights"]
        features = tuple(Feature(**one) for one in plain["features"])
        return cls(
            **{
                **plain,
                **lists,
                "features": features,
                "weights": None if weights is None else tuple(weights),
            }
        )

    @property
    def digest(self) -> str:
        """SHA-256 of the form as canonical JSON, in hexadecimal."""
        return sha256(dumps(self.to_plain(), sort_keys=True).encode()).hexdigest()
