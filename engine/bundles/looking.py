"""What a bundle says of itself, before anything is done with it: whose it is, what is in it, what is in its way.

Its zip is as it was written and its manifest is signed; what its files hold is verified when it is taken in. Nothing is
changed by it; a workspace that has no key of its own yet gets one, to tell whether the bundle is its own.
"""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass
from pathlib import Path

from engine.bundles import key as keys
from engine.bundles import reading, registering, trusted
from engine.bundles.manifest import MANIFEST, SIGNATURE
from engine.bundles.naming_errors import named
from engine.bundles.reading import OpenBundle
from engine.bundles.registering import THIS
from engine.storage.ledger import Ledger
from engine.storage.objects import ObjectStore
from engine.storage.workspace import Workspace
from engine.text import plain
from engine.versions import absent_data


@dataclass(frozen=True)
class BundleLook:
    """A bundle as it would come in. ``members``: the files of the zip. ``digest``: of its manifest, which stands for
    all of it. ``source``: what the workspace that signed it is called here, None where nobody trusts it; ``line``: its
    key, as one takes it in.

    ``brings_data``: it holds its data; ``by_reference``: it comes in without it too. ``already``: the same version is
    here, in a sentence; ``lacking``: without its data, which it gets when this is taken in. ``refused``: why nobody
    takes it in; ``despite``: why an admin alone does, who says a reason; each a sentence, or None.
    """

    path: str
    digest: str
    label: str
    size: int
    members: int
    fingerprint: str
    line: str
    source: str | None
    made_at: str
    run: int
    made_for: str
    approved_by: tuple[str, ...]
    stations: int
    judged: str
    absent: tuple[tuple[str, str], ...]
    brings_data: bool
    by_reference: bool
    wheels: bool
    already: str | None
    lacking: bool
    refused: str | None
    despite: str | None


def look_into(workspace: Workspace, ledger: Ledger, store: ObjectStore, path: Path) -> BundleLook:
    """Look into the bundle in the file ``path``. Raises NotFound, Refusal or Damage with a sentence that names it."""
    target = path.expanduser().absolute()
    shown = plain(str(target), 200)
    with named(shown, "is no bundle that could be taken in"), reading.opened(target) as bundle, ledger.read() as db:
        return _told(workspace, db, store, bundle, shown)


def _told(
    workspace: Workspace, db: sqlite3.Connection, store: ObjectStore, bundle: OpenBundle, shown: str
) -> BundleLook:
    told, key, document = bundle.provenance, bundle.key, bundle.document
    first, known = told.stations[0], trusted.of_key(db, key.fingerprint)
    own = keys.own(workspace.root).fingerprint
    source = known.name if known is not None else THIS if key.fingerprint == own else None
    already = registering.already(db, bundle)
    refused, despite = (None, None) if already else _against(db, bundle)
    if source is None and refused is None:
        refused = "Nobody here trusts the key that signed it; see with those who sent it that it is theirs."
    absent = tuple((plain(each.what, 80), plain(each.why, 400)) for each in bundle.manifest.absent)
    return BundleLook(
        path=shown,
        digest=bundle.digest,
        label=told.sender.label,
        size=bundle.size,
        members=len(bundle.members) + len((MANIFEST, SIGNATURE)),
        fingerprint=key.fingerprint,
        line=plain(key.line),
        source=source,
        made_at=first.made_at,
        run=first.run,
        made_for=first.requested_by,
        approved_by=told.sender.approved_by,
        stations=len(told.stations),
        judged=plain(document.metrics.sentence, 1000),
        absent=absent,
        brings_data=not any(part.files for part in bundle.manifest.absent),
        by_reference=absent_data.travels_by_reference(document.settings),
        wheels=bool(bundle.wheels),
        already=already,
        lacking=already is not None and absent_data.is_absent(store, document),
        refused=refused,
        despite=despite,
    )


def _against(db: sqlite3.Connection, bundle: OpenBundle) -> tuple[str | None, str | None]:
    """What keeps everybody from taking it in, and what everybody but an admin."""
    stopped = registering.stopped(db, bundle)
    return (stopped, None) if stopped else (None, registering.against(db, bundle))
