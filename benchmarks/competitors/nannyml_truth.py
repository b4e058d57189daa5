"""nannyml: which columns of which days it alerts on, with its univariate methods at their defaults.

It learns its thresholds from the chunks of its reference, which are cut as large as a day.
"""

from typing import Any

import child
import nannyml as nml
import pandas as pd


def judge(task: child.Task) -> list[dict[str, Any]]:
    """Judges each day of `current`: by day the value and verdict by column.

    A calculator that raises gives the error instead.
    """
    reference = pd.read_parquet(task["reference"])
    current = pd.read_parquet(task["current"]).drop(columns="day")
    calculator = nml.UnivariateDriftCalculator(
        column_names=list(reference.columns),
        treat_as_categorical=task["categorical"],
        chunk_size=task["chunk_rows"],
    )
    try:
        found = calculator.fit(reference).calculate(current).filter(period="analysis").to_df()
    except Exception as error:
        return [{"error": f"{type(error).__name__}: {error}"[:80]}]
    days = []
    for _, row in found.iterrows():
        columns = {
            name: {
                "drifted": bool(row[name, "jensen_shannon", "alert"]),
                "shown": f"JS {row[name, 'jensen_shannon', 'value']:.3g}",
            }
            for name in reference.columns
        }
        days.append({"columns": columns})
    return days


if __name__ == "__main__":
    child.answer(judge)
