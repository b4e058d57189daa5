"""The folder that definitions are read from, for all tests of loading."""

import pytest

from mlops_drift import settings


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """The folder of further definitions."""
    monkeypatch.setenv(settings.DATA_VARIABLE, str(tmp_path / "data"))
    monkeypatch.setenv(settings.DEFS_VARIABLE, str(tmp_path / "defs"))
    (tmp_path / "defs").mkdir()
    return tmp_path / "defs"
