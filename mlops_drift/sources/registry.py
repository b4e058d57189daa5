"""Opens the source that a model's YAML describes."""

from pathlib import Path

from mlops_drift.sources.base import Source
from mlops_drift.sources.config import FilesSource, SimulatorSource


def open_source(config: SimulatorSource | FilesSource, folder: Path) -> Source:
    """The source of a model.

    Args:
        config: what the YAML says.
        folder: the folder of the YAML file; relative paths start there.
    """
    if isinstance(config, FilesSource):
        from mlops_drift.sources.files import Files

        return Files(config, folder)
    from mlops_drift.sources.simulated import Simulated

    return Simulated(config)
