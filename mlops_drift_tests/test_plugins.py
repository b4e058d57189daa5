"""Names of members are looked up among shipped ones, import paths and entry points."""

from importlib.metadata import EntryPoint, EntryPoints

import pytest

from mlops_drift import plugins
from mlops_drift.plugins import load

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
