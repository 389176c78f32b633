"""Data that a version names and that is not here, because its manifest lets it travel as a reference.

The version is the same with it and without, and so is its digest. What is not here on purpose the store says itself, by
a small object that names the data: so whoever reads a version tells that from what was lost.
"""

from __future__ import annotations

from collections.abc import Mapping
from hashlib import sha256
from typing import TYPE_CHECKING, Any

from engine.audit.chain import canonical
from engine.errors import Refusal
from engine.storage.free_space import in_words
from engine.storage.objects import ObjectStore
from engine.text import plain

if TYPE_CHECKING:
    from engine.versions.records import VersionDocument

BY_REFERENCE = "reference"


def travels_by_reference(settings: Mapping[str, Any]) -> bool:
    """Whether a manifest, as a version keeps it, says that the data does not travel itself."""
    data = settings.get("data")
    return isinstance(data, Mapping) and data.get("travels") == BY_REFERENCE


def kept_at(settings: Mapping[str, Any]) -> str:
    """Where such a manifest says that the data is to be had: words for people."""
    return plain(str(settings["data"].get("kept_at") or "nobody says where"), 500)


def mark_of(document: VersionDocument) -> str:
    """The digest of the object that says that the data of ``document`` is not here."""
    return sha256(_mark(document)).hexdigest()


def _mark(document: VersionDocument) -> bytes:
    return canonical({"kind": "leverframe-absent-data", "data": document.data.digest}).encode()


def mark(store: ObjectStore, document: VersionDocument) -> None:
    """Have ``store`` say that it is not there."""
    store.put(_mark(document))


def unmark(store: ObjectStore, document: VersionDocument) -> None:
    """Have it say so no more: what is lacking from now on was lost."""
    store.path(mark_of(document)).unlink(missing_ok=True)


def is_absent(store: ObjectStore, document: VersionDocument) -> bool:
    """Whether its data is not here, and that on purpose."""
    if not travels_by_reference(document.settings) or not store.has(mark_of(document)):
        return False
    return any(not store.has(digest) for file in document.data.files for digest in file.chunks)


def sentence(document: VersionDocument) -> str:
    """What is not here and where it is to be had, without an end."""
    size, rows = sum(each.size for each in document.data.files), document.data.rows
    return f"its data ({rows:,} rows, {in_words(size)}), kept at: {kept_at(document.settings)}"


def refuse_absent(store: ObjectStore, document: VersionDocument, label: str, what: str) -> None:
    """Raise Refusal where ``what``, a half sentence, cannot be done because the data of ``label`` is not here."""
    if is_absent(store, document):
        raise Refusal(
            f"{label} is here without {sentence(document)}. So {what}; bring it with 'leverframe import BUNDLE --data "
            "FOLDER', from the bundle that the version came in."
        )
