"""Only reading columns of Parquet files with Arrow: the floor of every comparison."""

import child
import pyarrow.parquet as pq


def read(task: child.Task) -> int:
    """Reads the columns of `files`, one file after the other; the number of rows."""
    return sum(pq.read_table(file, columns=task["columns"]).num_rows for file in task["files"])


if __name__ == "__main__":
    child.answer(read)
