"""What a worker knows of a version: the file that a publisher writes, and nothing else."""

from typing import Any, Literal

import msgspec

from mlops_drift.learning.compiled.base import Value
from mlops_drift.schema.columns import ColumnType, TargetKind


class SourceColumn(msgspec.Struct, frozen=True, omit_defaults=True):
    """A column that a request brings, with the constraints that landing puts on its values.

    Attributes:
        min: smallest acceptable value, inclusive, of a number or an integer.
        max: largest acceptable value, inclusive.
        allowed: the acceptable texts of a category; None accepts any.
    """

    type: ColumnType
    nullable: bool = True
    min: float | None = None
    max: float | None = None
    allowed: tuple[str, ...] | None = None
    description: str = ""


class DerivedColumn(msgspec.Struct, frozen=True, omit_defaults=True):
    """A column that features.sql makes."""

    type: ColumnType
    description: str = ""


class ServedTarget(msgspec.Struct, frozen=True, omit_defaults=True):
    """What the model predicts.

    Attributes:
        classes: in the order of the probabilities; None for a regression.
        positive: the class of a binary target whose probability is the score.
    """

    column: str
    kind: TargetKind
    classes: tuple[str, ...] | None = None
    positive: str | None = None


class Description(msgspec.Struct, frozen=True, omit_defaults=True):
    """The content of `versions/<n>/description.json`: what is needed to read and answer requests.

    It is made from the model's YAML when a version is published. A worker reads it with the
    compiled form of the version, and opens neither YAML nor lake nor registry.

    Attributes:
        key: the column that identifies an event and its label.
        columns: those of the source that the model sees.
        target: what is predicted.
        example: a row of a request that is accepted, its key included.
        description: what the model predicts, and for whom.
        inputs: further columns of the source, which only features.sql reads.
        derived: columns that features.sql makes of the source's, and the model sees.
        time_zone: whose midnights divide the days of the events.
        rules: the rules of the YAML as plain JSON; None where there are none.
        rounds: whether the version may round a row otherwise alone than among others.
    """

    name: str
    key: str
    key_type: Literal["text", "integer"]
    columns: dict[str, SourceColumn]
    target: ServedTarget
    example: dict[str, Value]
    description: str = ""
    inputs: dict[str, SourceColumn] = {}
    derived: dict[str, DerivedColumn] = {}
    time_zone: str = "UTC"
    rules: Any = None
    rounds: bool = False

    @property
    def source_columns(self) -> dict[str, SourceColumn]:
        """The columns that a request brings besides its key."""
        return self.columns | self.inputs
