"""Objects are what their digest says, or an error."""

from __future__ import annotations

import os
from hashlib import sha256
from pathlib import Path

import pytest

from engine.errors import Damage
from engine.storage.objects import PIECE, ObjectStore, Stored
from engine.storage.stored_pieces import StoredPieces


@pytest.fixture
def store(tmp_path: Path) -> ObjectStore:
    root = tmp_path / "objects"
    root.mkdir()
    return ObjectStore(root)


def test_content_comes_back_as_it_went_in(store: ObjectStore) -> None:
    assert store.get(store.put(b"a model")) == b"a model"


def test_the_same_content_is_stored_once(store: ObjectStore) -> None:
    store.put(b"a model")
    store.put(b"a model")
    assert len(list(store.digests())) == 1


def test_a_file_of_many_chunks_comes_back_whole(store: ObjectStore, tmp_path: Path) -> None:
    source, target = tmp_path / "in", tmp_path / "out"
    source.write_bytes(os.urandom(1_500_000))
    stored = store.put_file(source)
    assert len(stored.chunks) > 3
    store.write_file(stored, target)
    assert target.read_bytes() == source.read_bytes() == store.read(stored)
    assert Stored.of(stored.document()) == stored


def test_a_file_that_is_packed_already_lies_in_few_pieces_and_comes_back_whole(
    store: ObjectStore, tmp_path: Path
) -> None:
    source, target = tmp_path / "in", tmp_path / "out"
    source.write_bytes(os.urandom(2 * PIECE + 7))
    stored = store.put_archive(source)
    assert [len(store.get(digest)) for digest in stored.chunks] == [PIECE, PIECE, 7]
    assert (stored.digest, stored.size) == (sha256(source.read_bytes()).hexdigest(), 2 * PIECE + 7)
    store.write_file(stored, target)
    assert target.read_bytes() == source.read_bytes() == store.read(stored)
    with StoredPieces(store) as pieces:
        assert b"".join(bytes(piece) for piece, _ in pieces.of(stored)) == source.read_bytes()
    assert store.put_archive(source) == stored and len(list(store.digests())) == 3


def test_an_empty_file_comes_back_empty(store: ObjectStore, tmp_path: Path) -> None:
    (tmp_path / "in").touch()
    stored = store.put_file(tmp_path / "in")
    store.write_file(stored, tmp_path / "out")
    assert (tmp_path / "out").read_bytes() == b""


def damage_flip(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 0xFF
    path.chmod(0o644)
    path.write_bytes(bytes(content))


def damage_truncate(path: Path) -> None:
    path.chmod(0o644)
    path.write_bytes(path.read_bytes()[:5])


def damage_other_content(path: Path) -> None:
    import zstandard

    path.chmod(0o644)
    path.write_bytes(zstandard.ZstdCompressor().compress(b"another model"))


@pytest.mark.parametrize("damage", [damage_flip, damage_truncate, damage_other_content, Path.unlink])
def test_a_damaged_object_is_refused_and_named(store: ObjectStore, damage: object) -> None:
    digest = store.put(b"a model that is long enough to have a middle " * 20)
    damage(store.path(digest))  # type: ignore[operator]
    with pytest.raises(Damage, match=digest[:12]):
        store.get(digest)


def test_parts_in_the_wrong_order_are_noticed(store: ObjectStore, tmp_path: Path) -> None:
    (tmp_path / "in").write_bytes(os.urandom(600_000))
    stored = store.put_file(tmp_path / "in")
    swapped = Stored(stored.digest, stored.size, (*stored.chunks[1:], stored.chunks[0]))
    with pytest.raises(Damage, match="do not make up"):
        store.read(swapped)


def test_nothing_is_left_under_a_temporary_name(store: ObjectStore) -> None:
    store.put(b"a model")
    assert not list(store.root.rglob("*.tmp"))


@pytest.mark.parametrize("left", [b"", b"rubbish"])
def test_a_damaged_object_is_replaced_when_its_content_is_stored_again(store: ObjectStore, left: bytes) -> None:
    digest = store.put(b"a model")
    path = store.path(digest)
    os.chmod(path, 0o644)
    path.write_bytes(left)
    assert store.put(b"a model") == digest
    assert store.get(digest) == b"a model"


@pytest.mark.parametrize("what", ["pipe", "link", "device", "folder", "bomb"])
def test_whatever_else_has_the_name_of_an_object_is_damage_and_never_waited_for(what: str, tmp_path: Path) -> None:
    store = ObjectStore(tmp_path / "objects")
    store.root.mkdir()
    digest = store.put(b"a model")
    path = store.path(digest)
    whole = path.rename(tmp_path / "whole")
    {
        "pipe": lambda: os.mkfifo(path),
        "link": lambda: path.symlink_to(whole),
        "device": lambda: path.symlink_to("/dev/zero"),
        "folder": path.mkdir,
        "bomb": lambda: path.write_bytes(b"\x28\xb5\x2f\xfd\xc0\x00" + (1 << 43).to_bytes(8, "little") + b"\1\0\0"),
    }[what]()
    with pytest.raises(Damage, match=digest[:12]):
        store.get(digest)
    if what != "folder":
        assert store.put(b"a model") == digest and store.get(digest) == b"a model", "and it is replaced"


def test_a_store_that_is_gone_holds_nothing(tmp_path: Path) -> None:
    assert list(ObjectStore(tmp_path / "objects").digests()) == []


@pytest.mark.parametrize("durable", [True, False])
def test_an_object_is_on_the_disk_when_it_is_put_or_when_the_store_is_flushed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, durable: bool
) -> None:
    """No power is cut here: what is seen is that the system was asked to, for the very file, before it had its name."""
    synced = set[int]()

    def noted(file: int) -> None:
        synced.add(os.fstat(file).st_ino)

    monkeypatch.setattr(os, "fsync", noted)
    monkeypatch.setattr(os, "fdatasync", noted)
    store = ObjectStore(tmp_path, durable=durable)
    paths = [store.path(store.put(b"content %d" % number)) for number in range(40)]
    assert {path.stat().st_ino for path in paths} <= synced if durable else not synced
    store.flush()
    assert {each.stat().st_ino for path in paths for each in (path, path.parent, tmp_path)} <= synced
