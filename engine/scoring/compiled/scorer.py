"""A compiled model that answers: single rows in plain Python, tables through NumPy, alike to the last bit."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from engine.scoring.ready import Maker, Value

if TYPE_CHECKING:
    import pyarrow as pa


class CompiledScorer:
    """Fills ``ReadyScorer``."""

    maker: Maker = "compiled"
    blocks = False
    features: tuple[str, ...]
    outputs: tuple[str, ...]

    @classmethod
    def read(cls, folder: Path) -> CompiledScorer:
        """The model in ``folder``, the ``compiled/`` that ``compile_model.py`` filled. Raises Damage where it is not
        whole, or says what cannot be."""
        raise NotImplementedError

    def score(self, features: pa.Table) -> pa.Table:
        """As ``ReadyScorer.score``. Raises StepFailed where the estimator would raise, with column and row."""
        raise NotImplementedError

    def answer(self, rows: Sequence[Sequence[Value]]) -> list[tuple[Value, ...]]:
        """As ``ReadyScorer.answer``. Raises StepFailed where the estimator would raise, with column and row."""
        raise NotImplementedError

    def close(self) -> None:
        """Let go of the tables."""
