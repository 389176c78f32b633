"""What is open and what was promised, worked out from the ledger: what one operator hands over to the next."""

from __future__ import annotations

import json
import sqlite3
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any, Literal

from engine.clock import moment, stamp
from engine.monitoring.alerts import alert_book
from engine.monitoring.records import Alert, asleep
from engine.monitoring.status import WELL_ENDED
from engine.projects import registry, schedules
from engine.runs import history as runs
from engine.text import plain
from engine.versions import catalog, holds
from engine.vocabulary.jobs import JOBS

MatterKind = Literal["alert", "candidate", "run", "pause", "hold"]


@dataclass(frozen=True)
class Matter:
    """One thing that is handed over. ``by`` and ``note``: who has it in hand or let it wait, and what they said;
    without ``by`` nobody has. ``until``: when it ends by itself, or comes back. Times as the ledger writes them."""

    kind: MatterKind
    about: str
    says: str
    since: str
    until: str | None = None
    by: str | None = None
    note: str = ""

    @property
    def promised(self) -> bool:
        """Whether somebody has said what becomes of it."""
        return self.by is not None

    @property
    def sentence(self) -> str:
        """All of it, for people."""
        return _SENTENCES[self.kind](self) + (f": “{self.note}”." if self.note else ".")


def matters(db: sqlite3.Connection, now: datetime) -> tuple[Matter, ...]:
    """Everything, the worst alerts first."""
    names = registry.names(db)
    found = [_alert(alert, now) for alert in sorted(alert_book.open_of(db, names), key=_worst_first)]
    for name in names:
        for version, expires in catalog.waiting(db, name, now):
            until = stamp(expires) if expires else None
            found.append(Matter("candidate", version.label, version.sentence, stamp(version.made_at), until))
    for ended in runs.last_ended(db, names, [job.name for job in JOBS], WELL_ENDED).values():
        for run in ended:
            if run.state not in WELL_ENDED and run.ended_at is not None:
                what = f"{run.project} {run.job}, run {run.id}"
                found.append(Matter("run", what, f"{run.state}: {run.why or 'it left no word'}", stamp(run.ended_at)))
    for row in schedules.everything(db):
        if not row["enabled"] and row["project"] in names:
            what = f"{row['project']} {row['job']}"
            by = row["changed_by"] or "somebody"
            found.append(Matter("pause", what, "paused", row["since"], None, by, row["note"]))
    for row in holds.everything(db):
        label = f"{row['project']}@{row['number']}"
        found.append(Matter("hold", label, "under legal hold", row["since"], None, row["held_by"], row["reason"]))
    return tuple(found)


def _worst_first(alert: Alert) -> tuple[str, int]:
    return alert.severity, alert.id


def _alert(alert: Alert, now: datetime) -> Matter:
    says, since = f"{alert.severity}: {alert.why}", stamp(alert.since)
    if asleep(alert.snoozed_until, now) and alert.snoozed_until is not None:
        until = stamp(alert.snoozed_until)
        return Matter("alert", alert.version, says, since, until, alert.acknowledged_by or "somebody", alert.note)
    return Matter("alert", alert.version, says, since, None, alert.acknowledged_by, alert.note)


# In words


def _of_alert(matter: Matter) -> str:
    said = f"{matter.about} {_bare(matter.says)}, since {_minute(matter.since)}"
    if matter.until:
        return f"{said}; {matter.by} let it wait until {_minute(matter.until)}"
    return f"{said}; acknowledged by {matter.by}" if matter.by else f"{said}; nobody has taken it on"


def _of_candidate(matter: Matter) -> str:
    until = f" until {_minute(matter.until)}" if matter.until else ""
    return f"{matter.about} waits for a decision{until}: {_bare(matter.says)}"


def _of_run(matter: Matter) -> str:
    return f"{matter.about}, {_bare(matter.says)} ({_minute(matter.since)})"


def _of_pause(matter: Matter) -> str:
    return f"{matter.about} is {matter.says} by {matter.by} since {_minute(matter.since)}"


_SENTENCES = {"alert": _of_alert, "candidate": _of_candidate, "run": _of_run, "pause": _of_pause, "hold": _of_pause}


def under_headings(found: tuple[Matter, ...]) -> tuple[tuple[str, tuple[str, ...]], ...]:
    """The sentences of what is open, and of what was promised; a heading without any says so."""
    still = tuple(matter.sentence for matter in found if not matter.promised)
    promised = tuple(matter.sentence for matter in found if matter.promised)
    return (("Open", still or ("Nothing.",)), ("Promised", promised or ("Nothing.",)))


def _bare(text: str) -> str:
    return plain(text, 300).rstrip(".")


def _minute(at: str) -> str:
    when = moment(at)
    return f"{when.day} {when:%b %H:%M} UTC"


# In the ledger


def kept(found: tuple[Matter, ...]) -> str:
    """As a hand-over keeps it."""
    return json.dumps([asdict(matter) for matter in found])


def read(text: str) -> tuple[Matter, ...]:
    """What ``kept`` made."""
    rows: list[dict[str, Any]] = json.loads(text)
    return tuple(Matter(**row) for row in rows)
