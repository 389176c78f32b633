"""Open a bundle that anybody may have made: nothing in it is believed before it is held against something that is.

In this order: the zip's own bytes are what this Leverframe would have written for such members; the manifest is what a
trusted key has signed; the document is the one that the manifest names; and there are just those members that the
document makes. What each holds is verified while it is read (``stream``).
"""

from __future__ import annotations

import os
import re
import stat
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from hashlib import sha256
from pathlib import Path
from typing import IO, TYPE_CHECKING, get_args

from engine.access.public_key import PublicKey
from engine.bundles import contents, key, manifest, names, provenance, spelling, zip_layout
from engine.bundles.manifest import MANIFEST, SIGNATURE, BundleManifest, BundleMember
from engine.bundles.names import LARGEST_TEXT
from engine.bundles.provenance import Provenance
from engine.bundles.zip_layout import ZipMember
from engine.environments.records import canonical
from engine.errors import Damage, Invalid, NotFound, Refusal
from engine.projects.manifest.sections import NAME
from engine.records import GateVerdict
from engine.runs.steps import holding
from engine.storage.disk import why_not
from engine.text import plain
from engine.validation.schema import check_form
from engine.versions import document as documents

if TYPE_CHECKING:
    from engine.versions.records import VersionDocument

PIECE = 1 << 20
LARGEST_DIRECTORY = 128 << 20
LARGEST_OBJECT = 1 << 30  # of what has to be in memory at once


@dataclass(frozen=True)
class Place:
    """Where the content of a member lies in the file."""

    start: int
    size: int
    checksum: int


class OpenBundle:
    """A bundle whose zip is as it should be and whose manifest its own key has signed. ``size``: of the file."""

    def __init__(self, file: IO[bytes], size: int, places: dict[str, Place]) -> None:
        self._file, self.size, self._places = file, size, places
        signed = self._text(MANIFEST, None)
        self.manifest: BundleManifest = manifest.read(signed)
        try:
            self.key: PublicKey = key.public_key(self.manifest.key)
            signature = bytes.fromhex(self._text(SIGNATURE, None).decode("ascii").strip())
        except (Invalid, ValueError):
            raise Damage("Its signature is none.") from None
        if not key.holds(self.key, signature, signed):
            raise Damage("Its manifest is not what its key has signed: it was changed.")
        self.digest = sha256(signed).hexdigest()
        self.members = {each.name: each for each in self.manifest.members}
        _check_listed(self.manifest, places)

    @cached_property
    def document(self) -> VersionDocument:
        """The version's document. Raises Damage where it is not the one that was signed."""
        content = self._text(contents.DOCUMENT, self.members.get(contents.DOCUMENT))
        if sha256(content).hexdigest() != self.manifest.version:
            raise Damage("Its version.json is not the version that its manifest names.")
        spelling.check_canonical(content, "Its version.json")
        found = documents.parsed(content, self.manifest.version)
        _check_made_by(found, self.manifest)
        _check_told(found)
        return found

    @property
    def wheels(self) -> tuple[str, ...]:
        """The members that its environment can be built from without a registry."""
        return tuple(name for name in self.members if contents.is_wheel(name))

    @cached_property
    def provenance(self) -> Provenance:
        """Where it comes from. Raises Damage where the manifest says otherwise."""
        found = provenance.parsed(self._text(contents.PROVENANCE, self.members.get(contents.PROVENANCE)))
        if (found.sender.workspace, found.sender.label) != (self.manifest.workspace, self.manifest.label):
            raise Damage("Its provenance and its manifest disagree on where it comes from.")
        return found

    @property
    def document_content(self) -> bytes:
        """The bytes of the document, which are a version's identity."""
        return self._text(contents.DOCUMENT, self.members[contents.DOCUMENT])

    def stream(self, name: str) -> Iterator[bytes]:
        """The content of a member, in the pieces that it was stored in, or in some; verified once it was read to its
        end. Raises Damage then."""
        member, place = self.members[name], self._places[name]
        yield from _verified(self._file, place, member)

    def verify_rest(self, done: set[str]) -> None:
        """Read what was not read yet. Raises Damage."""
        for name in self.members:
            if name not in done:
                for _ in self.stream(name):
                    pass

    def _text(self, name: str, member: BundleMember | None) -> bytes:
        if name not in self._places or (member is None and name not in (MANIFEST, SIGNATURE)):
            raise Damage(f"It has no {name}.")
        place = self._places[name]
        if place.size > LARGEST_TEXT:
            raise Damage(f"Its {name} is larger than any real one.")
        return b"".join(_verified(self._file, place, member))


def _verified(file: IO[bytes], place: Place, member: BundleMember | None) -> Iterator[bytes]:
    """``member``: None where a signature, and not a digest, says whether it is whole."""
    whole, checksum, start, left = sha256(), 0, place.start, place.size
    sizes = iter(member.pieces if member is not None else ())
    while left:
        file.seek(start)
        wanted = min(left, next(sizes, PIECE))
        piece = _exactly(file, wanted)
        if len(piece) != wanted:
            raise Damage("It is shorter by now than it was when it was opened.")
        whole.update(piece)
        checksum = zlib.crc32(piece, checksum)
        start, left = start + len(piece), left - len(piece)
        yield piece
    wrong = member is not None and (place.size != member.size or whole.hexdigest() != member.sha256)
    if wrong or checksum != place.checksum:
        raise Damage(f"Of it '{plain(member.name if member else MANIFEST, 80)}' is not what was signed.")


def _check_listed(found: BundleManifest, places: dict[str, Place]) -> None:
    listed = [each.name for each in found.members]
    if [*listed, MANIFEST, SIGNATURE] != list(places):
        odd = sorted({*listed, MANIFEST, SIGNATURE} ^ places.keys())
        what = f"'{plain(odd[0], 80)}' is in one and not in the other" if odd else "they come in another order"
        raise Damage(f"Its manifest and its members disagree: {what}.")
    for each in found.members:
        if places[each.name].size != each.size:
            raise Damage(f"Of it '{plain(each.name, 80)}' is not as large as was signed.")


def _check_told(document: VersionDocument) -> None:
    """Raise Damage for what a card could not show: it stands between a version and whoever decides about it."""
    spelling.check_words(document.said or {})
    holding.recorded(document.lineage.sandbox)
    check_form(document.schema)
    for gate in document.gates:
        if gate.verdict not in get_args(GateVerdict):
            raise Damage(f"Its gate '{plain(gate.name, 60)}' has no verdict that a gate has.")


def _check_made_by(document: VersionDocument, found: BundleManifest) -> None:
    """Raise Damage unless the members are those that the document makes, but for what is said to be absent."""
    if not re.fullmatch(NAME, document.project):  # Before anything here is named after it.
        raise Damage(f"'{plain(document.project, 80)}' is no name of a project, and its version.json says so.")
    absent = {file.name: file for part in found.absent for file in part.files}
    if (why := names.why_not_names([*absent])) is not None:
        raise Damage(f"What did not travel with it has names that none has: {why}.")
    wanted = {each.name: each for each in contents.files_of(document)}
    there = {each.name: each for each in found.members if not contents.is_wheel(each.name)}
    fixed = {*contents.FIRST, contents.PUBLIC_KEY}
    for name in (there.keys() - wanted.keys()) ^ fixed:
        raise Damage(f"'{plain(name, 80)}' in it is {'none of the version' if name in there else 'lacking'}.")
    packages = {each.name for each in document.environment.packages}
    for name in filter(contents.is_wheel, (each.name for each in found.members)):
        # Which file of a package it is, the signature says: what is locked as source travels as the wheel built of it.
        if canonical(name.partition("/")[2].partition("-")[0]) not in packages:
            raise Damage(f"'{plain(name, 80)}' in it is none of the packages that its lock names.")
    for name, file in wanted.items():
        member = there.get(name) or absent.get(name)
        if member is None or (name in absent and not contents.is_data(name)):
            raise Damage(f"'{plain(name, 80)}' of the version is not in it.")
        if (member.sha256, member.size) != (file.stored.digest, file.stored.size):
            raise Damage(f"'{plain(name, 80)}' in it is not the file that the version names.")
        if name in there and (len(member.pieces) or min(member.size, 1)) != len(file.stored.chunks):
            raise Damage(f"'{plain(name, 80)}' in it is not in the pieces that the version names.")
        if max(member.pieces or (member.size,)) > LARGEST_OBJECT:
            raise Damage(f"'{plain(name, 80)}' in it is in larger pieces than any real one.")


@contextmanager
def opened(path: Path) -> Iterator[OpenBundle]:
    """The bundle in the file ``path``. Raises NotFound, Refusal for what is no bundle that may be opened, Damage."""
    shown = plain(str(path), 200)
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    except FileNotFoundError:
        raise NotFound(f"There is no file {shown}; name the one that 'leverframe bundle' wrote.") from None
    except OSError as error:
        raise Refusal(f"{shown} cannot be read: {why_not(error)}.") from None
    found = os.fstat(descriptor)
    if not stat.S_ISREG(found.st_mode):  # Asked before it is a file of Python's, which opens no folder.
        os.close(descriptor)
        raise Refusal(f"{shown} is no file; name the one that 'leverframe bundle' wrote.")
    with os.fdopen(descriptor, "rb", buffering=0) as file:
        yield OpenBundle(file, found.st_size, _places(file, found.st_size))


def _places(file: IO[bytes], size: int) -> dict[str, Place]:
    """Where each member lies. Raises Refusal for a zip that is none of ours, Damage for one that was changed."""
    try:
        file.seek(max(0, size - zip_layout.TAIL))
        begins, length, count = zip_layout.place_of_directory(_exactly(file, min(size, zip_layout.TAIL)), size)
        if length > LARGEST_DIRECTORY or count > names.MOST:
            raise Refusal(f"It lists {count:,} members, and none of ours has more than {names.MOST:,}.")
        file.seek(begins)
        listed = zip_layout.read_directory(_exactly(file, length), count)
    except zip_layout.NotAZip as wrong:
        raise Damage(f"It is no bundle that is whole: {wrong}.") from None
    if (why := names.why_not_members(listed, size)) is not None:
        raise Refusal(f"It is not opened: {why}.")
    members = [each.member for each in listed]
    _check_frame(file, members, size)
    starts = zip_layout.starts(members)
    return {
        each.name: Place(start + len(zip_layout.head(each)), each.size, each.checksum)
        for each, start in zip(members, starts, strict=False)
    }


def _check_frame(file: IO[bytes], members: list[ZipMember], size: int) -> None:
    """Raise Damage unless every byte that is no member's own is as we would have written it."""
    starts, changed = zip_layout.starts(members), "It was changed since it was written, or another program made it"
    for each, start in zip(members, starts, strict=False):
        head = zip_layout.head(each)
        file.seek(start)
        if _exactly(file, len(head)) != head:
            raise Damage(f"{changed}: before '{plain(each.name, 80)}'.")
    directory = zip_layout.directory(members)
    file.seek(starts[-1])
    if starts[-1] + len(directory) != size or _exactly(file, len(directory)) != directory:
        raise Damage(f"{changed}: in its directory.")


def _exactly(file: IO[bytes], size: int) -> bytes:
    """The next ``size`` bytes, or as many as there are: a system gives no more than some at a time."""
    found = bytearray()
    while len(found) < size and (piece := file.read(size - len(found))):
        found += piece
    return bytes(found)
