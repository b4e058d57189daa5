"""The file of a window is used as it was written, or not at all."""

import json
from datetime import date

import pytest

from mlops_drift.serving.window import Window, database_in, digest_of
from mlops_drift.store.sealed import FeatureError


@pytest.fixture
def window(tmp_path):
    database_in(tmp_path).write_bytes(b"content")
    commits = {"landing.shop_events": 7, "landing.shop_labels": None}
    digest = digest_of(database_in(tmp_path))
    made = Window(tmp_path, date(2024, 3, 1), 30, "customer", 5, 2, commits, digest)
    made.write()
    return made


def test_a_window_is_read_as_it_was_written(window):
    assert Window.load(window.folder) == window
    assert json.loads((window.folder / "window.json").read_text())["day"] == "2024-03-01"


def test_a_file_that_was_changed_is_refused(window):
    window.database.write_bytes(b"contents")
    with pytest.raises(FeatureError, match=r"the digest of window.duckdb is not that of the"):
        Window.load(window.folder)


@pytest.mark.parametrize("manifest", ["", "[]", '{"day": "2024-03-01"}', '{"day": "soon"}'])
def test_a_manifest_that_was_changed_is_refused(window, manifest):
    (window.folder / "window.json").write_text(manifest)
    with pytest.raises(FeatureError, match="holds no complete window of the past; export it again"):
        Window.load(window.folder)


@pytest.mark.parametrize("name", ["window.json", "window.duckdb"])
def test_a_window_that_is_not_complete_is_refused(window, name):
    (window.folder / name).unlink()
    with pytest.raises(FeatureError, match="holds no complete window of the past"):
        Window.load(window.folder)
