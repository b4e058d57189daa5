"""What the workers of a service are given by whoever starts them."""

from typing import Literal

import msgspec

# Holds the options of the workers, as JSON.
VARIABLE = "MLOPS_DRIFT_SERVE"
# Names the folder in which they count together; prometheus-client reads it.
METRICS_VARIABLE = "PROMETHEUS_MULTIPROC_DIR"

# What a record outlives before its request is answered: the death of its process, or that of the
# machine.
Durability = Literal["process", "fsync"]


class Options(msgspec.Struct, frozen=True):
    """What all workers of a service are given.

    Attributes:
        root: the folder of `settings.serving_root`.
        durability: what a log outlives before an answer is given.
        segment_seconds: the age at which a segment of a log is closed.
    """

    root: str
    models: list[str]
    durability: Durability = "process"
    min_free_mb: int = 200
    segment_seconds: float = 60.0
