"""Makes loans, what a service of another team says of them, and the truth: `python generate.py`.

The service is not in this project: its predictions arrive as a file. After two weeks a second
version takes over within a day. After three, loans become larger (a column drifts), and what used
to be a bad sign is none any more (the rule changes).
"""

import sys
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import pandas as pd

SEED = 11
FIRST, DAYS = date(2024, 5, 1), 32
# The first day with the second version, and the first after the change, counted from 0.
ROLLOUT, CHANGE = 14, 21
LOANS_A_DAY = 200
LABEL_DELAY = 3

PURPOSES = ("car", "house", "travel", "other")
RISK = {"car": -0.6, "house": -1.2, "travel": 1.1, "other": 0.5}
RISK_LATER = {"car": 1.2, "house": 0.4, "travel": -1.3, "other": 0.5}


def loans_of(day: int, rng: np.random.Generator) -> pd.DataFrame:
    """The loans of one day with the answer of the service, and the truth."""
    n, changed = LOANS_A_DAY, day >= CHANGE
    purpose = rng.choice(PURPOSES, n, p=(0.4, 0.2, 0.25, 0.15))
    income = np.round(rng.lognormal(10.4, 0.4, n), -2)
    amount = np.round(rng.lognormal(9.5 if changed else 9.0, 0.5, n), -2)
    burden = 3 * (np.log(amount / income) + 1.4)
    known = pd.Series(purpose).map(RISK).to_numpy()
    true = pd.Series(purpose).map(RISK_LATER if changed else RISK).to_numpy()
    # What the service has learned: the rule of the first weeks.
    score = 1 / (1 + np.exp(-(1.6 * known + burden - 0.6)))
    chance = 1 / (1 + np.exp(-(1.6 * true + burden - 0.6)))
    second = rng.random(n) < (0 if day < ROLLOUT else 0.7 if day == ROLLOUT else 1)
    return pd.DataFrame(
        {
            "loan_id": 1000 * (day + 1) + np.arange(n),
            "day": FIRST + timedelta(days=day),
            "purpose": purpose,
            "income": income,
            "amount": amount,
            "probability": np.round(score, 4),
            "answer": np.where(score >= 0.5, "late", "paid"),
            "scored_by": np.where(second, "risk-2.0", "risk-1.3"),
            "outcome": np.where(rng.random(n) < chance, "late", "paid"),
        }
    )


def main(folder: Path) -> None:
    """Writes events.csv, predictions.csv and labels.csv into a folder."""
    rng = np.random.default_rng(SEED)
    loans = pd.concat([loans_of(day, rng) for day in range(DAYS)])
    last = FIRST + timedelta(days=DAYS - 1)
    answers = ["probability", "answer", "scored_by"]
    loans.drop(columns=[*answers, "outcome"]).to_csv(folder / "events.csv", index=False)
    loans[["loan_id", "day", *answers]].to_csv(folder / "predictions.csv", index=False)
    labels = loans[["loan_id", "day", "outcome"]].assign(
        day=loans["day"] + timedelta(days=LABEL_DELAY)
    )
    labels[labels["day"] <= last].to_csv(folder / "labels.csv", index=False)


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).resolve().parent)
