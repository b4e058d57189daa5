"""The process of a pipeline: answers what it is asked on stdin, on stdout, until stdin ends."""

import os
import pickle
import signal
import sys
from pathlib import Path

import msgspec
import pandas as pd

from mlops_drift.learning.compiled.base import Value
from mlops_drift.learning.families.base import predicted
from mlops_drift.schema.columns import Target
from mlops_drift.serving.records import ModelAnswer
from mlops_drift.serving.talk import read, write


def main(pickled: str, target: str, columns: str) -> None:
    """Loads a pipeline, then scores rows of these columns, message by message."""
    # Ctrl-C is for the service, whose end is that of stdin.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    # Whatever a pipeline prints is no answer.
    answers = os.fdopen(os.dup(sys.stdout.fileno()), "wb")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    pipeline = pickle.loads(Path(pickled).read_bytes())
    wanted, names = Target.model_validate_json(target), msgspec.json.decode(columns)
    decoder = msgspec.json.Decoder(list[dict[str, Value]])
    while (question := read(sys.stdin.buffer)) is not None:
        frame = pd.DataFrame(decoder.decode(question), columns=names, dtype=object)
        try:
            found = predicted(pipeline, wanted, frame)
        # Whatever a pipeline raises is the answer.
        except Exception as error:
            write(answers, msgspec.json.encode(f"{type(error).__name__}: {error}"))
            continue
        shares = found.probabilities
        lists = [None] * len(frame) if shares is None else map(tuple, shares.tolist())
        scored = zip(found.prediction.tolist(), found.score.tolist(), lists, strict=True)
        write(answers, msgspec.json.encode([ModelAnswer(*one) for one in scored]))


if __name__ == "__main__":
    main(*sys.argv[1:])
