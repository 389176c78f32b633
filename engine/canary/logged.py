"""What both sides of a canary said in the request log, and how far that is from the labels that came since.

Rows of the log belong to the side that answered them: what a canary could not answer, the live version did, and that
says nothing of either's predictions. Imports pyarrow.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from engine.canary.records import Losses, Predictions
from engine.errors import Damage
from engine.feedback.rows import written
from engine.requests import block
from engine.requests.records import Block
from engine.text import plain

if TYPE_CHECKING:
    import pyarrow as pa

    from engine.feedback.records import Key, Scalar

MOST_ROWS = 300_000  # of one side; what is older is left out
MOST_VALUES, NAMED = 30, 6  # so few different values are counted, and so many of them told
PREDICTION = "prediction"


@dataclass(frozen=True)
class Logged:
    """What one side said: of rows with their keys as feedback writes them, the answers by the outputs' names."""

    predictions: Predictions
    losses: Losses
    loss: str | None


def of_side(
    requests: Path, blocks: Sequence[Block], label: str, key: Sequence[str], labels: Mapping[Key, Scalar],
    since: datetime,
) -> Logged:  # fmt: skip
    """What ``label`` answered in ``blocks``, from ``since`` on. Blocks that cannot be read are left out.

    ``requests``: the folder of the logs; ``labels``: what is known by now, by key.
    """
    predicted: list[Any] = []
    losses: dict[Key, list[float]] = {}
    kinds: set[str] = set()
    for table in _tables(requests, blocks, label, since):
        answers = {
            name.removeprefix(block.ANSWER): table.column(name).to_pylist()
            for name in table.column_names
            if name.startswith(block.ANSWER)
        }
        predicted += answers.get(PREDICTION, [])
        if not labels or not all(block.KEY + name in table.column_names for name in key):
            continue
        columns = [table.column(block.KEY + name).to_pylist() for name in key]
        for place, values in enumerate(zip(*columns, strict=True)):
            if None in values:
                continue
            whose = tuple(map(written, values))
            known = labels.get(whose)
            if known is None:
                continue
            kind, loss = loss_of(known, {name: column[place] for name, column in answers.items()})
            if loss is not None:
                kinds.add(kind)
                losses.setdefault(whose, []).append(loss)
    # A label is one word on its key, however often that was asked for: as so many words it would look far surer.
    each = [math.fsum(found) / len(found) for found in losses.values()]
    return Logged(distribution(predicted), _moments(each), kinds.pop() if len(kinds) == 1 else None)


def _tables(requests: Path, blocks: Sequence[Block], label: str, since: datetime) -> Iterator[pa.Table]:
    import pyarrow.compute as pc

    left = MOST_ROWS
    for found in blocks:
        if found.version != label or left <= 0:
            continue
        try:
            table = block.table_in(block.content_at(requests / found.project / found.file, found.digest))
        except Damage:  # It was let go of, or doctor tells of it.
            continue
        own = pc.is_null(table.column("request.fallback"))
        table = table.filter(pc.and_(own, pc.greater_equal(table.column("request.at"), since)))
        left -= table.num_rows
        yield table


def loss_of(label: Scalar, answer: Mapping[str, Any]) -> tuple[str, float | None]:
    """How far one answer is from its label, and what that is called. Pure.

    Of chances the Brier score, halved where there are more than two classes so that it never passes 1; of a class
    without chances whether it is another one; of a number the absolute difference.
    """
    predicted, said = answer.get(PREDICTION), written(label)
    chances = {name.removeprefix("p_"): value for name, value in answer.items() if name.startswith("p_")}
    if chances and all(isinstance(value, int | float) for value in chances.values()):
        if len(chances) == 1:
            ((name, value),) = chances.items()
            return "Brier score", (float(value) - (said == name)) ** 2
        return "Brier score", sum((float(value) - (said == name)) ** 2 for name, value in chances.items()) / 2
    if predicted is None:
        return "share of wrong answers", None
    if _is_number(predicted) and _is_number(label) and len(answer) == 1:
        return "mean absolute error", abs(float(predicted) - float(label))
    return "share of wrong answers", float(written(predicted) != said)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def _moments(losses: Sequence[float]) -> Losses:
    if not losses:
        return Losses()
    mean = math.fsum(losses) / len(losses)
    return Losses(len(losses), mean, math.fsum((each - mean) ** 2 for each in losses) / max(1, len(losses) - 1))


def distribution(predicted: Sequence[Any]) -> Predictions:
    """What was predicted how often, or where numbers of many kinds lie. Pure."""
    there = [each for each in predicted if each is not None]
    if not there:
        return Predictions()
    counts = Counter(written(each) for each in there)
    numbers = all(map(_is_number, there))
    if len(counts) <= MOST_VALUES or not numbers:
        frequent = sorted(counts.items(), key=lambda each: (-each[1], each[0]))[:NAMED]
        return Predictions(len(there), tuple((plain(name, 40), found / len(there)) for name, found in frequent))
    ranked = sorted(map(float, there))
    low, half, high = (ranked[min(len(ranked) - 1, int(share * len(ranked)))] for share in (0.1, 0.5, 0.9))
    return Predictions(len(there), (), (low, half, high))
