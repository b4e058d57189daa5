"""What is printed in place of a character that the encoding of the output lacks."""

import codecs

# One for one, so that columns stay where they are.
_SIGNS = dict(zip("▁▂▃▄▅▆▇█…—─━│✓✕‖→�", "_.:-=+*#.--=|+x!>?", strict=True))

NAME = "signs"


def _replace(error: UnicodeError) -> tuple[str | bytes, int]:
    """A sign like it for what this program draws, an escape for all other characters."""
    if isinstance(error, UnicodeEncodeError):
        found = error.object[error.start : error.end]
        replaced = "".join(_SIGNS.get(one) or _escaped(one) for one in found)
        return replaced, error.end
    raise error


def _escaped(letter: str) -> str:
    return letter.encode("ascii", "backslashreplace").decode()


codecs.register_error(NAME, _replace)
