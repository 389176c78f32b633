"""What is wrong with this workspace and this machine, and what of it can be mended without losing anything."""

from __future__ import annotations

import os
import shutil
import sqlite3
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from functools import partial
from pathlib import Path

from engine.access import findings as people
from engine.audit import times, trail
from engine.backup import scrub, standing
from engine.clock import moment
from engine.duty import complaints
from engine.environments.findings import lacking, standing_environments
from engine.errors import Damage, LeverframeError
from engine.outbox import mails
from engine.outbox.channels import CHANNELS, MAIL
from engine.projects import policy, registry, schedules
from engine.projects.manifest.sandbox import spec_of
from engine.projects.source import findings as origin
from engine.records import DoctorFinding, Version
from engine.release import live_folder as projection
from engine.release import workers_agree
from engine.release.history import LiveRelease, live_contents
from engine.runs import facts
from engine.runs.steps import holding, sandbox
from engine.runs.warm import step_servers
from engine.schedule import lease, unit
from engine.schedule.due import due_after
from engine.scoring import here
from engine.storage import loss
from engine.storage.free_space import too_little
from engine.storage.last_backup import way_back
from engine.storage.ledger import Ledger
from engine.storage.objects import ObjectStore
from engine.storage.permissions import modes
from engine.storage.workspace import Workspace, read_only
from engine.versions import absent_data, catalog
from engine.versions import document as documents
from engine.versions import environment as environments
from engine.withheld import environment


def examine(
    workspace: Workspace, ledger: Ledger, store: ObjectStore, now: datetime, *, mend: bool
) -> tuple[DoctorFinding, ...]:
    """Every finding, the good ones too. With ``mend`` the environments and the live folders are built anew."""
    findings = [*writable(workspace), _ledger(ledger), clock_agrees(ledger, now), _audit(ledger)]
    findings += [_disk(workspace, ledger), _tools()]
    findings += [_engine(workspace, ledger, now), *_units(workspace), *_mail(ledger), *_channels()]
    findings += _workers(workspace, ledger, now)
    findings += [*people.findings(workspace, ledger, now), *complaints.findings(ledger, now), *_policy(ledger, now)]
    findings += [_backup(ledger, now), _read_through(ledger, now)]
    findings += [holding.machine(sandbox.this_machine()), *step_servers.findings(workspace.root)]
    findings += modes(workspace, mend=mend)
    with ledger.read() as db:
        projects = registry.everything(db)
        live = live_contents(db)
        kept = {p.name: _kept(db, p.name) for p in projects}
        users = facts.environments(db)
    supply = partial(environments.supply_for, store, ledger)
    findings += standing_environments(workspace.environments, users, supply, mend=mend)
    for project in projects:
        needed = kept[project.name]
        if mend:  # First what is stored: what is live is rebuilt from that.
            _mend(workspace, ledger, store, [version for _, version in needed], now)
        found = live.get(project.name)
        if found is not None:
            findings.append(_live(workspace, store, *found, mend=mend))
            findings += _of_document(store, *found)
        findings += [_stored(store, what, version) for what, version in needed]
        findings += origin.findings(project.name, project.path)
        findings += lacking(project.name, Path(project.path))
    said = {version.label for needed in kept.values() for _, version in needed}
    others = _others(workspace, ledger, store, now, mend=mend)
    findings += [finding for finding in others if finding.what.split()[-1] not in said]
    return tuple(findings)


def writable(workspace: Workspace) -> Iterator[DoctorFinding]:
    """Told only where it is not so: a medium that is read only, or was mounted so after an error of the disk."""
    if read_only(workspace.root):
        yield DoctorFinding(
            "workspace", "watch",
            "it is read-only here: nothing can be retrained, checked, decided, rolled back, cleaned up, backed up or "
            "recorded, and no engine runs; looking works (status, show, versions, health, disk, audit --verify, "
            "doctor --deep, at), and so does writing elsewhere (report -o, audit --export)",
        )  # fmt: skip


def _policy(ledger: Ledger, now: datetime) -> Iterator[DoctorFinding]:
    """Told only where nobody could release anything."""
    with ledger.read() as db:
        for complaint in policy.complaints(db, now):
            yield DoctorFinding("policy", "watch", complaint.rstrip("."))


def _workers(workspace: Workspace, ledger: Ledger, now: datetime) -> Iterator[DoctorFinding]:
    """Told only where workers answer requests, or did until they died."""
    with ledger.read() as db:
        compared = workers_agree.compared(db, workspace.root / "locks", now)
    for project, found in sorted(compared.items()):
        for each in found:
            yield DoctorFinding(f"serving {project}", each.verdict, each.why)
        if not found:
            yield DoctorFinding(f"serving {project}", "ok", "every worker answers with what is live")


def _backup(ledger: Ledger, now: datetime) -> DoctorFinding:
    with ledger.read() as db:
        return standing.judge(standing.standing(db), now)


def _read_through(ledger: Ledger, now: datetime) -> DoctorFinding:
    """When everything that is kept was last read."""
    with ledger.read() as db:
        versions = scrub.kept(db)
    if not versions:
        return DoctorFinding("store", "ok", "no version is kept yet")
    oldest = min(versions, key=lambda each: each.read)
    said = f"{oldest.label}, the longest unread of {len(versions):,}, was read or made on {oldest.read:%d %b %Y}"
    late = (now - oldest.read).days > 2 * scrub.DAYS
    how = "; 'leverframe doctor --deep' reads all, an engine that runs a part each day"
    return DoctorFinding("store", "watch" if late else "ok", said + (how if late else ""))


def _others(
    workspace: Workspace, ledger: Ledger, store: ObjectStore, now: datetime, *, mend: bool
) -> Iterator[DoctorFinding]:
    """The versions of which something is known to be damaged, whoever may need them."""
    with ledger.read() as db:
        versions = scrub.kept(db)
    for version, damage in list(scrub.incomplete(store, versions)):
        if scrub.healed(ledger, store, version, now):
            continue
        mended = scrub.mend(workspace, ledger, store, version, now) if mend else None
        if mended:
            yield DoctorFinding(f"version {version.label}", "ok", mended, mended=True)
        else:
            way = way_back(workspace.root, "do without it")
            yield DoctorFinding(f"version {version.label}", "failing", f"it cannot be gone back to: {damage}; {way}")


def _mend(workspace: Workspace, ledger: Ledger, store: ObjectStore, versions: list[Version], now: datetime) -> None:
    """Take what is not whole of ``versions`` from the backup."""
    for version in versions:
        if documents.damaged(store, version.digest):
            kept = scrub.KeptVersion(version.project, version.number, version.digest, version.made_at)
            scrub.mend(workspace, ledger, store, kept, now)


def _ledger(ledger: Ledger) -> DoctorFinding:
    with ledger.read() as db:
        said = str(db.execute("PRAGMA quick_check(1)").fetchone()[0])
        strays = db.execute(
            "SELECT v.project FROM versions v WHERE v.state = 'live' AND v.number <>"
            " (SELECT number FROM deployments WHERE project = v.project ORDER BY seq DESC LIMIT 1)"
        ).fetchall()
    if said != "ok":
        return DoctorFinding(
            "ledger", "failing", f"SQLite finds it damaged ({said}); {loss.way_back(ledger.path.parent)}"
        )
    if strays:
        return DoctorFinding(
            "ledger", "failing", f"the state of {strays[0]['project']} does not agree with its deployments"
        )
    return DoctorFinding("ledger", "ok", "whole")


def clock_agrees(ledger: Ledger, now: datetime) -> DoctorFinding:
    """Whether the machine's clock fits what the ledger recorded."""
    with ledger.read() as db:
        seen = times.seen(db, now)
    if said := times.doubt(seen, now):
        return DoctorFinding("clock", "failing" if times.behind(seen.newest, now) else "watch", said)
    return DoctorFinding("clock", "ok", f"{now:%Y-%m-%d %H:%M} UTC, agrees with the ledger")


def _mail(ledger: Ledger) -> list[DoctorFinding]:
    """Where mail is to be sent at all: whether there is a server for it, and what was given up."""
    with ledger.read() as db:
        given_up, waiting = mails.given_up(db), mails.waiting(db)
    found = _set_up(MAIL)
    if found is not None and found.verdict != "ok":
        return [found]
    if given_up:
        said = "given up; 'leverframe outbox' says why, 'leverframe outbox retry' tries again"
        return [DoctorFinding("mail", "watch", f"{given_up:,} of the mails are {said}")]
    if found is None and waiting:
        return [DoctorFinding("mail", "watch", "mails wait and no server is set up; LEVERFRAME_SMTP_HOST names one")]
    return [found] if found is not None else []


def _channels() -> list[DoctorFinding]:
    """Whether those whom the environment names are there to be notified."""
    return [found for name in CHANNELS if name != MAIL and (found := _set_up(name))]


def _set_up(channel: str) -> DoctorFinding | None:
    kind = CHANNELS[channel]
    try:
        found = kind.opened(environment())
    except LeverframeError as error:
        return DoctorFinding(kind.called, "failing", str(error).rstrip("."))
    return DoctorFinding(kind.called, "ok", found.about) if found is not None else None


def _audit(ledger: Ledger) -> DoctorFinding:
    try:
        verdict = trail.verify(ledger)
    except Damage as damage:
        return DoctorFinding("audit trail", "failing", str(damage))
    if not verdict.ok:
        return DoctorFinding("audit trail", "failing", f"broken at row {verdict.first_broken}: {verdict.why}")
    return DoctorFinding("audit trail", "ok", f"{verdict.rows:,} rows hold, head {verdict.head[:16]}")


def _disk(workspace: Workspace, ledger: Ledger) -> DoctorFinding:
    with ledger.read() as db:
        little = too_little(db, workspace.root)
    if little:
        advice = "'leverframe clean' and 'leverframe bin empty' free some"
        return DoctorFinding("disk", "watch", f"{little}; retrains are refused until there is more: {advice}")
    usage = shutil.disk_usage(workspace.root)
    return DoctorFinding("disk", "ok", f"{usage.free / 2**30:.1f} GiB of {usage.total / 2**30:.1f} GiB are free")


def _tools() -> DoctorFinding:
    if shutil.which("git") is None:
        return DoctorFinding(
            "tools", "failing", "git is not on the PATH; install it, no project can be read without it"
        )
    if not Path("/proc/self/environ").exists() or not hasattr(os, "setsid"):
        return DoctorFinding("tools", "failing", "this is no Linux with /proc; steps cannot be kept under their limits")
    return DoctorFinding("tools", "ok", "git and /proc are there")


def _engine(workspace: Workspace, ledger: Ledger, now: datetime) -> DoctorFinding:
    with ledger.read() as db:
        state = lease.state(workspace, db, mine=None)
        rows = [row for row in schedules.everything(db) if row["enabled"]]
    if state.running:
        return DoctorFinding("engine", "ok", f"process {state.pid} on {state.host} sees to the schedules")
    if not rows:
        return DoctorFinding("engine", "ok", "none runs, and nothing is scheduled")
    how = "start 'leverframe engine', or leave a console open"
    late = [row["project"] for row in rows if (due := due_after(row, moment(row["settled"]))) and due <= now]
    if late:
        return DoctorFinding("engine", "watch", f"none runs, and {late[0]} was due meanwhile; {how}")
    first = min((due for row in rows if (due := due_after(row, now))), default=now)
    return DoctorFinding("engine", "ok", f"none runs; until {first:%Y-%m-%d %H:%M} UTC, when something is due, {how}")


def _units(workspace: Workspace) -> list[DoctorFinding]:
    """Whether systemd, where it was told about Leverframe, starts the engine of this very workspace."""
    found = unit.installed()
    if not found:
        return []
    ours = [each for each in found if each.home.absolute() == workspace.root]
    if ours:
        return [DoctorFinding("systemd unit", "ok", f"{ours[0].path} names this workspace")]
    said = f"{found[0].path} starts the engine of {found[0].home}, not of this workspace; see --home in its ExecStart"
    return [DoctorFinding("systemd unit", "watch", said)]


def _live(workspace: Workspace, store: ObjectStore, live: LiveRelease, digest: str, *, mend: bool) -> DoctorFinding:
    label, what, folder = live.label, f"live {live.project}", (live.project, live.release, digest)
    try:
        found = projection.complaints(workspace, store, *folder)
        if not found:
            return DoctorFinding(what, "ok", f"{label}, every file as recorded")
        said = "; ".join(found[:4])
        if not mend:
            return DoctorFinding(what, "failing", f"{said}. 'leverframe doctor --fix' rebuilds it from the store")
        document = documents.load(store, digest)
        environments.built(workspace, environments.lock_of(store, document), environments.supply_of(store, document))
        projection.repair(workspace, store, *folder)
        left = projection.complaints(workspace, store, *folder)
        if left:
            return DoctorFinding(what, "failing", f"it could not be mended: {'; '.join(left[:4])}")
        return DoctorFinding(
            what, "ok", f"{said}. Rebuilt from the store: {label}, every file as recorded", mended=True
        )
    except LeverframeError as error:
        return DoctorFinding(what, "failing", str(error))


def _of_document(store: ObjectStore, live: LiveRelease, digest: str) -> list[DoctorFinding]:
    """What is live and says that nothing is to hold its steps, or is scored here otherwise than it says."""
    try:
        document = documents.load(store, digest)
    except Damage:
        return []  # The finding of the live version tells it.
    spec, by = spec_of(document.settings), here.finding(live.label, document.scorer)
    unheld = [replace(holding.finding(spec, None), what=f"sandbox of {live.project}")] if spec.off is not None else []
    return [*unheld, *([by] if by is not None else [])]


def _kept(db: sqlite3.Connection, project: str) -> list[tuple[str, Version]]:
    """The versions whose objects somebody may need today, each with what for."""
    live = catalog.live(db, project)
    return [
        *([("stored", live)] if live else []),
        *(("rollback", version) for version in catalog.were_live(db, project)[:1]),
        *(("candidate", version) for version in catalog.candidates(db, project)),
    ]


def _stored(store: ObjectStore, what: str, version: Version) -> DoctorFinding:
    title = f"{what} {version.label}"
    broken = documents.damaged(store, version.digest)
    if not broken:
        document = documents.load(store, version.digest)
        without = f", without {absent_data.sentence(document)}" if absent_data.is_absent(store, document) else ""
        return DoctorFinding(title, "ok", f"whole in the store{without}")
    cannot = {
        "stored": "it could not be rebuilt or gone back to",
        "rollback": "it cannot be rolled back to",
        "candidate": "it cannot be approved",
    }[what]
    other = {"stored": "roll back", "rollback": "choose another version", "candidate": "retrain to make another"}[what]
    advice = way_back(store.root.parent, other)
    return DoctorFinding(title, "failing", f"{cannot}: {broken[0].rstrip('.')}; {advice}")
