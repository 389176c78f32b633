"""What the door to the engine offers about learners; ``engine.api.Engine`` inherits it."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from engine import clock
from engine.access.acts import changes, looks
from engine.errors import Refusal
from engine.feedback.commands import FeedbackCommands
from engine.vocabulary.jobs import LEARN

if TYPE_CHECKING:
    from engine.jobs.learn.lessons import Learner
    from engine.records import Run

NEWEST = 50


class LearnCommands(FeedbackCommands):
    """Feedback, and who learns from it. Imports what it needs when it is called."""

    @changes(LEARN.act, least="operator", of="project")
    def learn(self, project: str, *, as_of: datetime | None = None) -> Run:
        """Queue a learning run and start it if it may start now.

        Raises Refusal at once where nothing is live, the live version says nothing of learning, the learner is frozen
        or ``as_of`` is in the future, and Conflict where one is under way.
        """
        from engine.feedback import freezing
        from engine.jobs.learn import lessons
        from engine.projects import registry
        from engine.runs import history, queue
        from engine.versions import catalog

        now = clock.now()
        if as_of is not None and as_of > now:
            raise Refusal(f"--as-of {clock.stamp(as_of)[:16]} is in the future; the data of then is not there yet.")
        with self._ledger.read() as db:
            registry.find(db, project)
            live, frozen = catalog.live(db, project), freezing.standing(db, project)
        if live is None:
            raise Refusal(f"Nothing of {project} is live yet; retrain, then approve a candidate.")
        lessons.refuse_unasked(lessons.spec_of(self._store, live), live.label)
        if frozen is not None:
            why = f"is frozen, by {frozen.by}: {frozen.reason.rstrip('.')}"
            raise Refusal(f"The learner of {project} {why}; 'leverframe unfreeze {project}' sets it free.")
        queue.settle(self._workspace, self._ledger, now)  # One whose process was killed is under way no more.
        run = queue.enqueue(self._ledger, project, self.caller, as_of or now, now, {}, job=LEARN.name)
        queue.dispatch(self._workspace, self._ledger)
        return history.find(self._ledger, run)

    @looks("see what was learnt", of="project")
    def learner(self, project: str) -> Learner:
        """The project's learner: its rule, whether it is frozen, and what its versions learnt, the newest first."""
        from engine.jobs.learn.lessons import learner

        with self._ledger.read() as db:
            return learner(db, self._store, project, NEWEST)
