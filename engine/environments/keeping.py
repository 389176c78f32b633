"""Keep in the store what the environment of a lock is built from without the network: fetched once for each lock."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

from engine.environments import kept_files
from engine.environments.kept_files import KeptFile, KeptFiles
from engine.environments.kind import kind_of
from engine.environments.records import Environment, FetchedFile, FetchedFiles, Lock, Supply
from engine.errors import Damage, Refusal
from engine.storage.disk import refused
from engine.storage.ledger import Ledger
from engine.storage.objects import ObjectStore, Stored

# A registry that could not be reached is not asked by every retrain again.
TRIED_AGAIN_AFTER = timedelta(hours=1)


def ensure_kept(
    ledger: Ledger, store: ObjectStore, lock: Lock, cache: Path, room: Path, now: datetime, *, anew: bool = False
) -> KeptFiles:
    """What is kept for ``lock``; what is missing of it is fetched, into the folder ``room`` first.

    Where all is kept it costs a look at the names. What the registry would not give is said in ``why``, and asked for
    again after an hour, or at once with ``anew``. Raises Refusal when the disk is full.
    """
    with ledger.read() as db:
        kept, known = kept_files.of(db, lock.digest), kept_files.known(db)
    if kept is not None:
        whole = len(kept_files.standing(store, kept.files)) == len(kept.files)
        if whole and (kept.why is None or (now - kept.at < TRIED_AGAIN_AFTER and not anew)):
            return kept
    there = {each.stored.digest: each for each in kept_files.standing(store, known.values())}
    with refused("What the environment is built from could not be kept"):
        try:
            found = _fetched(store, lock, cache, room, there, now)
        except Damage:  # One that several locks name is not whole: it is fetched with the rest.
            there = {digest: each for digest, each in there.items() if is_whole(store, each)}
            found = _fetched(store, lock, cache, room, there, now)
        store.sync()
    with ledger.write() as db:
        found = _with_what_stands(store, found, kept_files.of(db, lock.digest))
        kept_files.keep(db, found)
    return found


def _with_what_stands(store: ObjectStore, found: KeptFiles, before: KeptFiles | None) -> KeptFiles:
    """``found``, and what was kept ``before`` and could not be had this time: a registry that is away takes nothing
    from what is here, also not where another run has kept all of it meanwhile."""
    if before is None or found.why is None:
        return found
    standing = kept_files.standing(store, before.files)
    if before.why is None and len(standing) == len(before.files):
        return before
    digests = {each.stored.digest for each in found.files}
    more = tuple(each for each in standing if each.stored.digest not in digests)
    return replace(found, files=(*found.files, *more))


def _fetched(
    store: ObjectStore, lock: Lock, cache: Path, room: Path, there: dict[str, KeptFile], now: datetime
) -> KeptFiles:
    names = {digest: each.name for digest, each in there.items()}
    with TemporaryDirectory(dir=room, prefix="kept-") as folder:
        fetched = kind_of(lock).fetch(lock, cache, Path(folder), names)
        files = _stored(store, fetched, there)
        changed = [each.name for each, kept in files if kept.stored.digest != each.digest]
        whole = tuple(kept for each, kept in files if kept.stored.digest == each.digest)
        why = fetched.lacking or (f"{changed[0]} changed while it was kept" if changed else None)
        return KeptFiles(lock.digest, now, whole, why)


def _stored(
    store: ObjectStore, fetched: FetchedFiles, there: dict[str, KeptFile]
) -> list[tuple[FetchedFile, KeptFile]]:
    """Each file as it came and as it is stored, with the digest that it has there."""
    files = []
    for each in fetched.files:
        path = each.path
        stored = store.put_archive(path) if path is not None else _made_young(store, there[each.digest].stored)
        files.append((each, KeptFile(each.package, each.name, stored)))
    return files


def _made_young(store: ObjectStore, stored: Stored) -> Stored:
    """Tell the sweep that it is wanted again."""
    for digest in stored.chunks:
        store.put(store.get(digest))
    return stored


def build_from_kept(
    store: ObjectStore, kept: KeptFiles, lock: Lock, supply: Supply, place: Path, held: int | None
) -> Environment:
    """The environment of ``lock`` in the empty folder ``place``, from what is kept for it, and by a version of it
    (``supply``), and nothing else.

    Raises Damage where that is not whole, and Refusal where it is not all there, or where the machine lacks something.
    """
    if kept.why is not None:
        raise Refusal(f"Not all that its environment is built from is kept: {kept.why}.")

    def lay_out(folder: Path) -> None:
        kept_files.lay_out(store, kept.files, folder)

    return kind_of(lock).build_apart(lock, lay_out, supply, place, held)


def forget_damaged(ledger: Ledger, store: ObjectStore, kept: KeptFiles) -> tuple[KeptFile, ...]:
    """Which of the files that are kept are not whole, every one read; they are dropped, to be fetched again next."""
    broken = tuple(each for each in kept.files if not is_whole(store, each))
    if broken:
        names = ", ".join(each.name for each in broken[:3])
        with ledger.write() as db:
            # As it is by now: another run with the same lock may have kept more since it was read.
            there = kept_files.of(db, kept.lock) or kept
            files = tuple(each for each in there.files if each not in broken)
            kept_files.keep(db, replace(there, files=files, why=f"{names} was damaged or gone in the store"))
    return broken


def is_whole(store: ObjectStore, file: KeptFile) -> bool:
    """Whether every object of ``file`` is there and what its name says; all are read."""
    try:
        for digest in file.stored.chunks:
            store.get(digest)
    except Damage:
        return False
    return True
