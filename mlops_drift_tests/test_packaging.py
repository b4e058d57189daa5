"""What an installation without the checkout holds."""

import tomllib

from mlops_drift import project

PACKAGE = project.CHECKOUT / "mlops_drift"


def test_every_file_of_the_package_is_installed_with_it():
    described = tomllib.loads((project.CHECKOUT / "pyproject.toml").read_text(encoding="utf-8"))
    patterns = described["tool"]["setuptools"]["package-data"]["mlops_drift"]
    installed = {file for pattern in patterns for file in PACKAGE.glob(pattern)}
    there = {
        file
        for file in PACKAGE.rglob("*")
        if file.is_file() and file.suffix not in (".py", ".pyc") and "__pycache__" not in file.parts
    }
    assert PACKAGE / "defs" / "churn" / "features.sql" in there
    assert there - installed == set()
