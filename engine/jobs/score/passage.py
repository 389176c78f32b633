"""The rows of one source through a version that is ready, and what it says of them into one output."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from engine.errors import StepFailed
from engine.jobs.score.flow import Flow
from engine.jobs.score.learnt import Learnt, fitted
from engine.jobs.score.reading import Piece, Source
from engine.jobs.score.writing import Sink, laid_out
from engine.runs.run_context import Ends
from engine.scoring.scorer import Scorer

if TYPE_CHECKING:
    import pyarrow as pa

Tell = Callable[[int], None]


class Passage:
    """Read, scored and written at once, in pieces. ``run``: which each row names. ``open_sink`` is called with the
    first rows, which say the columns; ``tell`` is told how many rows are written by then."""

    def __init__(
        self,
        source: Source,
        ready: Scorer,
        learnt: Learnt,
        run: int,
        open_sink: Callable[[pa.Schema], Sink],
        tell: Tell = lambda rows: None,
    ) -> None:
        self._source, self._ready, self._learnt, self._run = source, ready, learnt, run
        self._open, self._tell = open_sink, tell
        self._key = [name for name in learnt.key if name in source.columns]
        self._sink: Sink | None = None
        self._schema: pa.Schema | None = None
        self._rows = 0

    def all(self, watch: Callable[[Ends], None] = lambda process: None) -> tuple[int, str]:
        """Every row; how many, and the digest of what was written, which has not got its name yet. ``watch`` is given
        what can be cancelled. Raises Refusal, StepFailed."""
        flow = Flow[Piece, Any](self._source.pieces(), self._scored, self._written)
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

    def _scored(self, piece: Piece) -> pa.Table:
        learnt, table = self._learnt, piece.table
        answers = self._ready.score(fitted(learnt, table, self._source.told))
        if answers.num_rows != table.num_rows:
            raise StepFailed(f"{learnt.label} gave {answers.num_rows:,} answers for {table.num_rows:,} rows.")
        if answers.column_names == learnt.answers.names:
            answers = answers.cast(learnt.answers)
        return laid_out(_plain(table.select(self._key)), answers, learnt.label, self._run, piece.start)

    def _written(self, table: pa.Table) -> None:
        if self._sink is None:
            self._schema = table.schema.remove_metadata()
            self._sink = self._open(self._schema)
        self._sink.write(table.replace_schema_metadata(None).cast(self._schema))
        self._rows += table.num_rows
        self._tell(self._rows)

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
