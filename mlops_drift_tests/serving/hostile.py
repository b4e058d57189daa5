"""Bodies that no honest client sends."""

import json
import random

from mlops_drift_tests.serving.service import ROW

VALUES = [
    *(
        None,
        True,
        -1,
        0.5,
        2**63,
        -(2**64),
        10**40,
        1e308,
        5e-324,
        "",
        " ",
        "\x00",
        "😀",
        "x" * 999,
    ),
    *([], {}, [[]], {"a": {}}, "NaN", "1", "true", "2023-11-14T22:13:20Z", "9999-99-99T99:99Z"),
]
NAMES = [*ROW, "rows", "event_time", "Age", "", "inputs", "instances", "dataframe_split", "columns"]
SPLICES = [
    b"NaN",
    b"Infinity",
    b"\xff",
    b"\x00",
    b"[" * 50,
    b'{"a":' * 50,
    b"1" * 500,
    b'"',
    b"\\u",
]


def _document(draw, depth=0):
    kind = draw.randrange(6 if depth < 4 else 3)
    if kind < 3:
        return draw.choice(VALUES)
    if kind == 3:
        return [_document(draw, depth + 1) for _ in range(draw.randrange(4))]
    if kind == 4:
        return {draw.choice(NAMES): _document(draw, depth + 1) for _ in range(draw.randrange(6))}
    return ROW | {draw.choice(NAMES): draw.choice(VALUES)}


def _tensors(draw):
    names = [*ROW, 7, None]
    tensor = {"name": draw.choice(names), "datatype": draw.choice(["FP64", "INT64", "X", None])}
    return tensor | {"shape": draw.choice([[1], [2], [1, 1], 1, []]), "data": _document(draw)}


def bodies(n, seed):
    """As many bodies: documents of a wrong shape, and documents that are damaged."""
    draw = random.Random(seed)
    for _ in range(n):
        document = draw.choice(
            [
                _document(draw),
                {"rows": [_document(draw) for _ in range(draw.randrange(4))]},
                {"inputs": [_tensors(draw) for _ in range(draw.randrange(4))]},
                {"inputs": {name: _document(draw) for name in draw.choices(NAMES, k=3)}},
                {"instances": [_document(draw)]},
                {"dataframe_split": {"columns": _document(draw), "data": _document(draw)}},
            ]
        )
        body = json.dumps(document).encode()
        if draw.random() < 0.5:
            at = draw.randrange(len(body) + 1)
            cut = draw.randrange(3)
            body = body[:at] + draw.choice(SPLICES) * draw.randrange(2) + body[at + cut :]
        yield body
