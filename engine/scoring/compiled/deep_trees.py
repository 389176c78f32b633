"""Trees with more leaves than a word has bits, many rows at once: all rows of a chunk take a step down together."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np

    from engine.scoring.compiled.columns import Columns
    from engine.scoring.compiled.plan import Plan


class DeepTrees:
    """All trees of a plan, whatever their size."""

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

    def add(self, columns: Columns, first: int, last: int) -> Any:
        """As ``Masks.add``."""
        import numpy as np

        model = self._plan.model
        rows = last - first
        given = np.stack([columns.number(slot)[first:last] for slot in model.inputs], axis=1).reshape(-1)
        begins = np.arange(rows, dtype=np.intp) * len(model.inputs)
        kind = np.float32 if self._trees.narrow else np.float64
        start = self._plan.tables.floats(model.start)
        sums: Any = np.repeat(start[:, None], rows, axis=1).astype(kind)
        for tree, root in enumerate(self._roots):
            found = self._values[self._leaves(root, given, begins)]
            if self._targets is None:
                sums += found.T.astype(kind, copy=False)
            else:
                sums[self._targets[tree]] += found[:, 0].astype(kind, copy=False)
        return sums.astype(np.float64, copy=False)

    def _leaves(self, root: int, given: Any, begins: Any) -> Any:
        """The row of ``values`` of the leaf that each row comes to. Every step leads to a later node, so it ends."""
        import numpy as np

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
