"""Small trees as sets of leaves, for one row: what a row costs does not depend on what the processor guesses of it.

Nested ifs are the least work, but which way a row goes at a node nobody can guess, and the code of a server between two
rows makes the processor forget what it had learnt: a row of thirty trees then takes twice as long as in a loop by
itself. So here is no way to be guessed. A bit stands for each leaf of each tree, in one whole number for all trees. For
each bin of a column (see ``bins``) a number is kept of the leaves that can be reached from there. The AND of them, one
for each column, has one bit left for each tree: that of its leaf, whose value is looked up. It is ``masks`` with one
row at a time, where NumPy would take longer to be asked than to answer.
"""

from __future__ import annotations

import struct
from bisect import bisect_left

from engine.scoring.compiled.leaves import Asked, Nodes, columns_asked, leaves_of
from engine.scoring.compiled.masks import MOST_LEAVES
from engine.scoring.compiled.plan import Plan
from engine.scoring.compiled.row_code import Code

FEWEST = 4  # trees; the ifs of fewer are done before the columns are looked up
_MOST = 1 << 25  # bytes of the sets of all columns
_BYTE, _ALL = 8, (1 << 64) - 1


def bit_lines(plan: Plan, code: Code) -> list[str] | None:
    """Lines that add what the trees give to ``t0, t1, ...``; None for trees that are not for this way.

    They ask for ``i…`` of columns that are looked up, and for ``s…`` of others.
    """
    trees = plan.model.trees
    assert trees is not None
    leaves = leaves_of(plan)
    count, most = len(leaves), int(leaves.max())
    if (trees.targets is None and plan.model.targets > 1) or count < FEWEST or most > MOST_LEAVES:
        return None
    nodes = Nodes(plan)
    planes = -(-most // _BYTE)
    asked = columns_asked(plan, nodes)
    if not asked or sum(each.count for each in asked) * count * planes > _MOST:
        return None
    parts = [_part(plan, nodes, each, planes, code) for each in asked]
    targets = [0] * count if trees.targets is None else plan.tables.whole(trees.targets).tolist()
    form = "t{0} = narrow(t{0} + D{1}[a{1}])" if trees.narrow else "t{0} += D{1}[a{1}]"
    for tree in range(count):
        code.names[f"D{tree}"] = tuple(float(value) for (value,) in nodes.leaf_values(tree))
    return [
        f"m = ({' & '.join(parts)}).to_bytes({planes * count}, 'little')",
        f"{', '.join(f'a{tree}' for tree in range(count))}, = leaves({_leaf_numbers(planes, count, code)})",
        *(form.format(target, tree) for tree, target in enumerate(targets)),
    ]


def _leaf_numbers(planes: int, count: int, code: Code) -> str:
    """An expression for the number of each tree's leaf, a byte each, of ``m``: a byte for each tree with a bit for each
    of its first eight leaves, then one for each with the next eight. One bit is set for each tree."""
    code.names |= {"leaves": struct.Struct(f"{count}B").unpack, "whole": int.from_bytes}
    for plane in range(planes):
        numbers = bytearray(1 << _BYTE)
        for bit in range(_BYTE):
            numbers[1 << bit] = plane * _BYTE + bit
        code.names[f"P{plane}"] = bytes(numbers)
    if planes == 1:
        return "m.translate(P0)"
    parts = [f"whole(m[{at * count}:{(at + 1) * count}].translate(P{at}), 'little')" for at in range(planes)]
    return f"({' + '.join(parts)}).to_bytes({count}, 'little')"


def _part(plan: Plan, nodes: Nodes, asked: Asked, planes: int, code: Code) -> str:
    """An expression for the leaves that a column leaves."""
    slot = asked.slot
    sets = _sets(plan, nodes, asked, planes)
    index = plan.index_of.get(slot)
    if index is not None:
        code.names[f"M{slot}"] = [sets[place] for place in asked.bins_of(plan.numbers(slot)).tolist()]
        return f"M{slot}[i{index}]"
    code.names[f"M{slot}"] = sets
    if asked.edges is None:
        return f"M{slot}[int(s{slot}) if s{slot} == s{slot} else -1]"
    code.names |= {"bin_of": bisect_left, f"E{slot}": asked.edges.thresholds.tolist()}
    return f"M{slot}[bin_of(E{slot}, s{slot}) if s{slot} == s{slot} else -1]"


def _sets(plan: Plan, nodes: Nodes, asked: Asked, planes: int) -> list[int]:
    """For each bin of a column, the leaves that can be reached from there, of all trees as one number."""
    import numpy as np

    place = plan.model.inputs.index(asked.slot)
    table = np.empty((asked.count, len(nodes.leaves)), dtype="<u8")
    for tree, leaves in enumerate(nodes.leaves.tolist()):
        table[:, tree] = (1 << leaves) - 1
        for node in nodes.of(tree, place):
            right = asked.right(plan, nodes, node)
            left_side, right_side = nodes.sides(node)
            table[right, tree] &= table.dtype.type(~left_side & _ALL)
            table[~right, tree] &= table.dtype.type(~right_side & _ALL)
    in_planes = table.view(np.uint8).reshape(*table.shape, -1)[:, :, :planes].transpose(0, 2, 1)
    return [int.from_bytes(row.tobytes(), "little") for row in in_planes]
