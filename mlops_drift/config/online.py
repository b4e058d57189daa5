"""The section `online` of the YAML: what an event that is served at once sees of the past."""

from pydantic import Field

from mlops_drift.schema.fields import Name, Strict


class Online(Strict):
    """How features.sql is answered for a single event, as it comes in."""

    entity: Name = Field(
        description="The column whose value an event shares with its own past, such as customer: "
        "one of the source or of inputs, no number. Of past_events and past_labels an event sees "
        "those of its entity alone.",
    )
