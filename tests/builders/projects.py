"""Projects that are on the list and have no folder."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from engine.clock import stamp


def listed(
    db: sqlite3.Connection, name: str, manifest: Mapping[str, Any], at: datetime, removed: datetime | None = None
) -> None:
    """A project that was added then; what its manifest does not say is not checked."""
    about = manifest.get("project", {})
    db.execute(
        "INSERT INTO projects (name, title, owner, path, manifest, added_at, removed_at) VALUES (?, ?, ?, ?, ?, ?, ?)",
        (
            name, about.get("title", name), about.get("owner", "ops"), f"/srv/{name}", json.dumps(manifest), stamp(at),
            stamp(removed) if removed else None,
        ),
    )  # fmt: skip


def asks(db: sqlite3.Connection, **sections: Any) -> None:
    """Other sections in the manifests that the ledger keeps of all projects."""
    for row in db.execute("SELECT name, manifest FROM projects").fetchall():
        manifest = json.dumps({**json.loads(row["manifest"]), **sections})
        db.execute("UPDATE projects SET manifest = ? WHERE name = ?", (manifest, row["name"]))
