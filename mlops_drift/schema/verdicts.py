"""Verdicts: pass, fail, or unknown where nothing can be judged."""

from collections.abc import Sequence
from typing import Literal

Verdict = Literal["pass", "fail", "unknown"]


def overall(verdicts: Sequence[Verdict]) -> Verdict:
    """The verdict over several: any fail fails, any pass passes the rest.

    >>> overall(["unknown", "pass"]), overall(["pass", "fail"]), overall([])
    ('pass', 'fail', 'unknown')
    """
    if "fail" in verdicts:
        return "fail"
    return "pass" if "pass" in verdicts else "unknown"
