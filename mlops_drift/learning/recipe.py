"""What a search finds: all that is needed, beside the data, to make a model."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from typing import Any, Self, get_args

from mlops_drift.learning.config import ClassWeight
from mlops_drift.learning.families.registry import require_family


@dataclass(frozen=True)
class Recipe:
    """How a model is made.

    Attributes:
        family: the model family.
        params: its hyperparameters, plain numbers and texts.
        class_weight: how the classes are weighted in the fit.
        threshold: score from which the positive class of a binary target is predicted.

    >>> recipe = Recipe("linear", {"degree": 2, "C": 0.3}, threshold=0.4)
    >>> Recipe.from_dict(recipe.to_dict()) == recipe
    True
    """

    family: str
    params: dict[str, Any] = field(default_factory=dict)
    class_weight: ClassWeight = "none"
    threshold: float = 0.5

    def to_dict(self) -> dict[str, Any]:
        """As plain data, ready for JSON."""
        return asdict(self)

    @classmethod
    def from_dict(cls, content: Mapping[str, Any]) -> Self:
        """From plain data, such as ``to_dict`` gives.

        Raises:
            ValueError: If a part is missing or unknown, or a value is none that it may have.
        """
        names = {part.name for part in fields(cls)}
        if set(content) != names:
            raise ValueError(f"a recipe has {sorted(names)}, found {sorted(content)}")
        require_family(content["family"])
        if (weight := content["class_weight"]) not in get_args(ClassWeight):
            raise ValueError(
                f"class_weight must be one of {', '.join(get_args(ClassWeight))}, found {weight!r}"
            )
        threshold = content["threshold"]
        if not isinstance(threshold, float) or not 0 < threshold < 1:
            raise ValueError(f"threshold must be a number between 0 and 1, found {threshold!r}")
        if not isinstance(content["params"], Mapping):
            raise ValueError(f"params must be given by name, found {content['params']!r}")
        return cls(content["family"], dict(content["params"]), content["class_weight"], threshold)
