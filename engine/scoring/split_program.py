"""A version whose first steps are done by a process of its own environment, and whose others are compiled tables.

The process is that which would answer with the whole pipeline; it is asked what its first steps make of the rows, and
the tables answer for that. Where that has other names or types than those that the tables were made for, or the tables
refuse a row, the whole pipeline in the same process answers instead: with a prediction, or with its own words.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

from engine.errors import StepFailed
from engine.scoring.compiled.between import arrow_type, told
from engine.scoring.compiled.scorer import CompiledScorer
from engine.scoring.warm_program import NoAnswer, ProjectProgram, arrow_in, most_bytes
from engine.text import plain
from engine.versions.split import BetweenColumn, SplitSection

if TYPE_CHECKING:
    import pyarrow as pa

    from engine.runs.steps.step import StepSpec

_EXACT = 1 << 53  # up to here each whole number is a float of its own
FEW = 200
"""Rows up to which each is answered by itself: a table of few takes longer than its rows (2 ms, and 7 µs a row)."""
BETWEEN = "between.json"


@dataclass
class Wholes:
    """How often the whole pipeline answered since the program was made, and ``why`` the last time."""

    count: int = 0
    why: str = ""


def section(scorer: CompiledScorer) -> SplitSection:
    """What a version's document says of such tables."""
    behind = scorer.model.behind
    assert behind is not None
    columns = tuple(BetweenColumn(each.name, each.type) for each in behind.columns)
    return SplitSection(behind.steps, behind.array, columns)


class TablesBehind:
    """The tables of the steps behind the first ones."""

    def __init__(self, scorer: CompiledScorer) -> None:
        import pyarrow as pa

        model = scorer.model
        assert model.behind is not None
        self._scorer, self.said = scorer, told(model)
        pairs = list(zip(model.behind.columns, model.features, strict=True))
        used = [column for column, feature in pairs if feature.kind != "unused"]
        self._schema = pa.schema([(each.name, arrow_type(each)) for each in used])
        self._places = [self._schema.get_field_index(column.name) for column, _ in pairs]
        self._numbers = [place for place, field in enumerate(self._schema) if field.type != pa.large_string()]
        self._wide = [place for place, field in enumerate(self._schema) if field.type in (pa.int64(), pa.uint64())]
        scorer.ready()
        self._empty = scorer.score(self._whole(self._schema.empty_table())).schema

    def predictions(self, between: pa.Table) -> pa.Table:
        """What they say of ``between``. Raises NoAnswer where that is not what the process was asked for, and
        StepFailed where they refuse a row."""
        import pyarrow as pa

        if not between.schema.equals(self._schema):
            raise NoAnswer("with other columns between its steps than it says itself")
        if any(between.column(place).null_count for place in self._numbers):
            raise NoAnswer("with gaps among numbers between its steps")
        if between.num_rows > FEW or not between.num_rows:
            for place in self._wide:
                _refuse_wide(between.column(place))
            return self._scorer.score(self._whole(between))
        given = [column.to_pylist() for column in between.columns]
        for place in self._wide:
            if max(given[place]) > _EXACT or min(given[place]) < -_EXACT:
                _too_wide()
        nothing = [None] * between.num_rows
        rows = list(zip(*(given[place] if place >= 0 else nothing for place in self._places), strict=True))
        found = zip(*self._scorer.answer(rows), strict=True)
        return pa.table([pa.array(values, each.type) for values, each in zip(found, self._empty, strict=True)],
                        schema=self._empty)  # fmt: skip

    def alike(self, predictions: pa.Table) -> pa.Table:
        """Those of the whole pipeline, of the types that the tables' have. Raises StepFailed where that cannot be."""
        import pyarrow as pa

        try:
            return predictions.select(self._empty.names).cast(self._empty)
        except (pa.ArrowException, KeyError) as error:
            raise StepFailed(
                f"The whole pipeline gave predictions of other types than its tables ({plain(str(error), 200)})."
            ) from None

    def _whole(self, between: pa.Table) -> pa.Table:
        """With something in place of the columns that nothing asks for."""
        import pyarrow as pa

        nothing = pa.nulls(between.num_rows)
        names = self._scorer.features
        columns = [between.column(place) if place >= 0 else nothing for place in self._places]
        return pa.table(columns, names=list(names))


def _refuse_wide(column: pa.ChunkedArray) -> None:
    import pyarrow.compute as pc

    ends = pc.min_max(column).as_py()
    if ends["max"] is not None and (ends["max"] > _EXACT or ends["min"] < -_EXACT):
        _too_wide()


def _too_wide() -> NoReturn:
    raise StepFailed("A column between its steps holds whole numbers of more than 53 bits, which tables would round.")


@dataclass(frozen=True, kw_only=True)
class SplitProgram(ProjectProgram):
    """As ``ProjectProgram``, asked for its first steps alone. ``tables``: what answers for what these make."""

    tables: TablesBehind
    wholes: Wholes = field(default_factory=Wholes)

    def fill(self, folder: Path) -> None:
        """See ``Program``."""
        super().fill(folder)
        (folder / "input" / BETWEEN).write_text(json.dumps(self.tables.said), "utf-8")

    def spec(self, folder: Path, title: str, pipes: Mapping[str, str]) -> StepSpec:
        """See ``Program``."""
        return super().spec(folder, title, {**pipes, "LEVERFRAME_BETWEEN": str(folder / "input" / BETWEEN)})

    def asked(self, folder: Path, features: pa.Table, *, whole: bool = False) -> tuple[dict[str, Any], bytes]:
        """See ``Program``."""
        head, body = super().asked(folder, features)
        return (head if whole else {**head, "first": most_bytes(features.num_rows)}), body

    def answered(self, folder: Path, rows: int, head: dict[str, Any], body: bytes, title: str) -> pa.Table | None:
        """See ``Program``: None where the tables refuse a row, so that the whole pipeline is to be asked for them."""
        if head.get("form") != "between":
            found = super().answered(folder, rows, head, body, title)
            self.wholes.count += 1
            if "whole" in head:
                self.wholes.why = f"what its first steps made is otherwise: {plain(str(head['whole']), 300)}"
            return None if found is None else self.tables.alike(found)
        between = arrow_in(body)
        if between.num_rows != rows:
            raise NoAnswer("with another number of rows between its steps")
        try:
            return self.tables.predictions(between)
        except StepFailed as refused:
            self.wholes.why = f"its tables refuse a row: {str(refused).rstrip('.')}"
            return None
