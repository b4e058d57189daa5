"""What `dg scaffold defs mlops_drift.MonitoredModel NAME` writes: a folder with a defs.yaml."""

from pathlib import Path

import click
import dagster as dg
from pydantic import BaseModel, Field

from mlops_drift import project
from mlops_drift.errors import UserError


class ScaffoldParams(BaseModel):
    """The options of the command; without `events` the file has examples to replace."""

    events: str | None = Field(None, description="File of events: CSV, TSV, JSON or Parquet.")
    labels: str | None = Field(None, description="The same of labels; by default in `events`.")
    key: str | None = Field(None, description="Column that identifies an event, in both files.")
    day: str | None = Field(None, description="Column of the day of an event.")
    label_day: str | None = Field(None, description="Column of the day a label became known.")
    label: str | None = Field(None, description="Column that is predicted.")
    positive: str | None = Field(None, description="Of two classes, the one that is scored.")


class ModelScaffolder(dg.Scaffolder[ScaffoldParams]):
    """Writes a commented defs.yaml that loads."""

    @classmethod
    def get_scaffold_params(cls) -> type[ScaffoldParams]:
        """The options of the command."""
        return ScaffoldParams

    def scaffold(self, request: dg.ScaffoldRequest[ScaffoldParams]) -> None:
        """Writes the file; what is wrong with a name or a file is reported in one sentence."""
        if request.scaffold_format != "yaml":
            raise click.ClickException("a model is described in YAML; leave out --format python")
        if request.project_root:
            project.use(request.project_root)
        folder = request.target_path.parent if request.append else request.target_path
        try:
            text = _described(folder, request.params)
        except UserError as error:
            if not request.append and not any(folder.iterdir()):
                folder.rmdir()
            raise click.ClickException(str(error)) from error
        if request.append:
            with request.target_path.open("a", encoding="utf-8") as file:
                file.write(f"---\n{text}")
        else:
            (folder / "defs.yaml").write_text(text, encoding="utf-8")


def _described(folder: Path, params: ScaffoldParams) -> str:
    from mlops_drift.scaffold.document import blank_document, document
    from mlops_drift.scaffold.proposal import propose_from
    from mlops_drift.scaffold.roles import Choices

    choices = Choices(**params.model_dump(exclude={"events", "labels"}))
    if params.events is None:
        if params.labels or choices != Choices():
            raise UserError("columns are found in files: give --events too")
        return blank_document(folder.name)
    events, labels = Path(params.events), Path(params.labels) if params.labels else None
    for file in filter(None, (events, labels)):
        if not file.is_file():
            raise UserError(f"{file} is no file")
    return document(folder.name, propose_from(events, labels, choices), folder)
