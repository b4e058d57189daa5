"""Names of members are looked up among shipped ones, import paths and entry points."""

import sys
from importlib.metadata import EntryPoint, EntryPoints

import pytest

from mlops_drift import plugins
from mlops_drift.plugins import load, load_either, own_paths, require_member

SHIPPED = {"odd": "json:JSONDecodeError"}


@pytest.mark.parametrize("name", ["odd", "json:JSONDecodeError", "json.decoder:JSONDecodeError"])
def test_a_shipped_name_and_an_import_path_give_the_class(name):
    assert load("errors", name, SHIPPED, ValueError).__name__ == "JSONDecodeError"


def test_an_entry_point_is_found_and_named_in_the_error_of_another_name(monkeypatch):
    point = EntryPoint("theirs", "json:JSONDecodeError", "mlops_drift.errors")
    points = EntryPoints([point])
    monkeypatch.setattr(plugins, "entry_points", lambda group: points.select(group=group))
    assert load("errors", "theirs", SHIPPED, ValueError).__name__ == "JSONDecodeError"
    with pytest.raises(ValueError, match=r"'other' is not one of mlops_drift.errors: odd, theirs;"):
        load("errors", "other", SHIPPED, ValueError)


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("no_such_package:Gate", "cannot be imported as no_such_package:Gate: No module named"),
        ("json:Nothing", "cannot be imported as json:Nothing: module 'json' has no attribute"),
        ("json:loads", "must be a subclass of builtins.ValueError, found a function"),
        ("json:JSONEncoder", "must be a subclass of builtins.ValueError, found another class"),
    ],
)
def test_what_is_no_member_is_an_error_that_names_it(name, message):
    with pytest.raises(ValueError, match=message):
        load("errors", name, SHIPPED, ValueError)


def test_a_module_that_fails_while_it_is_imported_is_named_with_its_error(tmp_path, monkeypatch):
    (tmp_path / "fails_when_imported.py").write_text("limit = 1 / 0")
    monkeypatch.syspath_prepend(tmp_path)
    message = "cannot be imported as fails_when_imported:limit: ZeroDivisionError: division by"
    with pytest.raises(ValueError, match=message):
        load("errors", "fails_when_imported:limit", {}, ValueError)


def test_a_function_is_taken_where_one_may_be():
    found = load_either("errors", "json:loads", {}, ValueError, "(text)")
    assert found("[1]") == [1]
    message = r"must be a function \(text\), or a subclass of builtins.ValueError, found another"
    with pytest.raises(ValueError, match=message):
        load_either("errors", "json:JSONEncoder", {}, ValueError, "(text)")


def test_own_paths_are_those_that_are_not_shipped_here():
    names = ["odd", "mlops_drift.errors:UserError", "shop.models:trees", "shop.models:trees"]
    assert own_paths("errors", names, SHIPPED) == ("shop.models:trees",)


def test_a_member_is_required_without_an_import():
    require_member("errors", "wsgiref.validate:InputWrapper", SHIPPED)
    assert "wsgiref.validate" not in sys.modules
    with pytest.raises(ValueError, match=r"as wsgiref\.validate:No: module"):
        require_member("errors", "wsgiref.validate:No", SHIPPED)
