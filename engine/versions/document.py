"""The version document: canonical JSON that names objects; its digest is the version's identity."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from hashlib import sha256
from pathlib import Path
from typing import Any

from engine.audit.chain import canonical
from engine.errors import Damage
from engine.storage.last_backup import way_back
from engine.storage.objects import ObjectStore, Stored

FORMAT = 1
SECTIONS = (
    "code", "data", "schema", "environment", "model", "settings", "schedule", "metrics", "gates", "golden", "lineage",
)  # fmt: skip

FOLDERS = ("code", "model", "data")


def digest_of_files(files: list[dict[str, Any]]) -> str:
    """One digest for a list of stored files: it changes when any of them does, or their order."""
    return sha256("".join(f["digest"] for f in files).encode()).hexdigest()


def save(store: ObjectStore, document: Mapping[str, Any]) -> str:
    """Write ``document`` to the store and return its digest. A section that is missing is a bug."""
    missing = [name for name in SECTIONS if name not in document]
    if missing:
        raise ValueError(f"version document without {missing}")
    digest = store.put(canonical({"format": FORMAT, **document}).encode())
    store.sync()
    return digest


def load(store: ObjectStore, digest: str) -> dict[str, Any]:
    """The document with ``digest``, verified. Raises Damage."""
    document: dict[str, Any] = json.loads(store.get(digest))
    if document.get("format") != FORMAT:
        raise Damage(f"The version {digest[:12]} has format {document.get('format')}; this Leverframe reads {FORMAT}.")
    return document


def of_version(store: ObjectStore, label: str, digest: str) -> dict[str, Any]:
    """The document of the version called ``label``. Raises Damage that names the version and says what to do."""
    try:
        return load(store, digest)
    except Damage as damage:
        raise named(store, label, damage) from None


def named(store: ObjectStore, label: str, damage: Damage) -> Damage:
    """``damage``, which knows an object only, as a sentence about the version called ``label``."""
    what, way = str(damage).rstrip("."), way_back(store.root.parent, "choose another version")
    return Damage(f"{label} is damaged: {what[:1].lower()}{what[1:]}; {way}.")


def stored_files(document: Mapping[str, Any]) -> Iterator[tuple[str, Stored]]:
    """Every file that the document names, each with what it is for."""
    for section in FOLDERS:
        for file in document[section]["files"]:
            yield f"{section}/{file['path']}", Stored.of(file)
    if document["code"].get("patch"):
        yield "code patch", Stored.of(document["code"]["patch"])
    yield "environment lock", Stored.of(document["environment"]["lock"])
    for name in ("inputs", "predictions"):
        yield f"golden {name}", Stored.of(document["golden"][name])


def damaged(store: ObjectStore, digest: str) -> list[str]:
    """What of the version with ``digest`` is not whole in the store, in words; empty when all is well."""
    try:
        document = load(store, digest)
    except Damage as damage:
        return [str(damage)]
    broken = []
    for what, stored in stored_files(document):
        try:
            store.read(stored)
        except Damage as damage:
            broken.append(f"{what}: {damage}")
    return broken


def store_folder(store: ObjectStore, folder: Path) -> list[dict[str, Any]]:
    """Put every file under ``folder`` into the store; links are not followed and not kept."""
    files = []
    for path in sorted(folder.rglob("*")):
        if path.is_file() and not path.is_symlink():
            executable = bool(path.stat().st_mode & 0o100)
            name = path.relative_to(folder).as_posix()
            files.append({"path": name, "executable": executable, **store.put_file(path).document()})
    return files


def write_folder(store: ObjectStore, files: list[dict[str, Any]], folder: Path) -> None:
    """The reverse of ``store_folder``. Raises Damage for a file that is not whole or whose name leads out of it."""
    folder.mkdir()
    for file in files:
        target = folder / file["path"]
        if not target.resolve().is_relative_to(folder.resolve()):
            raise Damage(f"The version names a file outside its folder: {file['path']!a}.")
        target.parent.mkdir(parents=True, exist_ok=True)
        store.write_file(Stored.of(file), target, mode=0o555 if file["executable"] else 0o444)
