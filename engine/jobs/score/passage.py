"""The rows of one source through a version that is ready, and what it says of them into one output."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any, Protocol

from engine.errors import Refusal, StepFailed
from engine.jobs.score.flow import Flow
from engine.jobs.score.learnt import Learnt, fitted
from engine.jobs.score.reading import Piece, Source
from engine.jobs.score.writing import Sink, laid_out
from engine.projects.manifest.fields import shown
from engine.runs.run_context import Ends
from engine.scoring.scorer import Scorer

if TYPE_CHECKING:
    import pyarrow as pa

Tell = Callable[[int], None]


class Ahead(Protocol):
    """Scores elsewhere, ``ahead`` pieces before the one that is waited for. ``begin`` is given the features of a piece;
    what it returns waits for the answer, and raises StepFailed where none comes."""

    ahead: int

    def begin(self, features: pa.Table) -> Callable[[], pa.Table]: ...


class Passage:
    """Read, scored and written at once, in pieces. ``run``: which each row names. ``open_sink`` is called with the
    first rows, which say the columns; ``tell`` is told how many rows are written by then. ``away``: who scores the
    pieces in the place of ``ready``, the same way."""

    def __init__(
        self,
        source: Source,
        ready: Scorer,
        learnt: Learnt,
        run: int,
        open_sink: Callable[[pa.Schema], Sink],
        tell: Tell = lambda rows: None,
        away: Ahead | None = None,
    ) -> None:
        self._source, self._ready, self._learnt, self._run = source, ready, learnt, run
        self._open, self._tell, self._away = open_sink, tell, away
        self._key = [name for name in learnt.key if name in source.columns]
        self._sink: Sink | None = None
        self._schema: pa.Schema | None = None
        self._rows = 0

    def all(self, watch: Callable[[Ends], None] = lambda process: None) -> tuple[int, str]:
        """Every row; how many, and the digest of what was written, which has not got its name yet. ``watch`` is given
        what can be cancelled. Raises Refusal, StepFailed."""
        ahead = self._away.ahead if self._away is not None else 0
        flow = Flow[Piece, Any](self._source.pieces(), self._asked, self._written, ahead)
        watch(flow)
        flow.run()
        if self._sink is None:
            self._written(self._nothing())
        assert self._sink is not None
        return self._rows, self._sink.finish()

    def _nothing(self) -> pa.Table:
        """No rows, in the form that they would have."""
        import pyarrow as pa

        key = pa.table({name: pa.array([], pa.string()) for name in self._key})
        return laid_out(key, self._learnt.answers.empty_table(), self._learnt.label, self._run, 0)

    def _asked(self, piece: Piece) -> Callable[[], pa.Table]:
        """``piece`` without its features, which need not be held for as long as others score them."""
        features = fitted(self._learnt, piece.table, self._source.told)
        begin = partial(partial, self._ready.score) if self._away is None else self._away.begin
        key = _plain(piece.table.select(self._key))
        return partial(self._scored, piece.start, key, features.num_rows, begin(features))

    def _scored(self, start: int, key: pa.Table, rows: int, answer: Callable[[], pa.Table]) -> pa.Table:
        learnt, answers = self._learnt, answer()
        if answers.num_rows != rows:
            raise StepFailed(f"{learnt.label} gave {answers.num_rows:,} answers for {rows:,} rows.")
        if answers.column_names == learnt.answers.names:
            answers = answers.cast(learnt.answers)
        return laid_out(key, answers, learnt.label, self._run, start)

    def _written(self, table: pa.Table) -> None:
        if self._sink is None:
            self._schema = table.schema.remove_metadata()
            self._sink = self._open(self._schema)
        self._sink.write(self._as_before(table.replace_schema_metadata(None)))
        self._rows += table.num_rows
        self._tell(self._rows)

    def _as_before(self, table: pa.Table) -> pa.Table:
        """``table`` in the types of the first rows. Raises Refusal where those of the key were others."""
        import pyarrow as pa

        try:
            return table.cast(self._schema)
        except (pa.ArrowException, ValueError):
            raise Refusal(
                f"The columns {', '.join(map(shown, table.column_names))} that come of {self._source.told} are not of "
                f"the types of the first rows from row {self._rows + 1:,} on; cast them in the query, such as "
                "CAST(it AS text)."
            ) from None

    def publish(self, *, replace: bool) -> None:
        """Give what was written its name, after ``all``."""
        assert self._sink is not None
        self._sink.publish(replace=replace)

    def close(self) -> None:
        """Take away what did not come to its end."""
        if self._sink is not None:
            self._sink.close()


def _plain(key: pa.Table) -> pa.Table:
    """Columns of a key as values: what a dictionary holds differs from piece to piece."""
    import pyarrow as pa

    for place, field in enumerate(key.schema):
        if pa.types.is_dictionary(field.type):
            key = key.set_column(place, field.name, key.column(place).cast(field.type.value_type))
    return key
