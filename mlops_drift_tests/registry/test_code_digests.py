from mlops_drift.registry import code_digests as digests
from mlops_drift.registry.code_digests import (
    code_digest,
    learning_code_digest,
    lock_digest,
    own_code_digest,
)


def test_a_digest_is_of_the_parts_that_are_named():
    assert code_digest("settings.py") == code_digest("settings.py")
    assert len({code_digest("settings.py"), code_digest("errors.py"), code_digest("learning")}) == 3


def test_a_digest_changes_with_a_line_of_code_and_with_a_new_file(tmp_path, monkeypatch):
    monkeypatch.setattr(digests, "PACKAGE", tmp_path)
    part = tmp_path / "part"
    part.mkdir()
    seen = set()
    for file, text in [("a.py", "x = 1"), ("a.py", "x = 2"), ("b.py", ""), ("notes.txt", "x")]:
        (part / file).write_text(text)
        code_digest.cache_clear()
        seen.add(code_digest("part"))
    (part / "b.py").rename(part / "c.py")
    code_digest.cache_clear()
    seen.add(code_digest("part"))
    code_digest.cache_clear()
    # Notes are not code.
    assert len(seen) == 4


def test_the_learning_digest_depends_on_the_versions_of_libraries():
    assert learning_code_digest(("numpy",)) != learning_code_digest(("numpy", "pandas"))
    assert learning_code_digest(("numpy",)) == learning_code_digest(("numpy",))


def test_the_digest_of_the_lock_follows_its_content(tmp_path):
    assert lock_digest(tmp_path) == "unknown"
    (tmp_path / "requirements.lock").write_text("a==1")
    first = lock_digest(tmp_path)
    (tmp_path / "requirements.lock").write_text("a==2")
    assert len({first, lock_digest(tmp_path), "unknown"}) == 3


def test_the_digest_of_own_code_follows_the_sources_of_its_package(tmp_path, monkeypatch):
    package = tmp_path / "digested_shop"
    package.mkdir()
    (package / "models.py").write_text("from . import helpers")
    (package / "helpers.py").write_text("")
    monkeypatch.syspath_prepend(tmp_path)
    path = ("digested_shop.models:trees",)
    seen = set()
    for file, text in [("helpers.py", "x = 1"), ("models.py", "from .helpers import x")]:
        (package / file).write_text(text)
        own_code_digest.cache_clear()
        learning_code_digest.cache_clear()
        seen.add(learning_code_digest(("numpy",), path))
    (package / "unrelated.py").write_text("y = 2")
    own_code_digest.cache_clear()
    learning_code_digest.cache_clear()
    seen.add(learning_code_digest(("numpy",), path))
    assert len(seen) == 2
    assert learning_code_digest(("numpy",)) not in seen
