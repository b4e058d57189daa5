import re

from importlinter.cli import lint_imports

from mlops_drift.project import CHECKOUT


def test_imports_point_downward_only(capsys):
    failed = lint_imports(config_filename=str(CHECKOUT / ".importlinter"), no_cache=True)
    report = capsys.readouterr().out
    assert not failed, report
    kept = re.search(r"Contracts: (\d+) kept, 0 broken", report)
    assert kept
    assert int(kept[1]) >= 3
