"""What the door to the engine offers about feedback; ``engine.api.Engine`` inherits it."""

from __future__ import annotations

from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from engine import clock
from engine.access.acts import Door, changes, checked_reason, looks

if TYPE_CHECKING:
    from engine.feedback.records import Batch, Freeze, Receipt


class FeedbackCommands(Door):
    """Labels of what was scored. Imports what it needs when it is called."""

    @changes("give feedback", least="operator", of="project")
    def give_feedback(self, project: str, file: Path | IO[bytes]) -> Receipt:
        """Take in a parquet or csv file of key columns, label and time. Raises Invalid that names the first row."""
        from engine.feedback import book, rows
        from engine.feedback.file import records
        from engine.projects import registry

        now = clock.now()
        with self._ledger.read() as db:
            data = registry.manifest(db, project).data
        found = rows.from_records(records(file, data.key), data.key, data.target, now)
        source = file.name if isinstance(file, Path) else "standard input"
        return book.take(self._ledger, self._store, project, found, self.caller, now, source=source)

    @looks("list feedback", of="project")
    def feedback(self, project: str | None = None, *, limit: int = 50) -> tuple[Batch, ...]:
        """The batches that came: those that wait for a person first, then the newest."""
        from engine.feedback import book
        from engine.projects import registry

        with self._ledger.read() as db:
            if project is not None:
                registry.find(db, project)
            return book.listed(db, project, limit)

    @changes("let feedback in", least="operator", of="batch")
    def let_in_feedback(self, batch: int, reason: str) -> Batch:
        """Let a quarantined batch in: its rows count from now on."""
        from engine.feedback import book

        return book.decide(self._ledger, batch, book.LET_IN, checked_reason(reason), self.caller, clock.now())

    @changes("throw feedback away", least="operator", of="batch")
    def throw_away_feedback(self, batch: int, reason: str) -> Batch:
        """Throw a quarantined batch away: its rows never count. They stay as they came, to be looked at."""
        from engine.feedback import book

        return book.decide(self._ledger, batch, book.THROWN_AWAY, checked_reason(reason), self.caller, clock.now())

    @changes("freeze learners", least="operator", of="project")
    def freeze_learner(self, project: str, reason: str) -> Freeze:
        """Let the project's learner learn nothing, and nothing that it learnt go live by itself."""
        from engine.feedback import freezing

        now = clock.now()
        return freezing.decide(self._ledger, project, checked_reason(reason), self.caller, now, frozen=True)

    @changes("freeze learners", least="operator", of="project")
    def unfreeze_learner(self, project: str, reason: str) -> Freeze:
        """Set the project's learner free again."""
        from engine.feedback import freezing

        now = clock.now()
        return freezing.decide(self._ledger, project, checked_reason(reason), self.caller, now, frozen=False)

    @looks("see whether a learner is frozen", of="project")
    def frozen_learner(self, project: str) -> Freeze | None:
        """Who froze the project's learner, when and why; None where it is free."""
        from engine.feedback import freezing

        with self._ledger.read() as db:
            return freezing.standing(db, project)

    def _project_of(self, parameter: str, given: Any) -> str | None:
        if parameter != "batch":
            return super()._project_of(parameter, given)
        from engine.errors import NotFound
        from engine.feedback import book

        with self._ledger.read() as db:
            try:
                return book.one(db, int(given)).project
            except (NotFound, TypeError, ValueError):
                return None
