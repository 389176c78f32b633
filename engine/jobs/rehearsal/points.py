"""What is rehearsed: the live version of a project and the rollback points that retention keeps for it."""

from __future__ import annotations

import sqlite3
from datetime import datetime

from engine.housekeeping import settings
from engine.housekeeping.retention import VersionFacts, rollback_points
from engine.monitoring.alerts import alert_book
from engine.projects import registry
from engine.release.rehearsals import REHEARSAL, settle_alerts
from engine.storage.ledger import Ledger
from engine.versions import contents
from engine.versions.contents import StoredVersion


def points_of(db: sqlite3.Connection, project: str) -> tuple[StoredVersion, ...]:
    """The live version, then the rollback points, the one that was live last first; () where nothing is live."""
    mine = [each for each in contents.stored(db) if each.project == project and each.cleaned_at is None]
    live = [each for each in mine if each.state == "live"]
    facts = [VersionFacts(each.label, each.state, each.made_at, each.live_until) for each in mine]
    by_label = {each.label: each for each in mine}
    back = rollback_points(facts, settings.rules(db))
    return (*live, *(by_label[label] for label in back)) if live else ()


def settle(ledger: Ledger, now: datetime) -> None:
    """End alerts about versions that are no way back any more, as after a swap; where none is open it costs a look."""
    with ledger.read() as db:
        open_of = alert_book.projects_with(db, REHEARSAL) & set(registry.names(db, None))
    for project in sorted(open_of):
        with ledger.write() as db:
            settle_alerts(db, project, [each.label for each in points_of(db, project)], now)
