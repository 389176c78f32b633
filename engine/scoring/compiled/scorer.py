"""A compiled model that answers: single rows in plain Python, tables through NumPy, alike to the last bit."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from engine.errors import StepFailed
from engine.scoring.ready import Maker, Value
from engine.text import plain

if TYPE_CHECKING:
    import pyarrow as pa

    from engine.scoring.compiled.many_rows import ManyRows
    from engine.scoring.compiled.plan import Plan
    from engine.scoring.compiled.records import Compiled
    from engine.scoring.compiled.rows import Rows


class CompiledScorer:
    """Fills ``ReadyScorer``. The code for rows and the tables for many are each made when they are first asked for."""

    maker: Maker = "compiled"
    blocks = False
    features: tuple[str, ...]
    outputs: tuple[str, ...]

    def __init__(self, plan: Plan) -> None:
        self.features = tuple(feature.name for feature in plan.model.features)
        self.outputs = plan.model.outputs
        self._plan: Plan | None = plan
        self._rows: Rows | None = None
        self._many: ManyRows | None = None

    @classmethod
    def read(cls, folder: Path, *, behind: bool = False) -> CompiledScorer:
        """The model in ``folder``, the ``compiled/`` that ``compile_model.py`` filled; ``behind``: of the steps behind
        its own first ones. Raises Damage where it is not whole, says what cannot be, or is of the other kind."""
        from engine.scoring.compiled.plan import Plan
        from engine.scoring.compiled.reading import read_tables, wrong

        tables = read_tables(folder)
        if (tables.model.behind is not None) != behind:
            wrong("it is of another part of the model than its version says")
        return cls(Plan(tables))

    @property
    def model(self) -> Compiled:
        """What it was read from."""
        return self._held().model

    def ready(self) -> None:
        """Make now what the first row, and the first table, would wait for."""
        self.answer([])
        self._tables()

    def score(self, features: pa.Table) -> pa.Table:
        """As ``ReadyScorer.score``. Raises StepFailed where the estimator would raise, with column and row."""
        absent = [name for name in self.features if features.column_names.count(name) != 1]
        if absent:
            raise StepFailed(
                f"The table cannot be scored: it has no column {plain(absent[0], 80)}, or two; give it one of each "
                "feature."
            )
        return self._tables().score(features.select(list(self.features)))

    def answer(self, rows: Sequence[Sequence[Value]]) -> list[tuple[Value, ...]]:
        """As ``ReadyScorer.answer``. Raises StepFailed where the estimator would raise, with column and row."""
        if self._rows is None:
            from engine.scoring.compiled.rows import Rows

            self._rows = Rows(self._held())
        return self._rows.answer(rows)

    def close(self) -> None:
        """Let go of the tables."""
        self._plan = self._rows = self._many = None

    def _tables(self) -> ManyRows:
        if self._many is None:
            from engine.scoring.compiled.many_rows import ManyRows

            self._many = ManyRows(self._held())
        return self._many

    def _held(self) -> Plan:
        if self._plan is None:
            raise StepFailed("This version is not held ready any more; ask for the one that is live now.")
        return self._plan
