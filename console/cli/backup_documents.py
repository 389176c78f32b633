"""Backups as JSON documents with keys that scripts rely on. Pure."""

from __future__ import annotations

from dataclasses import asdict

from console.cli.documents import Document, time
from engine.backup.records import Backup, Checked, Restored


def backup(found: Backup) -> Document:
    return {**asdict(found), "at": time(found.at), "lacking": list(found.lacking)}


def checked(found: Checked) -> Document:
    document = {**asdict(found), "ok": not found.problems, "made_at": time(found.made_at)}
    return {**document, "problems": list(found.problems), "lacking": list(found.lacking)}


def restored(found: Restored) -> Document:
    return {**asdict(found), "made_at": time(found.made_at), "notes": list(found.notes)}
