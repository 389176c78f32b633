"""Write a bundle: every file straight out of the store into the zip, verified on the way, whole or not at all.

Members are stored as they are. To compress them would cost more time than to read them, and would make the bytes depend
on the release of a library; models and Parquet are compressed already.
"""

from __future__ import annotations

import json
import os
import secrets
import sqlite3
import zlib
from collections.abc import Iterable
from dataclasses import dataclass
from hashlib import sha256
from importlib.resources import files
from pathlib import Path
from typing import IO, TYPE_CHECKING

from engine.audit.chain import canonical
from engine.bundles import key as keys
from engine.bundles import manifest as manifests
from engine.bundles import provenance as provenances
from engine.bundles import zip_layout
from engine.bundles.contents import (
    DOCUMENT,
    GATES,
    LOCK_TEXT,
    PAGE,
    PROVENANCE,
    PUBLIC_KEY,
    SCHEMA,
    SETTINGS,
    VERIFIER,
    WHEELS,
    BundledFile,
    absent_data,
    absent_environment,
    files_of,
    is_data,
    told_values,
    why_without_data,
)
from engine.bundles.manifest import MANIFEST, SIGNATURE, AbsentPart, BundleManifest, BundleMember
from engine.bundles.names import why_not_names
from engine.bundles.page import page
from engine.bundles.zip_layout import ZipMember
from engine.environments import kept_files
from engine.errors import Damage, Refusal
from engine.json_records import write as as_json
from engine.storage.disk import refused
from engine.storage.objects import ObjectStore
from engine.storage.workspace import Workspace
from engine.versions import catalog
from engine.versions import document as documents
from engine.versions.environment import lock_of

if TYPE_CHECKING:
    from engine.versions.records import VersionDocument


@dataclass(frozen=True)
class Wanted:
    """What is to be in a bundle besides what always is: the data that it was made from, and the packages' files."""

    data: bool = True
    wheels: bool = False


@dataclass(frozen=True)
class Bundle:
    """One that was written: ``digest`` is that of its manifest, which stands for all of it. ``place``: None where it
    was sent on and kept nowhere."""

    label: str
    version: str
    place: str | None
    size: int
    members: int
    digest: str
    fingerprint: str
    absent: tuple[AbsentPart, ...]


def write_to(
    workspace: Workspace, db: sqlite3.Connection, store: ObjectStore, label: str, target: Path, wanted: Wanted
) -> Bundle:
    """Write the version called ``label`` to the new file ``target``, with what is ``wanted`` in it.

    Raises NotFound, Refusal where ``target`` is there or the version cannot travel, Damage where it is not whole here.
    """
    if os.path.lexists(target):
        raise Refusal(f"{target} is there already; name a file that is not, or move that one away.")
    temporary = target.with_name(f".{target.name[:100]}.{secrets.token_hex(6)}.tmp")
    try:
        with refused(f"The bundle could not be written to {target}"), open(temporary, "xb") as file:
            made = write(workspace, db, store, label, file, wanted)
        # Whoever reads a bundle checks all of it, so nobody waits here for the disk.
        with refused(f"The bundle could not be written to {target}"):
            os.rename(temporary, target)
    finally:
        temporary.unlink(missing_ok=True)
    return Bundle(**{**vars(made), "place": str(target)})


def write(
    workspace: Workspace, db: sqlite3.Connection, store: ObjectStore, label: str, file: IO[bytes], wanted: Wanted
) -> Bundle:
    """The same into ``file``, which is empty and can be gone back in."""
    row = catalog.find(db, label)
    if row["cleaned_at"]:
        raise Refusal(
            f"The content of {label} was cleaned up on {row['cleaned_at'][:10]}; 'leverframe bin restore "
            f"version:{label}' brings it back while the bin has it."
        )
    document = documents.of_version(store, label, row["digest"])
    if told := told_values(document):
        raise Refusal(
            f"The schema of {label} lists values of {', '.join(told)}, which leverframe.toml calls sensitive, so it "
            "does not travel; retrain, and bundle the version that comes of that."
        )
    key, why = keys.own(workspace.root), why_without_data(document, wanted.data)
    told_of = provenances.provenance(db, label)
    absent = (*([absent_data(document, why)] if why else []), *absent_environment(document, wheels=wanted.wheels))
    texts = _texts(store, document, row["digest"], told_of, absent, key.fingerprint)
    found = [each for each in files_of(document) if not (why and is_data(each.name))]
    if wanted.wheels:
        found += _wheels(db, store, document, label)
    if (wrong := why_not_names([*texts, *(each.name for each in found)])) is not None:
        raise Refusal(f"{label} cannot travel: {wrong}. Give the files of the project other names and retrain.")
    zipped = _Zip(file)
    try:
        for name, content in texts.items():
            zipped.add(name, [content], len(content))
        for each in found:
            pieces, size, digest = store.pieces(each.stored), each.stored.size, each.stored.digest
            zipped.add(each.name, pieces, size, executable=each.executable, digest=digest)
    except Damage as damage:
        raise documents.named(store, label, damage) from None
    zipped.add(PUBLIC_KEY, [line := f"{key.line}\n".encode()], len(line))
    manifest = BundleManifest(row["digest"], label, told_of.sender.workspace, key.line, tuple(zipped.members), absent)
    content = manifests.content(manifest)
    signature = keys.sign(workspace.root, content).hex().encode() + b"\n"
    for name, text in ((MANIFEST, content), (SIGNATURE, signature)):
        zipped.add(name, [text], len(text))
    size, count, digest = zipped.close(), len(zipped.members), sha256(content).hexdigest()
    return Bundle(label, row["digest"], None, size, count, digest, key.fingerprint, absent)


def _wheels(db: sqlite3.Connection, store: ObjectStore, document: VersionDocument, label: str) -> list[BundledFile]:
    """The files that its environment is built from, as they are kept. Raises Refusal where that is not all of them."""
    lock = lock_of(store, document)
    kept = kept_files.of(db, lock.digest)
    why = "nobody has fetched them yet" if kept is None else kept.why
    if kept is None or why is not None:
        raise Refusal(f"The packages of {label} cannot travel: {why}. Leave --wheels away; they are fetched there.")
    return [BundledFile(f"{WHEELS}/{Path(each.name).name}", each.stored) for each in kept.files]


def _texts(
    store: ObjectStore,
    document: VersionDocument,
    digest: str,
    told: provenances.Provenance,
    absent: tuple[AbsentPart, ...],
    fingerprint: str,
) -> dict[str, bytes]:
    """The members that are made here, in their order."""
    lock = lock_of(store, document)
    return {
        PAGE: page(document, digest, told, absent, fingerprint),
        VERIFIER: files("engine.bundles").joinpath(VERIFIER).read_bytes(),
        DOCUMENT: canonical(documents.written(document)).encode(),
        PROVENANCE: provenances.content(told),
        SCHEMA: _pretty(document.schema),
        GATES: _pretty([as_json(each) for each in document.gates]),
        SETTINGS: _pretty(document.settings),
        LOCK_TEXT: lock.text.encode(),
    }


def _pretty(value: object) -> bytes:
    return (json.dumps(value, indent=1, sort_keys=True, ensure_ascii=False) + "\n").encode()


class _Zip:
    """A zip while it is written. Each head waits for the checksum of what comes behind it, and is filled in then."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self._zipped: list[ZipMember] = []
        self._end = 0
        self.members: list[BundleMember] = []

    def add(
        self, name: str, pieces: Iterable[bytes], size: int, *, executable: bool = False, digest: str | None = None
    ) -> None:
        """``digest``: that of the whole, where reading the pieces to their end verifies it. Raises Damage."""
        start, length = self._end, len(zip_layout.head(ZipMember(name, size, 0)))
        self._file.write(bytes(length))
        whole, checksum, sizes = sha256(), 0, []
        for piece in pieces:
            if digest is None:
                whole.update(piece)
            checksum = zlib.crc32(piece, checksum)
            self._file.write(piece)
            sizes.append(len(piece))
        if sum(sizes) != size:
            raise Damage(f"A stored file is damaged: it has {sum(sizes):,} bytes and not {size:,}.")
        member = ZipMember(name, size, checksum, executable)
        self._file.seek(start)
        self._file.write(zip_layout.head(member))
        self._end = start + length + size
        self._file.seek(self._end)
        self._zipped.append(member)
        several = tuple(each for each in sizes if each) if len(sizes) > 1 else ()
        self.members.append(BundleMember(name, size, digest or whole.hexdigest(), executable, several))

    def close(self) -> int:
        """Write the directory; the size of the whole."""
        directory = zip_layout.directory(self._zipped)
        self._file.write(directory)
        self._file.flush()
        return self._end + len(directory)
