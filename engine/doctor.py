"""What is wrong with this workspace and this machine, and what of it can be mended without losing anything."""

from __future__ import annotations

import os
import shutil
import sqlite3
from dataclasses import replace
from datetime import datetime
from pathlib import Path

from engine.audit import times, trail
from engine.clock import moment
from engine.environments.build import ensure, rebuild
from engine.environments.check import compare
from engine.errors import Damage, LeverframeError
from engine.projects import registry
from engine.projects.manifest_sandbox import spec_of
from engine.records import Finding, Version
from engine.release import live as projection
from engine.reports import webhook
from engine.reports.outbox import OVER, WEBHOOK
from engine.reports.server import from_environment
from engine.runs import holding, sandbox
from engine.schedule import lease, unit
from engine.schedule.due import due_after
from engine.storage.free_space import too_little
from engine.storage.keeping import modes
from engine.storage.ledger import Ledger
from engine.storage.objects import ObjectStore
from engine.storage.workspace import Workspace
from engine.versions import catalog
from engine.versions import document as documents
from engine.versions.environment import lock_of
from engine.withheld import environment


def examine(
    workspace: Workspace, ledger: Ledger, store: ObjectStore, now: datetime, *, mend: bool
) -> tuple[Finding, ...]:
    """Every finding, the good ones too. With ``mend`` the live folders and environments are rebuilt from the store."""
    findings = [_ledger(ledger), clock_agrees(ledger, now), _audit(ledger), _disk(workspace, ledger), _tools()]
    findings += [_engine(workspace, ledger, now), *_units(workspace), *_mail(ledger), *_webhooks()]
    findings += [holding.machine(sandbox.this_machine()), *modes(workspace, mend=mend)]
    with ledger.read() as db:
        projects = registry.everything(db)
        live = {
            r["project"]: r
            for r in db.execute(
                "SELECT d.project, d.release, v.digest, v.number, v.state FROM deployments d JOIN versions v"
                " ON v.project = d.project AND v.number = d.number"
                " WHERE d.seq IN (SELECT max(seq) FROM deployments GROUP BY project)"
            )
        }
        kept = {p.name: _kept(db, p.name) for p in projects}
    for project in projects:
        row = live.get(project.name)
        if row is not None:
            findings.append(_live(workspace, store, row, mend=mend))
            findings += _unheld(store, row)
        findings += [_stored(store, what, version) for what, version in kept[project.name]]
        if not Path(project.path).is_dir():
            what = f"the folder of {project.name}, {project.path}, is gone; retrains will fail until it is back"
            findings.append(Finding(project.name, "watch", what))
    return tuple(findings)


def _ledger(ledger: Ledger) -> Finding:
    with ledger.read() as db:
        said = str(db.execute("PRAGMA quick_check(1)").fetchone()[0])
        strays = db.execute(
            "SELECT v.project FROM versions v WHERE v.state = 'live' AND v.number <>"
            " (SELECT number FROM deployments WHERE project = v.project ORDER BY seq DESC LIMIT 1)"
        ).fetchall()
    if said != "ok":
        return Finding("ledger", "failing", f"SQLite finds it damaged ({said}); restore it from a backup")
    if strays:
        return Finding("ledger", "failing", f"the state of {strays[0]['project']} does not agree with its deployments")
    return Finding("ledger", "ok", "whole")


def clock_agrees(ledger: Ledger, now: datetime) -> Finding:
    """Whether the machine's clock fits what the ledger recorded."""
    with ledger.read() as db:
        last = times.newest(db)
    if said := times.behind(last, now):
        return Finding("clock", "failing", said)
    if said := times.ahead(last, now):
        return Finding("clock", "watch", said)
    return Finding("clock", "ok", f"{now:%Y-%m-%d %H:%M} UTC, agrees with the ledger")


def _mail(ledger: Ledger) -> list[Finding]:
    """Where mail is to be sent at all: whether there is a server for it, and what was given up."""
    with ledger.read() as db:
        rows = db.execute(
            "SELECT state, count(*) AS mails FROM outbox WHERE state <> 'sent' AND why IS NOT ?"
            " AND (state = 'failed' OR recipient NOT LIKE ?) GROUP BY state",
            (OVER, f"{WEBHOOK}%"),
        )
        mails = {row["state"]: row["mails"] for row in rows}
    try:
        server = from_environment(environment())
    except LeverframeError as error:
        return [Finding("mail", "failing", str(error).rstrip("."))]
    if mails.get("failed"):
        said = "given up; 'leverframe outbox' says why, 'leverframe outbox retry' tries again"
        return [Finding("mail", "watch", f"{mails['failed']:,} of the mails are {said}")]
    if server is None and mails:
        return [Finding("mail", "watch", "mails wait and no server is set up; LEVERFRAME_SMTP_HOST names one")]
    return [Finding("mail", "ok", f"by {server.host}, port {server.port}")] if server is not None else []


def _webhooks() -> list[Finding]:
    """Whether those whom the environment names are there to be notified."""
    try:
        found = webhook.from_environment(environment())
    except LeverframeError as error:
        return [Finding("webhooks", "failing", str(error).rstrip("."))]
    return (
        [Finding("webhooks", "ok", ", ".join(name.removeprefix(WEBHOOK) for name in found.addresses))] if found else []
    )


def _audit(ledger: Ledger) -> Finding:
    try:
        verdict = trail.verify(ledger)
    except Damage as damage:
        return Finding("audit trail", "failing", str(damage))
    if not verdict.ok:
        return Finding("audit trail", "failing", f"broken at row {verdict.first_broken}: {verdict.why}")
    return Finding("audit trail", "ok", f"{verdict.rows:,} rows hold, head {verdict.head[:16]}")


def _disk(workspace: Workspace, ledger: Ledger) -> Finding:
    with ledger.read() as db:
        little = too_little(db, workspace.root)
    if little:
        advice = "'leverframe clean' and 'leverframe bin empty' free some"
        return Finding("disk", "watch", f"{little}; retrains are refused until there is more: {advice}")
    usage = shutil.disk_usage(workspace.root)
    return Finding("disk", "ok", f"{usage.free / 2**30:.1f} GiB of {usage.total / 2**30:.0f} GiB are free")


def _tools() -> Finding:
    if shutil.which("git") is None:
        return Finding("tools", "failing", "git is not on the PATH; install it, no project can be read without it")
    if not Path("/proc/self/environ").exists() or not hasattr(os, "setsid"):
        return Finding("tools", "failing", "this is no Linux with /proc; steps cannot be kept under their limits")
    return Finding("tools", "ok", "git and /proc are there")


def _engine(workspace: Workspace, ledger: Ledger, now: datetime) -> Finding:
    with ledger.read() as db:
        state = lease.state(workspace, db, mine=None)
        rows = db.execute("SELECT * FROM schedules WHERE until IS NULL AND enabled").fetchall()
    if state.running:
        return Finding("engine", "ok", f"process {state.pid} on {state.host} sees to the schedules")
    if not rows:
        return Finding("engine", "ok", "none runs, and nothing is scheduled")
    how = "start 'leverframe engine', or leave a console open"
    late = [row["project"] for row in rows if (due := due_after(row, moment(row["settled"]))) and due <= now]
    if late:
        return Finding("engine", "watch", f"none runs, and {late[0]} was due meanwhile; {how}")
    first = min((due for row in rows if (due := due_after(row, now))), default=now)
    return Finding("engine", "ok", f"none runs; until {first:%Y-%m-%d %H:%M} UTC, when something is due, {how}")


def _units(workspace: Workspace) -> list[Finding]:
    """Whether systemd, where it was told about Leverframe, starts the engine of this very workspace."""
    found = unit.installed()
    if not found:
        return []
    ours = [each for each in found if each.home.absolute() == workspace.root]
    if ours:
        return [Finding("systemd unit", "ok", f"{ours[0].path} names this workspace")]
    said = f"{found[0].path} starts the engine of {found[0].home}, not of this workspace; see --home in its ExecStart"
    return [Finding("systemd unit", "watch", said)]


def _live(workspace: Workspace, store: ObjectStore, row: sqlite3.Row, *, mend: bool) -> Finding:
    label = f"{row['project']}@{row['number']}"
    what = f"live {row['project']}"
    try:
        found = projection.complaints(workspace, store, row["project"], row["release"], row["digest"])
        if not found:
            return Finding(what, "ok", f"{label}, every file as recorded")
        said = "; ".join(found[:4])
        if not mend:
            return Finding(what, "failing", f"{said}. 'leverframe doctor --fix' rebuilds it from the store")
        _mend_environment(workspace, store, row["digest"])
        projection.repair(workspace, store, row["project"], row["release"], row["digest"])
        left = projection.complaints(workspace, store, row["project"], row["release"], row["digest"])
        if left:
            return Finding(what, "failing", f"it could not be mended: {'; '.join(left[:4])}")
        return Finding(what, "ok", f"{said}. Rebuilt from the store: {label}, every file as recorded", mended=True)
    except LeverframeError as error:
        return Finding(what, "failing", str(error))


def _unheld(store: ObjectStore, row: sqlite3.Row) -> list[Finding]:
    """What is live and says that nothing is to hold its steps."""
    try:
        settings = documents.load(store, row["digest"])["settings"]
    except Damage:
        return []  # The finding of the live version tells it.
    spec = spec_of(settings)
    what = f"sandbox of {row['project']}"
    return [replace(holding.finding(spec, None), what=what)] if spec.off is not None else []


def _mend_environment(workspace: Workspace, store: ObjectStore, digest: str) -> None:
    lock = lock_of(store, documents.load(store, digest))
    if compare(ensure(lock, workspace.environments), lock):
        rebuild(lock, workspace.environments)


def _kept(db: sqlite3.Connection, project: str) -> list[tuple[str, Version]]:
    """The versions whose objects somebody may need today, each with what for."""
    live = db.execute("SELECT * FROM versions WHERE project = ? AND state = 'live'", (project,)).fetchall()
    return [
        *(("stored", catalog.record(row)) for row in live),
        *(("rollback", version) for version in catalog.were_live(db, project)[:1]),
        *(("candidate", version) for version in catalog.candidates(db, project)),
    ]


def _stored(store: ObjectStore, what: str, version: Version) -> Finding:
    title = f"{what} {version.label}"
    broken = documents.damaged(store, version.digest)
    if not broken:
        return Finding(title, "ok", "whole in the store")
    cannot = {
        "stored": "it could not be rebuilt or gone back to",
        "rollback": "it cannot be rolled back to",
        "candidate": "it cannot be approved",
    }[what]
    advice = "retrain to make another" if what == "candidate" else "restore that from a backup"
    return Finding(title, "failing", f"{cannot}: {broken[0].rstrip('.')}; {advice}")
