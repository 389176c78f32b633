"""What of a backup is not as it was written is never restored, whoever made it agree with what."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable
from contextlib import closing, suppress
from dataclasses import replace
from pathlib import Path

import pytest

from engine.api import Engine
from engine.backup import manifest as manifests
from engine.backup.place import BackupFolder
from engine.errors import Damage, Refusal
from tests.engine.backup.restoring import objects_of, restored

# What is not as it was written.


def one_object(place: Path) -> Path:
    manifest = BackupFolder(place).manifest()[0]
    return BackupFolder(place).store.path(manifest.objects[0])


def piece_of_the_ledger(place: Path) -> Path:
    return BackupFolder(place).store.path(BackupFolder(place).manifest()[0].ledger.chunks[0])


def rewritten(path: Path, content: bytes) -> None:
    path.chmod(0o644)
    path.write_bytes(content)


def object_changed(place: Path) -> None:
    path = one_object(place)
    content = path.read_bytes()
    rewritten(path, content[:-1] + bytes([content[-1] ^ 1]))


def object_swapped(place: Path) -> None:
    """Another good object under its name."""
    rewritten(
        one_object(place), BackupFolder(place).store.path(BackupFolder(place).manifest()[0].objects[1]).read_bytes()
    )


def object_missing(place: Path) -> None:
    one_object(place).unlink()


def ledger_changed(place: Path) -> None:
    rewritten(piece_of_the_ledger(place), b"no ledger")


def ledger_missing(place: Path) -> None:
    piece_of_the_ledger(place).unlink()


def manifest_edited(place: Path) -> None:
    text = (place / "backup.json").read_text()
    (place / "backup.json").write_text(text.replace('"made_by": "ada"', '"made_by": "eve"'))


def manifest_cut(place: Path) -> None:
    os.truncate(place / "backup.json", 100)


def forge(place: Path, change: Callable[[sqlite3.Connection], object], **fields: object) -> None:
    """Put another ledger into the backup and make its manifest agree, as one who has no key must sign it."""
    from engine.backup.build import stored

    manifest = BackupFolder(place).manifest()[0]
    copy = place.parent / "forged.db"
    copy.write_bytes(BackupFolder(place).store.read(manifest.ledger))
    with closing(sqlite3.connect(copy)) as db:
        change(db)
        db.commit()
    said = {**manifest.__dict__, "ledger": stored(copy, BackupFolder(place).store), **fields}
    (place / "backup.json").write_bytes(manifests.written(manifests.BackupManifest(**said), bytes(32)))


def rows_more(place: Path) -> None:
    forge(place, lambda db: db.execute("INSERT INTO audit (seq, body, digest) VALUES (4, '{}', 'x')"))


def rows_cut_off(place: Path) -> None:
    def cut(db: sqlite3.Connection) -> None:
        db.execute("DROP TRIGGER audit_no_delete")
        db.execute("DELETE FROM audit WHERE seq = 3")

    forge(place, cut)


def rows_rewritten(place: Path) -> None:
    def rewrite(db: sqlite3.Connection) -> None:
        db.execute("DROP TRIGGER audit_no_update")
        db.execute("UPDATE audit SET body = replace(body, 'bob', 'eve') WHERE seq = 2")

    forge(place, rewrite)


def promoted(db: sqlite3.Connection) -> None:
    db.execute("INSERT INTO standings (operator, role, disabled, at, by) VALUES ('bob', 'admin', 0, '2026', 'bob')")


def another_ledger_by_the_digest_of_the_one_before(place: Path) -> None:
    before = BackupFolder(place).manifest()[0].ledger.digest
    forge(place, promoted)
    made = BackupFolder(place).manifest()[0]
    said = replace(made, ledger=replace(made.ledger, digest=before))
    (place / "backup.json").write_bytes(manifests.written(said, bytes(32)))


def of_another_workspace(place: Path) -> None:
    forge(place, lambda db: None, workspace="f" * 64)


TAMPERINGS = (
    object_changed, object_swapped, object_missing, ledger_changed, ledger_missing, manifest_edited, manifest_cut,
    rows_more, rows_cut_off, rows_rewritten, another_ledger_by_the_digest_of_the_one_before, of_another_workspace,
)  # fmt: skip


@pytest.mark.parametrize("key_is_there", [True, False])
@pytest.mark.parametrize("tamper", TAMPERINGS)
def test_a_backup_that_was_tampered_with_is_refused(
    engine: Engine, place: Path, tmp_path: Path, tamper: Callable[[Path], None], key_is_there: bool
) -> None:
    engine.back_up(place)
    tamper(place)
    if not key_is_there:
        (engine.home / "keys" / "backup.key").unlink()
    with pytest.raises(Damage):
        restored(place, tmp_path / "new")
    assert not (tmp_path / "new" / "ledger.db").exists()
    with suppress(Damage):
        assert engine.check_backup(place).problems


def test_a_backup_that_was_made_up_whole_is_told_by_the_key_and_by_a_head_that_was_noted(
    engine: Engine, place: Path, tmp_path: Path
) -> None:
    made = engine.back_up(place)
    forge(place, promoted)
    with pytest.raises(Damage, match="was not signed with the key in"):
        restored(place, tmp_path / "new")
    assert "was not signed" in engine.check_backup(place).problems[0]
    key = tmp_path / "kept.key"
    (engine.home / "keys" / "backup.key").rename(key)
    with pytest.raises(Refusal, match="is not the key that the backup"):
        restored(place, tmp_path / "new", key=key)
    assert restored(place, tmp_path / "new", head=made.head).signature == "no key"
    with pytest.raises(Damage, match="does not hold the head"):
        restored(place, tmp_path / "noted", head="f" * 64)


def test_a_key_that_was_kept_elsewhere_is_taken_and_goes_on_signing(
    engine: Engine, place: Path, tmp_path: Path
) -> None:
    engine.back_up(place)
    key = tmp_path / "kept.key"
    (engine.home / "keys" / "backup.key").rename(key)
    assert restored(place, tmp_path / "without").signature == "no key"
    assert restored(place, tmp_path / "new", key=key).signature == "holds"
    assert (tmp_path / "new" / "keys" / "backup.key").read_bytes() == key.read_bytes()
    assert (tmp_path / "new" / "keys" / "backup.key").stat().st_mode & 0o777 == 0o600
    key.write_text("short")
    with pytest.raises(Refusal, match="holds no key"):
        restored(place, tmp_path / "other", key=key)


def test_what_is_whole_of_a_damaged_backup_comes_back_where_that_is_asked_for(
    engine: Engine, place: Path, tmp_path: Path
) -> None:
    engine.back_up(place)
    object_missing(place)
    found = restored(place, tmp_path / "new", partly=True)
    assert len(objects_of(tmp_path / "new")) == 11
    assert "is gone from the store" in found.notes[0]
    for more in (ledger_changed, manifest_cut):
        more(place)
        with pytest.raises(Damage):
            restored(place, tmp_path / more.__name__, partly=True)


def test_a_newer_leverframes_backup_is_refused(engine: Engine, place: Path, tmp_path: Path) -> None:
    engine.back_up(place)
    forge(place, lambda db: None, schema=99)
    (engine.home / "keys" / "backup.key").unlink()
    with pytest.raises(Refusal, match="newer Leverframe"):
        restored(place, tmp_path / "new")
