"""The README's ten minutes, typed as written."""

import os
import re
import shlex
import shutil

from mlops_drift import project
from mlops_drift_tests.cli.commands import printed

BLOCK = re.compile(r"<!-- tested: ten minutes -->\s*```sh\n(.*?)```", re.DOTALL)
PROGRAM = ".venv/bin/mlops-drift"


def test_the_ten_minutes_of_the_readme_end_in_a_model_that_has_recovered(new_world, monkeypatch):
    [commands] = BLOCK.findall((project.CHECKOUT / "README.md").read_text(encoding="utf-8"))
    world, said = new_world("readme"), ""
    shutil.copytree(project.CHECKOUT / "examples", world.root / "examples")
    # As a shell does in that folder.
    monkeypatch.chdir(world.root)
    monkeypatch.setenv("PWD", str(world.root))
    monkeypatch.setenv("COLUMNS", "160")
    with world.active():
        for line in commands.splitlines():
            program, *words = shlex.split(os.path.expandvars(line))
            if program == "export":
                [(name, value)] = [word.split("=", 1) for word in words]
                monkeypatch.setenv(name, value)
                continue
            assert program == PROGRAM
            said += printed(*words)
    assert (world.root / "my_models" / "returns" / "defs.yaml").is_file()
    for found in ("feature_drift", "performance_drop", "promoted v1", "promoted v2"):
        assert found in said
