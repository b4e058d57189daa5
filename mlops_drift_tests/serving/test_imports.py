import subprocess
import sys

HEAVY = [
    *("dagster", "deltalake", "duckdb", "lightgbm", "mlflow", "optuna", "pandas", "pyarrow"),
    *("scipy", "sklearn"),
]
SCRIPT = f"""
import sys
import mlops_drift.serving.app, mlops_drift.serving.server
print([name for name in {HEAVY} if name in sys.modules])
"""


def test_a_worker_imports_no_data_frames_and_no_learning():
    command = [sys.executable, "-c", SCRIPT]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=True)
    assert done.stdout.strip() == "[]"
