"""Values and comments as YAML."""

import textwrap

import yaml

_WIDTH = 96


def scalar(value: object) -> str:
    """A value as YAML that reads back as the same.

    >>> scalar("no"), scalar("a: b"), scalar(0.5)
    ("'no'", "'a: b'", '0.5')
    """
    dumped = yaml.safe_dump([value], default_flow_style=True, allow_unicode=True, width=10**6)
    return dumped.strip()[1:-1]


def comment(text: str, indent: int = 2) -> str:
    """A text as lines of comment."""
    # Names and values from the files may hold line ends, and what YAML does not allow.
    shown = "".join(sign if sign.isprintable() else " " for sign in text)
    plain, prefix = " ".join(shown.split()), f"{' ' * indent}# "
    return textwrap.fill(
        plain, _WIDTH, initial_indent=prefix, subsequent_indent=prefix, break_on_hyphens=False
    )
