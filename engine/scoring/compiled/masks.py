"""Small trees, many rows at once: QuickScorer's way, with a table in place of its comparisons.

Of each tree one bit stands for each leaf. A node that a row does not go left at takes the bits of all leaves below its
left side away; of what is left the lowest bit is the leaf that the row comes to. Which bits a column takes away depends
only on the bin that its value lies in, so all trees of a row are one AND of one row of a table for each column. Columns
with few bins are looked up together.

Lucchese and others, "QuickScorer: a fast algorithm to rank documents with additive ensembles of regression trees",
SIGIR 2015.
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

from engine.scoring.compiled.leaves import Asked, Nodes, columns_asked

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from engine.scoring.compiled.columns import Columns
    from engine.scoring.compiled.plan import Plan

MOST_LEAVES = 64
CHUNK = 1 << 12  # rows that go through the trees at once, so that they stay near the processor
# Bytes of the tables of a group of columns, so that they stay near the processor; and of all tables together.
_NEAR, _MOST = 1 << 18, 1 << 28
# Trees whose leaves are added up at once; and the fewest rows for which that is one sum.
_STEP, _LEAST = 16, 8
# Numbers of which each power of two, times them, has other leading bits: what a lowest bit is told by.
_TELLING = {16: 0x0F2D, 32: 0x077CB531, 64: 0x03F79D71B4CB0A89}
_SHIFT = {16: 12, 32: 27, 64: 58}


class Masks:
    """The trees of a plan whose trees have at most 64 leaves each."""

    chunk = CHUNK

    def __init__(self, plan: Plan) -> None:
        import numpy as np

        trees = plan.model.trees
        assert trees is not None
        self._plan = plan
        self._roots = plan.tables.whole(trees.roots)
        self._order = self._by_target()
        self._nodes = Nodes(plan)
        most = int(self._nodes.leaves.max())
        # The places of all leaves have to be numbers of as many bits too.
        self._bits = 16 if most <= 16 and len(self._order) <= 1 << 12 else 32 if most <= 32 else 64
        self._asked = columns_asked(plan, self._nodes)
        if sum(asked.count for asked in self._asked) * len(self._order) * self._bits // 8 > _MOST:
            raise TooLarge
        tables = [self._table(asked) for asked in self._asked]
        self._groups = _grouped([asked.count for asked in self._asked], tables, self._room())
        self._values = self._leaf_values()
        self._words = -(-len(self._order) * self._bits // 64)
        self._offsets = (np.arange(len(self._order)) * self._bits).astype(f"u{self._bits // 8}")
        self._local = threading.local()

    def _room(self) -> int:
        return max(1, _NEAR // (len(self._roots) * self._bits // 8 + 8))

    def _by_target(self) -> npt.NDArray[np.intp]:
        """Trees of one target together, in their order."""
        import numpy as np

        trees = self._plan.model.trees
        assert trees is not None
        if trees.targets is None:
            return np.arange(len(self._roots))
        return np.argsort(self._plan.tables.whole(trees.targets), kind="stable")

    def _table(self, asked: Asked) -> Any:
        """For each bin of a column, the bits that it leaves of each tree."""
        import numpy as np

        nodes, model = self._nodes, self._plan.model
        place = model.inputs.index(asked.slot)
        kind = np.dtype(f"u{self._bits // 8}")
        table = np.full((asked.count, len(self._order)), np.iinfo(kind).max, dtype=kind)
        for column, tree in enumerate(self._order):
            for node in nodes.of(int(tree), place):
                kept = kind.type(nodes.keeps(node) & int(np.iinfo(kind).max))
                table[asked.right(self._plan, nodes, node), column] &= kept
        return table

    def _leaf_values(self) -> Any:
        """For each target, what each leaf of each tree gives, by tree and telling bits."""
        import numpy as np

        nodes, bits = self._nodes, self._bits
        found = np.zeros((nodes.width, len(self._order), bits))
        told = [(((1 << bit) * _TELLING[bits]) % (1 << bits)) >> _SHIFT[bits] for bit in range(bits)]
        for column, tree in enumerate(self._order):
            values = nodes.leaf_values(int(tree))
            found[:, column, told[: len(values)]] = values.T
        return found.reshape(nodes.width, -1)

    def add(self, columns: Columns, first: int, last: int) -> Any:
        """The sums of each target for the rows from ``first`` up to ``last``: the start, then tree by tree."""
        import numpy as np

        rows, kind = last - first, np.dtype(f"u{self._bits // 8}")
        room = self._rooms(rows)
        left, other = room.left[:rows], room.other[:rows]
        self._left_over(columns, first, last, left, other)
        leaves, lowest = left.view(kind), other.view(kind)
        np.negative(leaves, out=lowest)
        np.bitwise_and(leaves, lowest, out=lowest)
        lowest *= kind.type(_TELLING[self._bits])
        lowest >>= kind.type(_SHIFT[self._bits])
        found = lowest[:, : len(self._order)]
        found += self._offsets
        return self._summed(found, room)

    def _rooms(self, rows: int) -> _Room:
        """What this thread computes in, kept from chunk to chunk: to ask for memory takes as long as to use it."""
        room: _Room | None = getattr(self._local, "room", None)
        if room is None or len(room.left) < rows:
            room = self._local.room = _Room(max(rows, _LEAST), self._words)
        return room

    def _left_over(self, columns: Columns, first: int, last: int, left: Any, other: Any) -> None:
        """Into ``left``, of each row and tree, the bits of the leaves that nothing took away."""
        if not self._groups:
            left[:] = 1 if self._bits == 64 else 0x100000001 if self._bits == 32 else 0x1000100010001
        for number, (members, table) in enumerate(self._groups):
            bins = None
            for member in members:
                asked = self._asked[member]
                numbers = self._bins(columns, asked, first, last)
                bins = numbers if bins is None else bins * asked.count + numbers
            table.take(bins, axis=0, out=other if number else left, mode="clip")
            if number:
                left &= other

    def _bins(self, columns: Columns, asked: Asked, first: int, last: int) -> Any:
        import numpy as np

        index = self._plan.index_of.get(asked.slot)
        if index is not None:
            # What is looked up is put into bins once, not row by row.
            return asked.bins_of(self._plan.numbers(asked.slot)).take(columns.index[index][first:last])
        numbers = columns.number(asked.slot)[first:last]
        return np.ascontiguousarray(asked.bins_of(numbers))

    def _summed(self, found: Any, room: _Room) -> Any:
        """``found``: for each row and tree, the place of its leaf among the values."""
        import numpy as np

        model, trees = self._plan.model, self._plan.model.trees
        assert trees is not None
        rows = len(found)
        sums = np.empty((model.targets, rows))
        targets = None if trees.targets is None else self._plan.tables.whole(trees.targets)[self._order]
        for target, start in enumerate(self._plan.tables.floats(model.start)):
            mine = slice(0, len(self._order)) if targets is None else _run(targets, target)
            values = self._values[target if targets is None else 0]
            total = np.full(rows, start)
            for at in range(mine.start, mine.stop, _STEP):
                count = min(_STEP, mine.stop - at)
                places, given = room.places[:count, :rows], room.values[: count + 1, :rows]
                np.copyto(places, found[:, at : at + count].T, casting="unsafe")
                values.take(places, out=given[1:], mode="clip")
                given[0] = total
                total = _in_order(given, np.float32 if trees.narrow else np.float64)
            sums[target] = total
        return sums


class _Room:
    """Arrays for so many rows."""

    def __init__(self, rows: int, words: int) -> None:
        import numpy as np

        self.left, self.other = (np.empty((rows, words), dtype=np.uint64) for _ in range(2))
        self.places = np.empty((_STEP, rows), dtype=np.intp)
        self.values = np.empty((_STEP + 1, rows))


def _in_order(given: Any, kind: Any) -> Any:
    """The sum over the first dimension, from the first on, as each row alone would be added up.

    Over rows of an array NumPy adds in that order; over one row alone it would add pairs, which gives other bits.
    """
    import numpy as np

    if given.shape[1] >= _LEAST:
        return np.add.reduce(given, axis=0, dtype=kind).astype(np.float64, copy=False)
    total = given[0].astype(kind)
    for each in given[1:]:
        total += each.astype(kind)
    return total.astype(np.float64, copy=False)


class TooLarge(Exception):
    """The tables would be larger than what they are worth."""


def _grouped(counts: list[int], tables: list[Any], room: int) -> list[tuple[list[int], Any]]:
    """Columns that are looked up together, and the table for each combination of their bins, as whole words."""
    import numpy as np

    groups: list[tuple[list[int], Any]] = []
    for member in sorted(range(len(counts)), key=counts.__getitem__):
        if groups and len(groups[-1][1]) * counts[member] <= room:
            members, table = groups.pop()
            both = (table[:, None, :] & tables[member][None, :, :]).reshape(-1, table.shape[1])
            groups.append(([*members, member], both))
        else:
            groups.append(([member], tables[member]))
    return [(members, np.ascontiguousarray(_words(table))) for members, table in groups]


def _words(table: Any) -> Any:
    """The same bits in words of 64, filled up at the end."""
    import numpy as np

    each = 8 // table.dtype.itemsize
    lacking = -table.shape[1] % each
    whole = np.concatenate([table, np.zeros((len(table), lacking), dtype=table.dtype)], axis=1)
    return whole.view(np.uint64)


def _run(targets: Any, target: int) -> slice:
    """Where the trees of a target stand among those that are ordered by it."""
    import numpy as np

    return slice(int(np.searchsorted(targets, target)), int(np.searchsorted(targets, target, side="right")))
