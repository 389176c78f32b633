"""Housekeeping's records as JSON documents with keys that scripts rely on. Pure."""

from __future__ import annotations

from dataclasses import asdict

from console.cli.documents import Document, time
from engine.housekeeping.places import WatchedFolder
from engine.housekeeping.records import BinItem, Cleaned, CleanItem, CleanPlan, DiskReport, LargeFile
from engine.housekeeping.settings import Setting


def report(found: DiskReport) -> Document:
    return {
        "at": time(found.at),
        "total": found.total,
        "free": found.free,
        "keep_free": found.keep_free,
        "used": found.used,
        "days_until_full": found.days_until_full,
        "by_project": [asdict(share) for share in found.by_project],
        "by_kind": [asdict(share) for share in found.by_kind],
        "largest": [file(each) for each in found.largest],
        "growing": [file(each) for each in found.growing],
        "findings": [asdict(finding) for finding in found.findings],
        "scan_seconds": found.scan_seconds,
    }


def file(found: LargeFile) -> Document:
    return {**asdict(found), "modified_at": time(found.modified_at)}


def plan(found: CleanPlan) -> Document:
    return {
        "at": time(found.at),
        "note": found.note or None,
        "bytes": found.bytes,
        "goes": [item(each) for each in found.items if each.goes],
        "stays": [item(each) for each in found.items if not each.goes],
    }


def item(found: CleanItem) -> Document:
    return {"id": found.id, "kind": found.kind, "what": found.what, "bytes": found.bytes, "why": found.why}


def cleaned(found: Cleaned) -> Document:
    return {"sentence": found.sentence, "bytes": found.bytes, "items": found.items, "notes": list(found.notes)}


def bin_item(found: BinItem) -> Document:
    return {**asdict(found), "binned_at": time(found.binned_at), "purge_at": time(found.purge_at)}


def place(found: WatchedFolder) -> Document:
    return {**asdict(found), "added_at": time(found.added_at)}


def setting(found: Setting) -> Document:
    return asdict(found)
