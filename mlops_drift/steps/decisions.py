"""Evidence and history of a model from its tables, and the decision that follows from them."""

from datetime import date

from mlops_drift.lake.model_lake import ModelLake
from mlops_drift.monitoring.policy import (
    Champion,
    Decision,
    Evidence,
    FailedCheck,
    PastDecision,
    decide,
)
from mlops_drift.spec import ModelSpec


def gather_evidence(spec: ModelSpec, model: ModelLake, day: date) -> Evidence:
    """What was known about a model at the end of a day."""
    promotions = model.promotions(until=day)
    if not promotions:
        return Evidence(day, None, (), *_labels(spec, model, day))
    last = promotions[-1]
    champion = Champion(last.version, last.as_of, last.decision)
    failed = [FailedCheck(**row) for row in model.failures(champion.version, champion.as_of, day)]
    # Without a failure nothing is decided that labels could change.
    labels = _labels(spec, model, day) if failed else ({}, [])
    return Evidence(day, champion, failed, *labels)


def _labels(spec: ModelSpec, model: ModelLake, day: date) -> tuple[dict[date, int], list[str]]:
    labelled, seen = model.labelled_counts(day)
    return labelled, [name for name in spec.target.classes or [] if name not in seen]


def past_decisions(model: ModelLake) -> list[PastDecision]:
    """All decisions on a model so far, in their order."""
    return [
        PastDecision(
            id=row["decision"],
            day=row["day"],
            rules=tuple(row["rules"]),
            version=row["version"],
            since=row["since"],
            labelled=row["labelled"] or 0,
            outcome=row["outcome"],
        )
        for row in model.decisions()
    ]


def decide_now(spec: ModelSpec, model: ModelLake, day: date) -> Decision:
    """The policy's decision at the end of a day."""
    return decide(spec.name, gather_evidence(spec, model, day), past_decisions(model), spec.policy)
