"""The process that measures policies: ``python -m engine.backtest.compare JOB``, begun and asked like the judge.

It reads the rows of the window with their weeks, and what each policy's models said of them, and writes
``compared.json`` beside the job. Exit code 1: it could not measure, and the last line on standard error says why.

Nothing is unpickled and no code of a project runs here; parquet files written by the engine are all that is read.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from itertools import combinations
from pathlib import Path
from typing import Any

from engine.backtest.weekly_bootstrap import measure_policies
from engine.errors import LeverframeError, StepFailed
from engine.json_records import read
from engine.storage.atomic import write_file
from engine.text import plain
from engine.unneeded import keep_out
from engine.validation.metrics import Predicted
from engine.validation.predictions import column_of, read_table, truth_of, understand
from engine.validation.rules import Rules

WEEK = "__leverframe_week__"
ANSWER = "compared.json"


def compare(job: Mapping[str, Any]) -> dict[str, Any]:
    """What came of ``job``; policies are in its order, the most frequent first. Raises Invalid or StepFailed."""
    rules, metric = read(Rules, job["manifest"], "The manifest's part"), str(job["metric"])
    rows, known = read_table(job["rows"], "window"), read_table(job["known"], "labels")
    target, week = rules.target, rows.column(WEEK).to_numpy()
    truth = truth_of(column_of(rows, target, "window"), column_of(known, target, "labelled"), rules)
    words = [each["word"] for each in job["policies"]]
    said: list[Predicted] = []
    for each in job["policies"]:
        who = f"the models of the policy {each['word']}"
        found = understand(read_table(each["predictions"], "predictions"), truth, [metric], who)
        if found.problems:
            raise StepFailed(f"What {who} predicted cannot be measured: {'; '.join(found.problems)}.")
        said.append(found.predicted)
    pairs = list(combinations(range(len(said)), 2))
    result = measure_policies(metric, truth, said, pairs, week, int(job["weeks"]))
    return {
        "told": result.told,
        "policies": [
            {"word": word, **vars(whole), "weekly": list(weekly)}
            for word, whole, weekly in zip(words, result.whole, result.weekly, strict=True)
        ],
        "differences": [
            {"policy": words[a], "over": words[b], **vars(found), "comparison": comparison}
            for (a, b), (found, comparison) in zip(pairs, result.differences, strict=True)
        ],
    }


def main(path: Path) -> int:
    """Wait until the job is there and measure."""
    if not sys.stdin.readline():
        return 0
    try:
        answer = compare(json.loads(path.read_bytes()))
    except LeverframeError as refusal:
        print(plain(str(refusal), 2000), file=sys.stderr)
        return 1
    write_file(path.with_name(ANSWER), json.dumps(answer, allow_nan=False).encode(), durable=False)
    return 0


if __name__ == "__main__":
    keep_out()
    sys.exit(main(Path(sys.argv[1])))
