"""Exports as JSON documents with keys that scripts rely on. Pure."""

from __future__ import annotations

from console.cli.documents import Document, time
from engine.exports.records import Export
from engine.json_records import write


def export(found: Export) -> Document:
    """One export with its whole parity."""
    return {
        "id": found.id,
        "version": found.label,
        "state": found.state or None,
        "kind": found.kind,
        "dialect": found.dialect or None,
        "digest": found.digest,
        "folder": found.folder,
        "holds": found.parity.holds,
        "forced": found.forced,
        "used_by": found.used_by or None,
        "reason": found.reason,
        "by": found.by,
        "at": time(found.at),
        "parity": write(found.parity),
    }
