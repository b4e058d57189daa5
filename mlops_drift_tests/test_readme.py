"""The README's ten minutes, typed as written."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

from mlops_drift import project, settings

BLOCK = re.compile(r"<!-- tested: ten minutes -->\s*```sh\n(.*?)```", re.DOTALL)


def test_the_ten_minutes_of_the_readme_end_in_a_model_that_has_recovered(tmp_path):
    readme = (project.CHECKOUT / "README.md").read_text(encoding="utf-8")
    [commands] = BLOCK.findall(readme)
    shutil.copytree(project.CHECKOUT / "examples", tmp_path / "examples")
    # As in a checkout, with the environment that the tests run in.
    (tmp_path / ".venv").symlink_to(Path(sys.prefix))
    environment = {
        **os.environ,
        settings.DATA_VARIABLE: str(tmp_path / "data"),
        "PYTHONPATH": str(project.CHECKOUT),
        "COLUMNS": "160",
    }
    done = subprocess.run(
        ["sh", "-e", "-c", commands],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "my_models" / "returns" / "defs.yaml").is_file()
    for found in ("feature_drift", "performance_drop", "promoted v1", "promoted v2"):
        assert found in done.stdout
