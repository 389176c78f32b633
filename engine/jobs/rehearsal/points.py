"""What is rehearsed: the live version of a project and the rollback points that retention keeps for it."""

from __future__ import annotations

import sqlite3
from datetime import datetime

from engine.housekeeping import settings
from engine.housekeeping.retention import VersionFacts, rollback_points
from engine.monitoring.alerts import alert_book
from engine.projects import registry
from engine.release.rehearsals import REHEARSAL, settle_alerts, unsettled
from engine.runs import history
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
    """End alerts about versions that are no way back any more, as after a swap; and raise those that a rehearsal found
    reason for whose process was killed before it could. Where there is neither it costs a look."""
    with ledger.read() as db:
        names = set(registry.names(db, None))
        # What one run found is one alert: not while another is under way that may find more of it.
        cut_short = {
            project
            for project, (run, *_) in history.last_ended(db, names, [REHEARSAL], ("succeeded",)).items()
            if run.state != "succeeded" and history.busy(db, project, REHEARSAL) is None
        }
        concerned = (alert_book.projects_with(db, REHEARSAL) & names) | cut_short
        points = {project: [each.label for each in points_of(db, project)] for project in sorted(concerned)}
        changed = [project for project, labels in points.items() if unsettled(db, project, labels) is not None]
    for project in changed:
        with ledger.write() as db:
            settle_alerts(db, project, [each.label for each in points_of(db, project)], now)
