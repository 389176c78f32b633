"""The report on the disk: scan the workspace and the watched folders, say whose it is, what grows and what is odd."""

from __future__ import annotations

import os
import shutil
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from engine.environments import kept_files
from engine.errors import Refusal
from engine.housekeeping import database, foreign, held_open, history, places
from engine.housekeeping.growth import days_until, per_day
from engine.housekeeping.ownership import kept_for, owned
from engine.housekeeping.records import DiskFinding, DiskReport, LargeFile
from engine.housekeeping.scan import Notable, OnFiles, ScannedTree, scan
from engine.housekeeping.scan_cache import memory_of
from engine.housekeeping.usage import Owners, kind_of, preference, shares
from engine.housekeeping.walker import LARGE
from engine.projects import registry
from engine.runs import history as past_runs
from engine.storage import reserve, temporary
from engine.storage.free_space import in_words, keep_free, too_little
from engine.storage.ledger import Ledger
from engine.storage.objects import ObjectStore
from engine.storage.workspace import Workspace
from engine.text import plain
from engine.versions import contents

MOST_LISTED = 20
LEAST_GROWTH = 64 << 10  # bytes a day
OURS = "workspace"
SCAN = "scan"  # the lock of whoever scans
ROOM_TO_REMEMBER = 16 << 20
_LARGE_LOG = 100 << 20
_MOST_OF_A_TEXT = 1 << 20


def last(ledger: Ledger, workspace: Workspace) -> DiskReport | None:
    """The report of the last scan with what is free by now; None before any."""
    with ledger.read() as db:
        report = history.last(db)
        if report is None:
            return None
        usage = shutil.disk_usage(workspace.root)
        return replace(report, total=usage.total, free=usage.free, keep_free=keep_free(db, usage.total))


def folder_of(workspace: Workspace) -> Path:
    """Where scans are remembered; whatever is there may be deleted."""
    return workspace.cache / "disk"


def make(
    workspace: Workspace, ledger: Ledger, store: ObjectStore, now: datetime, on_files: OnFiles = lambda files: None
) -> DiskReport:
    """Scan everything and keep the report, where there is room. Raises Conflict when somebody is scanning already."""
    with workspace.looked_at_alone(SCAN), _remembering(workspace) as folder:
        at = now.timestamp()
        tree = scan(
            workspace.root, memory_of(folder, workspace.root), at, prefer=preference, polite=True, on_files=on_files
        )
        with ledger.read() as db:
            watched = places.everything(db)
        seen, gone = _look_at(watched, folder, at, tree.files, on_files)
        with ledger.read() as db:
            report = _compose(db, workspace, tree, seen, _owners(db, store, folder), now)
        found = (*report.findings, *gone, *_about(workspace, ledger, tree, seen, at))
        report = replace(report, findings=tuple(sorted(found, key=_urgency)))
        with suppress(Refusal), ledger.write() as db:  # Told all the same where nothing can be written.
            history.keep(db, report)
        reserve.keep(workspace, _largest_release(tree))
    return report


@contextmanager
def _remembering(workspace: Workspace) -> Iterator[Path]:
    """Where the scan keeps what it saw; a folder that goes with it where the workspace takes nothing in."""
    folder = folder_of(workspace)
    if os.access(workspace.cache, os.W_OK) and shutil.disk_usage(workspace.root).free >= ROOM_TO_REMEMBER:
        yield folder
        return
    with temporary.kept(temporary.DISK) as other:
        yield other


def _largest_release(tree: ScannedTree) -> int:
    """What the release folder of the largest project takes: a rollback makes another beside it."""
    return max((size for key, (size, _) in tree.by_key.items() if key.startswith("releases/")), default=0)


def _urgency(finding: DiskFinding) -> tuple[int, int]:
    return ("failing", "watch", "unknown", "ok").index(finding.verdict), -finding.bytes


def _look_at(
    watched: tuple[places.WatchedFolder, ...], folder: Path, at: float, files: int, on_files: OnFiles
) -> tuple[list[foreign.ScannedFolder], list[DiskFinding]]:
    seen, gone = [], []
    for place in watched:
        root = Path(place.path)
        try:
            tree = scan(root, memory_of(folder, root), at, most_notable=4000, on_files=_after(files, on_files))
        except Refusal as refused:
            gone.append(DiskFinding(place.path, str(refused).rstrip("."), 0, "unknown"))
            continue
        files += tree.files
        seen.append(foreign.ScannedFolder(place, tree))
    return seen, gone


def _after(already: int, on_files: OnFiles) -> OnFiles:
    return lambda files: on_files(already + files)


def _owners(db: sqlite3.Connection, store: ObjectStore, folder: Path) -> Owners:
    versions = contents.stored(db)
    runs = past_runs.projects_of(db)
    found = owned(folder, store, [(each.project, each.digest) for each in versions])
    users: dict[str, set[str]] = {}
    for each in versions:
        if each.cleaned_at is None and each.digest in found.environments:
            users.setdefault(found.environments[each.digest], set()).add(each.project)
    objects = {**found.objects, **kept_for(store, versions, found.environments, kept_files.objects(db))}
    return Owners(runs, {name: tuple(sorted(projects)) for name, projects in users.items()}, objects)


def _compose(
    db: sqlite3.Connection,
    workspace: Workspace,
    tree: ScannedTree,
    seen: Sequence[foreign.ScannedFolder],
    owners: Owners,
    now: datetime,
) -> DiskReport:
    usage, past = shutil.disk_usage(workspace.root), history.points(db, now)
    by_project, by_kind = shares(tree.by_key, owners, past, now.timestamp())
    trend = per_day([*past.get(history.FREE, ()), (now.timestamp(), float(usage.free))])
    files = [_file(row, OURS, _belongs(row, owners)) for row in tree.notable]
    files += [_file(row, each.place.path, each.place.kind) for each in seen for row in each.tree.notable]
    growing = [file for file in files if (file.growth_per_day or 0) >= LEAST_GROWTH]
    return DiskReport(
        at=now,
        total=usage.total,
        free=usage.free,
        keep_free=keep_free(db, usage.total),
        days_until_full=days_until(usage.free, trend),
        by_project=by_project,
        by_kind=by_kind,
        largest=tuple(sorted((f for f in files if f.bytes >= LARGE), key=lambda file: -file.bytes)[:MOST_LISTED]),
        growing=tuple(sorted(growing, key=lambda file: -(file.growth_per_day or 0))[:MOST_LISTED]),
        findings=(),
        scan_seconds=tree.seconds + sum(each.tree.seconds for each in seen),
    )


def _file(row: Notable, place: str, why: str) -> LargeFile:
    modified = datetime.fromtimestamp(min(max(row.modified, 0.0), 4e9), UTC)
    return LargeFile(plain(row.path), place, row.bytes, row.growth, modified, why)


def _belongs(row: Notable, owners: Owners) -> str:
    top, _, rest = row.path.partition("/")
    name = rest.partition("/")[0]
    if top == "runs" and name.isdigit():
        return f"run {int(name)} of {owners.runs.get(int(name), 'no project')}"
    if top == "releases" and name:
        return f"a release of {plain(name)}"
    if top == "requests" and name:
        return f"logged requests of {plain(name)}"
    if top == "environments":
        projects = owners.environments.get(name)
        return f"an environment of {', '.join(projects)}" if projects else "an environment that no version needs"
    if top == "objects":
        return "an object of the store"
    kind = kind_of(top if rest else "")
    return {"database": "the ledger", "caches": "a cache", "runs and logs": "a log"}.get(kind, kind)


def _about(
    workspace: Workspace, ledger: Ledger, tree: ScannedTree, seen: Sequence[foreign.ScannedFolder], at: float
) -> Iterator[DiskFinding]:
    """What is odd, the product's own things first."""
    with ledger.read() as db:
        little = too_little(db, workspace.root)
        names = _names(db, workspace) if any(each.place.kind == "data" for each in seen) else []
    if little:
        sentence = (
            f"{little}; retrains are refused until there is more: 'leverframe clean', then 'leverframe bin empty'"
        )
        yield DiskFinding("disk", sentence, 0, "failing")
    yield from own_findings(workspace, ledger, tree)
    devices = {os.stat(root).st_dev for root in [str(workspace.root), *(each.tree.root for each in seen)]}
    yield from held_open.findings(devices)
    yield from foreign.findings(seen, lambda name: any(name in text for text in names), at)


def own_findings(workspace: Workspace, ledger: Ledger, tree: ScannedTree) -> Iterator[DiskFinding]:
    """What of the product itself wants a look: its logs, the ledger, what lies in the bin."""
    yield from foreign.problems(tree, OURS)
    for row in tree.notable:
        if row.path.startswith(("runs/", "logs/")) and row.path.endswith(".log") and row.bytes >= _LARGE_LOG:
            yield DiskFinding(
                plain(row.path), f"a log of {in_words(row.bytes)}; see which step prints so much", row.bytes
            )
    spare = database.spare(ledger)
    if database.worth_packing(spare, ledger.path.stat().st_size):
        yield DiskFinding("ledger", f"{in_words(spare)} of it are empty pages; 'leverframe clean' packs it", spare)
    with ledger.read() as db:
        held = db.execute("SELECT count(*), coalesce(sum(bytes), 0) FROM bin WHERE state = 'binned'").fetchone()
    if held[0]:
        plural = "" if held[0] == 1 else "s"
        sentence = f"{held[0]} thing{plural}, {in_words(held[1])}, can be restored; 'leverframe bin empty' frees that"
        yield DiskFinding("bin", sentence, held[1], "ok")


def _names(db: sqlite3.Connection, workspace: Workspace) -> list[str]:
    """Where runs and versions name what they read: manifests, live versions with their code, the newest logs."""
    texts = [*registry.manifest_texts(db)]
    files = [*workspace.live.glob("*/version.json")]
    for code in workspace.live.glob("*/code"):
        # Not by glob, which stumbles over what a swap takes away meanwhile.
        every = (Path(place, name) for place, _, names in os.walk(code) for name in names)
        files += [path for path in every if path.is_file()]
    newest = past_runs.newest_ids(db, 50)
    files += [log for run in newest for log in workspace.run_folder(run).glob("steps/*/step.log")]
    for path in files[:5000]:
        try:
            with path.open("rb") as file:
                texts.append(file.read(_MOST_OF_A_TEXT).decode("utf-8", "replace"))
        except OSError:
            continue
    return texts
