"""YAML that cannot be parsed: where, why, and how to fix it."""

import re
from collections.abc import Sequence

import yaml

# By the text of the parser: what is wrong and how to fix it. `{rest}` is the rest of the line.
# An unclosed quote or bracket is reported where it begins.
_AT_THE_PROBLEM = {
    r"found character '\\t'": "a tab, where YAML takes only spaces; indent with spaces",
    r"found character .* cannot start": "no value begins so; put it in quotes: {rest}",
    r"unknown escape character": "in double quotes \\ stands for something else; use single quotes",
    r"expected alphabetic or numeric character": "& and * name parts of a file; put a text that "
    "begins so in quotes",
    r"undefined alias": "* stands for a part of the file that & has named, and none has this name; "
    "put a text that begins so in quotes: {rest}",
    r"determine a constructor": "! and = have a meaning of their own; put it in quotes: {rest}",
    r"expected a comment or a line break": "after | and > a text begins on the next line; put a "
    "text that begins so in quotes: {rest}",
    r"sequence entries are not allowed": "a list begins on a line of its own; put a text that "
    "begins with - in quotes: {rest}",
    r"expected the node content": "a value is missing before this; put a text that begins so in "
    "quotes: {rest}",
    r"second occurrence": "& gives this name a second time; give each part its own",
    r"expected '<document start>'": "this belongs to nothing before it; correct its indent",
    r"expected <block end>, but found '<scalar>'": "the value has ended before this; put the whole "
    "of it in quotes",
    r"expected <block end>": "the line is indented otherwise than those that it belongs to; give "
    "them the same indent",
}
_WHERE_IT_BEGINS = {
    r"unexpected end of stream": "the quote that begins here does not end",
    r"could not find expected ':'": "a name without a colon and a value; add them",
    r"expected ',' or": "the bracket that begins here does not end, or a text in it holds one of "
    "{{ }} [ ] , : and belongs in quotes",
}

# A text such as events/{day}.parquet, or {{ env.FOLDER }}: YAML takes braces for a mapping.
_WITH_BRACES = re.compile(r"""[^\s,:\[\]{}"']*(\{\{.*?\}\}|\{[^{},:]*\})[^\s,\]}"']*""")


def quoted(text: str) -> str:
    """A text quoted for YAML.

    >>> print(quoted("no"), quoted('5" pipe'))
    "no" '5" pipe'
    """
    if '"' in text or "\\" in text:
        return "'" + text.replace("'", "''") + "'"
    return f'"{text}"'


def at(line: int, column: int) -> str:
    """A place in a file, from a line and a column that count from 0."""
    return f"line {line + 1}, column {column + 1}"


def syntax_mistake(text: str, error: yaml.YAMLError) -> str:
    """Where a text is not YAML, why, and how to fix it."""
    try:
        # This parser reports more than the fast one.
        for _ in yaml.compose_all(text, yaml.SafeLoader):
            pass
    except yaml.YAMLError as found:
        error = found
    if isinstance(error, yaml.reader.ReaderError):
        before = text[: error.position]
        place = at(before.count("\n"), len(before) - before.rfind("\n") - 1)
        return f"{place}: the character {error.character:#04x} cannot be in YAML; remove it"
    if not isinstance(error, yaml.MarkedYAMLError) or error.problem_mark is None:
        return str(error)
    mark, problem = error.problem_mark, str(error.problem)
    begins = error.context_mark or mark
    lines = [*text.split("\n"), ""]
    if problem.startswith("expected"):
        for number in dict.fromkeys((mark.line, begins.line)):
            if braced := _WITH_BRACES.search(lines[number]):
                place = at(number, braced.start())
                return f"{place}: braces make a mapping; put a text in quotes: {quoted(braced[0])}"
    if problem.startswith("mapping values"):
        return f"{at(mark.line, mark.column)}: {_second_colon(lines, mark)}"
    rest = quoted(lines[mark.line][mark.column :].strip())
    for where, words in ((begins, _WHERE_IT_BEGINS), (mark, _AT_THE_PROBLEM)):
        for pattern, sentence in words.items():
            if re.search(pattern, problem):
                return f"{at(where.line, where.column)}: {sentence.format(rest=rest)}"
    return f"{at(mark.line, mark.column)}: {problem}"


def _second_colon(lines: Sequence[str], mark: yaml.Mark) -> str:
    """Why a colon is unexpected: it is part of a text, or the line before is incomplete."""
    name, colon, value = lines[mark.line].partition(": ")
    if colon and len(name) < mark.column:
        return f"a text holds a colon; put it in quotes: {quoted(value.strip())}"
    return (
        "the line is indented otherwise than those that it belongs to, or the line before lacks "
        "the colon or the space after it"
    )
