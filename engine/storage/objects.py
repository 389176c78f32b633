"""The object store: content under its own digest, compressed, written once, verified whenever it is read."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from engine import clock
from engine.errors import Damage, Refusal
from engine.storage.atomic import read_file
from engine.storage.chunks import boundaries
from engine.storage.disk import refused, why_not

LEVEL = 3
LARGEST = 4 << 30
FLUSHED_AT_ONCE = 16
PIECE = 1 << 20


@dataclass(frozen=True)
class Stored:
    """A file in the store: the digest and size of its whole content, and the objects that make it up in order."""

    digest: str
    size: int
    chunks: tuple[str, ...]

    def document(self) -> dict[str, Any]:
        """As it stands in a version document."""
        return {"digest": self.digest, "size": self.size, "chunks": list(self.chunks)}

    @staticmethod
    def of(document: Mapping[str, Any]) -> Stored:
        """Read back what ``document`` wrote."""
        return Stored(str(document["digest"]), int(document["size"]), tuple(document["chunks"]))


class ObjectStore:
    """Objects under ``root``/ab/cdef…; a digest is the SHA-256 of the content before compression.

    ``durable``: each is on the disk when it is put; where not, when all are after ``flush``.
    """

    def __init__(self, root: Path, *, durable: bool = True) -> None:
        self.root, self._durable = root, durable

    def path(self, digest: str) -> Path:
        return self.root / digest[:2] / digest[2:]

    def has(self, digest: str) -> bool:
        return self.path(digest).exists()

    def put(self, content: bytes | memoryview) -> str:
        """Store ``content`` and return its digest; what is there already and whole is not written again.

        A damaged object is replaced, so that a version made today never rests on damage of yesterday.
        """
        import zstandard

        digest = _digest_of(content)
        target = self.path(digest)
        if _holds(target, content) and self._made_young(target):
            return digest
        self._write(target, zstandard.ZstdCompressor(level=LEVEL).compress(content))
        return digest

    def _write(self, target: Path, packed: bytes) -> None:
        """Make the object at ``target``, whole and durable, or leave what was there."""
        temporary = target.parent / f".{os.urandom(8).hex()}.tmp"
        try:
            target.parent.mkdir(exist_ok=True)
            descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o444)
            with os.fdopen(descriptor, "wb") as file:
                file.write(packed)
                file.flush()
                _stamp(file.fileno())
                if self._durable:
                    os.fdatasync(file.fileno())
            os.rename(temporary, target)
        except OSError as error:
            with suppress(OSError):  # What keeps it from being written may keep it from going, too.
                temporary.unlink()
            raise Refusal(f"The object store took nothing in: {why_not(error)}.") from None

    def _made_young(self, target: Path) -> bool:
        """Tell the sweep that this object is wanted again; False when it went meanwhile. Under the sweep's lock, so
        that it goes before or stays after, never in between."""
        try:
            with self._lock(fcntl.LOCK_SH):
                _stamp(target)
        except OSError:
            return False
        return True

    @contextmanager
    def held_for_sweeping(self) -> Iterator[None]:
        """While this is held, nobody who finds an object in the store can come to rely on it."""
        with self._lock(fcntl.LOCK_EX):
            yield

    @contextmanager
    def _lock(self, kind: int) -> Iterator[None]:
        descriptor = os.open(self.root, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            fcntl.flock(descriptor, kind)
            yield
        finally:
            os.close(descriptor)

    def get(self, digest: str) -> bytes:
        """The content of ``digest``. Raises Damage when it is gone or is not what its name says."""
        return self._verified(digest)[1]

    def take(self, digest: str, other: ObjectStore) -> int:
        """Take ``digest`` from another store as it lies there, verified; returns its bytes. Raises Damage, Refusal."""
        packed, _ = other._verified(digest)
        self._write(self.path(digest), packed)
        return len(packed)

    def _verified(self, digest: str) -> tuple[bytes, bytes]:
        """What is stored of ``digest`` and its content. Raises Damage."""
        import zstandard

        packed = self.packed(digest)
        try:
            content = _unpacked(packed)
        except zstandard.ZstdError:
            raise self.not_unpackable(digest) from None
        if _digest_of(content) != digest:
            path = self.path(digest)
            raise Damage(f"The object {digest[:12]} is damaged: its content has another digest ({path}).")
        return packed, content

    def packed(self, digest: str) -> bytes:
        """What is stored of ``digest``, as it lies there and not verified. Raises Damage."""
        path = self.path(digest)
        try:
            return read_file(path)
        except FileNotFoundError:
            raise Damage(f"The object {digest[:12]} is gone from the store ({path}).") from None
        except OSError as error:
            raise Damage(f"The object {digest[:12]} cannot be read: {why_not(error)}.") from None

    def not_unpackable(self, digest: str) -> Damage:
        return Damage(f"The object {digest[:12]} is damaged: it cannot be unpacked ({self.path(digest)}).")

    def adopt(self, digest: str, other: ObjectStore) -> None:
        """Move ``digest`` from another store on the same disk, verified there and durable. Raises Refusal."""
        target = self.path(digest)
        with suppress(Damage):
            self.get(digest)
            if self._made_young(target):
                return
        with refused("The object store took nothing in"):
            target.parent.mkdir(exist_ok=True)
            _stamp(other.path(digest))
            os.rename(other.path(digest), target)

    def put_file(self, path: Path) -> Stored:
        """Store a file in content-defined chunks; the whole of it is in memory meanwhile."""
        data = path.read_bytes()
        view = memoryview(data)
        digests, start = [], 0
        for end in boundaries(view):
            digests.append(self.put(view[start:end]))
            start = end
        self.sync()
        return Stored(_digest_of(data), len(data), tuple(digests))

    def put_archive(self, path: Path) -> Stored:
        """Store a file that is packed already, in pieces of one size.

        Two of them that differ share no parts wherever they are cut, and each object is waited for: Spark's 456 MB were
        5,659 of them in chunks of their content, which took a minute and a half and as much memory.
        """
        from hashlib import sha256

        whole, size, digests = sha256(), 0, []
        with path.open("rb") as file:
            while piece := file.read(PIECE):
                whole.update(piece)
                size += len(piece)
                digests.append(self.put(piece))
        self.sync()
        return Stored(whole.hexdigest(), size, tuple(digests))

    def put_content(self, content: bytes) -> Stored:
        """Store ``content`` as a file of one object."""
        digest = self.put(content)
        return Stored(digest, len(content), (digest,))

    def write_file(self, stored: Stored, target: Path, *, mode: int = 0o444) -> None:
        """Put the file ``stored`` together at ``target``. Raises Damage when any part of it is not whole."""
        from hashlib import sha256

        whole = sha256()
        descriptor = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
        with os.fdopen(descriptor, "wb") as file:
            for digest in stored.chunks:
                content = self.get(digest)
                whole.update(content)
                file.write(content)
        if whole.hexdigest() != stored.digest:
            raise Damage(
                f"The file {target.name} is damaged in the store: its parts do not make up {stored.digest[:12]}."
            )

    def read(self, stored: Stored) -> bytes:
        """The whole content of ``stored``, verified."""
        content = b"".join(self.get(digest) for digest in stored.chunks)
        if _digest_of(content) != stored.digest:
            raise Damage(f"A stored file is damaged: its parts do not make up {stored.digest[:12]}.")
        return content

    def sync(self) -> None:
        """Make the names of everything stored so far durable, before a version refers to them."""
        descriptor = os.open(self.root, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)

    def flush(self) -> None:
        """Have every object on the disk, where that was not waited for when each was put. Raises OSError.

        Waited for together, one commit of the file system is for many: 2,800 took 0.3 s, one after the other 5 to 14.
        """
        from concurrent.futures import ThreadPoolExecutor

        with ThreadPoolExecutor(FLUSHED_AT_ONCE) as pool:
            for _ in pool.map(_flush, [folder for folder in self.root.iterdir() if folder.is_dir()]):
                pass
        self.sync()

    def digests(self) -> Iterator[str]:
        """Every object in the store."""
        for folder in sorted(self.root.iterdir()) if self.root.is_dir() else ():
            if folder.is_dir() and len(folder.name) == 2:
                for path in sorted(folder.iterdir()):
                    if not path.name.startswith("."):
                        yield folder.name + path.name


def _digest_of(content: bytes | memoryview) -> str:
    from hashlib import sha256  # Here, as it takes 2 ms to load and the first screen verifies nothing.

    return sha256(content).hexdigest()


def _flush(folder: Path) -> None:
    """Have the files in ``folder``, and their names, on the disk."""
    for path in (*folder.iterdir(), folder):
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def _stamp(target: Path | int) -> None:
    """Date an object by the engine's clock, as the runs are by whose start the sweep tells what is still wanted: a file
    server's own clock may be behind."""
    now = clock.now().timestamp()
    os.utime(target, (now, now))


def _unpacked(packed: bytes) -> bytes:
    """The content of an object as it lies there. Raises ZstdError."""
    import zstandard

    if zstandard.frame_content_size(packed) > LARGEST:
        raise zstandard.ZstdError  # Nobody stored that; to unpack it could take all memory.
    return bytes(zstandard.ZstdDecompressor().decompress(packed))


def _holds(path: Path, content: bytes | memoryview) -> bool:
    """Whether the object at ``path`` is ``content``; about as quick as the digest of ``content``."""
    import zstandard

    try:
        return _unpacked(read_file(path)) == content
    except (OSError, zstandard.ZstdError):
        return False
