"""Read a backup from end to end: is it whole, and did the workspace that it names make it?"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

from engine.audit import trail
from engine.backup import key as keys
from engine.backup.manifest import BackupManifest, Signature, fingerprint, signature_of
from engine.backup.place import FORMER, NEWEST, BackupFolder
from engine.backup.records import Checked
from engine.clock import moment
from engine.errors import Damage, Refusal

Tell = Callable[[int, int], None]


def check(folder: Path, key_file: Path | None, tell: Tell, *, former: bool = False) -> Checked:
    """Read all of the backup in ``folder``. Raises NotFound, and Damage when its manifest is no good."""
    place = BackupFolder(folder.expanduser().absolute())
    manifest, signature, _ = opened(place, key_file, former=former)
    problems = list(_problems(place, manifest, tell))
    if signature == "wrong":
        problems.insert(0, wrong_signature(place, manifest))
    return Checked(
        place=str(place.root),
        made_at=moment(manifest.made_at),
        rows=manifest.rows,
        head=manifest.head,
        objects=len(manifest.objects),
        signature=signature,
        problems=tuple(problems),
        lacking=tuple(sorted({each.version for each in manifest.lacking})),
    )


def opened(
    place: BackupFolder, key_file: Path | None, *, former: bool
) -> tuple[BackupManifest, Signature, bytes | None]:
    """The manifest, whether its signature holds, and the key that told. Raises Refusal for another workspace's."""
    manifest, said = place.manifest(FORMER if former else NEWEST)
    key = keys.read(key_file.expanduser()) if key_file else _still_there(manifest)
    if key is not None and key_file and fingerprint(key) != said["key"]:
        raise Refusal(
            f"{key_file} is not the key that the backup in {place.root} says it was signed with ({said['key']}); name "
            "that one, or leave --key away."
        )
    return manifest, signature_of(manifest, said, key), key


def _still_there(manifest: BackupManifest) -> bytes | None:
    """The key where the workspace was: after its ledger is lost it may still be there."""
    try:
        return keys.read(keys.path_of(Path(manifest.home)))
    except (Refusal, ValueError):
        return None


def wrong_signature(place: BackupFolder, manifest: BackupManifest) -> str:
    return (
        f"the backup in {place.root} was not signed with the key in {manifest.home}, which it says it is of: somebody "
        "else wrote it, or that is another workspace by now (then name its own key with --key)"
    )


def _problems(place: BackupFolder, manifest: BackupManifest, tell: Tell) -> Iterator[str]:
    everything = [*manifest.objects, *manifest.ledger.chunks]
    broken = False
    for number, digest in enumerate(everything, 1):
        try:
            place.store.get(digest)
        except Damage as damage:
            broken = True
            yield str(damage).rstrip(".")
        tell(number, len(everything))
    if not broken:
        with closing(sqlite3.connect(":memory:")) as db:
            db.deserialize(in_memory(place.store.read(manifest.ledger)))
            yield from disagreeing(db, manifest)


def in_memory(ledger: bytes) -> bytes:
    """A ledger that SQLite opens without files: one whose header asks for no write-ahead log."""
    return ledger[:18] + b"\x01\x01" + ledger[20:]


def disagreeing(db: sqlite3.Connection, manifest: BackupManifest) -> Iterator[str]:
    """How a ledger differs from what the manifest says of it."""
    try:
        said = str(db.execute("PRAGMA quick_check(1)").fetchone()[0])
        first, (count, head, broken) = trail.digest_of(db, 1), trail.follow(db)
    except sqlite3.DatabaseError as error:
        yield f"its ledger cannot be read ({error})"
        return
    if said != "ok":
        yield f"its ledger is damaged ({said})"
    if broken is not None:
        yield f"the trail in its ledger is broken at row {broken}"
    elif (count, head) != (manifest.rows, manifest.head):
        yield f"the trail in its ledger ends at row {count:,}, its manifest says {manifest.rows:,}"
    elif first != manifest.workspace:
        yield "its ledger is that of another workspace"
