"""Read every object of every version that has its content, before somebody needs it, and keep what was found and when.

A part each day, those first that were not read for longest, so that all are read within 28 days (``part``, pure). What
is damaged and whole in the backup is taken from there: a digest names one content, so that there is nothing to choose.
"""

from __future__ import annotations

import os
import sqlite3
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import ceil
from pathlib import Path

from engine.backup.place import BackupFolder
from engine.backup.records import Scrub
from engine.clock import moment, stamp
from engine.errors import Damage, Refusal
from engine.housekeeping.sweep import Needs
from engine.storage import last_backup
from engine.storage.ledger import Ledger
from engine.storage.objects import ObjectStore
from engine.storage.workspace import Workspace
from engine.versions import contents

DAYS = 28
DAILY = timedelta(hours=20)  # rounds are hourly, and a day's part must not slip by an hour each day
_LEAST_POLITE = 15
Tell = Callable[[int, int], None]


@dataclass(frozen=True)
class KeptVersion:
    """A version that has its content. ``read``: when it was read through, or made; ``damage``: what was found then."""

    project: str
    number: int
    digest: str
    read: datetime
    damage: str | None = None

    @property
    def label(self) -> str:
        return f"{self.project}@{self.number}"


def part(kept: Sequence[KeptVersion], now: datetime) -> list[KeptVersion]:
    """What to read today: a 28th of all, and whatever was not read for 28 days; the longest unread first."""
    oldest = now - timedelta(days=DAYS)
    # What a clock that was ahead says to have read later than now would not be read until then.
    since = {each.label: each.read if each.read <= now else oldest for each in kept}
    late = sum(read <= oldest for read in since.values())
    return sorted(kept, key=lambda each: (since[each.label], each.label))[: max(late, ceil(len(kept) / DAYS))]


def kept(db: sqlite3.Connection) -> list[KeptVersion]:
    """Every version that has its content, the oldest first."""
    newest = "SELECT max(id) FROM scrubs GROUP BY project, number"
    rows = db.execute(f"SELECT project, number, at FROM scrubs WHERE id IN ({newest})")
    read = {(row["project"], row["number"]): moment(row["at"]) for row in rows}
    there = [(each, read.get((each.project, each.number), each.made_at)) for each in contents.stored(db)]
    return [
        KeptVersion(each.project, each.number, each.digest, last, each.damage)
        for each, last in there
        if each.cleaned_at is None
    ]


def everything(
    workspace: Workspace, ledger: Ledger, store: ObjectStore, now: datetime, tell: Tell
) -> tuple[Scrub, ...]:
    """Read all of them; ``tell`` gets how many objects were read, of how many. Raises Conflict when somebody does."""
    with ledger.read() as db:
        versions = kept(db)
    with workspace.looked_at_alone("scrub"):
        return _read(ledger, store, versions, now, tell)


def daily(workspace: Workspace, ledger: Ledger, store: ObjectStore, now: datetime, tell: Tell) -> tuple[Scrub, ...]:
    """Read today's part, if that was not done yet."""
    with ledger.read() as db:
        last = db.execute("SELECT max(at) FROM scrubs WHERE at <= ?", (stamp(now),)).fetchone()[0]
        versions = part(kept(db), now)
    if last is not None and now - moment(last) < DAILY:
        return ()
    with workspace.looked_at_alone("scrub"):
        return _read(ledger, store, versions, now, tell)


def _read(
    ledger: Ledger, store: ObjectStore, versions: Sequence[KeptVersion], now: datetime, tell: Tell
) -> tuple[Scrub, ...]:
    _politely()
    needs, whole, found = Needs(store), set[str](), []
    wanted = {each.digest: _named(needs, each) for each in versions}
    total, done = len(set().union(*wanted.values())), 0

    def on_object() -> None:
        nonlocal done
        done += 1
        tell(done, total)

    for each in versions:
        damage = _damage(store, wanted[each.digest], whole, on_object)
        scrub = Scrub(each.label, now, len(wanted[each.digest]), damage)
        with suppress(Refusal):  # No room, or a medium that cannot be written: it is told all the same.
            record(ledger, each, scrub)
        found.append(scrub)
    return tuple(found)


def _politely() -> None:
    """Whoever works at this machine comes first; for this thread, which does nothing else afterwards."""
    with suppress(OSError):
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), _LEAST_POLITE)


def _named(needs: Needs, version: KeptVersion) -> frozenset[str]:
    """The objects of a version, its document first of all; that alone when it cannot be read."""
    try:
        return needs.of(version.digest) | {version.digest}
    except Damage:
        return frozenset({version.digest})


def _damage(store: ObjectStore, digests: frozenset[str], whole: set[str], on_object: Callable[[], None]) -> str | None:
    """What of ``digests`` is not whole, in words. ``whole``: what was read already, which grows."""
    broken = []
    for digest in sorted(digests - whole):
        try:
            store.get(digest)
            whole.add(digest)
        except Damage as damage:
            broken.append(str(damage).rstrip("."))
        on_object()
    if not broken:
        return None
    more = f", and {len(broken) - 1:,} more of its {len(digests):,} objects" if len(broken) > 1 else ""
    return f"{broken[0]}{more}"


def record(ledger: Ledger, version: KeptVersion, found: Scrub) -> None:
    """Keep what was found, in the row of the version too."""
    with ledger.write() as db:
        db.execute(
            "INSERT INTO scrubs (at, project, number, objects, damage) VALUES (?, ?, ?, ?, ?)",
            (stamp(found.at), version.project, version.number, found.objects, found.damage),
        )
        contents.set_damage(db, version.label, found.damage)


def incomplete(store: ObjectStore, versions: Sequence[KeptVersion]) -> Iterator[tuple[KeptVersion, str]]:
    """The versions of which something is known to be wrong, or is gone: a look at names, not at contents."""
    needs, there = Needs(store), set(store.digests())
    for each in versions:
        gone = sorted(_named(needs, each) - there)
        if gone:
            more = f" and {len(gone) - 1:,} more" if len(gone) > 1 else ""
            yield each, f"the object {gone[0][:12]}{more} is gone from the store"
        elif each.damage:
            yield each, f"{each.damage[:1].lower()}{each.damage[1:]}"


def healed(ledger: Ledger, store: ObjectStore, version: KeptVersion, now: datetime) -> bool:
    """Whether what was found damaged of ``version`` is whole by now, since somebody put it back; that is kept then."""
    digests = _named(Needs(store), version)
    if version.damage is None or _damage(store, digests, set(), lambda: None) is not None:
        return False
    with suppress(Refusal):
        record(ledger, version, Scrub(version.label, now, len(digests), None))
    return True


def mend(workspace: Workspace, ledger: Ledger, store: ObjectStore, version: KeptVersion, now: datetime) -> str | None:
    """Take what of ``version`` is not whole from the newest backup. Returns a sentence, None when nothing could be."""
    found = last_backup.known(workspace.root)
    if found is None:
        return None
    place, taken = BackupFolder(Path(found.place)), 0
    for _ in range(2):  # The document first: it says which objects there are.
        digests = _named(Needs(store), version)
        for digest in digests:
            try:
                store.get(digest)
            except Damage:
                with suppress(Damage):
                    store.take(digest, place.store)
                    taken += 1
    damage = _damage(store, _named(Needs(store), version), set(), lambda: None)
    with suppress(Refusal):
        record(ledger, version, Scrub(version.label, now, len(digests), damage))
    if damage is not None or not taken:
        return None
    return f"{taken:,} object{'' if taken == 1 else 's'} taken from the backup in {found.place}; whole in the store"
