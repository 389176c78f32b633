"""The job ``score``: what was asked for, or what ``[score]`` of the live version names, read, scored and written.

Each output stands in the ledger before it is begun, with its digest before it gets its name, and as ended after it.
Whoever is killed leaves none under its name that is not whole; whoever does it again writes the same bytes.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from engine import clock
from engine.clock import stamp
from engine.errors import Refusal
from engine.jobs.retrain.nothing_new import NothingNew
from engine.jobs.score import book, wishes
from engine.jobs.score.learnt import Learnt, learnt
from engine.jobs.score.on_workers import compute_of, on_workers
from engine.jobs.score.passage import Passage
from engine.jobs.score.places import refuse_input, refuse_output
from engine.jobs.score.reading import CsvSource, ParquetSource, Source, about_rows
from engine.jobs.score.records import Place, Scoring
from engine.jobs.score.replacing import may_replace
from engine.jobs.score.second import Second, early, second_of
from engine.jobs.score.side_by_side import two_ready
from engine.jobs.score.wishes import Wish
from engine.jobs.score.writing import FileSink, Sink
from engine.projects.manifest.reader import manifest_of
from engine.projects.manifest.score import spec_of
from engine.runs import capacity, history, queue
from engine.runs.cancelling import refuse_cancelled
from engine.runs.leftovers import TEMPORARY, drop_copies
from engine.runs.own_work import measured
from engine.runs.run_context import RunContext
from engine.scoring.makers import open_ready
from engine.scoring.ready import Maker, ReadyScorer
from engine.scoring.row_table import row_table
from engine.storage.ledger import Ledger
from engine.text import plain, span
from engine.versions import catalog
from engine.versions import document as documents
from engine.vocabulary.steps import WRITE_SCORES

if TYPE_CHECKING:
    import pyarrow as pa

    from engine.versions.records import VersionDocument


@dataclass(frozen=True)
class _Ending:
    """Who is asked to end lets go of the scorer, which ends whoever waits for its answer."""

    scorer: ReadyScorer

    def cancel(self, why: str) -> None:
        self.scorer.close()


class Log:
    """What the run says of itself, in a file beside the logs of its steps."""

    def __init__(self, folder: Path) -> None:
        self._path, self._last = folder / f"{WRITE_SCORES.name}.log", 0.0

    def say(self, line: str, *, every: float = 0.0) -> None:
        """A line with its time; not more often than ``every`` seconds."""
        now = time.monotonic()
        if now - self._last < every:
            return
        self._last = now
        with self._path.open("a", encoding="utf-8") as file:
            file.write(f"{stamp(clock.now())[:19]} {plain(line, 2000)}\n")


def score(ledger: Ledger, context: RunContext) -> None:
    """Do all of it and end the run. Raises Refusal, StepFailed or Damage with a sentence for the run's record."""
    with ledger.read() as db:
        options = history.options(db, context.run.id)
    label, document = _version(ledger, context, options)
    found = _wishes(context, options, document)
    away = found[0].workers
    if away:
        compute_of(label, document)  # It is refused before anything is taken out of the store.
    job = _Scoring(ledger, context, label, document)
    with measured(WRITE_SCORES, context.record), job.open(found, away=away):
        made = job.all(found)
    drop_copies(context.folder)
    with ledger.write() as db:
        queue.finish(db, context.run.id, "succeeded", clock.now(), version=label, why=in_words(made))


def in_words(made: list[Scoring]) -> str:
    """What came of a run. Pure."""
    rows = sum(each.rows or 0 for each in made)
    if len(made) == 1:
        return f"{rows:,} rows of {made[0].input} to {made[0].output}"
    return f"{rows:,} rows of {len(made)} files to {Path(made[0].output).parent}"


def _version(
    ledger: Ledger, context: RunContext, options: Mapping[str, Any]
) -> tuple[str, VersionDocument]:
    named = options.get("version")
    if named is None:
        if context.live is None:
            raise Refusal(f"Nothing of {context.run.project} is live yet; retrain, then approve a candidate.")
        return context.live
    with ledger.read() as db:
        version = catalog.record(catalog.find(db, str(named)))
    return version.label, documents.of_version(context.store, version.label, version.digest)


def _wishes(context: RunContext, options: Mapping[str, Any], document: VersionDocument) -> Sequence[Wish]:
    if "input" in options:
        return [wishes.asked(options)]
    spec = spec_of(document.settings)
    if spec is None:
        raise Refusal(
            f"The live version of {context.run.project} has no section [score], so there is nothing to score; one that "
            "has it must be approved first."
        )
    code = context.folder / "code"
    if spec.source.endswith(".sql"):
        documents.write_folder(context.store, document.code.files, code)
    found = wishes.scheduled(spec, context.project_path, code)
    if not found:
        raise NothingNew(f"No file is there for [score]: {plain(spec.source, 200)}.")
    return found


class _Scoring:
    """One run's scorings, all with the same version."""

    def __init__(self, ledger: Ledger, context: RunContext, label: str, document: VersionDocument) -> None:
        self._ledger, self.context, self._label, self._document = ledger, context, label, document
        self.log = Log(context.folder)

    @contextmanager
    def open(self, found: Sequence[Wish], *, away: bool) -> Iterator[None]:
        """Have the version ready within the block, here or ``away`` on the workers of ``[compute]``; here also a second
        time, where that is of use for what is ``found``."""
        context = self.context
        context.tell(0.0, f"taking {self._label} out of the store")
        second = None if away else self._second()
        # What is there already may have been scored before.
        new = (wish.source for wish in found if not (wish.ours and Path(wish.output.name).is_file()))
        with two_ready(
            partial(self._first, away=away), second, lambda: row_table(context.store, self._document).like,
            self.log.say, at_once=second is not None and early(self._document.scorer.maker, map(about_rows, new)),
        ) as (self.ready, self.beside):  # fmt: skip
            context.watch(_Ending(self.ready))
            data = manifest_of(dict(self._document.settings)).data
            self.learnt = learnt(context.store, self._label, self._document, data)
            there = on_workers(context, self._label, self._document, self.ready, self.learnt)
            with there if away else nullcontext() as self.away:
                yield

    def _first(self, *, away: bool) -> ReadyScorer:
        context = self.context
        return open_ready(
            context.workspace, context.store, self._label, self._document, context.folder / "live",
            marker=context.marker, held=context.held, maker=made_by(self._document, away=away),
        )  # fmt: skip

    def _second(self) -> Second | None:
        context = self.context

        def room() -> int:
            with self._ledger.read() as db:
                return capacity.room(db)

        second = second_of(
            context.workspace, context.store, self._label, self._document, context.folder / "live beside", room,
            marker=context.marker, held=context.held,
        )  # fmt: skip
        if second is not None:
            context.watch(second)
        return second

    def all(self, found: Sequence[Wish]) -> list[Scoring]:
        """Score each, and those after one that cannot be. Raises its Refusal, and NothingNew where nothing is left to
        be scored."""
        made, problems = list[Scoring](), list[Refusal]()
        for wish in found:
            try:
                scored = self.one(wish)
            except Refusal as problem:
                with self._ledger.read() as db:
                    refuse_cancelled(db, self.context.run.id)
                if len(found) == 1:
                    raise
                self.log.say(str(problem))
                problems.append(problem)
                continue
            made += [scored] if scored is not None else []
        if problems:
            raise Refusal(f"{len(problems)} of {len(found)} files were not scored; the first: {problems[0]}")
        if not made:
            raise NothingNew(f"Each of {len(found)} files was scored with {self._label} before.")
        return made

    def one(self, wish: Wish) -> Scoring | None:
        """Score ``wish`` and return what stands in the ledger of it; None where that was done before."""
        refuse_input(wish.source)
        source = source_of(wish.source, self.learnt)
        try:
            return None if self._done(wish, source) else self._one(wish, source)
        finally:
            source.close()

    def _one(self, wish: Wish, source: Source) -> Scoring:
        replace = may_replace(self._ledger, wish.output, asked=wish.replace, ours=wish.ours)
        refuse_output(self.context.workspace, wish.source, wish.output, replace=replace)
        begun = self._begin(wish, source)
        if self.learnt.key and not set(self.learnt.key) & set(source.columns):
            self.log.say(f"{source.told} has no {', '.join(self.learnt.key)}; its rows are told by their number")
        by = f"{self._label} ({self.ready.maker}{', on workers' if self.away else ''})"
        self.log.say(f"scoring {wish.source.told} with {by}, digest {begun.input_digest or 'of its rows'}")
        began = time.monotonic()
        if self.beside is not None:
            self.beside.expects(source.rows or about_rows(wish.source))
        passage = Passage(
            source, self.ready, self.learnt, begun.named, partial(self._sink, wish.output, begun, replace),
            partial(self._tell, source, began), self.away or self.beside,
        )  # fmt: skip
        try:
            rows, digest = passage.all(self.context.watch)
            with self._ledger.write() as db:
                book.written(db, begun.id, rows, digest, source.digest or digest)
            passage.publish(replace=replace)
        finally:
            passage.close()
        with self._ledger.write() as db:
            book.end(db, begun.id, clock.now())
            ended = book.one(db, begun.id)
        for scored in (self.away, self.beside):
            if scored is not None:
                self.log.say(scored.in_words())
        self.log.say(f"{rows:,} rows in {span(time.monotonic() - began)} to {wish.output.told}, digest {digest}")
        return ended

    def _sink(self, output: Place, begun: Scoring, replace: bool, schema: pa.Schema) -> Sink:
        if output.in_database:
            from engine.jobs.score.table_writing import TableSink

            with self._ledger.read() as db:
                left = book.left_at(db, output.told, begun.run)
            waiting = self.context.folder / TEMPORARY
            return TableSink(self.context.workspace, waiting, output, schema, replace=replace, left=left)
        return FileSink(Path(output.name), output.kind, schema, begun.run)

    def _tell(self, source: Source, began: float, done: int) -> None:
        share = done / source.rows if source.rows else source.share() or 0.0
        of = f" of {source.rows:,}" if source.rows else ""
        self.context.tell(0.05 + 0.94 * share, f"scoring {done:,}{of} rows")
        pace = done / max(time.monotonic() - began, 1e-9)
        self.log.say(f"{done:,}{of} rows, {pace:,.0f} a second", every=5.0)

    def _done(self, wish: Wish, source: Source) -> bool:
        if not wish.ours or source.digest is None or not Path(wish.output.name).is_file():
            return False
        with self._ledger.read() as db:
            return book.done(db, self._label, source.digest, wish.output.told) is not None

    def _begin(self, wish: Wish, source: Source) -> Scoring:
        with self._ledger.write() as db:
            return book.begin(
                db, self.context.run.id, self._label, wish.source.told, source.digest, wish.output.told, clock.now()
            )


def made_by(document: VersionDocument, *, away: bool) -> Maker | None:
    """What scores here, where that is not what the version names: what workers say is held against it, and theirs is a
    process that does the whole of it where tables stand behind its own first steps."""
    return "process" if away and document.scorer.maker == "split" else None


def source_of(place: Place, learnt: Learnt) -> Source:
    """What ``place`` holds, for a version that takes what is ``learnt``. Raises Refusal where it cannot be read."""
    if place.in_database:
        from engine.jobs.score.database import DatabaseSource

        return DatabaseSource(place, learnt)
    if place.kind == "parquet":
        return ParquetSource(Path(place.name), learnt)
    return CsvSource(Path(place.name), learnt)
