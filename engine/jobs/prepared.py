"""What every run would find out anew, found out once: in the fork server, for all that it forks.

Nothing here depends on what is asked for. What stands on the disk is found out about when the server starts, which it
does anew with each change of the code or the packages; pictures of environments are known by their digests, versions
and manifests by what stands in them. What has gone live since is read as ever.
"""

from __future__ import annotations

import sqlite3
from contextlib import closing, suppress
from pathlib import Path

from engine.environments import picture
from engine.errors import Invalid, LeverframeError
from engine.jobs.health import kept
from engine.json_records import learn
from engine.monitoring.look_document import LookDocument
from engine.projects import registry
from engine.projects.manifest.reader import FILE, parse_manifest
from engine.release import history as deployments
from engine.storage import workspace as workspaces
from engine.storage.ledger import Ledger
from engine.storage.objects import ObjectStore
from engine.storage.workspace import Workspace
from engine.versions import catalog, document
from engine.versions.records import VersionDocument

_VERSIONS = 32

# With a mark before it, as some editors write it.
_MANIFEST = b"""\xef\xbb\xbf[project]
name = "a"
[environment]
python = "3.11"
[data]
extract = "a:b"
[train]
timeout = "1m"
memory = "1GiB"
[schedule]
health = { cron = "*/15 * * * *" }
"""


def prepare(root: Path) -> None:
    """For runs of the workspace at ``root``."""
    learn(VersionDocument, LookDocument, kept.Head)
    kept.rules()
    with suppress(Invalid):  # Lacking this and that, it has been read all the same, and what for is loaded.
        parse_manifest(_MANIFEST.decode("utf-8-sig"))
    with suppress(OSError):  # Then who needs one reads it.
        picture.remember(root / "environments")
    with suppress(LeverframeError, OSError, sqlite3.Error):
        _read_live_versions(workspaces.find(root))


def _read_live_versions(workspace: Workspace) -> None:
    """Those that went live last, with their manifests."""
    store = ObjectStore(workspace.objects)
    with closing(Ledger(workspace.ledger, locks=workspace.root / "locks")) as ledger, ledger.read() as db:
        live = deployments.live(db, registry.names(db)).values()
        for release in sorted(live, key=lambda each: each.at)[-_VERSIONS:]:
            with suppress(LeverframeError, OSError, ValueError):  # Whose run it is says what is wrong.
                _read(store, db, release.label)


def _read(store: ObjectStore, db: sqlite3.Connection, label: str) -> None:
    version = document.load(store, str(catalog.find(db, label)["digest"]))
    registry.manifest(db, catalog.parse_label(label)[0])
    for file in version.code.files:
        if file.path == FILE:
            text = store.read(file).decode("utf-8-sig")
            parse_manifest(text, FILE, of_version=True)
            parse_manifest(text, FILE)  # As it stands in the project's folder, most likely.
