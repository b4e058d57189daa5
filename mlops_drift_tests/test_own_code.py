"""A user's modules are read without importing them, and their errors become sentences."""

import sys
from traceback import format_exception

import pytest

from mlops_drift.errors import UserError
from mlops_drift.own_code import OwnCodeError, own_code, require_there, sources

MODELS = """
import json
from . import helpers
from .inner.deep import depth
import own_shop_of_tests.other

def trees(columns, target, params):
    from own_shop_of_tests import late
    raise ValueError("too tall\\nby far")
"""


@pytest.fixture
def shop(tmp_path, monkeypatch):
    """A package of several modules on the path, none of which is imported."""
    root = tmp_path / "own_shop_of_tests"
    files = {
        "__init__.py": "",
        "models.py": MODELS,
        "helpers.py": "from pandas import DataFrame as Frame\nlimit: int = 3\n",
        "inner/__init__.py": "",
        "inner/deep.py": "from ..helpers import limit as depth\n",
        "other.py": "from . import models\n",
        "late.py": "",
        "unused.py": "",
        "broken.py": "x = 1\ndef (\n",
        "open.py": "from os.path import *\n",
    }
    for name, text in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)
    monkeypatch.syspath_prepend(tmp_path)
    yield root
    for name in [name for name in sys.modules if name.startswith("own_shop_of_tests")]:
        del sys.modules[name]


def test_a_name_is_found_in_the_source_of_a_module_that_is_not_imported(shop):
    for path in ("models:trees", "helpers:limit", "helpers:Frame", "inner.deep:depth", "open:join"):
        require_there(f"own_shop_of_tests.{path}")
    assert not [name for name in sys.modules if name.startswith("own_shop_of_tests")]


@pytest.mark.parametrize(
    ("path", "message"),
    [
        ("no_such_shop.models:trees", "there is no module 'no_such_shop.models'"),
        ("own_shop_of_tests.modells:trees", "there is no module 'own_shop_of_tests.modells'"),
        (
            "own_shop_of_tests.models:forest",
            r"'own_shop_of_tests.models' does not define 'forest' \(.*py\)",
        ),
        ("own_shop_of_tests.models:Frame", "does not define 'Frame'"),
        ("own_shop_of_tests.broken:x", r"broken.py, line 2: invalid syntax"),
    ],
)
def test_a_name_that_is_not_there_is_named(shop, path, message):
    with pytest.raises(ValueError, match=message):
        require_there(path)


def test_a_module_of_the_interpreter_is_taken_on_trust():
    # The first is compiled into every interpreter, the second into some, the third is frozen.
    for path in ("sys:maxsize", "math:sqrt", "os:getcwd"):
        require_there(path)


def test_a_module_rests_on_what_it_imports_of_its_own_package(shop):
    found = sources(["own_shop_of_tests.models:trees"])
    own = ("models", "helpers", "inner", "inner.deep", "other", "late")
    assert set(found) == {"own_shop_of_tests", *(f"own_shop_of_tests.{name}" for name in own)}
    assert found["own_shop_of_tests.models"].decode() == MODELS


def test_an_error_is_one_sentence_with_the_last_line_of_the_own_package(shop):
    from own_shop_of_tests.models import trees

    with (
        pytest.raises(OwnCodeError) as raised,
        own_code("own_shop_of_tests.models:trees", "failed"),
    ):
        trees({}, None, {})
    sentence = "own_shop_of_tests.models:trees failed: ValueError: too tall (models.py, line 9)"
    assert str(raised.value) == sentence


def test_an_error_that_is_a_sentence_already_stays():
    with pytest.raises(UserError, match=r"^mend it$"), own_code("json:loads", "failed"):
        raise UserError("mend it")


def test_a_secret_of_the_environment_is_in_no_part_of_an_error(monkeypatch):
    monkeypatch.setenv("SHOP_TOKEN", "a/sesame")
    monkeypatch.setenv("SHOP_DB", "postgresql://owner:open%20it@host/shop")

    def orders():
        try:
            raise KeyError("a/sesame")
        except KeyError as error:
            raise ValueError("no a%2Fsesame, open it, http://me:my@host/x") from error

    with pytest.raises(OwnCodeError) as raised, own_code("shop:orders", "failed"):
        orders()
    told = "".join(format_exception(raised.value))
    assert str(raised.value) == "shop:orders failed: ValueError: no …, …, http://…@host/x"
    for secret in ("sesame", "open", "my@"):
        assert secret not in told
    # What tells nothing keeps its traceback.
    with pytest.raises(OwnCodeError) as raised, own_code("shop:orders", "failed"):
        raise ValueError("no")
    assert isinstance(raised.value.__cause__, ValueError)


def test_an_end_of_the_process_is_an_error():
    with (
        pytest.raises(OwnCodeError, match=r"^shop:orders failed: SystemExit: no rows$"),
        own_code("shop:orders", "failed"),
    ):
        sys.exit("no rows")
