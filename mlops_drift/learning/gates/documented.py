"""The gate that a model must say what it does and what it takes."""

from mlops_drift.learning.gates.base import Candidate, Gate, GateResult


class Documented(Gate):
    """Passes where the model has a description, and the stored version a signature of all columns.

    The value is the number of things that are missing. Columns without a description are named,
    but fail nothing.
    """

    name = "documented"
    description = "The model has a description, and the version a signature of its columns."

    def judge(self, candidate: Candidate) -> GateResult:
        columns, signature, wrong = candidate.columns, candidate.signature, []
        if not candidate.description.strip():
            wrong.append("the model has no description")
        if signature is None:
            wrong.append("the stored version has no signature")
        elif missing := [name for name in columns if name not in signature]:
            wrong.append(f"the signature lacks {', '.join(missing)}")
        silent = [name for name, column in columns.items() if not column.description]
        hint = f" Columns without a description: {', '.join(silent)}." if silent else ""
        found = "; ".join(wrong) or "description and signature are there"
        return self.counted(
            len(wrong),
            len(columns),
            f"Of a model of {len(columns)} columns {found}.{hint}",
            "Write what is predicted and for whom into description, and train a new version if the "
            "signature is missing.",
        )
