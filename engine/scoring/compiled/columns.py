"""The columns of a table as the numbers that a compiled model asks for, many rows at once, through NumPy."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from engine.scoring.compiled.functions import function
from engine.scoring.compiled.plan import Index, Plan
from engine.scoring.compiled.records import Operation
from engine.scoring.compiled.refusals import GAP, LARGE, NUMBER, TEXT, UNSEEN, Stopped

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    import pyarrow as pa

    Numbers = npt.NDArray[np.float64]
    Places = npt.NDArray[np.intp]


class StoppedAt(Exception):
    """``stopped``: why; ``row``: the first row of which that is true."""

    def __init__(self, stopped: Stopped, row: int) -> None:
        super().__init__(str(stopped))
        self.stopped, self.row = stopped, row


class Columns:
    """``number``: a slot as numbers. ``index``: for each index of the plan, the place of each row's value."""

    def __init__(self, plan: Plan, table: pa.Table) -> None:
        self._plan, self._table = plan, table
        self.rows: int = table.num_rows
        self._operations = plan.model.operations
        self._numbers: dict[int, Numbers] = {}
        self.index: dict[int, Places] = {}
        # In their order: each finds what it is made of. A row is refused by the first that refuses it, as in its code.
        for slot, _ in plan.operations():
            place = plan.index_of.get(slot)
            if place is None:
                self.number(slot)
            elif place not in self.index:
                self.index[place] = self._places(plan.indices[place])

    def number(self, slot: int) -> Numbers:
        """The numbers of a slot, one for each row."""
        if slot not in self._numbers:
            operation, index = self._operations[slot], self._plan.index_of.get(slot)
            if index is not None:
                made = self._plan.numbers(slot).take(self.index[index])
            elif operation.do == "number":
                made = self._feature(operation.of)
            else:
                made = self._made(slot, operation, self.number(operation.of))
            self._numbers[slot] = made
        return self._numbers[slot]

    def _made(self, slot: int, operation: Operation, given: Numbers) -> Numbers:
        import numpy as np

        do, by = operation.do, operation.by
        if do == "check":
            self._check(slot, operation, given)
            return given
        if do == "gap":
            return np.isnan(given).astype(np.float64)
        if do == "fill":
            return np.where(np.isnan(given), by[0], given)
        return changed(operation, given)

    def _check(self, slot: int, operation: Operation, given: Numbers) -> None:
        import numpy as np

        feature = self._plan.feature(slot)
        if "gap" in operation.refuses:
            self._stop_at(np.isnan(given), feature, GAP)
        if operation.by[0] is not None:
            self._stop_at(np.abs(given) > operation.by[0], feature, LARGE)

    def _stop_at(self, refused: Any, feature: int, why: str) -> None:
        if refused.any():
            raise StoppedAt(Stopped(feature, why), int(refused.argmax()))

    def _column(self, feature: int) -> pa.ChunkedArray:
        return self._table.column(feature)

    def _feature(self, feature: int) -> Numbers:
        """A column of numbers as 64-bit floats, NaN where there is a gap."""
        import numpy as np
        import pyarrow as pa
        import pyarrow.compute as pc

        column = self._column(feature)
        if pa.types.is_dictionary(column.type):
            column = column.cast(column.type.value_type)
        kind = column.type
        if pa.types.is_null(kind):
            return np.full(self.rows, np.nan)
        if pa.types.is_boolean(kind):
            column = column.cast(pa.uint8())
        elif not (pa.types.is_integer(kind) or pa.types.is_floating(kind)):
            raise StoppedAt(Stopped(feature, NUMBER), 0)
        if column.type != pa.float64():
            column = pc.cast(column, pa.float64(), safe=False)
        found: Numbers = column.to_numpy()
        if self._plan.model.features[feature].kind == "narrow":
            with np.errstate(over="ignore"):
                found = found.astype(np.float32).astype(np.float64)
        return found

    def _places(self, index: Index) -> Places:
        import numpy as np

        if index.text:
            feature = self._plan.model.vocabularies[index.of].feature
            found = self._text_places(index, feature)
        else:
            feature, given, values = self._plan.feature(index.of), self.number(index.of), self._plan.values(index)
            found = np.minimum(np.searchsorted(values, given), max(index.count - 1, 0))
            known = values[found] == given if index.count else np.zeros(len(given), dtype=bool)
            found = np.where(known, found, np.where(np.isnan(given), index.count, index.count + 1))
        if index.gap:
            self._stop_at(found == index.count, feature, GAP)
        if index.unseen:
            self._stop_at(found == index.count + 1, feature, UNSEEN)
        return found

    def _text_places(self, index: Index, feature: int) -> Places:
        """Each different value is looked up once."""
        import numpy as np
        import pyarrow as pa
        import pyarrow.compute as pc

        column = self._column(feature)
        if pa.types.is_null(column.type):
            return np.full(self.rows, index.count, dtype=np.intp)
        if not pa.types.is_dictionary(column.type):
            column = column.dictionary_encode()
        kind = column.type.value_type
        if not (pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_string_view(kind)):
            raise StoppedAt(Stopped(feature, TEXT), 0)
        known = pa.array(self._plan.model.vocabularies[index.of].values, type=pa.large_string())
        parts = []
        for chunk in column.chunks:
            places = pc.index_in(chunk.dictionary.cast(pa.large_string()), known)
            held = chunk.dictionary.is_null().to_numpy(zero_copy_only=False)
            table = np.append(places.fill_null(index.count + 1).to_numpy(), index.count)
            table[:-1][held] = index.count
            codes = chunk.indices.fill_null(len(table) - 1).to_numpy(zero_copy_only=False)
            parts.append(table.astype(np.intp).take(codes))
        return np.concatenate(parts) if parts else np.zeros(0, dtype=np.intp)


def changed(operation: Operation, given: Numbers) -> Numbers:
    """What an operation that needs one number alone makes of many."""
    import numpy as np

    do, by = operation.do, operation.by
    if do == "apply":
        assert operation.function is not None
        found: Numbers = function(operation.function)(given)
        return found
    if do == "clip":
        return np.where(given < by[0], by[0], np.where(given > by[1], by[1], given))
    found = {"add": np.add, "subtract": np.subtract, "multiply": np.multiply, "divide": np.divide}[do](given, by[0])
    return found
