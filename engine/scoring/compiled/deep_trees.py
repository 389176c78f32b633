"""Trees with more leaves than a word has bits, many rows at once: through scikit-learn's own loop, where there are
many and it is there (``node_records``); else all rows of a chunk take a step down together."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

from engine.scoring.compiled.node_records import Walk, walk

if TYPE_CHECKING:
    import numpy as np

    from engine.scoring.compiled.columns import Columns
    from engine.scoring.compiled.plan import Plan


MANY = 2048  # rows for which that loop is asked: its library takes seconds to load, which a few rows do not


class DeepTrees:
    """All trees of a plan, whatever their size. ``chunk``: rows that are best given at once, so that a tree is read
    from memory once for many of them."""

    chunk = 1 << 15

    def __init__(self, plan: Plan) -> None:
        import numpy as np

        trees, tables = plan.model.trees, plan.tables
        assert trees is not None
        self._plan, self._trees = plan, trees
        self._roots = tables.whole(trees.roots).tolist()
        self._targets = None if trees.targets is None else tables.whole(trees.targets).tolist()
        self._feature, self._place = (tables.whole(span).astype(np.intp) for span in (trees.feature, trees.place))
        self._threshold = tables.floats(trees.threshold)
        # Left and right beside each other: a step is one look into them.
        self._children = np.stack(
            [tables.whole(trees.left).astype(np.intp), tables.whole(trees.right).astype(np.intp)], axis=1
        ).reshape(-1)
        self._gap = tables.whole(trees.gap).astype(bool)
        self._sets = tables.whole(trees.sets).astype(bool)
        width = plan.model.targets if trees.targets is None else 1
        self._values = tables.floats(trees.values).reshape(-1, width)
        self._gaps, self._coded = bool(self._gap.any()), bool((self._place >= 0).any())
        codes = [plan.model.operations[slot].codes for slot in plan.model.inputs]
        self._codes = np.array(codes, dtype=np.intp)
        self._loading = threading.Lock()
        self._walk: Walk | None = None
        self._tried = False

    def _walked(self) -> Walk | None:
        """``walk`` that gives the value itself of a leaf that has one, else the row of its values."""
        import numpy as np

        with self._loading:
            if not self._tried:
                rows = self._values[:, 0] if self._values.shape[1] == 1 else np.arange(len(self._values), dtype=float)
                self._walk, self._tried = walk(self._plan, rows), True
        return self._walk

    def add(self, columns: Columns, first: int, last: int) -> Any:
        """As ``Masks.add``."""
        import numpy as np

        model = self._plan.model
        given = np.stack([columns.number(slot)[first:last] for slot in model.inputs], axis=1)
        walked = self._walked() if last - first >= MANY else None
        kind = np.float32 if self._trees.narrow else np.float64
        sums: Any = np.repeat(self._plan.tables.floats(model.start)[None, :], last - first, axis=0).astype(kind)
        for tree in range(len(self._roots)):
            found = self._found(tree, given, walked).astype(kind, copy=False)
            if self._targets is None:
                sums += found
            else:
                sums[:, self._targets[tree]] += found[:, 0]
        return sums.T.astype(np.float64, order="C")

    def _found(self, tree: int, given: Any, walked: Walk | None) -> Any:
        """What a tree gives each row: a number for each target, or for its own."""
        import numpy as np

        if walked is None:
            return self._values.take(self._leaves(self._roots[tree], given), axis=0)
        found = walked(given, tree)
        return found[:, None] if self._values.shape[1] == 1 else self._values.take(found.astype(np.intp), axis=0)

    def _leaves(self, root: int, given: Any) -> Any:
        """The row of ``values`` of the leaf that each row comes to. Every step leads to a later node, so it ends."""
        import numpy as np

        begins, given = np.arange(len(given), dtype=np.intp) * given.shape[1], given.reshape(-1)
        found = np.empty(len(begins), dtype=np.intp)
        if self._feature[root] < 0:
            found[:] = self._children[2 * root]
            return found
        rows = np.arange(len(begins))
        nodes = np.full(len(begins), root, dtype=np.intp)
        while len(rows):
            nodes = self._children.take(2 * nodes + self._goes_right(nodes, rows, given, begins))
            ended = self._feature.take(nodes) < 0
            if ended.any():
                found[rows[ended]] = self._children.take(2 * nodes[ended])
                rows, nodes = rows[~ended], nodes[~ended]
        return found

    def _goes_right(self, nodes: Any, rows: Any, given: Any, begins: Any) -> np.ndarray[Any, Any]:
        import numpy as np

        feature = self._feature.take(nodes)
        values = given.take(begins.take(rows) + feature)
        right: np.ndarray[Any, Any] = ~(values <= self._threshold.take(nodes))
        if self._gaps:
            right &= ~(np.isnan(values) & self._gap.take(nodes))
        if self._coded:
            asking = np.flatnonzero(self._place.take(nodes) >= 0)
            if len(asking):
                code = values[asking]
                places = np.where(np.isnan(code), self._codes.take(feature[asking]), np.nan_to_num(code))
                right[asking] = ~self._sets.take(self._place.take(nodes[asking]) + places.astype(np.intp))
        return right
