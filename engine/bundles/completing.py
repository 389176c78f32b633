"""A version that is here without its data gets it: from its bundle, from a folder, or out of the workspace's store.

Each file is held against the digest that the version has of it, before anything of it is in the store.
"""

from __future__ import annotations

import sqlite3
from typing import TYPE_CHECKING

from engine import clock
from engine.audit import trail
from engine.bundles.reading import OpenBundle
from engine.bundles.registering import Arrival, Request
from engine.bundles.staging import StagingPlace, check_room, stage_data
from engine.errors import LeverframeError
from engine.release import history, live_folder
from engine.versions import absent_data, catalog

if TYPE_CHECKING:
    from engine.records import Version

ACTION = "bring-data"


def incomplete(db: sqlite3.Connection, place: StagingPlace, bundle: OpenBundle) -> Version | None:
    """The version that is here and is this one, without its data; the newest, where that came in more than once."""
    if not absent_data.is_absent(place.store, bundle.document):
        return None
    over = ("rejected", "expired")  # Such a one is offered anew, if at all.
    same = catalog.with_digest(db, bundle.manifest.version)
    found = [each for each in same if each.cleaned_at is None and each.state not in over]
    return found[-1] if found else None


def complete(place: StagingPlace, bundle: OpenBundle, request: Request, version: Version) -> Arrival | None:
    """Bring the data of ``version``; None where nobody has it. Raises Refusal for data that is another."""
    check_room(place, bundle)
    document = bundle.document
    with place.workspace.lock(f"import-{document.project}"):
        if not stage_data(place, bundle, request.data):
            return None
        place.move_in({digest for file in document.data.files for digest in file.chunks})
        with place.ledger.write() as db:
            details = {"digest": version.digest, "files": len(document.data.files), "bundle": bundle.digest}
            trail.append(db, at=clock.now(), actor=request.by, action=ACTION, subject=version.label, details=details)
        # Only now: until here it may be lacking, and is not lost.
        absent_data.unmark(place.store, document)
    said = f"{version.label} has its data here now: {document.data.rows:,} rows, each file by its digest."
    return Arrival(None, said, None, _live_folder(place, version))


def _live_folder(place: StagingPlace, version: Version) -> tuple[str, ...]:
    """Put it into the folder of what is live too, where that is this version."""
    with place.ledger.read() as db:
        live = history.live(db, [version.project]).get(version.project)
    if live is None or live.label != version.label:
        return ()
    try:
        live_folder.repair(place.workspace, place.store, version.project, live.release, version.digest)
    except (LeverframeError, OSError):
        return ("Its folder below live/ has it not yet: 'leverframe doctor --fix' rebuilds that.",)
    return ()
