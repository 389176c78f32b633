"""A stored file is read piece by piece, in memory that does not grow with it, and is whole or an error."""

from __future__ import annotations

import random
import tracemalloc
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path

import pytest
import zstandard

from engine.errors import Damage
from engine.storage.chunks import LARGEST
from engine.storage.objects import ObjectStore, Stored
from engine.storage.stored_pieces import PIECE, StoredPieces

MIB = 1 << 20


@pytest.fixture
def store(tmp_path: Path) -> ObjectStore:
    root = tmp_path / "objects"
    root.mkdir()
    return ObjectStore(root)


def put(store: ObjectStore, *contents: bytes) -> Stored:
    """A file of these objects."""
    whole = b"".join(contents)
    return Stored(sha256(whole).hexdigest(), len(whole), tuple(store.put(each) for each in contents))


def chance(size: int, seed: int = 1) -> bytes:
    return random.Random(seed).randbytes(size)


def test_files_of_every_size_come_back_one_after_the_other(store: ObjectStore, tmp_path: Path) -> None:
    wanted = [chance(size, size) for size in (0, 1, 70_000, 3 * MIB, 12 * MIB)]
    files = []
    for content in wanted:
        (tmp_path / "in").write_bytes(content)
        files.append(store.put_file(tmp_path / "in"))
    with StoredPieces(store) as pieces:
        for content, file in zip(wanted * 2, files * 2, strict=True):
            read, sizes = bytearray(), list[int]()
            for piece, begun in pieces.of(file):
                read += piece
                sizes += begun
            assert read == content
            assert sizes == [len(store.get(each)) for each in file.chunks]


def test_an_object_larger_than_a_piece_comes_in_several(store: ObjectStore) -> None:
    file = put(store, b"x" * 1000, chance(3 * PIECE), b"", b"y" * 10)
    with StoredPieces(store) as pieces:
        found = [(bytes(piece), list(begun)) for piece, begun in pieces.of(file)]
    assert len(found) == 3 and max(len(piece) for piece, _ in found) <= PIECE + LARGEST
    assert sha256(b"".join(piece for piece, _ in found)).hexdigest() == file.digest
    assert [size for _, begun in found for size in begun] == [1000, 3 * PIECE, 0, 10]


def flipped(packed: bytes) -> bytes:
    return packed[:-9] + bytes([packed[-9] ^ 1]) + packed[-8:]


def of_another_content(packed: bytes) -> bytes:
    return zstandard.compress(bytes(len(zstandard.decompress(packed))))


def shorter(packed: bytes) -> bytes:
    return zstandard.compress(zstandard.decompress(packed)[:-1])


def without_a_size(packed: bytes) -> bytes:
    return zstandard.ZstdCompressor(write_content_size=False).compress(zstandard.decompress(packed))


def cut(packed: bytes) -> bytes:
    return packed[:-100]


@pytest.mark.parametrize("damage", [flipped, of_another_content, shorter, without_a_size, cut])
@pytest.mark.parametrize("size", [1000, 200_000])
@pytest.mark.parametrize("number", [0, 20])
def test_damage_in_one_object_is_seen_by_the_end(
    store: ObjectStore, damage: Callable[[bytes], bytes], size: int, number: int
) -> None:
    file = put(store, *(chance(size, seed) for seed in range(21)))
    path = store.path(file.chunks[number])
    packed = path.read_bytes()
    path.unlink()
    path.write_bytes(damage(packed))
    with StoredPieces(store) as pieces, pytest.raises(Damage):
        for _ in pieces.of(file):
            pass
    path.write_bytes(packed)
    with StoredPieces(store) as pieces:
        assert sum(len(piece) for piece, _ in pieces.of(file)) == 21 * size


def test_an_object_that_is_gone_is_named(store: ObjectStore) -> None:
    file = put(store, b"x" * 1000, b"y" * 1000)
    store.path(file.chunks[1]).unlink()
    with StoredPieces(store) as pieces, pytest.raises(Damage, match=f"{file.chunks[1][:12]} is gone"):
        list(pieces.of(file))


def test_what_unpacks_to_more_than_it_was_is_not_read_on(store: ObjectStore) -> None:
    file = put(store, b"x" * 1000)
    path = store.path(file.digest)
    path.unlink()
    path.write_bytes(zstandard.compress(bytes(64 * MIB)))
    with StoredPieces(store) as pieces, pytest.raises(Damage, match="do not have the 1,000 bytes"):
        for piece, _ in pieces.of(file):
            pytest.fail(f"{len(piece)} bytes of it were passed on")


def test_the_memory_that_it_takes_does_not_grow_with_the_file(store: ObjectStore) -> None:
    objects = [chance(200_000, seed) for seed in range(10)]
    digests = tuple(store.put(each) for each in objects)

    def most(times: int) -> int:
        whole = sha256()
        for each in objects * times:
            whole.update(each)
        file = Stored(whole.hexdigest(), 2_000_000 * times, digests * times)
        tracemalloc.start()
        try:
            with StoredPieces(store) as pieces:
                for _ in pieces.of(file):
                    pass
            return tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()

    small, large = most(4), most(40)
    assert PIECE < small < 20 * MIB
    assert large < small + 2 * MIB
