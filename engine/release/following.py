"""Live links that lead elsewhere than the ledger says are put back, and somebody is told: nothing moves in silence."""

from __future__ import annotations

import os
import sqlite3
from datetime import datetime

from engine.access.caller import SystemActor
from engine.audit import trail
from engine.errors import Conflict
from engine.release import live_folder as projection
from engine.release.history import live_deployment, releases
from engine.storage.ledger import Ledger
from engine.storage.workspace import Workspace


def follow_ledger(workspace: Workspace, ledger: Ledger, now: datetime) -> list[str]:
    """Point every live link at the release that the ledger names. Returns the projects whose link was put back.

    A release folder that is gone is left to ``doctor``, so that the console stays quick and shows it red.
    """
    with ledger.read() as db:
        expected = releases(db)
    astray = [project for project, release in expected.items() if _astray(workspace, project, release)]
    return [project for project in astray if _put_back(workspace, ledger, project, now)]


def _astray(workspace: Workspace, project: str, release: str) -> bool:
    if projection.pointed_at(workspace, project) == release:
        return False
    return os.path.isdir(f"{workspace.root}/releases/{project}/{release}")


def _put_back(workspace: Workspace, ledger: Ledger, project: str, now: datetime) -> bool:
    try:
        # Between its commit and its switch a swap holds this lock, and switches the link itself.
        with workspace.lock(f"move-{project}", wait=False), ledger.write() as db:
            live = live_deployment(db, project)
            if live is None or not _astray(workspace, project, live["release"]):
                return False
            led = projection.pointed_at(workspace, project)
            projection.point(workspace, project, live["release"])
            _tell(db, live, led, now)
    except (Conflict, OSError):  # what could not be put back stays red, with both values, wherever it is shown
        return False
    return True


def _tell(db: sqlite3.Connection, live: sqlite3.Row, led: str | None, now: datetime) -> None:
    from engine.monitoring.alerts import alert_book
    from engine.monitoring.alerts.changes import LIVE_LINK
    from engine.monitoring.records import HealthFinding

    project, label = live["project"], f"{live['project']}@{live['number']}"
    before = db.execute(
        "SELECT release FROM deployments WHERE project = ? AND seq < ? ORDER BY seq DESC LIMIT 1",
        (project, live["seq"]),
    ).fetchone()
    elsewhere = f"led to {led}" if led else "was gone or no link"
    if before is not None and led == before["release"]:
        elsewhere = f"still led to {led}, the release before: the swap was cut short, or somebody set it back"
    why = f"the live folder of {project} {elsewhere}; it was put back to {live['release']}, that of {label}"
    details = {"from": led, "to": live["release"]}
    by = SystemActor("the engine")
    trail.append(db, at=now, actor=by, action="put-back", subject=label, reason=why, details=details)
    act = f"see what used live/{project} meanwhile and who changed it, then acknowledge this"
    finding = HealthFinding(f"live-link:{now:%Y-%m-%dT%H:%M:%S.%f}", LIVE_LINK, "watch", why, act, now)
    alert_book.record(db, project, live["number"], [finding], (), None, now)
