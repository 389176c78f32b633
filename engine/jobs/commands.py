"""What the door to the engine offers about the health of live versions; ``engine.api.Engine`` inherits it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

from engine import clock
from engine.access.acts import changes, checked_reason, looks
from engine.canary.commands import CanaryCommands
from engine.errors import Refusal
from engine.projects import registry
from engine.records import Deployment, Run
from engine.runs import history, queue
from engine.versions import catalog
from engine.vocabulary.jobs import HEALTH

if TYPE_CHECKING:
    from engine.monitoring.records import Alert, Look, Signal, Trigger


class HealthCommands(CanaryCommands):
    """Looks at the health of live versions, their figures over time, alerts and what people do about them."""

    @changes(HEALTH.act, least="operator", of="project")
    def look(self, project: str, *, as_of: datetime | None = None, by: Sequence[str] = (), whole: bool = False) -> Run:
        """Queue a look at the live version's health and start it if it may start now.

        ``by``: columns to see performance by, each alone or with edges (``distance=500,1000``). ``whole``: extract is
        asked for everything, also where what is new would do.
        Raises Refusal at once when nothing is live or ``as_of`` is in the future, Invalid for a column that cannot be.
        """
        now = clock.now()
        if as_of is not None and as_of > now:
            raise Refusal(f"--as-of {clock.stamp(as_of)[:16]} is in the future; the data of then is not there yet.")
        with self._ledger.read() as db:
            registry.find(db, project)
            live = catalog.live(db, project)
        if live is None:
            raise Refusal(f"Nothing of {project} is live yet; retrain, then approve a candidate.")
        options = self._asked(live.label, live.digest, by) if by else {}
        options |= {"whole": True} if whole else {}
        run = queue.enqueue(self._ledger, project, self.caller, as_of or now, now, options, job=HEALTH.name)
        queue.dispatch(self._workspace, self._ledger)
        return history.find(self._ledger, run)

    def _asked(self, label: str, digest: str, by: Sequence[str]) -> dict[str, Any]:
        from engine.monitoring.performance.by_column import read_asked
        from engine.versions.document import of_version

        return {"by": read_asked(by, of_version(self._store, label, digest))}

    def _tell_overdue(self) -> None:
        """Raise alerts for runs that take too long, for what is excepted from the common package list no more, for
        workers that do not answer with what is live and for tokens about to end; settle those about ways back, and end
        a canary that surely does worse."""
        from engine.canary.watch import watch
        from engine.jobs import ended_exceptions, ending_tokens, overdue
        from engine.jobs.rehearsal import points
        from engine.release import workers_agree

        now = clock.now()
        overdue.tell(self._ledger, now)
        points.settle(self._ledger, now)
        ended_exceptions.tell(self._ledger, self._store, now)
        workers_agree.tell(self._ledger, self._workspace.root / "locks", now)
        ending_tokens.tell(self._ledger, now)
        watch(self._workspace, self._ledger, self._store, now)

    def _escalate(self, certain: datetime) -> None:
        """Mark what nobody has taken notice of for too long."""
        from engine.monitoring.alerts import alert_book

        with self._ledger.read() as db:
            if not alert_book.any_open(db):
                return
        alert_book.escalate(self._ledger, certain)

    @looks("see health", of="project")
    def health(self, project: str) -> Look | None:
        """The newest look at the project's health, whole; None when nobody has looked yet."""
        from engine.monitoring import looks

        with self._ledger.read() as db:
            registry.find(db, project)
            return looks.newest(db, project, self.now())

    @looks("see health", of="project")
    def signals(self, project: str, name: str, limit: int = 200) -> tuple[Signal, ...]:
        """One figure of the project over its looks, the oldest first."""
        from engine.monitoring import looks

        with self._ledger.read() as db:
            return looks.signals(db, project, name, limit)

    @looks("see alerts", of="project")
    def alerts(self, project: str | None = None) -> tuple[Alert, ...]:
        """What is open: failing before watch, the oldest first."""
        from engine.monitoring.alerts import alert_book

        with self._ledger.read() as db:
            if project is not None:
                registry.find(db, project)
            return alert_book.open_alerts(db, project)

    @looks("see triggers", of="project")
    def triggers(self, project: str | None = None) -> tuple[Trigger, ...]:
        """What starts retrains besides schedules, and what became of it when it last held."""
        from engine.jobs import triggers

        with self._ledger.read() as db:
            if project is not None:
                registry.find(db, project)
            return triggers.everything(db, project)

    @looks("see alerts", of="project")
    def past_alerts(self, project: str | None = None, *, offset: int = 0, limit: int = 50) -> tuple[Alert, ...]:
        """All alerts there were, the newest first."""
        from engine.monitoring.alerts import alert_book

        return alert_book.page(self._ledger, project, offset=offset, limit=limit)

    @looks("see releases and rollbacks", of="project")
    def swaps(self, since: datetime | None = None, project: str | None = None) -> tuple[Deployment, ...]:
        """Releases and rollbacks after ``since`` (None: all there were), the oldest first."""
        from engine.release.history import since as deployed_since

        with self._ledger.read() as db:
            return deployed_since(db, since, project)

    @changes("acknowledge alerts", least="operator", of="alert")
    def acknowledge(self, alert: int, reason: str) -> Alert:
        """Say that somebody has taken an alert on. A version that was taken out for its crashes is asked again then."""
        from engine.monitoring.alerts import alert_book
        from engine.release import workers_agree

        now = clock.now()
        taken = alert_book.acknowledge(self._ledger, alert, checked_reason(reason), self.caller, now)
        return workers_agree.asked_again(self._ledger, taken, now)

    @changes("snooze alerts", least="operator", of="alert")
    def snooze(self, alert: int, until: datetime, reason: str) -> Alert:
        """Leave an alert out of the status until ``until``."""
        from engine.monitoring.alerts import alert_book

        return alert_book.snooze(self._ledger, alert, until, checked_reason(reason), self.caller, clock.now())
