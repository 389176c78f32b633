"""One row through trees that are too many or too deep for code of their own: node by node, in flat arrays."""

from __future__ import annotations

from array import array
from typing import TYPE_CHECKING

from engine.scoring.compiled.functions import narrow

if TYPE_CHECKING:
    from engine.scoring.compiled.plan import Plan


class Walk:
    """The trees from ``first`` up to ``last`` of a plan."""

    def __init__(self, plan: Plan, first: int, last: int) -> None:
        trees, tables = plan.model.trees, plan.tables
        assert trees is not None
        roots = tables.whole(trees.roots).tolist()
        begin, end = roots[first], roots[last] if last < len(roots) else trees.feature.count
        self._roots = [root - begin for root in roots[first:last]]
        self._feature = array("i", tables.whole(trees.feature)[begin:end].tobytes())
        self._left = array("i", tables.whole(trees.left)[begin:end].tobytes())
        self._right = array("i", tables.whole(trees.right)[begin:end].tobytes())
        self._gap = array("i", tables.whole(trees.gap)[begin:end].tobytes())
        self._place = array("i", tables.whole(trees.place)[begin:end].tobytes())
        self._threshold = array("d", tables.floats(trees.threshold)[begin:end].tobytes())
        self._sets = bytes(tables.whole(trees.sets).astype("u1").tobytes())
        self._begin, self._narrow = begin, trees.narrow
        self._inputs = plan.model.inputs
        self._width = plan.model.targets if trees.targets is None else 1
        self._values = array("d", tables.floats(trees.values).tobytes())
        of = None if trees.targets is None else tables.whole(trees.targets)[first:last].tolist()
        self._places = None if of is None else [sorted(set(of)).index(each) for each in of]

    def add(self, inputs: tuple[float, ...], codes: dict[int, int], sums: list[float]) -> list[float]:
        """``sums`` of the targets of these trees, in their order, with what the trees give added. ``codes``: those of
        slots that are asked for by codes."""
        feature, left, right, threshold, begin = self._feature, self._left, self._right, self._threshold, self._begin
        for tree, root in enumerate(self._roots):
            node = root
            while (asked := feature[node]) >= 0:
                if self._place[node] >= 0:
                    goes_left = bool(self._sets[self._place[node] + codes[self._inputs[asked]]])
                else:
                    value = inputs[asked]
                    goes_left = value <= threshold[node] or (value != value and bool(self._gap[node]))
                node = (left[node] if goes_left else right[node]) - begin
            row = left[node] * self._width
            for at in range(self._width):
                target = at if self._places is None else self._places[tree]
                total = sums[target] + self._values[row + at]
                sums[target] = narrow(total) if self._narrow else total
        return sums
