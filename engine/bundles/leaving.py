"""A version leaves the workspace: the trail says so before anybody has it."""

from __future__ import annotations

import os
import secrets
import shutil
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryFile
from typing import IO

from engine.access.caller import Caller
from engine.audit import trail
from engine.bundles.writing import Bundle, Wanted, unfinished, write
from engine.errors import Refusal
from engine.storage.disk import refused
from engine.storage.ledger import Ledger
from engine.storage.objects import ObjectStore
from engine.storage.workspace import Workspace
from engine.versions import catalog
from engine.versions import document as documents
from engine.versions.absent_data import refuse_absent


def bundle(
    workspace: Workspace, ledger: Ledger, store: ObjectStore, label: str, target: Path | IO[bytes], by: Caller,
    at: datetime, wanted: Wanted,
) -> Bundle:  # fmt: skip
    """Write the version called ``label`` to the new file ``target``, or to one that is open."""
    if isinstance(target, Path):
        place = target.expanduser().absolute()
        with unfinished(place) as file:
            with ledger.read() as db:
                made = replace(write(workspace, db, store, label, file, wanted), place=str(place))
            note(ledger, made, by, at)
        return made
    with refused("The bundle could not be written"), TemporaryFile(dir=workspace.cache) as file:
        with ledger.read() as db:
            made = write(workspace, db, store, label, file, wanted)
        note(ledger, made, by, at)
        file.seek(0)
        shutil.copyfileobj(file, target, 1 << 20)
    return made


def note(ledger: Ledger, made: Bundle, by: Caller, at: datetime, *, to: str | None = None) -> None:
    """Write down that it leaves; ``to``: where to, where that is no file."""
    details = {"digest": made.version, "bundle": made.digest, "key": made.fingerprint, "bytes": made.size}
    if (place := to or made.place) is not None:
        details["to"] = place
    with ledger.write() as db:
        trail.append(db, at=at, actor=by, action="bundle", subject=made.label, details=details)


def write_data(ledger: Ledger, store: ObjectStore, label: str, folder: Path, by: Caller, at: datetime) -> int:
    """Write the data of the version called ``label`` to the new folder ``folder``; how many files."""
    target = folder.expanduser().absolute()
    with ledger.read() as db:
        digest = str(catalog.find(db, label)["digest"])
    document = documents.of_version(store, label, digest)
    refuse_absent(store, document, label, "it cannot be written")
    files = document.data.files
    if os.path.lexists(target):
        raise Refusal(f"{target} is there already; name a folder that is not.")
    unnamed = target.with_name(f".{target.name[:100]}.{secrets.token_hex(6)}.tmp")
    try:
        with refused(f"The data could not be written to {target}"):
            documents.write_folder(store, files, unnamed)
        with ledger.write() as db:
            details = {"digest": digest, "to": str(target), "files": len(files)}
            trail.append(db, at=at, actor=by, action="write-data", subject=label, details=details)
        with refused(f"The data could not be written to {target}"):
            os.rename(unnamed, target)
    finally:
        shutil.rmtree(unnamed, ignore_errors=True)
    return len(files)
