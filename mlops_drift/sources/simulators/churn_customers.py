"""Who the customers of the simulated telephone company are, and which of them leave."""

from typing import NamedTuple

import numpy as np

from mlops_drift.sources.simulators.base import Booleans, Floats, Integers

Traits = dict[str, Floats]
"""By name, one number a customer: `tenure` in months, every other trait 1 (yes) or 0 (no)."""

LONGEST_TENURE = 72
WITHOUT_A_BILL_YET = 0.0035  # share of new customers among those who signed for a year or more


class Contract(NamedTuple):
    """A kind of contract, whose holders' tenure, as a share of the longest, follows Beta(a, b)."""

    trait: str
    share: float
    a: float
    b: float


# Together they have the mass of tenure at both ends, month 1 and month 72.
CONTRACTS = (
    Contract("month_to_month", share=0.550, a=0.495, b=1.540),
    Contract("one_year", share=0.209, a=1.443, b=1.065),
    Contract("two_year", share=0.241, a=1.442, b=0.403),
)

RULED_OUT = -100.0  # log-odds that no customer comes up against; its opposite makes certain

# The log-odds of each trait, given those above it. `loyalty` is tenure as a share of the longest,
# `newness` falls from 1 by a factor e every six months. Here and in `LEAVING` the constants are
# rounded logistic fits to the published customers.
TRAITS = {
    "female": {"always": -0.02},
    "senior": {"always": -1.81, "loyalty": 1.70, "one_year": -1.16, "two_year": -1.97},
    "partner": {"always": -1.17, "loyalty": 2.08, "one_year": 0.21, "two_year": 0.43}
    | {"senior": 0.14},
    "dependents": {"always": -2.03, "loyalty": -0.99, "one_year": 0.66, "two_year": 1.00}
    | {"senior": -1.97, "partner": 2.44},
    "offline": {"always": -1.13, "loyalty": -2.99, "one_year": 1.68, "two_year": 3.01}
    | {"senior": -1.40, "partner": -0.27, "dependents": 0.43},
    "fiber": {"always": 0.01, "loyalty": 1.77, "one_year": -1.20, "two_year": -1.87}
    | {"senior": 0.85, "dependents": -0.36, "offline": RULED_OUT},
    "phone": {"always": 1.01, "senior": -0.61, "fiber": -RULED_OUT, "offline": -RULED_OUT},
    "many_lines": {"always": -1.64 + RULED_OUT, "phone": -RULED_OUT, "loyalty": 2.78}
    | {"one_year": -0.45, "two_year": -0.19, "senior": 0.39, "fiber": 0.99, "offline": -0.82},
    "security": {"always": -1.20, "loyalty": 1.72, "one_year": 0.58, "two_year": 1.07}
    | {"fiber": -0.90, "senior": -0.35, "offline": RULED_OUT},
    "backup": {"always": -1.51, "loyalty": 2.54, "one_year": 0.14, "two_year": 0.24}
    | {"offline": RULED_OUT},
    "protection": {"always": -1.57, "loyalty": 1.76, "one_year": 0.69, "two_year": 1.25}
    | {"fiber": 0.21, "offline": RULED_OUT},
    "support": {"always": -1.31, "loyalty": 0.76, "one_year": 0.82, "two_year": 1.76}
    | {"fiber": -0.69, "senior": -0.48, "security": 0.29, "backup": 0.16, "protection": 0.28}
    | {"offline": RULED_OUT},
    "television": {"always": -1.62, "loyalty": 1.08, "one_year": 0.43, "two_year": 0.70}
    | {"fiber": 0.82, "many_lines": 0.28, "security": -0.37, "protection": 0.68, "support": 0.32}
    | {"offline": RULED_OUT},
    "movies": {"always": -1.94, "loyalty": 0.87, "one_year": 0.31, "two_year": 0.50}
    | {"fiber": 0.58, "many_lines": 0.22, "security": -0.23, "protection": 0.57, "support": 0.21}
    | {"television": 1.42, "offline": RULED_OUT},
    "paperless": {"always": 0.22, "loyalty": 0.63, "one_year": -0.48, "two_year": -0.72}
    | {"fiber": 0.86, "offline": -0.93, "senior": 0.36, "dependents": -0.13},
    "electronic_check": {"always": -0.77, "loyalty": -0.41, "newness": 0.42, "one_year": -0.62}
    | {"two_year": -1.38, "fiber": 0.86, "offline": -1.24, "senior": 0.36, "paperless": 0.35},
    "mailed_check": {"always": 0.28, "loyalty": -2.46, "newness": 1.00, "one_year": 0.18}
    | {"two_year": 0.34, "fiber": -0.81, "offline": 0.61, "senior": -0.49, "partner": -0.11}
    | {"electronic_check": RULED_OUT},
    "credit_card": {"always": 0.04, "loyalty": -0.17, "two_year": 0.13}
    | {"electronic_check": RULED_OUT, "mailed_check": RULED_OUT},
}

# A twentieth steeper than the fit: models then learn as much here as from as many published rows.
LEAVING = (
    {"always": -1.21, "loyalty": -1.23, "newness": 1.85, "one_year": -0.75, "two_year": -1.74}
    | {"senior": 0.25, "fiber": 1.00, "offline": -0.88, "phone": -0.58, "many_lines": 0.39}
    | {"security": -0.34, "backup": -0.14, "support": -0.29, "television": 0.33, "movies": 0.34}
    | {"paperless": 0.38, "electronic_check": 0.35}
)


def draw_traits(rng: np.random.Generator, count: int) -> Traits:
    """The traits of `count` customers.

    The contract is drawn first, then the tenure given the contract, then each of `TRAITS` given
    all that came before it: a trait is present with probability 1 / (1 + exp(-log-odds)). No
    customer has two contracts or two ways to pay; whoever has neither check nor credit card pays
    by bank transfer, whoever is neither offline nor on fiber has DSL.

    >>> traits = draw_traits(np.random.default_rng(1), 1_000)
    >>> bool((traits["fiber"] * traits["offline"]).any())
    False
    """
    held = rng.choice(len(CONTRACTS), count, p=[contract.share for contract in CONTRACTS])
    traits = {kind.trait: (held == i).astype(float) for i, kind in enumerate(CONTRACTS)}
    traits["tenure"] = _tenure(rng, held)
    for name, weights in TRAITS.items():
        traits[name] = _happens(rng, traits, weights).astype(float)
    return traits


def draw_leavers(rng: np.random.Generator, traits: Traits) -> Booleans:
    """Who leaves, each with probability 1 / (1 + exp(-log-odds)), the log-odds by `LEAVING`."""
    return _happens(rng, traits, LEAVING)


def _tenure(rng: np.random.Generator, held: Integers) -> Floats:
    a = np.array([contract.a for contract in CONTRACTS])
    b = np.array([contract.b for contract in CONTRACTS])
    begun = np.ceil(LONGEST_TENURE * rng.beta(a[held], b[held]))
    no_bill_yet = (held > 0) & (rng.random(len(held)) < WITHOUT_A_BILL_YET)
    return np.where(no_bill_yet, 0.0, np.maximum(begun, 1.0))


def _happens(rng: np.random.Generator, traits: Traits, weights: dict[str, float]) -> Booleans:
    tenure = traits["tenure"]
    causes = traits | {
        "always": np.ones_like(tenure),
        "loyalty": tenure / LONGEST_TENURE,
        "newness": np.exp(-tenure / 6),
    }
    log_odds = sum(weight * causes[cause] for cause, weight in weights.items())
    happens: Booleans = log_odds + rng.logistic(size=len(tenure)) > 0
    return happens
