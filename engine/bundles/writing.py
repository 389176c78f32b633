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
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import sha256
from importlib.resources import files
from pathlib import Path
from types import TracebackType
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
from engine.errors import Damage, NotFound, Refusal
from engine.json_records import write as as_json
from engine.storage.disk import refused
from engine.storage.objects import ObjectStore
from engine.storage.stored_pieces import StoredPieces
from engine.storage.workspace import Workspace
from engine.versions import catalog
from engine.versions import document as documents
from engine.versions.environment import lock_of

if TYPE_CHECKING:
    from engine.versions.records import VersionDocument


HANDED_ON = 8 << 20  # of bytes, that the disk is told of at once


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


@contextmanager
def unfinished(target: Path) -> Iterator[IO[bytes]]:
    """A new file that is called ``target`` once the block has ended well, and is gone where it has not.

    Raises Refusal where ``target`` is there, or the file cannot be written.
    """
    _check_free(target)
    temporary = target.with_name(f".{target.name[:100]}.{secrets.token_hex(6)}.tmp")
    try:
        with refused(f"The bundle could not be written to {target}"):
            with open(temporary, "xb") as file:
                yield file
            # Whoever reads a bundle checks all of it, so nobody waits here for the disk.
            _check_free(target)  # Somebody may have written one there meanwhile, and a rename would replace it.
            os.rename(temporary, target)
    finally:
        temporary.unlink(missing_ok=True)


def _check_free(target: Path) -> None:
    if os.path.lexists(target):
        raise Refusal(f"{target} is there already; name a file that is not, or move that one away.")
    if not target.parent.is_dir():
        raise NotFound(f"There is no folder {target.parent} to write {target.name} in; make it, or name another.")


def write(
    workspace: Workspace, db: sqlite3.Connection, store: ObjectStore, label: str, file: IO[bytes], wanted: Wanted
) -> Bundle:
    """Write the version called ``label`` into ``file``, which is empty and can be gone back in.

    Raises NotFound, Refusal where the version cannot travel, Damage where it is not whole here.
    """
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
    with _Zip(file) as zipped:
        for name, content in texts.items():
            zipped.add(name, content)
        try:
            with StoredPieces(store) as pieces:
                for each in found:
                    zipped.copy(each, pieces.of(each.stored))
        except Damage as damage:
            raise documents.named(store, label, damage) from None
        zipped.add(PUBLIC_KEY, f"{key.line}\n".encode())
        members = tuple(zipped.members)
        signed = manifests.content(
            BundleManifest(row["digest"], label, told_of.sender.workspace, key.line, members, absent)
        )
        zipped.add(MANIFEST, signed)
        zipped.add(SIGNATURE, keys.sign(workspace.root, signed).hex().encode() + b"\n")
        size = zipped.close()
    count, digest = len(zipped.members), sha256(signed).hexdigest()
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
    """A zip while it is written. The head of a stored file waits for the checksum of what comes behind it.

    A context: at its end nobody uses the file any more.
    """

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self._zipped: list[ZipMember] = []
        self._end = self._handed_on = 0
        self._disk = ThreadPoolExecutor(1)
        self.members: list[BundleMember] = []

    def __enter__(self) -> _Zip:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._disk.shutdown()

    def add(self, name: str, content: bytes) -> None:
        """Write a member that is made here."""
        member = ZipMember(name, len(content), zlib.crc32(content))
        self._write(zip_layout.head(member) + content)
        self._list(member, sha256(content).hexdigest())

    def copy(self, file: BundledFile, pieces: Iterable[tuple[memoryview, list[int]]]) -> None:
        """Write a file of the store: its ``pieces``, which are verified once they were read to their end, and the sizes
        of the objects in each. Raises Damage."""
        start, stored = self._end, file.stored
        self._write(zip_layout.head(ZipMember(file.name, stored.size, 0, file.executable)))
        checksum, sizes = 0, list[int]()
        for piece, begun in pieces:
            checksum = zlib.crc32(piece, checksum)
            self._write(piece)
            sizes += begun
        member = ZipMember(file.name, stored.size, checksum, file.executable)
        self._file.seek(start)
        self._file.write(zip_layout.head(member))
        self._file.seek(self._end)
        self._list(member, stored.digest, tuple(each for each in sizes if each) if len(sizes) > 1 else ())

    def _write(self, content: bytes | memoryview) -> None:
        self._file.write(content)
        self._end += len(content)
        if self._end - self._handed_on >= HANDED_ON:
            self._disk.submit(_begin_to_write, self._file.fileno(), self._handed_on, self._end - self._handed_on)
            self._handed_on = self._end

    def _list(self, member: ZipMember, digest: str, pieces: tuple[int, ...] = ()) -> None:
        self._zipped.append(member)
        self.members.append(BundleMember(member.name, member.size, digest, member.executable, pieces))

    def close(self) -> int:
        """Write the directory; the size of the whole."""
        self._write(zip_layout.directory(self._zipped))
        self._file.flush()
        return self._end


def _begin_to_write(file: int, start: int, size: int) -> None:
    """Have the disk take a part of ``file`` while the rest is read and hashed, and not only when somebody waits for it.

    On Linux that is what this advice comes to for what was just written; it may take as long as other cores are busy,
    so nobody waits for it either.
    """
    if hasattr(os, "posix_fadvise"):
        os.posix_fadvise(file, start, size, os.POSIX_FADV_DONTNEED)
