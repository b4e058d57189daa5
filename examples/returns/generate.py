"""Makes the orders of a web shop and whether they came back: `python generate.py`.

After ten days an autumn sale begins, with a new supplier: more shoes, deeper discounts and
more orders on invoice (the columns drift), and what used to be returned is kept and the other way
round (the rule changes).
"""

from datetime import date, timedelta
from pathlib import Path

import numpy as np
import pandas as pd

SEED = 7
FIRST, DAYS = date(2024, 9, 2), 17
# The first day of the sale, counted from 0.
SALE = 10
ORDERS_A_DAY = 300
LABEL_DELAY = 2

CATEGORIES = ("shirts", "trousers", "shoes", "bags")
SHARES, SHARES_IN_SALE = (0.35, 0.3, 0.2, 0.15), (0.2, 0.2, 0.45, 0.15)
PAYMENTS = ("card", "invoice", "voucher")
# How much a category and a payment speak for a return, in log-odds.
RULE = {"shirts": -1.2, "trousers": 1.2, "shoes": 1.8, "bags": -2.2}
RULE_IN_SALE = {"shirts": 1.4, "trousers": -1.0, "shoes": -1.6, "bags": -2.2}
PAYMENT_RULE = {"card": 0.0, "invoice": 1.2, "voucher": -1.2}


def orders_of(day: int, rng: np.random.Generator) -> pd.DataFrame:
    """The orders of one day, with the label that will be known two days later."""
    sale = day >= SALE
    n = int(rng.poisson(ORDERS_A_DAY))
    category = rng.choice(CATEGORIES, n, p=SHARES_IN_SALE if sale else SHARES)
    payment = rng.choice(PAYMENTS, n, p=(0.35, 0.55, 0.1) if sale else (0.55, 0.35, 0.1))
    items = 1 + rng.poisson(1.2, n)
    discount = np.round(rng.beta(3 if sale else 1.2, 6, n), 2)
    price = np.round(rng.lognormal(3.7, 0.45, n) * items * (1 - discount), 2)
    rule = RULE_IN_SALE if sale else RULE
    odds = pd.Series(category).map(rule) + pd.Series(payment).map(PAYMENT_RULE)
    odds += 0.5 * (items - 2) - 2.0 * (discount - 0.2) - 0.3
    # Some customers have not told their age.
    age = np.where(rng.random(n) < 0.05, np.nan, np.clip(rng.normal(41, 13, n), 18, 90).round())
    return pd.DataFrame(
        {
            "order_id": 10_000 * (day + 1) + np.arange(n),
            "day": FIRST + timedelta(days=day),
            "category": category,
            "price": price,
            "discount": discount,
            "items": items,
            "payment": payment,
            "customer_age": pd.array(age, dtype="Float64").astype("Int64"),
            "first_order": rng.random(n) < 0.3,
            "returned": np.where(rng.random(n) < 1 / (1 + np.exp(-1.5 * odds)), "yes", "no"),
        }
    )


def main() -> None:
    """Writes events.csv and labels.csv beside this file."""
    rng = np.random.default_rng(SEED)
    folder = Path(__file__).resolve().parent
    orders = pd.concat([orders_of(day, rng) for day in range(DAYS)])
    orders.drop(columns="returned").to_csv(folder / "events.csv", index=False)
    labels = orders[["order_id", "day", "returned"]].assign(
        day=orders["day"] + timedelta(days=LABEL_DELAY)
    )
    last = FIRST + timedelta(days=DAYS - 1)
    labels[labels["day"] <= last].to_csv(folder / "labels.csv", index=False)


if __name__ == "__main__":
    main()
