"""Files that define a model, and what is reported about them."""

import pytest
import yaml

from mlops_drift.config.loading import ModelDefinitionError, load_models
from mlops_drift_tests.tiny import SPEC

GOOD = yaml.safe_dump(
    {"type": "mlops_drift.MonitoredModel", "attributes": SPEC},
    sort_keys=False,
    default_flow_style=False,
)
DERIVING = yaml.safe_dump(
    {
        "type": "mlops_drift.MonitoredModel",
        "attributes": {
            **SPEC,
            "columns": {**SPEC["columns"], "made": {"type": "number", "derived": True}},
        },
    }
)
MADE = "SELECT id, a AS made FROM events"


def write(folder, text, name="tiny/defs.yaml"):
    file = folder / name
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(text if isinstance(text, bytes) else text.encode())
    return file


def line_of(text, wanted):
    (line,) = [
        number for number, line in enumerate(text.splitlines(), 1) if line.strip() == wanted.strip()
    ]
    return line


def complaint():
    with pytest.raises(ModelDefinitionError) as caught:
        load_models()
    return str(caught.value)
