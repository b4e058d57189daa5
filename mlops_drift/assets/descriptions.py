"""What people read in MLflow about a model and its versions, with the ways back."""

from mlops_drift import links
from mlops_drift.assets.common import CHALLENGER, TRAINING_SET
from mlops_drift.assets.decisions import DECISIONS
from mlops_drift.config.spec import ModelSpec
from mlops_drift.store.records import VersionRecord


def model_description(spec: ModelSpec) -> str:
    """The text of a registered model, in Markdown."""
    return (
        f"{spec.description}\n\n"
        f"It predicts `{spec.target.column}` ({spec.target.kind}). "
        f"How it is now: [report]({links.report_link(spec.name)}). "
        f"Its data, checks and decisions: [Dagster]({links.group_page(spec.name)})."
    ).strip()


def version_description(spec: ModelSpec, record: VersionRecord, run_id: str) -> str:
    """The text of a version and of the run that trained it, in Markdown."""
    name, training_set = spec.name, links.asset_page(spec.name, TRAINING_SET)
    gates = links.asset_page(name, CHALLENGER)
    return (
        f"{spec.description}\n\n"
        f"Trained by [run {run_id[:8]}]({links.run_page(run_id)}) as of {record.as_of} on the "
        f"[training set]({training_set}) `{record.training_set[:12]}`. Its gates are the checks "
        f"of [{name}/{CHALLENGER}]({gates}?view=checks), the decisions about it are in "
        f"[{name}/{DECISIONS}]({links.asset_page(name, DECISIONS)}), what became of it is on the "
        f"[report]({links.report_link(name)}). "
        f"`mlops-drift explain {name} --version {record.version}` traces the rest."
    ).strip()
