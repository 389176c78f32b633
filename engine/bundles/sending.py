"""Bring a version to another workspace: bundled here, taken in there, each side with a row in its own trail."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryFile

from engine import clock
from engine.access.caller import Caller
from engine.audit import trail
from engine.bundles.leaving import note
from engine.bundles.over_ssh import ask
from engine.bundles.writing import Wanted, write
from engine.storage.disk import refused
from engine.storage.ledger import Ledger
from engine.storage.objects import ObjectStore
from engine.storage.workspace import Workspace
from engine.text import plain

ACTION = "send"


@dataclass(frozen=True)
class Sent:
    """What came of it. ``there``: what the version is called there; None where it was there already."""

    label: str
    host: str
    there: str | None
    sentence: str
    size: int


def send(
    workspace: Workspace, ledger: Ledger, store: ObjectStore, label: str, host: str, by: Caller, at: datetime,
    wanted: Wanted, config: Path | None,
) -> Sent:  # fmt: skip
    """Send the version called ``label`` to the workspace whose door or account is ``host``. Raises Refusal."""
    with refused("The bundle could not be written"), TemporaryFile(dir=workspace.cache) as file:
        with ledger.read() as db:
            made = write(workspace, db, store, label, file, wanted)
        note(ledger, made, by, at, to=host)  # Before it has left: what arrives there is told of here.
        file.seek(0)
        found = ask(host, ["import", "-"], file, config)
    there = plain(str(found["version"]), 80) if found.get("version") else None
    sentence = plain(str(found.get("sentence") or ""), 1000)
    details = {"to": host, "there": there or "it was there already", "digest": made.version}
    with ledger.write() as db:
        trail.append(db, at=clock.now(), actor=by, action=ACTION, subject=label, details=details)
    return Sent(label, host, there, sentence, made.size)
