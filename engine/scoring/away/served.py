"""Scores by compiled tables on a worker: ``python -m engine.scoring.away.served FOLDER``, the tables in ``FOLDER``.

Sent there with the modules that it imports (``kit.MODULES``); beside them it needs NumPy and pyarrow, and nothing that
the project has. It is asked and answers as ``warm_scorer.py`` does.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

from engine.errors import Damage, StepFailed
from engine.runs.steps import warm_scorer


class Served:
    """As ``warm_scorer.Scorer``, for what is compiled."""

    def __init__(self, folder: Path) -> None:
        from engine.scoring.compiled.scorer import CompiledScorer

        self._scorer = CompiledScorer.read(folder)
        self._scorer.ready()

    def answer(self, head: dict[str, Any], body: bytes) -> tuple[dict[str, Any], bytes]:
        import pyarrow as pa

        try:
            found = self._scorer.score(pa.ipc.open_stream(body).read_all())
        except StepFailed as refused:
            raise warm_scorer.runner.Refused(str(refused).rstrip(".")) from None
        sink = pa.BufferOutputStream()
        with pa.ipc.new_stream(sink, found.schema) as stream:
            stream.write_table(found)
        return {"form": "arrow"}, sink.getvalue().to_pybytes()


def main(folder: str) -> int:
    """Answer until whoever asks is gone."""
    with open(os.environ["LEVERFRAME_REQUESTS"], "rb", buffering=0) as requests, open(
        os.environ["LEVERFRAME_ANSWERS"], "wb", buffering=0
    ) as answers:
        try:
            scorer: Any = Served(Path(folder))
        except (ImportError, Damage) as problem:
            print(f"{problem}; a worker needs the NumPy and pyarrow of Leverframe", file=sys.stderr)
            return 1
        warm_scorer.send(answers, {"ready": True})
        warm_scorer.serve(scorer, requests, answers)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
