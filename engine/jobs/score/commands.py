"""What the door to the engine offers about scoring files and tracing rows; ``engine.api.Engine`` inherits it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from engine import clock
from engine.access.acts import Door, changes, looks
from engine.errors import Refusal
from engine.projects import registry
from engine.records import Run
from engine.runs import history, queue
from engine.versions import catalog
from engine.versions import document as documents
from engine.vocabulary.jobs import SCORE

if TYPE_CHECKING:
    from engine.jobs.score.records import Trace

TRACED = 50


class ScoreCommands(Door):
    """Rows through a version, and back from a row to what said it."""

    @changes(SCORE.act, least="operator", of="project", machine="it reads and writes files of the machine")
    def score(
        self,
        project: str,
        source: str,
        output: str,
        *,
        version: str | None = None,
        database: str | None = None,
        replace: bool = False,
        workers: bool = False,
        base: Path | None = None,
    ) -> Run:
        """Queue a scoring of ``source`` to ``output`` and start it if it may start now.

        Both are written as ``places.place_of`` has them, and paths count from ``base`` on (None: this process's
        folder). ``version``: another than the live one. ``database``: the variable that holds its URL. ``workers``:
        those of ``[compute]`` score. Raises Invalid for what is no place, and Refusal where there is nothing to read,
        something that is not to be replaced, or no such section.
        """
        from engine.jobs.score.on_workers import compute_of
        from engine.jobs.score.places import place_of, refuse_input, refuse_output
        from engine.jobs.score.replacing import may_replace

        where = base or Path.cwd()
        given = place_of(source, database, output=False, base=where)
        to = place_of(output, database, output=True, base=where)
        with self._ledger.read() as db:
            registry.find(db, project)
            label = self._scored_by(db, project, version)
            digest = catalog.record(catalog.find(db, label)).digest
        if workers:
            compute_of(label, documents.of_version(self._store, label, digest))
        refuse_input(given)
        refuse_output(self._workspace, given, to, replace=may_replace(self._ledger, to, asked=replace))
        now = clock.now()
        options = {
            "input": given.written, "output": to.written, "version": label if version else None,
            "database": database, "replace": replace, "workers": workers,
        }  # fmt: skip
        run = queue.enqueue(self._ledger, project, self.caller, now, now, options, job=SCORE.name)
        queue.dispatch(self._workspace, self._ledger)
        return history.find(self._ledger, run)

    @staticmethod
    def _scored_by(db: Any, project: str, version: str | None) -> str:
        if version is None:
            live = catalog.live(db, project)
            if live is None:
                raise Refusal(f"Nothing of {project} is live yet; retrain, then approve a candidate, or say --version.")
            return live.label
        found = catalog.record(catalog.find(db, version))
        if found.project != project:
            raise Refusal(f"{found.label} is of {found.project}, and {project} was named; name one of the two.")
        if found.cleaned_at is not None:
            raise Refusal(f"The content of {found.label} was cleaned away, so that it can score nothing; name another.")
        return found.label

    @looks("trace versions", of="label")
    def trace_version(self, label: str, *, limit: int = TRACED) -> Trace:
        """What the version wrote, and what it is made of. Raises NotFound."""
        from engine.jobs.score import trace

        with self._ledger.read() as db:
            return trace.of_version(db, self._store, label, limit)

    @looks("trace runs", of="run")
    def trace_run(self, run: int) -> Trace:
        """What ``run`` wrote and with what. Raises NotFound, and Refusal for one that scored nothing."""
        from engine.jobs.score import trace

        with self._ledger.read() as db:
            return trace.of_run(db, self._store, run)

    @looks("trace files", machine="it would read any file of the machine")
    def trace_file(self, file: Path, *, row: int | None = None) -> Trace:
        """Where a file that a scoring wrote comes from, or its ``row`` (from 1 on). Raises Refusal where that cannot be
        told."""
        from engine.jobs.score import trace

        with self._ledger.read() as db:
            return trace.of_file(db, self._store, file, row)
