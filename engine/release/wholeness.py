"""What is known to be wrong with a version before it is moved to, and which other one is whole."""

from __future__ import annotations

import sqlite3

from engine.errors import Damage
from engine.records import Version
from engine.storage.last_backup import way_back
from engine.storage.objects import ObjectStore
from engine.versions import catalog
from engine.versions import document as documents


def damage_of(store: ObjectStore, version: Version) -> str | None:
    """What of ``version`` is gone by now, or was found not to be whole when it was last read; None when nothing is.

    A look at names, not at contents: those are read by the proof.
    """
    try:
        document = documents.load(store, version.digest)
    except Damage as damage:
        return str(damage).rstrip(".")
    digests = {digest for _, stored in documents.files_here(store, document) for digest in stored.chunks}
    gone = sorted(digest for digest in digests if not store.has(digest))
    if gone:
        more = f" and {len(gone) - 1:,} more" if len(gone) > 1 else ""
        return f"the object {gone[0][:12]}{more} is gone from the store"
    return version.damage


def known_damage(db: sqlite3.Connection, store: ObjectStore, target: Version) -> tuple[str | None, str | None]:
    """What a person has to know of ``target`` before it is gone back to, as a sentence; and which other one is whole.

    Both None when nothing is known against it.
    """
    found = damage_of(store, target)
    if found is None:
        return None, None
    others = [each for each in catalog.were_live(db, target.project) if each.label != target.label]
    whole = next((each.label for each in others if damage_of(store, each) is None), None)
    otherwise = f"go back to {whole}, of which nothing is known to be wrong" if whole else (
        "there is no other version to go back to that is whole"
    )  # fmt: skip
    way = way_back(store.root.parent, otherwise)
    return f"{target.label} is DAMAGED in the store: {found[:1].lower()}{found[1:]}; {way}.", whole


def damaged_candidate(store: ObjectStore, candidate: Version) -> str | None:
    """The same of a version that waits: what is wrong with it can also be made anew."""
    found = damage_of(store, candidate)
    if found is None:
        return None
    way = way_back(store.root.parent, "retrain, which makes another")
    return f"{candidate.label} is DAMAGED in the store: {found[:1].lower()}{found[1:]}; {way}."
