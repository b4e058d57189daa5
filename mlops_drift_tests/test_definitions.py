import subprocess
import sys

HEAVY = ("mlflow", "lightgbm", "sklearn", "optuna", "scipy")

PROBE = """
import sys
from mlops_drift.definitions import defs
defs().get_repository_def()
print(sorted(name for name in {heavy} if name in sys.modules))
"""


def test_loading_the_definitions_imports_no_heavy_library():
    result = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", PROBE.format(heavy=HEAVY)],
        capture_output=True,
        text=True,
        check=True,
    )
    assert result.stdout.strip() == "[]"
