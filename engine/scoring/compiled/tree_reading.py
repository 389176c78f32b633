"""Whether the trees of a compiled model are trees: every row that goes in comes out at a leaf."""

from __future__ import annotations

from typing import TYPE_CHECKING

from engine.scoring.compiled.reading import Tables, finite, inside, wrong
from engine.scoring.compiled.records import Trees

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt


def check_trees(tables: Tables, trees: Trees) -> None:
    """Raise Damage where they are not as ``records`` says."""
    import numpy as np

    for span in (trees.roots, trees.feature, trees.left, trees.right, trees.gap, trees.place, trees.sets):
        inside(span, len(tables.places))
    inside(trees.threshold, len(tables.numbers))
    finite(tables, trees.values, "what a leaf gives")
    nodes = trees.feature.count
    if not nodes or any(
        span.count != nodes for span in (trees.left, trees.right, trees.threshold, trees.gap, trees.place)
    ):
        wrong("its trees have no nodes, or not as much of each")
    feature, left, right = (tables.whole(span) for span in (trees.feature, trees.left, trees.right))
    if feature.min() < -1 or feature.max() >= len(tables.model.inputs):
        wrong("a node asks for an input that is not there")
    if np.isnan(tables.floats(trees.threshold)).any():
        wrong("a threshold is no number")
    for span in (trees.gap, trees.sets):
        if not np.isin(tables.whole(span), (0, 1)).all():
            wrong("which way a row goes is neither left nor right")
    _check_shape(tables, trees, feature, left, right)
    _check_leaves(tables, trees, feature, left)
    _check_sets(tables, trees, feature)


def _check_shape(
    tables: Tables, trees: Trees, feature: npt.NDArray[np.int32], left: npt.NDArray[np.int32],
    right: npt.NDArray[np.int32],
) -> None:  # fmt: skip
    """Each node but a root is the child of one other, which stands before it and in the same tree."""
    import numpy as np

    roots, nodes = tables.whole(trees.roots), len(feature)
    if not len(roots) or roots[0] != 0 or (np.diff(roots) <= 0).any() or roots[-1] >= nodes:
        wrong("its trees do not follow one another")
    inner = np.flatnonzero(feature >= 0)
    ends = np.append(roots[1:], nodes)[np.searchsorted(roots, inner, side="right") - 1]
    for child in (left[inner], right[inner]):
        if (child <= inner).any() or (child >= ends).any():
            wrong("a node leads back, or out of its tree")
    parents = np.bincount(np.concatenate([left[inner], right[inner]]), minlength=nodes)
    wanted = np.ones(nodes, dtype=np.int64)
    wanted[roots] = 0
    if (parents != wanted).any():
        wrong("a node has no parent, or two")


def _check_leaves(
    tables: Tables, trees: Trees, feature: npt.NDArray[np.int32], left: npt.NDArray[np.int32]
) -> None:
    width = tables.model.targets if trees.targets is None else 1
    rows = left[feature < 0]
    if trees.values.count % width or rows.min() < 0 or rows.max() >= trees.values.count // width:
        wrong("a leaf gives what is not there")
    if trees.targets is not None:
        inside(trees.targets, len(tables.places))
        targets = tables.whole(trees.targets)
        if len(targets) != trees.roots.count or targets.min() < 0 or targets.max() >= tables.model.targets:
            wrong("a tree adds to a score that is not there")


def _check_sets(tables: Tables, trees: Trees, feature: npt.NDArray[np.int32]) -> None:
    import numpy as np

    place = tables.whole(trees.place)
    asking = np.flatnonzero(place != -1)
    if (place < -1).any() or (feature[asking] < 0).any():
        wrong("a leaf asks for a code")
    operations, inputs = tables.model.operations, tables.model.inputs
    codes = np.array([operations[slot].codes for slot in inputs], dtype=np.int64)[feature[asking]]
    if (codes < 1).any() or (place[asking] + codes + 1 > trees.sets.count).any():
        wrong("a node asks for a code where there is none")
