import pytest

from mlops_drift.charts.sparkline import BARS
from mlops_drift.cli.signs import NAME
from mlops_drift.console import SIGNS


def test_each_sign_becomes_one_ascii_character_of_its_own():
    for signs in (BARS[1:], "".join(SIGNS.values())):
        replaced = signs.encode("ascii", NAME).decode()
        assert len(replaced) == len(set(replaced)) == len(signs)


def test_what_an_encoding_has_stays_and_other_letters_are_escaped():
    assert "größe ▁ ✓".encode("latin-1", NAME) == "größe _ +".encode("latin-1")
    assert "größe".encode("ascii", NAME) == rb"gr\xf6\xdfe"


def test_input_that_cannot_be_read_stays_an_error():
    with pytest.raises(UnicodeDecodeError):
        b"\xff".decode("ascii", NAME)
