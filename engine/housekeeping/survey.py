"""Look at the workspace and judge each thing by the rules of ``retention``: what goes, what stays, and why.

Nothing is changed here. A clean-up makes a survey of its own and holds it against the plan that a person saw.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from itertools import chain
from pathlib import Path

from engine.audit import trail
from engine.clock import moment
from engine.environments import kept_files
from engine.feedback import book as feedback
from engine.housekeeping import database, retention, settings
from engine.housekeeping.linked import rooms
from engine.housekeeping.records import CleanItem, CleanPlan
from engine.housekeeping.retention import EnvironmentFacts, Rules, RunFacts, Verdict, VersionFacts
from engine.housekeeping.sweep import Marked, Needs, age_limit, mark
from engine.release import decisions
from engine.release.history import releases
from engine.reports import archive
from engine.requests import book
from engine.requests import rules as request_rules
from engine.runs import history, leftovers
from engine.scoring import trials
from engine.storage import chosen
from engine.storage.disk import room_of
from engine.storage.free_space import in_words
from engine.storage.ledger import Ledger
from engine.storage.objects import ObjectStore
from engine.storage.workspace import Workspace
from engine.text import plain
from engine.versions import contents, holds
from engine.versions.contents import StoredVersion

UNFINISHED = timedelta(days=1)
CLOCKS_DIFFER = timedelta(minutes=1)  # the file system's and the ledger's
COMPRESS, DATABASE, OBJECTS = "compress", "database", "objects"
OWN_LOG = 5 << 20


@dataclass(frozen=True)
class Thing:
    """An item with what a clean-up has to move: paths in the workspace or digests of objects; a version's state."""

    item: CleanItem
    paths: tuple[str, ...] = ()
    digests: tuple[str, ...] = ()
    state: str = ""


@dataclass(frozen=True)
class Survey:
    things: tuple[Thing, ...]
    marker: str
    rules: Rules

    def plan(self, at: datetime) -> CleanPlan:
        """What a person is shown: what goes, the largest first, then what stays."""
        items = sorted((thing.item for thing in self.things), key=lambda item: (not item.goes, -item.bytes, item.id))
        return CleanPlan(at, tuple(items), sum(item.bytes for item in items if item.goes), self.marker)


@dataclass
class _Inventory:
    """What the single looks share."""

    workspace: Workspace
    db: sqlite3.Connection
    rules: Rules
    now: datetime
    restored: dict[str, datetime]
    versions: Sequence[StoredVersion]
    running: int
    needs: Needs
    verdicts: dict[str, Verdict] = field(default_factory=dict)

    def unless_restored(self, name: str, verdict: Verdict) -> Verdict:
        """What somebody wanted back is not taken away again the next day."""
        since, days = self.restored.get(name), self.rules.bin_days
        if not verdict.goes or since is None or self.now - since >= timedelta(days=days):
            return verdict
        return Verdict(False, f"restored from the bin on {since:%d %b %Y}; kept for {days} days")

    def thing(
        self,
        name: str,
        kind: str,
        what: str,
        size: int,
        verdict: Verdict,
        paths: Sequence[Path] = (),
        digests: tuple[str, ...] = (),
        state: str = "",
    ) -> Thing:
        verdict = self.unless_restored(name, verdict)
        item = CleanItem(name, kind, what, size, verdict.goes, verdict.why)
        root = self.workspace.root
        return Thing(item, tuple(os.path.relpath(path, root) for path in paths), digests, state)


def survey(workspace: Workspace, ledger: Ledger, store: ObjectStore, now: datetime) -> Survey:
    """Everything that could go, judged. Raises Refusal when it cannot be told what a version needs."""
    with ledger.read() as db:
        rules = settings.rules(db)
        restored = {
            row["item"]: moment(row["at"])
            for row in db.execute("SELECT item, max(ended_at) AS at FROM bin WHERE state = 'restored' GROUP BY item")
        }
        running = history.active(db)["running"]
        versions = contents.stored(db)
        seen = _Inventory(workspace, db, rules, now, restored, versions, running, Needs(store, kept_files.objects(db)))
        sharing = rooms(workspace)
        things = [*_versions(seen, store), *_runs(seen), *_releases(seen), *_environments(seen, sharing)]
        things += [*_own(seen), *_requests(seen), _caches(seen, sharing)]
        marker = marker_of(db)
    return Survey((*things, *_database(ledger)), marker, rules)


def marker_of(db: sqlite3.Connection) -> str:
    """What decides which versions are protected: their states, what was cleaned, holds and rules."""
    whole = sha256()
    for row in chain(contents.standing(db), holds.standing(db), chosen.numbers(db).items()):
        whole.update(repr(tuple(row)).encode())
    return whole.hexdigest()


def _versions(seen: _Inventory, store: ObjectStore) -> Iterator[Thing]:
    there = [version for version in seen.versions if version.cleaned_at is None]
    seen.verdicts = _verdicts(seen, there)
    going = [label for label, verdict in seen.verdicts.items() if verdict.goes]
    begun, kept = trail.begun_at(seen.db) - CLOCKS_DIFFER, archive.digests(seen.db) | feedback.objects(seen.db)
    marked: Marked = mark(store, seen.versions, going, age_limit(seen.db, seen.now), seen.needs, kept, begun)
    for version in there:
        label = version.label
        verdict, digests = seen.verdicts[label], marked.going.get(label, ())
        if verdict.goes and not digests:
            lately = "it was stored lately, and a run that is at work may want it too"
            shared = "all that it holds is shared with versions that stay"
            verdict = Verdict(False, lately if label in marked.young else shared)
        what = f"content of {label}: code, data and model"
        size = marked.bytes.get(label, 0) if verdict.goes else marked.needed.get(label, 0)
        yield seen.thing(f"version:{label}", "version", what, size, verdict, digests=digests, state=version.state)
    if loose := marked.going.get("", ()):
        why = Verdict(True, "no version names them and no run that is at work has stored them")
        what = f"{len(loose):,} object{'' if len(loose) == 1 else 's'} of no version"
        yield seen.thing(OBJECTS, "objects", what, marked.bytes[""], why, digests=loose)
    if marked.elder:
        what = f"{marked.elder:,} object{'' if marked.elder == 1 else 's'} from before this ledger"
        stays = Verdict(False, "another ledger may need them; 'leverframe restore' brings one back from a backup")
        yield seen.thing("elder", "objects", what, 0, stays)


def _verdicts(seen: _Inventory, versions: Sequence[StoredVersion]) -> dict[str, Verdict]:
    held = holds.standing(seen.db)
    decided = decisions.last_decided(seen.db)
    tried = {each.label for each in trials.under_way(seen.db, {each.project for each in versions}).values()}
    by_project: dict[str, list[VersionFacts]] = {}
    for each in versions:
        name = (each.project, each.number)
        expired = each.expires_at if each.state == "expired" else None
        since = max(at for at in (each.made_at, each.live_until, decided.get(name), expired) if at)
        facts = VersionFacts(
            label=each.label,
            state=each.state,
            since=min(since, seen.now),
            live_until=each.live_until,
            held=held.get(name),
            tried=each.label in tried,
        )
        by_project.setdefault(each.project, []).append(facts)
    verdicts: dict[str, Verdict] = {}
    for of_project in by_project.values():
        for label, verdict in retention.judge_versions(of_project, seen.rules, seen.now).items():
            verdicts[label] = seen.unless_restored(f"version:{label}", verdict)
    return verdicts


def _runs(seen: _Inventory) -> Iterator[Thing]:
    facts, sizes = [], {}
    young: list[str] = []
    loose = packed = 0
    for number, state, since in history.endings(seen.db):
        folder = seen.workspace.run_folder(number)
        if not folder.is_dir():
            continue
        logs = leftovers.logs(folder)
        sizes[number] = sum(room_of(path) for path in logs)
        facts.append(RunFacts(number, state, since, sizes[number]))
    verdicts = retention.judge_logs(facts, seen.rules, seen.now)
    for run in facts:
        folder = seen.workspace.run_folder(run.id)
        if verdicts[run.id].goes:
            what = f"folder of run {run.id}, with its logs"
            yield seen.thing(f"run:{run.id}", "run", what, room_of(folder), verdicts[run.id], [folder])
            continue
        if run.log_bytes and retention.may_be_compressed(run, seen.rules, seen.now):
            plain_logs = [path for path in leftovers.logs(folder) if path.suffix == ".log" and room_of(path)]
            loose += sum(map(room_of, plain_logs))
            packed += bool(plain_logs)
        copies = leftovers.copies(folder)
        size = sum(room_of(path) for path in copies)
        verdict = retention.judge_run_data(run, seen.rules, seen.now)
        if copies and (verdict.goes or size >= 1 << 20):
            what = f"working data of run {run.id}"
            yield seen.thing(f"run-data:{run.id}", "run data", what, size, verdict, copies)
        else:
            young.append(verdicts[run.id].why)
    if packed:
        what = f"logs of {packed} run{'' if packed == 1 else 's'}, to be compressed"
        verdict = Verdict(True, f"nobody has followed them for {seen.rules.compress_days} days; they stay readable")
        yield seen.thing(COMPRESS, "logs", what, loose * 4 // 5, verdict)
    if young:
        total = sum(run.log_bytes for run in facts if not verdicts[run.id].goes)
        what = f"logs of {len(young)} run{'' if len(young) == 1 else 's'}"
        kept = f"kept for {seen.rules.log_days} days"
        yield seen.thing("run-logs", "logs", what, total, Verdict(False, young[0] if len(young) == 1 else kept))


def _releases(seen: _Inventory) -> Iterator[Thing]:
    live = releases(seen.db)
    for project in _folders(seen.workspace.releases):
        for folder in _folders(project):
            verdict = retention.judge_release(folder.name, live.get(project.name), _changed(folder), seen.now)
            what = f"release folder {plain(project.name)}/{plain(folder.name)}"
            name = f"release:{project.name}/{folder.name}"
            yield seen.thing(name, "release", what, room_of(folder), verdict, [folder])


def _environments(seen: _Inventory, sharing: Mapping[str, int]) -> Iterator[Thing]:
    needs: dict[str, list[str]] = {}
    newest = {version.project: version.number for version in seen.versions}
    for version in seen.versions:
        stays = version.cleaned_at is None and not seen.verdicts[version.label].goes
        if stays or newest[version.project] == version.number:
            needs.setdefault(seen.needs.environment(version.digest), []).append(version.label)
    for folder in _folders(seen.workspace.environments):
        if folder.name.endswith(".building"):
            continue  # Builds sweep what an interrupted one left; see ``environments.folder``.
        facts = EnvironmentFacts(folder.name, _changed(folder), tuple(reversed(needs.get(folder.name, []))))
        verdict = retention.judge_environment(facts, seen.running, seen.rules, seen.now)
        what = f"environment {plain(folder.name)}"
        size = sharing.get(f"environments/{folder.name}", 0)
        yield seen.thing(f"environment:{folder.name}", "environment", what, size, verdict, [folder])


def _own(seen: _Inventory) -> Iterator[Thing]:
    """The product's own logs, and what work that was cut short left behind."""
    workspace, age = seen.workspace, timedelta(days=seen.rules.log_days)
    for path in sorted(workspace.logs.glob("fail*")):
        old = seen.now - _changed(path) >= age
        large = path.name == "failures.log" and room_of(path) >= OWN_LOG
        if old or large:
            why = f"nothing was added for {seen.rules.log_days} days" if old else f"it passes {OWN_LOG >> 20} MiB"
            name = f"log:{path.name}"
            yield seen.thing(name, "logs", f"log {plain(path.name)}", room_of(path), Verdict(True, why), [path])
    left = [path for path in workspace.objects.glob("*/.*.tmp") if seen.now - _changed(path) >= UNFINISHED]
    left += [path for path in (workspace.cache / "disk").glob(".*.tmp") if seen.now - _changed(path) >= UNFINISHED]
    if left:
        verdict = Verdict(True, "left behind by work that was cut short more than a day ago")
        what = f"{len(left)} unfinished file{'' if len(left) == 1 else 's'}"
        yield seen.thing("unfinished", "leftovers", what, sum(map(room_of, left)), verdict, left)


def _requests(seen: _Inventory) -> Iterator[Thing]:
    """The request logs: each keeps within its own bounds, and ends by itself."""
    for project, kept in request_rules.of_all(seen.db).items():
        held = book.held(seen.db, project)
        if held.count:
            days = kept.keep.total_seconds() / 86400
            span = f"{days:.3g} day{'' if days == 1 else 's'}"
            stays = Verdict(False, f"kept for {span} and in {in_words(kept.most)} at most, as its manifest says")
            what = f"logged requests of {project}"
            yield seen.thing(f"requests:{project}", "requests", what, held.bytes, stays)


def _caches(seen: _Inventory, sharing: Mapping[str, int]) -> Thing:
    size = sum(size for key, size in sharing.items() if key.startswith("cache/"))
    stays = Verdict(False, "environments are rebuilt from them without the network")
    return seen.thing("caches", "caches", "caches of packages and locks", size, stays)


def _database(ledger: Ledger) -> Iterator[Thing]:
    spare, wal = database.spare(ledger), database.wal_size(ledger)
    if database.worth_packing(spare, ledger.path.stat().st_size):
        why = "a quarter of it or more is empty pages"
        yield Thing(CleanItem(DATABASE, "database", "the ledger, to be packed", spare, True, why))
    elif wal >= database.LARGE_WAL:
        why = "its write-ahead log has grown"
        yield Thing(CleanItem(DATABASE, "database", "the ledger's log, to be written back", wal, True, why))


def _folders(folder: Path) -> list[Path]:
    try:
        return sorted(Path(each.path) for each in os.scandir(folder) if each.is_dir(follow_symlinks=False))
    except FileNotFoundError:
        return []


def _changed(path: Path) -> datetime:
    """When it was last changed; what is gone was changed this instant."""
    try:
        return datetime.fromtimestamp(os.lstat(path).st_mtime, UTC)
    except OSError:
        return datetime.max.replace(tzinfo=UTC)
