"""One row through trees that are too many or too deep for code of their own: node by node, in flat arrays."""

from __future__ import annotations

from array import array
from typing import TYPE_CHECKING

from engine.scoring.compiled.functions import narrow

if TYPE_CHECKING:
    from engine.scoring.compiled.plan import Plan


class Flat:
    """All nodes of a plan, as arrays of Python's own: a number out of one of NumPy's takes three times as long."""

    def __init__(self, plan: Plan) -> None:
        trees, tables = plan.model.trees, plan.tables
        assert trees is not None
        self.feature, self.left, self.right, self.gap, self.place = (
            array("i", tables.whole(span).tobytes())
            for span in (trees.feature, trees.left, trees.right, trees.gap, trees.place)
        )
        self.threshold = array("d", tables.floats(trees.threshold).tobytes())
        self.values = array("d", tables.floats(trees.values).tobytes())
        self.sets = tables.whole(trees.sets).astype("u1").tobytes()
        self.roots = tables.whole(trees.roots).tolist()
        self.targets = None if trees.targets is None else tables.whole(trees.targets).tolist()
        self.width = plan.model.targets if trees.targets is None else 1
        self.narrow, self.inputs = trees.narrow, plan.model.inputs


class Walk:
    """The trees from ``first`` up to ``last``."""

    def __init__(self, flat: Flat, first: int, last: int) -> None:
        self._flat = flat
        self._roots = flat.roots[first:last]
        of = None if flat.targets is None else flat.targets[first:last]
        places = None if of is None else {target: place for place, target in enumerate(sorted(set(of)))}
        self._places = None if of is None or places is None else [places[target] for target in of]

    def add(self, inputs: tuple[float, ...], codes: dict[int, int], sums: list[float]) -> list[float]:
        """``sums`` of the targets of these trees, in their order, with what the trees give added. ``codes``: those of
        slots that are asked for by codes."""
        flat = self._flat
        feature, left, right, threshold, place = flat.feature, flat.left, flat.right, flat.threshold, flat.place
        for tree, root in enumerate(self._roots):
            node = root
            while (asked := feature[node]) >= 0:
                if place[node] >= 0:
                    goes_left = flat.sets[place[node] + codes[flat.inputs[asked]]] == 1
                else:
                    value = inputs[asked]
                    goes_left = value <= threshold[node] or (value != value and flat.gap[node] == 1)
                node = left[node] if goes_left else right[node]
            row = left[node] * flat.width
            for at in range(flat.width):
                target = at if self._places is None else self._places[tree]
                total = sums[target] + flat.values[row + at]
                sums[target] = narrow(total) if flat.narrow else total
        return sums
