"""Answers that a look computed, for the next one that asks the same of the same rows.

Intervals and slices of mature rows cost seconds, and from one look to the next these rows are mostly the same. An
answer is found again by a digest of all that it was computed from, so it is what it would be; nothing else is found.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

import numpy as np
import pyarrow as pa

from engine.errors import Damage
from engine.json_records import read, write
from engine.monitoring.look_parts import MetricValue
from engine.monitoring.performance.metric_values import Effort
from engine.monitoring.performance.metric_values import read as read_metrics
from engine.validation.judge import finite
from engine.validation.metrics import Predicted, Truth

R = TypeVar("R")


@dataclass(frozen=True)
class _Readings:
    values: tuple[MetricValue, ...]


class KeptAnswers:
    """``before``: the answers of the look before, None where nothing is kept. ``used``: those of this look."""

    def __init__(self, before: Mapping[str, Any] | None = None) -> None:
        self._before = before
        self.used: dict[str, Any] = {}

    def of(self, kind: type[R], asked: Sequence[Any], compute: Callable[[], R]) -> R:
        """The answer, a record of that ``kind``, to what was ``asked``: tables, arrays, and what has a plain repr."""
        if self._before is None:
            return compute()
        digest = _digest((kind.__name__, *asked))
        if digest in self._before:
            try:
                answer = read(kind, self._before[digest], "What a look computed")
            except Damage:
                answer = compute()
        else:
            answer = compute()
        written = write(answer)
        plain = finite(written)
        if plain == written:  # JSON has no word for what is not finite, which then is computed each time.
            self.used[digest] = plain
        return answer

    def read(
        self, metrics: Sequence[str], truth: Truth, predicted: Predicted, seed: int, effort: Effort
    ) -> tuple[MetricValue, ...]:
        """``metric_values.read``, found again."""
        asked = (list(metrics), seed, effort, *rows_asked(truth, predicted))
        found = self.of(_Readings, asked, lambda: _Readings(read_metrics(metrics, truth, predicted, seed, effort)))
        return found.values


def rows_asked(truth: Truth, predicted: Predicted) -> tuple[Any, ...]:
    """All of labelled rows that a metric can depend on."""
    return (
        truth.task, truth.classes, truth.numbers, truth.actual, predicted.decided, predicted.chances, predicted.ranking,
    )  # fmt: skip


def _digest(asked: Sequence[Any]) -> str:
    seen = hashlib.sha256()
    for each in asked:
        if isinstance(each, np.ndarray) and each.dtype != object:
            seen.update(f"{each.dtype}{each.shape}".encode())
            seen.update(np.ascontiguousarray(each).data)
        elif isinstance(each, pa.Table):
            seen.update(_content(each))
        else:
            seen.update(repr(each.tolist() if isinstance(each, np.ndarray) else each).encode())
        seen.update(b"\0")
    return seen.hexdigest()


def _content(table: pa.Table) -> memoryview:
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.schema.remove_metadata()) as stream:
        stream.write_table(table.combine_chunks())
    return memoryview(sink.getvalue())
