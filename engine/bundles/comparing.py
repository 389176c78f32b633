"""What differs between two versions of which one or both are bundles: before one is taken in, or against the last."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import TYPE_CHECKING

from engine.bundles.naming_errors import named
from engine.bundles.reading import opened
from engine.records import Change
from engine.storage.objects import ObjectStore
from engine.text import plain
from engine.versions import catalog
from engine.versions import document as documents
from engine.versions.diff import changes
from engine.versions.metric_change import metric_change

if TYPE_CHECKING:
    from engine.versions.records import VersionDocument


def differences(
    db: sqlite3.Connection, store: ObjectStore, old: Path | str, new: Path | str
) -> tuple[Change, ...]:
    """Code, data, schema, packages, settings, metrics; each of ``old`` and ``new`` is a bundle, or a label here.

    A bundle is held against its own signature; whose that is decides nothing here, for nothing of it is run or kept.
    Raises what reading one raises, and NotFound.
    """
    before, after = _document(db, store, old), _document(db, store, new)
    return (*changes(before, after), metric_change(before.metrics, after.metrics))


def _document(db: sqlite3.Connection, store: ObjectStore, source: Path | str) -> VersionDocument:
    if isinstance(source, str):
        return documents.of_version(store, source, str(catalog.find(db, source)["digest"]))
    with named(plain(str(source), 200), "cannot be compared"), opened(source) as bundle:
        return bundle.document
