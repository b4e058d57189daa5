"""Where events and labels come from, as written in YAML."""

from typing import Annotated, Literal, Self
from zoneinfo import available_timezones

from pydantic import Field, field_validator, model_validator

from mlops_drift.schema.fields import Name, Strict

SimulatorName = Literal["churn", "glassware", "insurance"]


class SimulatorSource(Strict):
    """A seeded world that makes events and labels for any day."""

    kind: Literal["simulator"] = Field(description="simulator")
    simulator: SimulatorName = Field(
        description="Name of the simulated world: churn, glassware or insurance."
    )
    seed: int = Field(7, ge=0, description="Seed of the world.")
    stationary: bool = Field(False, description="Switches the world's changes off.")


class FileTable(Strict):
    """One file for all days, or one a day."""

    path: str = Field(
        min_length=1,
        description="A CSV, Parquet or JSON file (.gz allowed); `{day}` in it stands for the day, "
        "as 2024-10-01: put it in quotes. Relative to the folder of the YAML file.",
    )
    day_column: Name | None = Field(
        None,
        description="The date or timestamp column that gives a row's day. Needed unless the path "
        "holds `{day}`.",
    )
    missing: Literal["error", "empty"] = Field(
        "error", description="What a day without a file means, where the path holds `{day}`."
    )

    @field_validator("path")
    @classmethod
    def _braces_hold_the_day(cls, path: str) -> str:
        rest = path.replace("{day}", "")
        if "{" in rest or "}" in rest:
            raise ValueError(
                f"found {path!r}; braces hold only {{day}}, which is written as 2024-10-01"
            )
        return path

    @model_validator(mode="after")
    def _rows_have_a_day(self) -> Self:
        if self.day_column is None and "{day}" not in self.path:
            raise ValueError(
                f"path {self.path!r} holds no {{day}}, so day_column must name the column that "
                "gives a row's day"
            )
        return self


class FilesSource(Strict):
    """Events and labels in files."""

    kind: Literal["files"] = Field(description="files")
    events: FileTable = Field(description="One row an event: key, day and feature columns.")
    labels: FileTable = Field(
        description="One row a label: key, label; its day is the day on which it became known."
    )
    timezone: str = Field(
        "UTC",
        description="Where a day begins and ends, such as Europe/Berlin. A time without an offset "
        "is local time there; `event_time` is kept in UTC.",
    )

    @field_validator("timezone")
    @classmethod
    def _timezone_is_known(cls, timezone: str) -> str:
        # Of these the first depends on the machine, and the second is none.
        if timezone not in available_timezones() - {"localtime", "Factory"}:
            raise ValueError(f"found {timezone!r}; use a name such as Europe/Berlin or UTC")
        return timezone


Source = Annotated[SimulatorSource | FilesSource, Field(discriminator="kind")]
