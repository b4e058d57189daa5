"""Values as YAML."""

import yaml


def scalar(value: object) -> str:
    """A value as YAML that reads back as the same.

    >>> scalar("no"), scalar("a: b"), scalar(0.5)
    ("'no'", "'a: b'", '0.5')
    """
    dumped = yaml.safe_dump([value], default_flow_style=True, allow_unicode=True, width=10**6)
    return dumped.strip()[1:-1]
