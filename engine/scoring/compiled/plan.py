"""What has to be computed of a row, in which order: read off the tables once, and followed by both evaluators."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from engine.scoring.compiled.reading import Tables
from engine.scoring.compiled.records import Linear, Operation

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt


@dataclass(frozen=True)
class Index:
    """Which of its values a column has: 0, 1, ..., then ``count`` for a gap and ``count + 1`` for one never seen.

    ``of``: a vocabulary where it is ``text``, else the slot of a number. ``gap``, ``unseen``: the row is refused then.
    """

    text: bool
    of: int
    count: int
    operation: int
    gap: bool
    unseen: bool


@dataclass(frozen=True)
class Term:
    """A summand of each target: ``weights`` times the number in ``slot``; or, looked up by an index, ``sums``: for each
    target a number for each of its values, a gap, and one never seen."""

    slot: int
    weights: tuple[float, ...] = ()
    index: int = -1
    sums: npt.NDArray[np.float64] | None = None


class Plan:
    """``slots``: those that are needed, in their order. ``indices``: likewise, and ``index_of``: the index by which a
    slot is looked up. ``feature``: the column that a slot comes from. ``terms``: of a linear model."""

    def __init__(self, tables: Tables) -> None:
        self.tables, self.model = tables, tables.model
        self._operations = self.model.operations
        self.slots = self._needed()
        self._features: dict[int, int] = {}
        for slot in self.slots:
            operation = self._operations[slot]
            if operation.do == "number":
                self._features[slot] = operation.of
            elif operation.do == "look_up":
                self._features[slot] = self.model.vocabularies[operation.of].feature
            else:
                self._features[slot] = self._features[operation.of]
        self.indices: list[Index] = []
        self.index_of: dict[int, int] = {}
        self._index()
        self.terms = tuple(self._terms(self.model.linear)) if self.model.linear is not None else ()

    def feature(self, slot: int) -> int:
        """The place of the column that the slot's number comes from."""
        return self._features[slot]

    def numbers(self, slot: int) -> npt.NDArray[np.float64]:
        """The table of a slot that is looked up."""
        span = self._operations[slot].numbers
        assert span is not None
        return self.tables.floats(span)

    def values(self, index: Index) -> npt.NDArray[np.float64]:
        """The values of an index of numbers."""
        span = self._operations[index.operation].values
        assert span is not None
        return self.tables.floats(span)

    def _needed(self) -> tuple[int, ...]:
        found: set[int] = set()
        waiting = list(self.model.inputs)
        while waiting:
            slot = waiting.pop()
            if slot in found:
                continue
            found.add(slot)
            if self._operations[slot].do not in ("number", "look_up"):
                waiting.append(self._operations[slot].of)
        return tuple(sorted(found))

    def _index(self) -> None:
        """One index for all slots that are looked up alike; it refuses what any of them refuses."""
        groups: dict[tuple[object, ...], list[int]] = {}
        for slot in self.slots:
            operation = self._operations[slot]
            if operation.numbers is not None:
                values = None if operation.values is None else self.tables.floats(operation.values).tobytes()
                groups.setdefault((operation.do, operation.of, values), []).append(slot)
        for number, slots in enumerate(groups.values()):
            refused = {what for slot in slots for what in self._operations[slot].refuses}
            first = self._operations[slots[0]]
            count = len(self.numbers(slots[0])) - 2
            self.indices.append(
                Index(first.do == "look_up", first.of, count, slots[0], "gap" in refused, "unseen" in refused)
            )
            self.index_of |= dict.fromkeys(slots, number)

    def _terms(self, linear: Linear) -> Iterator[Term]:
        """Neighbours that are looked up by one index, as what an encoder made of a column, are added up before."""
        import numpy as np

        weights = self.tables.floats(linear.weights).reshape(self.model.targets, -1)
        index, sums = -1, np.zeros((0, 0))
        for place, slot in enumerate(self.model.inputs):
            found = self.index_of.get(slot, -1)
            if index >= 0 and found != index:
                yield Term(-1, index=index, sums=sums)
                index = -1
            if found < 0:
                yield Term(slot, tuple(float(each) for each in weights[:, place]))
                continue
            part = weights[:, place, None] * self.numbers(slot)[None, :]
            sums = sums + part if index == found else part
            index = found
        if index >= 0:
            yield Term(-1, index=index, sums=sums)

    def operations(self) -> Iterator[tuple[int, Operation]]:
        """The slots that are needed, each with what makes it."""
        for slot in self.slots:
            yield slot, self._operations[slot]
