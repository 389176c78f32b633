"""Small trees as leaves, each a bit, and the bins of columns that decide which of them can be reached."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from engine.scoring.compiled.bins import Edges

if TYPE_CHECKING:
    from engine.scoring.compiled.plan import Plan


@dataclass
class Asked:
    """A column that trees ask for: in bins between thresholds, or by codes."""

    slot: int
    edges: Edges | None
    count: int

    def right(self, plan: Plan, nodes: Nodes, node: int) -> Any:
        """The bins from which a row goes right at a node."""
        import numpy as np

        at = int(nodes.place[node])
        if at < 0:
            assert self.edges is not None
            right = np.arange(self.count) > np.searchsorted(self.edges.thresholds, nodes.threshold[node])
            right[-1] = not nodes.gap[node]
            return right
        codes = plan.model.operations[self.slot].codes
        left = nodes.sets[at : at + codes + 1].astype(bool)
        if self.edges is None:
            return ~left
        # The code of each bin; of what lies between two codes there is none.
        inside = np.concatenate([np.ceil(self.edges.thresholds - 0.5), [codes - 1]]).clip(0, codes - 1).astype(int)
        return ~np.concatenate([left[inside], left[-1:]])

    def bins_of(self, numbers: Any) -> Any:
        """The bin of each number."""
        import numpy as np

        if self.edges is not None:
            return self.edges.bins(numbers)
        return np.where(np.isnan(numbers), self.count - 1, np.nan_to_num(numbers)).astype(np.intp)


def columns_asked(plan: Plan, nodes: Nodes) -> list[Asked]:
    """The columns that trees ask for, each with its bins."""
    import numpy as np

    found = []
    for place, slot in enumerate(plan.model.inputs):
        mine = nodes.feature == place
        if not mine.any():
            continue
        codes = plan.model.operations[slot].codes
        if codes and (nodes.place[mine] >= 0).all():
            found.append(Asked(slot, None, codes + 1))
        else:
            by_threshold = mine & (nodes.place < 0)
            # Codes that are compared too lie between halves.
            halves = np.arange(codes - 1) + 0.5 if codes and (nodes.place[mine] >= 0).any() else np.zeros(0)
            edges = Edges(np.unique(np.concatenate([nodes.threshold[by_threshold], halves])))
            found.append(Asked(slot, edges, edges.count))
    return found


def leaves_of(plan: Plan) -> Any:
    """How many leaves each tree has."""
    import numpy as np

    trees = plan.model.trees
    assert trees is not None
    is_leaf = (plan.tables.whole(trees.feature) < 0).astype(np.int64)
    return np.add.reduceat(is_leaf, plan.tables.whole(trees.roots))


class Nodes:
    """The nodes of trees, with the leaves of each counted from the left."""

    def __init__(self, plan: Plan) -> None:

        trees, tables = plan.model.trees, plan.tables
        assert trees is not None
        self.feature, self.left, self.right, self.place, self.sets = (
            tables.whole(span) for span in (trees.feature, trees.left, trees.right, trees.place, trees.sets)
        )
        self.gap, self.threshold = tables.whole(trees.gap), tables.floats(trees.threshold)
        roots = tables.whole(trees.roots)
        self.width = plan.model.targets if trees.targets is None else 1
        self._values = tables.floats(trees.values).reshape(-1, self.width)
        self.leaves = leaves_of(plan)
        self._bits: dict[int, tuple[int, int]] = {}
        self._ends: dict[int, int] = {}
        self._order: list[list[int]] = []
        self._mine: dict[tuple[int, int], list[int]] = {}
        for tree, root in enumerate(roots.tolist()):
            self._order.append([])
            self._walk(root, tree)

    def _walk(self, root: int, tree: int) -> None:
        """Number the leaves of a tree from the left, and note which lie left of each node."""
        waiting = [(root, 0)]
        before: dict[int, int] = {}
        while waiting:
            node, sides = waiting.pop()
            if self.feature[node] < 0:
                self._order[tree].append(int(self.left[node]))
            elif sides == 2:
                self._ends[node] = len(self._order[tree])
            elif sides == 1:
                self._bits[node] = (before[node], len(self._order[tree]))
                waiting += [(node, 2), (int(self.right[node]), 0)]
            else:
                before[node] = len(self._order[tree])
                self._mine.setdefault((tree, int(self.feature[node])), []).append(node)
                waiting += [(node, 1), (int(self.left[node]), 0)]

    def of(self, tree: int, feature: int) -> list[int]:
        """The nodes of a tree that ask for a feature."""
        return self._mine.get((tree, feature), [])

    def keeps(self, node: int) -> int:
        """The bits that stay where a row goes right: all but those of the leaves on the left side."""
        return ~self.sides(node)[0]

    def sides(self, node: int) -> tuple[int, int]:
        """The bits of the leaves on the left side of a node, and on its right."""
        first, last = self._bits[node]
        return ((1 << last) - 1) ^ ((1 << first) - 1), ((1 << self._ends[node]) - 1) ^ ((1 << last) - 1)

    def leaf_values(self, tree: int) -> Any:
        return self._values[self._order[tree]]
