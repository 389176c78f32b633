"""Trees of any size, many rows at once, through the loop in C that scikit-learn has for its histogram trees.

NumPy takes a step of all rows in a dozen passes over them, which is two to three times what scikit-learn takes for a
whole tree. That loop walks any tree of numbers, gaps and codes, on 64 bits; its records are filled from our own tables,
which were checked, and nothing of a project is loaded. It is private to scikit-learn: where it is not there, or other
than it was, ``walk`` says so, and NumPy does it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from engine.scoring.compiled.plan import Plan

_WORDS = 8  # of 32 bits: the codes that it knows
_FIELDS = {
    "value", "feature_idx", "num_threshold", "missing_go_to_left", "left", "right", "is_leaf", "is_categorical",
    "bitset_idx",
}  # fmt: skip
Walk = Callable[["npt.NDArray[np.float64]", int], "npt.NDArray[np.float64]"]


def walk(plan: Plan, values: npt.NDArray[np.float64]) -> Walk | None:
    """A function that says, of numbers (rows by inputs) and a tree, what the leaf has that each row comes to: one of
    ``values``, which has a number for each leaf. None where that loop cannot do it."""
    import numpy as np

    try:
        from sklearn.ensemble._hist_gradient_boosting._predictor import _predict_from_raw_data as loop
        from sklearn.ensemble._hist_gradient_boosting.common import PREDICTOR_RECORD_DTYPE as kind
    except ImportError:
        return None
    if not set(kind.names or ()) >= _FIELDS or _most_codes(plan) > 32 * _WORDS:
        return None
    trees, sets = _records(plan, kind, values), _bits(plan)
    known = np.full((1, _WORDS), 0xFFFFFFFF, dtype=np.uint32)
    places = np.zeros(len(plan.model.inputs), dtype=np.uint32)

    def walked(given: npt.NDArray[np.float64], tree: int) -> npt.NDArray[np.float64]:
        found = np.empty(len(given))
        loop(trees[tree], given, sets, known, places, 1, found)
        return found

    try:
        walked(np.zeros((1, len(plan.model.inputs))), 0)
    except (TypeError, ValueError):
        return None
    return walked


def _coded(plan: Plan) -> tuple[Any, Any, Any]:
    """The nodes that ask for a code, where the bits of each begin, and how many codes it knows."""
    import numpy as np

    trees = plan.model.trees
    assert trees is not None
    place = plan.tables.whole(trees.place)
    nodes = np.flatnonzero(place >= 0)
    codes = np.array([plan.model.operations[slot].codes for slot in plan.model.inputs])
    return nodes, place[nodes], codes[plan.tables.whole(trees.feature)[nodes]]


def _most_codes(plan: Plan) -> int:
    return int(max(_coded(plan)[2], default=0))


def _bits(plan: Plan) -> Any:
    """For each node that asks for a code, a bit for each that goes left."""
    import numpy as np

    nodes, begins, counts = _coded(plan)
    assert plan.model.trees is not None
    sets = plan.tables.whole(plan.model.trees.sets)
    found = np.zeros((len(nodes), _WORDS), dtype=np.uint32)
    for row, (begin, count) in enumerate(zip(begins.tolist(), counts.tolist(), strict=True)):
        for code in np.flatnonzero(sets[begin : begin + count]).tolist():
            found[row, code // 32] |= np.uint32(1 << code % 32)
    return found


def _records(plan: Plan, kind: Any, values: npt.NDArray[np.float64]) -> list[Any]:
    """The nodes of each tree as it takes them: places are counted from the tree's own first."""
    import numpy as np

    trees, tables = plan.model.trees, plan.tables
    assert trees is not None
    feature, left, right = (tables.whole(span) for span in (trees.feature, trees.left, trees.right))
    all_nodes = np.zeros(len(feature), dtype=kind)
    leaf = feature < 0
    all_nodes["is_leaf"], all_nodes["value"] = leaf, values.take(np.where(leaf, left, 0))
    all_nodes["feature_idx"] = np.where(leaf, 0, feature)
    all_nodes["num_threshold"] = tables.floats(trees.threshold)
    all_nodes["missing_go_to_left"] = tables.whole(trees.gap)
    nodes, begins, counts = _coded(plan)
    all_nodes["is_categorical"][nodes], all_nodes["bitset_idx"][nodes] = 1, np.arange(len(nodes))
    all_nodes["missing_go_to_left"][nodes] = tables.whole(trees.sets)[begins + counts]
    roots = tables.whole(trees.roots).tolist()
    found = []
    for first, last in zip(roots, [*roots[1:], len(feature)], strict=True):
        mine = all_nodes[first:last].copy()
        inside = mine["is_leaf"] == 0
        mine["left"] = np.where(inside, left[first:last] - first, 0)
        mine["right"] = np.where(inside, right[first:last] - first, 0)
        found.append(mine)
    return found
