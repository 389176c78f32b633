"""Stored files read to be written elsewhere: piece by piece, in memory that is used again, hashed on a core beside.

To hash a file takes as long as all the rest of such a copy, so a thread does it while the caller writes the piece and
the next is unpacked. Fresh memory for each object would cost a third of the processor time more, for the system clears
each page before it gives it out.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from hashlib import sha256
from types import TracebackType
from typing import Any

from engine.errors import Damage
from engine.storage.chunks import LARGEST
from engine.storage.objects import ObjectStore, Stored

PIECE = 2 << 20
BUFFERS = 3  # one is filled, one is written, one is hashed
SMALL = 64 * 1024  # hashed sooner than a thread is told to


@dataclass
class _Buffer:
    """Room for a piece, beyond which an object may lead. ``hashed``: whoever still reads what is in it."""

    room: memoryview
    hashed: Future[None] | None = None

    def free(self) -> _Buffer:
        if self.hashed is not None:
            self.hashed.result()
            self.hashed = None
        return self


class StoredPieces:
    """Reads files of ``store`` one after the other, in some megabytes of memory whatever their size; for one thread.

    A context: at its end there is no thread any more.
    """

    def __init__(self, store: ObjectStore) -> None:
        import zstandard

        self._store = store
        self._unpacker = zstandard.ZstdDecompressor()
        self._thread = ThreadPoolExecutor(1)
        self._ring = itertools.cycle([_Buffer(memoryview(bytearray(PIECE + LARGEST))) for _ in range(BUFFERS)])

    def __enter__(self) -> StoredPieces:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._thread.shutdown()

    def of(self, stored: Stored) -> Iterator[tuple[memoryview, list[int]]]:
        """The content of ``stored`` in pieces, each with the bytes of every object that begins in it.

        A piece is good until the next is asked for. All is verified once it was read to its end. Raises Damage.
        """
        whole, used = sha256(), list[_Buffer]()
        for buffer, length, sizes in self._filled(stored):
            piece = buffer.room[:length]
            if stored.size <= SMALL:
                whole.update(piece)
            else:
                buffer.hashed = self._thread.submit(whole.update, piece)
                used.append(buffer)
            yield piece, sizes
        for buffer in used[-BUFFERS:]:
            buffer.free()
        if whole.hexdigest() != stored.digest:
            raise Damage(f"A stored file is damaged: its parts do not make up {stored.digest[:12]}.")

    def _filled(self, stored: Stored) -> Iterator[tuple[_Buffer, int, list[int]]]:
        """Its content in buffers, and how much is in each. Raises Damage as soon as it is longer than ``stored`` says,
        or is too short at its end."""
        buffer, length, sizes, ahead = next(self._ring).free(), 0, list[int](), stored.size
        for digest in stored.chunks:
            size, source = self._opened(digest)
            sizes.append(size)
            if size > ahead:
                break
            ahead -= size
            while size:
                if length >= PIECE:
                    yield buffer, length, sizes
                    buffer, length, sizes = next(self._ring).free(), 0, []
                count = self._unpacked(digest, source, buffer.room[length : length + size])
                size, length = size - count, length + count
        else:
            yield buffer, length, sizes
            if not ahead:
                return
        raise Damage(f"A stored file is damaged: its parts do not have the {stored.size:,} bytes of it.")

    def _opened(self, digest: str) -> tuple[int, Any]:
        """The size of an object, and what it is unpacked from."""
        import zstandard

        packed = self._store.packed(digest)
        size = zstandard.frame_content_size(packed)
        if size < 0:
            raise self._store.not_unpackable(digest)
        return size, self._unpacker.stream_reader(packed)

    def _unpacked(self, digest: str, source: Any, room: memoryview) -> int:
        """Unpack what has room; how much that is."""
        import zstandard

        try:
            count: int = source.readinto(room)
        except zstandard.ZstdError:
            count = 0
        if not count:
            raise self._store.not_unpackable(digest)
        return count
