"""Take a version in that another workspace made: verified, proven here, then registered in one transaction.

Everything happens in a folder of its own, with an object store of its own, which goes with the process that holds it.
Only what was proven is moved to the workspace's store, and only the last transaction makes it a version. So whoever is
killed leaves nothing but a folder that is swept.
"""

from __future__ import annotations

import sqlite3
from datetime import datetime
from pathlib import Path
from typing import IO

from engine import clock
from engine.bundles import key as keys
from engine.bundles import reading, trusted
from engine.bundles.completing import complete, incomplete
from engine.bundles.naming_errors import named
from engine.bundles.reading import OpenBundle
from engine.bundles.registering import THIS, Arrival, Request, already, check_against, ground_here, register
from engine.bundles.staging import (
    StagingPlace,
    check_room,
    ground_of,
    manifest_of,
    spooled,
    stage,
    stage_wheels,
)
from engine.errors import Forbidden, Refusal
from engine.projects import allowances, registry
from engine.projects.manifest.reader import Manifest
from engine.projects.reach import RULE, beyond_the_rule, reach_of
from engine.release.proof import Ground, OnStep, Steps, prove
from engine.storage import temporary
from engine.storage.disk import refused
from engine.storage.ledger import Ledger
from engine.storage.objects import ObjectStore
from engine.storage.workspace import Workspace
from engine.text import plain
from engine.versions import absent_data
from engine.versions.judged_here import JudgedHere

STREAM = "What came on standard input"


def take_in(
    workspace: Workspace, ledger: Ledger, store: ObjectStore, source: Path | IO[bytes], request: Request,
    on_step: OnStep,
) -> Arrival:  # fmt: skip
    """Take in the bundle in the file ``source``, or that comes from there.

    Raises NotFound, Refusal, Forbidden or Damage with a sentence that says which bundle; nothing has changed then.
    """
    began = clock.now()
    with refused("The version could not be taken in"), temporary.kept(temporary.IMPORT, workspace.cache) as folder:
        place = StagingPlace(workspace, ledger, store, folder)
        place.staged.root.mkdir()
        if isinstance(source, Path):
            path, shown = source, plain(str(source), 200)
        else:
            path, shown = spooled(place, source), STREAM
        steps = Steps(on_step)
        with named(shown, "is not taken in, and nothing was changed"), reading.opened(path) as bundle:
            return _taken_in(place, bundle, request, steps, began, shown)


def _taken_in(
    place: StagingPlace, bundle: OpenBundle, request: Request, steps: Steps, began: datetime, shown: str
) -> Arrival:
    source = _source(place, bundle)
    document = bundle.document
    with place.ledger.read() as db:
        lacking = incomplete(db, place, bundle)
    if lacking is not None and (done := complete(place, bundle, request, lacking)) is not None:
        return done
    with place.ledger.read() as db:
        if (found := already(db, bundle)) is not None:
            without = f" It is without {absent_data.sentence(document)}." if lacking is not None else ""
            unread = "Nothing was changed, and whether the whole of the file is as it was written was not looked at."
            said = f"{shown}: {found[:1].lower()}{found[1:]}{without} {unread}"
            return Arrival(None, said, None)
        check_against(db, bundle, request)
    check_room(place, bundle)
    steps.add(f"signed by {source} ({bundle.key.fingerprint}); the zip is as it was written")
    with place.workspace.lock(f"import-{document.project}"):
        stage(place, bundle, request.data)
        steps.add(f"{len(bundle.members):,} files verified, each by its digest")
        manifest = manifest_of(place, bundle)
        with place.ledger.read() as db:
            _check_reach(db, manifest, request)
        kept, told = stage_wheels(place, bundle, began), bundle.manifest
        folder, ground = place.folder / "proof", ground_of(place, kept)
        prove(place.workspace, place.staged, told.version, told.label, folder, steps, ground)
        judged = _judged(place, bundle, manifest, ground, steps)
        return register(place, bundle, manifest, request, source, steps, began, kept, judged)


def _judged(
    place: StagingPlace, bundle: OpenBundle, manifest: Manifest, ground: Ground, steps: Steps
) -> JudgedHere | None:
    """What it is against what is live here; None where it was judged against that, or nothing is live."""
    with place.ledger.read() as db:
        live, same = ground_here(db, bundle)
    if live is None or same:
        return None
    from engine.bundles.judging import judge_here  # Heavy, and not for every import.

    found = judge_here(place, bundle.document, manifest, ground, live)
    rows = f"on {found.rows:,} rows of the holdout that came with it"
    steps.add(f"judged against {found.against} {rows}" if found.problem is None else (
        f"not compared with {found.against}: {found.problem}"
    ))  # fmt: skip
    return found


def _source(place: StagingPlace, bundle: OpenBundle) -> str:
    """What the workspace that signed it is called here. Raises Refusal for one that nobody trusts."""
    with place.ledger.read() as db:
        found = trusted.of_key(db, bundle.key.fingerprint)
    if found is not None:
        return found.name
    if bundle.key.fingerprint == keys.own(place.workspace.root).fingerprint:
        return THIS
    raise Refusal(
        f"It is signed by {bundle.key.fingerprint}, which nobody trusts here. See with those who sent it that this is "
        "the key which 'leverframe trust' shows them; then an admin says so: leverframe trust add NAME "
        f"'{bundle.key.line}' --reason '…'"
    )


def _check_reach(db: sqlite3.Connection, manifest: Manifest, request: Request) -> None:
    """Its steps are run to prove it, before anybody has approved it. Raises Forbidden where that takes an admin."""
    there = registry.there(db, manifest.name) is not None
    given = allowances.allowed(db, manifest.name) if there else (RULE,)
    asked = reach_of(manifest.document)
    more = allowances.more_than(asked, given) if there else beyond_the_rule(asked)
    if more and not request.vouches:
        raise Forbidden(
            f"Its steps ask for more than anybody allowed here: {'; '.join(more)}. An admin vouches for that by taking "
            "it in themselves."
        )
