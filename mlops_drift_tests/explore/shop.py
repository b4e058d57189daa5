"""Orders of a shop with every mistake that an exploration should find, and where they are."""

import numpy as np
import pandas as pd

N, DAYS = 3000, 100
GAP = ["2024-02-10", "2024-02-11"]


def orders() -> pd.DataFrame:
    """Orders of a hundred days from 2024-01-01 but two; `returned` is the target."""
    rng = np.random.default_rng(3)
    days = pd.date_range("2024-01-01", periods=DAYS).repeat(N // DAYS)
    weekend = days.dayofweek.to_numpy() >= 5
    found = pd.DataFrame({"order_id": np.arange(N) + 1000, "day": days.strftime("%Y-%m-%d")})
    found["price"] = (rng.lognormal(3, 0.5, N) * (1 + 0.5 * weekend)).round(2)
    found["age"] = np.where(rng.random(N) < 0.04, -999, rng.integers(18, 80, N))
    income = rng.normal(3000, 400, N) + 800 * np.arange(N) / N
    found["income"] = np.where(rng.random(N) < 0.23, np.nan, income.round(1))
    found["country"] = rng.choice(["DE", "de ", "FR", "unknown"], N, p=[0.5, 0.1, 0.3, 0.1])
    found["shop"] = "Berlin"
    found["nothing"] = None
    returned = rng.random(N) < 1 / (1 + np.exp((30 - found["price"]) / 10))
    found["returned"] = np.where(returned, "yes", "no")
    found["refund"] = np.where(returned, found["price"], np.nan)
    found["status"] = np.where(returned, "R", "K")
    found["taxed"] = (found["price"] * 1.19).round(2)
    found["mostly"] = np.where(rng.random(N) < 0.02, "x", rng.integers(0, 100, N).astype(str))
    found["customer"] = [f"c{number}" for number in rng.integers(0, 2500, N)]
    found["ratio"] = np.where(rng.random(N) < 0.01, np.inf, rng.normal(0, 1, N))
    found.loc[[40, 500, 900], "price"] = 99999.0
    found = found[~found["day"].isin(GAP)]
    return pd.concat([found, found.iloc[:12]])
