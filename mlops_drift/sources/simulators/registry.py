"""The simulators by name."""

from typing import Literal, get_args

from mlops_drift.sources.simulators.base import Simulator

SimulatorName = Literal["churn", "glassware", "insurance"]


def simulator(name: str, seed: int, stationary: bool = False) -> Simulator:
    """The simulated world called `name`.

    Args:
        name: One of `SimulatorName`.
        seed: Chooses the world; not negative.
        stationary: Switch the world's changes off, and let it go on without an end.

    Raises:
        ValueError: If no simulator has that name, or `seed` is negative.

    >>> from datetime import date
    >>> simulator("glassware", seed=1).events(date(2019, 7, 1)).num_rows
    192
    """
    if name == "churn":
        from mlops_drift.sources.simulators.churn import Churn

        return Churn(seed, stationary)
    if name == "glassware":
        from mlops_drift.sources.simulators.glassware import Glassware

        return Glassware(seed, stationary)
    if name == "insurance":
        from mlops_drift.sources.simulators.insurance import Insurance

        return Insurance(seed, stationary)
    known = ", ".join(get_args(SimulatorName))
    raise ValueError(f"simulator must be one of {known}, found {name!r}")
