"""What a comparison of two tables found."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from mlops_drift.drift.column_reference import ColumnReference, Counts
from mlops_drift.drift.measures import Measures
from mlops_drift.drift.rows import Kind
from mlops_drift.schema.verdicts import Verdict

# Those that every column has, in their order.
_NUMBERS = ("psi", "js", "hellinger", "tvd", "linf", "ks", "ks_p", "wasserstein", "chi2", "chi2_p")


@dataclass(frozen=True)
class ColumnComparison:
    """One column of both tables; without bins, counts and measures if it cannot be compared.

    Attributes:
        column: the reference's bins and counts.
        counts: current rows in these bins.
        q: p-value of the deciding rule after Benjamini-Hochberg; None where unknown.
        excess: the deciding value in units of its threshold.
        tests: statistics and p-values of the tests that were asked for.
        is_time: whether it says when rows are of, so that it is measured but not judged.
    """

    name: str
    kind: Kind | None = None
    column: ColumnReference | None = None
    counts: Counts | None = None
    measures: Measures | None = None
    tests: Mapping[str, float] = field(default_factory=dict)
    q: float | None = None
    verdict: Verdict = "unknown"
    reasons: tuple[str, ...] = ()
    excess: float = 0.0
    is_time: bool = False

    def to_dict(self) -> dict[str, object]:
        """The column as JSON-safe values; what does not apply is None."""
        numbers = self.measures.to_dict() if self.measures else {}
        names = [*_NUMBERS, *(self.measures.distances if self.measures else ())]
        return {
            "kind": self.kind,
            **{name: numbers.get(name) for name in names},
            "null_reference": numbers.get("null_reference"),
            "null_current": numbers.get("null_share"),
            "unseen": numbers.get("unseen"),
            "q": self.q,
            "verdict": self.verdict,
            "reasons": list(self.reasons),
            **({"is_time": True} if self.is_time else {}),
            **self.tests,
        }


@dataclass(frozen=True)
class Comparison:
    """Two tables, or a reference and one chunk, which is None for a whole table."""

    chunk: str | None
    n_reference: int
    n_current: int
    columns: Mapping[str, ColumnComparison]
    auc: float | None = None

    @property
    def drifted(self) -> list[str]:
        """Names of the columns that fail, furthest first."""
        failed = [column for column in self.columns.values() if column.verdict == "fail"]
        return [column.name for column in sorted(failed, key=lambda item: -item.excess)]

    def to_dict(self) -> dict[str, object]:
        """The comparison as JSON-safe values."""
        return {
            **({} if self.chunk is None else {"chunk": self.chunk}),
            "n_reference": self.n_reference,
            "n_current": self.n_current,
            "columns": {name: column.to_dict() for name, column in self.columns.items()},
            "drifted": self.drifted,
            **({} if self.auc is None else {"auc": self.auc}),
        }
