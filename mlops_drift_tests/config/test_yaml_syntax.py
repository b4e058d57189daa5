"""YAML that cannot be read: where, why, and what would be right."""

import pytest
import yaml

from mlops_drift.config.yaml_syntax import quoted, syntax_mistake

WRONG = {
    "a: {path: events/{day}.parquet}": ("line 1, column 11:", '"events/{day}.parquet"'),
    "a: {path: {day}.parquet}": ("line 1, column 11:", '"{day}.parquet"'),
    "a:\n  path: {day}.csv": ("line 2, column 9:", '"{day}.csv"'),
    "a: {path: {{ env.HOME }}/e.csv}": ("line 1, column 11:", '"{{ env.HOME }}/e.csv"'),
    "a: [x, y\nb: 1": ("line 1, column 4:", "the bracket that begins here does not end"),
    "a: {x: 1": ("line 1, column 4:", "the bracket that begins here does not end"),
    "a:\n\tb: 1": ("line 2, column 1:", "indent with spaces"),
    "a:\n  b: 1\n\tc: 2": ("line 3, column 1:", "indent with spaces"),
    "a: @x": ("line 1, column 4:", 'put it in quotes: "@x"'),
    "a: % of all": ("line 1, column 4:", 'put it in quotes: "% of all"'),
    "a: Returned: yes?": ("line 1, column 12:", 'put it in quotes: "Returned: yes?"'),
    "a:\n  b:1\n  c: 2": ("line 3, column 4:", "the line before lacks the colon or the space"),
    "a:\n  b: 1\n    c: 2": ("line 3, column 6:", "indented otherwise"),
    "a:\n    b: 1\n  c: 2": ("line 3, column 3:", "give them the same indent"),
    "a:\n  b: 1\n  - c": ("line 3, column 3:", "give them the same indent"),
    "a: 1\nb": ("line 2, column 1:", "a name without a colon"),
    "a: 'x\nb: 2": ("line 1, column 4:", "the quote that begins here does not end"),
    "a: 'it's'": ("line 1, column 8:", "put the whole of it in quotes"),
    'a: "C:\\data"': ("line 1, column 8:", "use single quotes"),
    "a: *x": ("line 1, column 4:", 'put a text that begins so in quotes: "*x"'),
    "a: [*, b]": ("line 1, column 6:", "put a text that begins so in quotes"),
    "a: ,b": ("line 1, column 4:", 'in quotes: ",b"'),
    "a: >5 EUR": ("line 1, column 7:", "put a text that begins so in quotes"),
    "a: - b": ("line 1, column 4:", 'in quotes: "- b"'),
    "a: &x 1\nb: &x 2": ("line 2, column 4:", "a second time"),
    "a: 1\n...\nb: 2": ("line 3, column 1:", "belongs to nothing"),
    "a: b\x07": ("line 1, column 5:", "0x07 cannot be in YAML; remove it"),
}


@pytest.mark.parametrize("text", WRONG)
def test_a_mistake_has_its_place_and_its_remedy(text):
    place, remedy = WRONG[text]
    with pytest.raises(yaml.YAMLError) as caught:
        list(yaml.safe_load_all(text))
    told = syntax_mistake(text, caught.value)
    assert told.startswith(place)
    assert remedy in told
    assert "\n" not in told


@pytest.mark.parametrize("text", ["no", 'a "b"', "it's", 'C:\\"it\'s"', "{day}"])
def test_a_quoted_text_is_read_as_it_is(text):
    assert yaml.safe_load(quoted(text)) == text
