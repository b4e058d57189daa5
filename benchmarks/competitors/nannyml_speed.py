"""nannyml: the univariate drift of all chunks of two Parquet files."""

import child
import nannyml as nml
import pandas as pd


def compare(task: child.Task) -> int:
    """Fits on the chunks of `reference`, judges those of `current`; the number of all chunks."""
    reference = pd.read_parquet(task["reference"], columns=task["columns"])
    current = pd.read_parquet(task["current"], columns=task["columns"])
    calculator = nml.UnivariateDriftCalculator(
        column_names=task["columns"],
        treat_as_categorical=task["categorical"],
        continuous_methods=["kolmogorov_smirnov", "jensen_shannon"],
        categorical_methods=["chi2", "jensen_shannon"],
        chunk_size=task["chunk_rows"],
    )
    return len(calculator.fit(reference).calculate(current).to_df())


if __name__ == "__main__":
    child.answer(compare)
