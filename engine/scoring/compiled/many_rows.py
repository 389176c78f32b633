"""Tables of a compiled model, block by block: what is held at once does not grow with the table."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any, Protocol

from engine.scoring.compiled.columns import Columns, StoppedAt, changed
from engine.scoring.compiled.deep_trees import DeepTrees
from engine.scoring.compiled.functions import function, narrow_after, narrow_chances
from engine.scoring.compiled.masks import CHUNK, MOST_LEAVES, Masks, TooLarge
from engine.scoring.compiled.plan import Plan
from engine.scoring.compiled.refusals import refused

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    import pyarrow as pa

    Scores = npt.NDArray[np.float64]

BLOCK = 1 << 15  # rows that are read at once
_THREADS = 2  # NumPy lets go of the interpreter's lock in most of what is done here


class ManyRows:
    """Answers table by table."""

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        self._adder = _adder(plan)
        self._narrow = plan.model.trees is not None and plan.model.trees.narrow

    def score(self, table: pa.Table) -> pa.Table:
        """The predictions for ``table``, whose columns are the features in their order. Raises StepFailed."""
        import pyarrow as pa

        starts = range(0, table.num_rows, BLOCK)
        if len(starts) > 1 and (os.cpu_count() or 1) > 1:
            with ThreadPoolExecutor(_THREADS) as pool:
                blocks = list(pool.map(lambda start: self._block(table, start), starts))
        else:
            blocks = [self._block(table, start) for start in starts or (0,)]
        return pa.concat_tables(blocks).combine_chunks()

    def _block(self, table: pa.Table, start: int) -> pa.Table:
        import numpy as np

        with np.errstate(all="ignore"):
            try:
                columns = Columns(self._plan, table.slice(start, BLOCK))
                chunk = self._adder.chunk
                chunks = [
                    self._told(self._adder.add(columns, first, min(first + chunk, columns.rows)))
                    for first in range(0, columns.rows, chunk)
                ]
            except StoppedAt as at:
                raise refused(self._plan, at.stopped, start + at.row) from None
        empty: list[Any] = [np.zeros(0, dtype=np.intp if self._plan.model.labels else float)]
        empty += [np.zeros(0)] * (len(self._plan.model.outputs) - 1)
        return self._table([np.concatenate(parts) for parts in zip(*(chunks or [empty]), strict=True)])

    def _told(self, scores: Scores) -> list[Any]:
        """The prediction, or the place of the label, and then the numbers beside it."""
        import numpy as np

        model = self._plan.model
        if model.divide > 1:
            scores = scores / float(model.divide)
        if model.decision == "number":
            found = scores[0]
            for operation in model.after:
                found = narrow_after(str(operation.function), found) if self._narrow else changed(operation, found)
            return [found]
        chances = self._chances(scores)
        if model.decision == "positive":
            places = (scores[0] > 0).astype(np.intp)
        elif model.decision == "not_negative":
            places = (scores[0] >= 0).astype(np.intp)
        else:
            places = np.argmax(scores if model.decision == "largest_score" else np.stack(chances), axis=0)
        return [places, *chances]

    def _chances(self, scores: Scores) -> list[Scores]:
        import numpy as np

        kind = self._plan.model.chances
        if kind == "none":
            return []
        if self._narrow:
            return narrow_chances(kind, scores)
        if kind in ("shares", "score"):
            return list(scores)
        if kind == "sigmoid":
            one = function("expit")(scores[0])
            return [1.0 - one, one]
        if kind == "one_each":
            each = function("expit")(scores)
            total = _added(each)
            nothing = total == 0
            each[:, nothing], total[nothing] = 1.0, len(each)
            return list(each / total)
        both = np.stack([-scores[0], scores[0]]) if kind == "pair" else scores
        found = np.exp(both - both.max(axis=0))
        return list(found / _added(found))

    def _table(self, columns: list[Any]) -> pa.Table:
        import pyarrow as pa

        model = self._plan.model
        if model.labels:
            kind = pa.large_string() if model.label_type == "text" else getattr(pa, f"{model.label_type}_", None)
            kind = kind if isinstance(kind, pa.DataType) else pa.type_for_alias(str(model.label_type))
            columns[0] = pa.array(model.labels, type=kind).take(pa.array(columns[0]))
        return pa.table(dict(zip(model.outputs, columns, strict=True)))


def _added(parts: Scores) -> Any:
    """The sum over the first dimension, from the first on."""
    total = parts[0].copy()
    for each in parts[1:]:
        total += each
    return total


class _Adder(Protocol):
    """What makes scores of columns. ``chunk``: of so many rows at once."""

    chunk: int

    def add(self, columns: Columns, first: int, last: int) -> Scores:
        """The scores of the rows from ``first`` up to ``last``: a row for each target."""


def _adder(plan: Plan) -> _Adder:
    import numpy as np

    if plan.model.trees is None:
        return _Linear(plan)
    feature = plan.tables.whole(plan.model.trees.feature)
    roots = plan.tables.whole(plan.model.trees.roots)
    if np.add.reduceat((feature < 0).astype(np.int64), roots).max() <= MOST_LEAVES:
        try:
            return Masks(plan)
        except TooLarge:
            pass
    return DeepTrees(plan)


class _Linear:
    chunk = CHUNK

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        self._start = plan.tables.floats(plan.model.start).tolist()

    def add(self, columns: Columns, first: int, last: int) -> Scores:
        """Term by term, as the code for one row does it."""
        import numpy as np

        sums = np.zeros((self._plan.model.targets, last - first))
        for target, start in enumerate(self._start):
            for term in self._plan.terms:
                if term.sums is None:
                    sums[target] += columns.number(term.slot)[first:last] * term.weights[target]
                else:
                    sums[target] += term.sums[target].take(columns.index[term.index][first:last])
            sums[target] += start
        return sums
