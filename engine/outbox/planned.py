"""What is told of planned swaps: that a version goes live at a time, and that it does not after all.

Whoever approved it hears of it where they are reached, whatever the project tells of, and so does whoever hears of the
project's swaps. The mails and the advance of the cursor are one transaction. That it went live is told as any release.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from datetime import datetime

from engine.outbox import outbox, subjects
from engine.outbox.events import OLDEST, minute, recipients
from engine.outbox.outbox import Draft
from engine.projects import registry
from engine.release import decisions, planned_swaps
from engine.release.records import PlannedSwap
from engine.routing import routes
from engine.routing.reach import addresses_of
from engine.storage.ledger import Ledger
from engine.text import plain
from engine.versions import catalog


def take(ledger: Ledger, now: datetime, others: Sequence[str] = ()) -> int:
    """Make mail of what was planned and cancelled since the last time; returns how many were queued."""
    with ledger.read() as db:
        if not waiting(db):
            return 0
    queued = 0
    with ledger.write() as db:
        for seq, swap in planned_swaps.untold(db, seen := _seen(db)):
            cancelled = seq != swap.audit
            if (cancelled or swap.how is None) and now - (swap.ended_at or swap.at) < OLDEST:
                queued += _tell(db, swap, now, others)
            seen = seq
        db.execute("UPDATE cursors SET seen = ? WHERE name = 'planned swaps'", (seen,))
    return queued


def waiting(db: sqlite3.Connection) -> bool:
    """Whether there is something that was not made mail of."""
    return bool(planned_swaps.untold(db, _seen(db)))


def _seen(db: sqlite3.Connection) -> int:
    return int(db.execute("SELECT seen FROM cursors WHERE name = 'planned swaps'").fetchone()["seen"])


def _tell(db: sqlite3.Connection, swap: PlannedSwap, now: datetime, others: Sequence[str]) -> int:
    project = registry.there(db, swap.project)  # None: it was removed, which cancelled this
    manifest = registry.manifest(db, swap.project)
    told: list[str] = []
    if project is not None and manifest.sends_mail and "swap" in manifest.report.events:
        told = [*recipients(manifest.report, project.owner), *others]
    given = decisions.approvals(db, swap.project, swap.number, None)
    names = dict.fromkeys(each.actor for each in given if each.live_seq == swap.live_seq)
    known = routes.everything(db)
    to = [*told, *(address for name in names for address in addresses_of(name, known, None))]
    title = (plain(project.title, 100) if project is not None else "") or swap.project
    waits = project is not None and catalog.find(db, swap.label)["state"] == "candidate"
    subject, body = _words(swap, waits=waits)
    kind = "swap-cancelled" if swap.how else "swap-planned"
    draft = Draft(swap.project, f"{kind} {swap.id}", subjects.of_event(title, subject), body)
    return len(outbox.queue(db, draft, to, now))


def _words(swap: PlannedSwap, *, waits: bool) -> tuple[str, str]:
    who = f"Approved by {swap.by}, on {minute(swap.at)}: “{plain(swap.reason, 1000)}”"
    if swap.how is None:
        how = f"To take that back: leverframe cancel-swap {swap.label}."
        return subjects.goes_live(swap.label, minute(swap.due)), f"{who}\n\n{how}"
    how = "This swap has changed nothing." + (f" To approve it anew: leverframe approve {swap.label}." if waits else "")
    return subjects.not_swapped(swap.label), f"{plain(swap.why or '', 1000)}\n\n{who}\n\n{how}"
