"""The columns in which the simulated telephone company writes down its customers."""

import numpy as np
import numpy.typing as npt

from mlops_drift.sources.simulators.base import Booleans, Floats, Integers
from mlops_drift.sources.simulators.churn_customers import Traits

Texts = npt.NDArray[np.str_]
Columns = dict[str, Texts | Integers | Floats]

# The price list: what everyone pays for DSL, and what each trait adds to it or takes off.
WITH_DSL = 25.0
PRICES = {
    "offline": -25.0,
    "fiber": 25.0,
    "phone": 20.0,
    **dict.fromkeys(("many_lines", "security", "backup", "protection", "support"), 5.0),
    **dict.fromkeys(("television", "movies"), 10.0),
}
PRICE_SD = 1.02
LOWEST_CHARGE, HIGHEST_CHARGE = 18.25, 118.75
MONTHS_PAID_SD = 0.21

INTERNET_SERVICES = {
    "OnlineSecurity": "security",
    "OnlineBackup": "backup",
    "DeviceProtection": "protection",
    "TechSupport": "support",
    "StreamingTV": "television",
    "StreamingMovies": "movies",
}

_KEYS = 10**4 * 26**5
_FIRST_KEY = 47_110_815_339
_KEY_STEP = 48_271_000_003  # shares no factor with _KEYS, so every key is met before one comes back
_LETTERS = np.array(list("ABCDEFGHIJKLMNOPQRSTUVWXYZ"))


def customer_ids(numbers: Integers) -> Texts:
    """A key of four digits and five letters for each running number from 0.

    Numbers next to each other get keys far apart; no two numbers below 118,813,760,000 get the
    same one.

    >>> customer_ids(np.arange(3)).tolist()
    ['3965-CNZGD', '8027-VXNZI', '2090-PHCSN']
    """
    scattered = ((numbers.astype(object) * _KEY_STEP + _FIRST_KEY) % _KEYS).astype(np.int64)
    digits, letters = np.divmod(scattered, 26**5)
    spelled = ["".join(_LETTERS[(code // 26 ** np.arange(4, -1, -1)) % 26]) for code in letters]
    keys = [f"{number:04d}-{word}" for number, word in zip(digits, spelled, strict=True)]
    return np.array(keys, dtype=str)


def columns_of(rng: np.random.Generator, traits: Traits) -> Columns:
    """The feature columns of customers with these traits, in their order.

    `MonthlyCharges` is the price list summed over the services + N(0, 1.02), rounded to 5 cents.
    `TotalCharges` is `MonthlyCharges` x (tenure + .21 sqrt(tenure - 1) N(0, 1)), at least one
    month's charge, rounded to 5 cents and written as text; a blank where tenure is 0.
    """
    yes = {name: trait == 1 for name, trait in traits.items()}
    charges = _monthly_charges(rng, traits)
    return {
        "gender": np.where(yes["female"], "Female", "Male"),
        "SeniorCitizen": traits["senior"].astype(np.int64),
        "Partner": _yes_no(yes["partner"]),
        "Dependents": _yes_no(yes["dependents"]),
        "tenure": traits["tenure"].astype(np.int64),
        "PhoneService": _yes_no(yes["phone"]),
        "MultipleLines": np.where(yes["phone"], _yes_no(yes["many_lines"]), "No phone service"),
        "InternetService": np.select([yes["offline"], yes["fiber"]], ["No", "Fiber optic"], "DSL"),
        **{
            column: np.where(yes["offline"], "No internet service", _yes_no(yes[service]))
            for column, service in INTERNET_SERVICES.items()
        },
        "Contract": np.select(
            [yes["one_year"], yes["two_year"]], ["One year", "Two year"], "Month-to-month"
        ),
        "PaperlessBilling": _yes_no(yes["paperless"]),
        "PaymentMethod": np.select(
            [yes["electronic_check"], yes["mailed_check"], yes["credit_card"]],
            ["Electronic check", "Mailed check", "Credit card (automatic)"],
            "Bank transfer (automatic)",
        ),
        "MonthlyCharges": charges,
        "TotalCharges": _total_charges(rng, traits["tenure"], charges),
    }


def _yes_no(yes: Booleans) -> Texts:
    return np.where(yes, "Yes", "No")


def _monthly_charges(rng: np.random.Generator, traits: Traits) -> Floats:
    listed = WITH_DSL + sum(price * traits[name] for name, price in PRICES.items())
    asked = listed + rng.normal(0, PRICE_SD, len(traits["tenure"]))
    return _to_five_cents(np.clip(asked, LOWEST_CHARGE, HIGHEST_CHARGE))


def _total_charges(rng: np.random.Generator, tenure: Floats, charges: Floats) -> Texts:
    spread = MONTHS_PAID_SD * np.sqrt(np.maximum(tenure - 1, 0))
    months = np.maximum(tenure + spread * rng.standard_normal(len(tenure)), 1)
    totals = _to_five_cents(months * charges)
    paid = [np.format_float_positional(total, trim="-") for total in totals]
    return np.where(tenure == 0, " ", np.array(paid, dtype=str))


def _to_five_cents(amounts: Floats) -> Floats:
    # Dividing by 20 gives the double nearest to the amount, multiplying by .05 often does not.
    rounded: Floats = np.round(amounts * 20) / 20
    return rounded
