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
        """Looks at the description and the signature."""
        wrong = []
        if not candidate.description.strip():
            wrong.append("the model has no description")
        if candidate.signature is None:
            wrong.append("the stored version has no signature")
        else:
            missing = [name for name in candidate.columns if name not in candidate.signature]
            if missing:
                wrong.append(f"the signature lacks {', '.join(missing)}")
        silent = [name for name, column in candidate.columns.items() if not column.description]
        hint = f" Columns without a description: {', '.join(silent)}." if silent else ""
        n = len(candidate.columns)
        return self.counted(
            len(wrong),
            "things that are missing",
            n,
            f"Of a model of {n} columns {'; '.join(wrong)}: whoever meets it in a year cannot know "
            f"what it is for or what to send it.{hint}"
            if wrong
            else f"The model is described and the signature has its {n} columns.{hint}",
            "Write what is predicted and for whom into description, and train a new version if the "
            "signature is missing.",
        )
