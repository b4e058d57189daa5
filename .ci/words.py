"""Fails if the project's texts contain words that the glossary replaces.

python .ci/words.py [FOLDER or FILE ...]
"""

import re
import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent
PLACES = ("mlops_drift", "docs", "README.md", "CONTRIBUTING.md", "CHANGELOG.md", "data/README.md")
ENDINGS = {".py", ".md", ".yaml", ".j2"}
USE = {
    r"\bcame of it|what came of\b": "outcome",
    r"born with": "baseline",
    r"\btold\b": "reported, recorded, sent",
    r"\b(?:was|were|is|are|be) (?:refused|declined)\b": "rejected",
    r"\bl(?:et|ets) go\b": "can be deleted",
    r"\bstrays?\b": "quarantined rows",
    r"\bDuel\b": "champion comparison",
    r"\bDecider\b": "threshold classifier",
    r"\bTrialMemory\b": "trial cache",
    r"test_as_validated": "cv_test_gap",
    r"no_perfect_feature": "target_leakage",
    r"trained_on_train_part": "refit_consistency",
    r"t(?:rain|est) part\b": "train split, test split",
    r"\bhold(?:s)? .{1,40} against\b": "compare with",
    r"held against": "compared with",
    r"\bwalk(?:s|ed)? (?:\w+ )?through\b": "run day by day",
    r"moved no further than chance": "not significant",
    r"beyond the floor": "below the minimum",
    r"killed never was": "was rolled back",
    r"because of no_champion": "first training",
}


def hits(text: str) -> list[tuple[int, str, str]]:
    """Line, words found and words to use."""
    return sorted(
        (text.count("\n", 0, match.start()) + 1, match[0], use)
        for pattern, use in USE.items()
        for match in re.finditer(pattern.replace(" ", r"\s+"), text, re.IGNORECASE)
    )


def main(places: list[str]) -> int:
    """Reports every hit; 1 if there is one."""
    paths = [ROOT / place for place in places or PLACES]
    files = [file for path in paths for file in ([path] if path.is_file() else path.rglob("*"))]
    count = 0
    for file in sorted(file for file in files if file.suffix in ENDINGS):
        for line, words, use in hits(file.read_text(encoding="utf-8")):
            count += 1
            found = " ".join(words.split())
            sys.stderr.write(f"{file.relative_to(ROOT)}:{line}: {found!r}; write: {use}\n")
    return min(count, 1)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
