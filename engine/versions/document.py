"""The version document: canonical JSON that names objects; its digest is the version's identity."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from engine.audit.chain import canonical
from engine.errors import Damage
from engine.storage.last_backup import way_back
from engine.storage.objects import ObjectStore, Stored
from engine.versions.absent_data import is_absent

if TYPE_CHECKING:
    from engine.storage.stored_files import StoredFile
    from engine.versions.records import VersionDocument

FORMAT = 1
DATA = "data"
COMPILED = "compiled"


def digest_of_files(files: Iterable[Stored]) -> str:
    """One digest for some stored files: it changes when any of them does, or their order."""
    from hashlib import sha256

    return sha256("".join(each.digest for each in files).encode()).hexdigest()


def written(document: VersionDocument) -> dict[str, Any]:
    """``document`` as JSON can hold it. What a newer Leverframe put there stays, so that its digest is what it was."""
    from engine.json_records import write

    return write(document) | {"format": FORMAT}


def save(store: ObjectStore, document: VersionDocument) -> str:
    """Write ``document`` to the store and return its digest."""
    digest = store.put(canonical(written(document)).encode())
    store.sync()
    return digest


def load(store: ObjectStore, digest: str) -> VersionDocument:
    """The document with ``digest``, verified. Raises Damage."""
    return _record(store.get(digest), digest)


def parsed(content: bytes, digest: str) -> VersionDocument:
    """The document with the bytes ``content``, whose digest that is. Raises Damage."""
    return _record(content, digest)


@lru_cache(maxsize=32)
def _record(content: bytes, digest: str) -> VersionDocument:
    # The records are made when the first document is read, not on the way to the first screen.
    from engine.json_records import read
    from engine.versions.records import VersionDocument

    try:
        document = json.loads(content)
    except (ValueError, RecursionError):
        raise Damage(f"The version {digest[:12]} is no JSON document.") from None
    form = document.get("format") if isinstance(document, dict) else None
    if form != FORMAT:
        raise Damage(f"The version {digest[:12]} has format {form}; this Leverframe reads {FORMAT}.")
    return read(VersionDocument, document, f"The version {digest[:12]}")


def of_version(store: ObjectStore, label: str, digest: str) -> VersionDocument:
    """The document of the version called ``label``. Raises Damage that names the version and says what to do."""
    try:
        return load(store, digest)
    except Damage as damage:
        raise named(store, label, damage) from None


def named(store: ObjectStore, label: str, damage: Damage) -> Damage:
    """``damage``, which knows an object only, as a sentence about the version called ``label``."""
    what, way = str(damage).rstrip("."), way_back(store.root.parent, "choose another version")
    return Damage(f"{label} is damaged: {what[:1].lower()}{what[1:]}; {way}.")


def folders(document: VersionDocument) -> dict[str, Sequence[StoredFile]]:
    """The folders that it is rebuilt from, each with its files."""
    compiled = {COMPILED: document.scorer.files} if document.scorer.files else {}
    return {"code": document.code.files, "model": document.model.files, **compiled, DATA: document.data.files}


def folders_here(store: ObjectStore, document: VersionDocument) -> dict[str, Sequence[StoredFile]]:
    """The same without data that is not here on purpose."""
    found = folders(document)
    return {name: files for name, files in found.items() if name != DATA} if is_absent(store, document) else found


def stored_files(document: VersionDocument) -> Iterator[tuple[str, Stored]]:
    """Every file that the document names, each with what it is for."""
    for name, files in folders(document).items():
        for file in files:
            yield f"{name}/{file.path}", file
    if document.code.patch is not None:
        yield "code patch", document.code.patch
    yield "environment lock", document.environment.lock
    for kept in document.environment.files:
        yield f"environment {kept.path}", kept
    yield "golden inputs", document.golden.inputs
    yield "golden predictions", document.golden.predictions


def files_here(store: ObjectStore, document: VersionDocument) -> Iterator[tuple[str, Stored]]:
    """The same without data that is not here on purpose."""
    absent = is_absent(store, document)
    yield from ((what, each) for what, each in stored_files(document) if not (absent and what.startswith(f"{DATA}/")))


def damaged(store: ObjectStore, digest: str) -> list[str]:
    """What of the version with ``digest`` is not whole in the store, in words; empty when all is well."""
    try:
        document = load(store, digest)
    except Damage as damage:
        return [str(damage)]
    broken = []
    for what, stored in files_here(store, document):
        try:
            store.read(stored)
        except Damage as damage:
            broken.append(f"{what}: {damage}")
    return broken


def store_folder(store: ObjectStore, folder: Path) -> tuple[StoredFile, ...]:
    """Put every file under ``folder`` into the store; links are not followed and not kept."""
    from engine.storage.stored_files import StoredFile

    files = []
    for path in sorted(folder.rglob("*")):
        if path.is_file() and not path.is_symlink():
            executable, stored = bool(path.stat().st_mode & 0o100), store.put_file(path)
            name = path.relative_to(folder).as_posix()
            files.append(StoredFile(stored.digest, stored.size, stored.chunks, name, executable))
    return tuple(files)


def write_folder(store: ObjectStore, files: Iterable[StoredFile], folder: Path) -> None:
    """The reverse of ``store_folder``. Raises Damage for a file that is not whole or whose name leads out of it."""
    folder.mkdir()
    for file in files:
        target = folder / file.path
        if not target.resolve().is_relative_to(folder.resolve()):
            raise Damage(f"The version names a file outside its folder: {file.path!a}.")
        target.parent.mkdir(parents=True, exist_ok=True)
        store.write_file(file, target, mode=0o555 if file.executable else 0o444)
