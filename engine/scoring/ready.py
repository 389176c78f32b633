"""A version held ready in memory, that answers again and again: what requests, batches and shadows are scored with.

It is a ``Scorer`` that stays. Which maker fills it is part of the version's document, with the evidence for it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Literal, Protocol

if TYPE_CHECKING:
    import pyarrow as pa

Maker = Literal["compiled", "split", "onnx", "process"]
Value = str | float | int | bool | None


class ReadyScorer(Protocol):
    """One version, ready. ``features``: the columns of a row, in order; ``outputs``: those of an answer, in order:
    ``prediction``, and for a classifier ``p_<class>`` for each class, or one ``score``.

    ``blocks``: ``answer`` waits for another process, and is not to be called where others wait for the caller.
    """

    maker: Maker
    features: tuple[str, ...]
    outputs: tuple[str, ...]
    blocks: bool

    def score(self, features: pa.Table) -> pa.Table:
        """As ``Scorer.score``: the predictions for a table, a row for each of its rows, in the same order."""

    def answer(self, rows: Sequence[Sequence[Value]]) -> list[tuple[Value, ...]]:
        """An answer for each of ``rows``, whose values stand in the order of ``features``; None where one is missing.

        Both ways answer alike: to the last bit where the maker is compiled, else in the label and the first twelve
        digits. Raises StepFailed where there is no answer for each row.
        """

    def close(self) -> None:
        """Let go of memory, and of the process where there is one. Nothing is answered after it."""


def busy_for(scorer: ReadyScorer) -> float:
    """For how many seconds it has been at what it was asked last; 0 where nobody waits for it."""
    return float(getattr(scorer, "busy", 0.0))
