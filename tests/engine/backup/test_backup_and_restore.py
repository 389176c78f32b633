"""A backup is whole or the one before it is; what is not as it was written is never restored."""

from __future__ import annotations

import json
import os
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from engine.access.approval import Policy
from engine.api import Engine
from engine.backup.place import BackupFolder, alone_in
from engine.errors import Conflict, Damage, Forbidden, Invalid, LeverframeError, NotFound, Refusal
from engine.founding import restore_backup
from engine.outbox import outbox
from engine.outbox.outbox import Draft
from engine.release import planned_swaps
from engine.release.records import MovePlan
from tests.builders.projects import listed
from tests.builders.runs import left_behind, queued
from tests.engine.backup.restoring import files_of, objects_of, restored
from tests.ledger import store_of, writing
from tests.people import open_engine


def test_what_is_restored_is_what_was_there_and_says_so_in_its_trail(
    engine: Engine, place: Path, tmp_path: Path
) -> None:
    made = engine.back_up(place)
    assert (made.objects, made.added, made.rows, made.why) == (12, 12, 3, None)
    found = restored(place, tmp_path / "new")
    assert (found.rows, found.objects, found.signature, found.notes) == (3, 12, "holds", ())
    again = open_engine(tmp_path / "new", "ada")
    assert objects_of(again.home) == objects_of(engine.home)
    assert [each.name for each in again.operators()] == ["ada", "bob", "eve"]
    assert again.verify_audit().ok
    newest = again.audit(limit=1)[0]
    assert (newest.action, newest.actor, newest.reason) == ("restore-backup", "ada", "the disk died")
    assert newest.details["head"] == made.head
    assert sorted(path.name for path in again.home.iterdir()) == sorted(path.name for path in engine.home.iterdir())


def test_a_second_backup_writes_what_changed_and_the_one_before_it_can_be_restored(
    engine: Engine, place: Path, tmp_path: Path
) -> None:
    first = engine.back_up(place)
    before = files_of(place)
    store_of(engine).put(b"one more")
    second = engine.back_up()  # where the last one is
    assert (second.place, second.objects, second.added) == (first.place, 13, 1)
    written = {name for name, content in files_of(place).items() if before.get(name) != content}
    assert len([name for name in written if name.startswith("objects/")]) < 5  # the new one, and pieces of the ledger
    assert restored(place, tmp_path / "newest").objects == 13
    assert restored(place, tmp_path / "former", former=True).objects == 12
    third = engine.back_up()
    assert third.added == 0
    needed = set().union(*(manifest.named() for manifest in BackupFolder(place).there()))
    assert set(BackupFolder(place).store.digests()) == needed


def test_nobody_who_looks_may_back_up_and_nobody_but_an_admin_restores(
    engine: Engine, place: Path, tmp_path: Path
) -> None:
    with pytest.raises(Forbidden, match="eve is a viewer"):
        open_engine(engine.home, "eve").back_up(place)
    assert not place.exists()
    open_engine(engine.home, "bob").back_up(place)
    for name in ("bob", "mallory"):
        with pytest.raises(Forbidden, match=f"{name} is no admin of the workspace in this backup"):
            restore_backup(place, tmp_path / "new", name, lambda done, total: None, reason="mine now")
        assert not (tmp_path / "new" / "ledger.db").exists()
    with pytest.raises(Invalid, match="reason"):
        restore_backup(place, tmp_path / "other", "ada", lambda done, total: None, reason=" ")


@pytest.mark.parametrize("where", ["home", "home/objects", "home/sub/folder", ".", "link"])
def test_a_backup_that_would_be_lost_with_the_workspace_is_refused(engine: Engine, tmp_path: Path, where: str) -> None:
    (tmp_path / "link").symlink_to(engine.home / "bin")
    before = files_of(engine.home)
    with pytest.raises(Refusal, match="lie in each other; name a folder on another disk"):
        engine.back_up(tmp_path / where)
    assert files_of(engine.home).keys() == before.keys()


def test_a_folder_that_holds_other_things_is_refused_and_left_as_it_is(engine: Engine, place: Path) -> None:
    place.mkdir(parents=True)
    (place / "thesis.tex").write_text("my life")
    with pytest.raises(Refusal, match=r"holds other things \(thesis.tex, …\)"):
        engine.back_up(place)
    assert files_of(place) == {"thesis.tex": b"my life"}


def test_the_backup_of_another_workspace_is_never_written_over(engine: Engine, place: Path, tmp_path: Path) -> None:
    engine.back_up(place)
    before = files_of(place)
    other = open_engine(tmp_path / "other", "ada", create=True)
    with pytest.raises(Refusal, match="the backup of another workspace"):
        other.back_up(place)
    assert files_of(place) == before


def test_two_copies_of_one_workspace_do_not_take_each_others_place(engine: Engine, place: Path, tmp_path: Path) -> None:
    engine.choose("backup_to", str(place), "every day")
    engine.back_up()
    found = restored(place, tmp_path / "drill")
    assert any("the engine backs this up nowhere" in note for note in found.notes)
    drill = open_engine(tmp_path / "drill", "ada")
    assert {each.name: each.value for each in drill.settings()}["backup_to"] == ""
    engine.back_up()
    with pytest.raises(Refusal, match="another copy of it was backed up there"):
        drill.back_up(place)
    assert engine.back_up().why is None


def test_two_backups_at_once_are_one_after_the_other_or_refused(engine: Engine, place: Path, tmp_path: Path) -> None:
    ends: list[str] = []

    def back_up() -> None:
        mine = open_engine(engine.home, "ada")
        try:
            mine.back_up(place)
            ends.append("made")
        except Conflict:
            ends.append("refused")
        mine.close()

    threads = [threading.Thread(target=back_up) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert "made" in ends and set(ends) <= {"made", "refused"}
    assert engine.check_backup(place).problems == ()
    restored(place, tmp_path / "new")


def test_what_waits_when_it_is_backed_up_does_not_go_on_in_the_copy(
    engine: Engine, place: Path, tmp_path: Path
) -> None:
    at = datetime(2026, 11, 3, tzinfo=UTC)
    with writing(engine) as db:
        listed(db, "tiny", {}, at)
    left_behind(engine, at)
    queued(engine, at)
    with writing(engine) as db:
        outbox.queue(db, Draft("tiny", "k", "s", "b"), ["a@example.org"], at)
        db.execute(
            "INSERT INTO bin (item, kind, what, paths, bytes, state, binned_at, binned_by, reason, purge_at) VALUES"
            " ('x', 'objects', 'objects', '[]', 5, 'binned', '2026-11-03T00:00:00.000000Z', 'ada', 'r',"
            " '2027-11-03T00:00:00.000000Z')"
        )
        swap = MovePlan("tiny", "release", None, "tiny@1", 0, (), (), (), None)
        planned_swaps.keep(db, swap, at + timedelta(days=1), Policy(), "tonight", engine.caller, 1, at)
    engine.back_up(place)
    found = restored(place, tmp_path / "new")
    assert len(found.notes) == 4 and "1 planned swap is cancelled; approve anew" in found.notes
    again = open_engine(tmp_path / "new", "ada")
    last = again.audit(limit=1)[0]
    assert (last.action, last.subject, last.actor) == ("cancel-swap", "tiny@1", "ada")
    assert "may have been taken back since" in last.reason
    assert {run.state for run in again.runs()} == {"interrupted"}
    assert again.bin_items() == ()
    (mail,) = again.outbox()
    assert mail.state == "failed" and "may have been sent since" in str(mail.why)


def test_a_place_that_is_not_empty_is_refused_and_left_as_it_is(engine: Engine, place: Path, tmp_path: Path) -> None:
    engine.back_up(place)
    (tmp_path / "new").mkdir()
    (tmp_path / "new" / "mine").touch()
    for taken in (engine.home, tmp_path / "new", tmp_path / "new" / "mine"):
        with pytest.raises(Refusal, match="is not empty; name an empty folder"):
            restored(place, taken)
    assert [path.name for path in (tmp_path / "new").iterdir()] == ["mine"]


def test_no_backup_is_not_found(engine: Engine, place: Path, tmp_path: Path) -> None:
    with pytest.raises(NotFound, match="There is no backup in"):
        restored(place, tmp_path / "new")
    with pytest.raises(Refusal, match="No backup was made yet; an admin makes one on the machine itself"):
        engine.back_up()
    engine.back_up(place)
    with pytest.raises(NotFound, match="no backup before the newest"):
        restored(place, tmp_path / "new", former=True)


def test_a_damaged_object_is_neither_copied_nor_takes_a_good_ones_place(
    engine: Engine, place: Path, tmp_path: Path
) -> None:
    engine.back_up(place)
    digest = sorted(store_of(engine).digests())[0]
    whole = store_of(engine).get(digest)
    store_of(engine).path(digest).unlink()
    store_of(engine).path(digest).write_bytes(b"rot")
    store_of(engine).path(sorted(store_of(engine).digests())[1]).unlink()
    store_of(engine).put(b"new")
    made = engine.back_up()
    assert made.added == 1
    restored(place, tmp_path / "new")
    again = open_engine(tmp_path / "new", "ada")
    assert store_of(again).get(digest) == whole


def test_a_ledger_that_is_broken_makes_no_backup_and_the_one_before_it_stays(engine: Engine, place: Path) -> None:
    engine.back_up(place)
    before = files_of(place)
    with writing(engine) as db:
        db.execute("DROP TRIGGER audit_no_update")
        db.execute("UPDATE audit SET body = replace(body, 'bob', 'eve') WHERE seq = 2")
    with pytest.raises(Damage, match="its trail is broken at row 2"):
        engine.back_up()
    assert files_of(place) == before
    finding = next(each for each in engine.doctor(mend=False) if each.what == "backup")
    assert finding.verdict == "failing" and "its trail is broken" in finding.sentence


def test_a_restore_that_was_cut_short_says_so_and_the_same_one_goes_on(
    engine: Engine, place: Path, tmp_path: Path
) -> None:
    engine.back_up(place)
    new = tmp_path / "new"
    seen: list[int] = []

    def die(done: int, total: int) -> None:
        seen.append(done)
        if done == 7:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        restore_backup(place, new, "ada", die, reason="the disk died")
    for opening in (lambda: open_engine(new, "ada"), lambda: open_engine(new, "ada", create=True)):
        with pytest.raises(Damage, match="is being restored, or that was cut short"):
            opening()
    with pytest.raises(LeverframeError):
        restored(engine.back_up(tmp_path / "other") and tmp_path / "other", new)
    restored(place, new)
    assert open_engine(new, "ada").verify_audit().ok
    assert json.loads((new / "locks" / "backup.json").read_bytes())["place"] == str(place)


def test_what_is_damaged_when_it_is_first_backed_up_is_not_said_to_be_there(engine: Engine, place: Path) -> None:
    path = store_of(engine).path(sorted(store_of(engine).digests())[0])
    path.unlink()
    path.write_bytes(b"rot")
    made = engine.back_up(place)
    assert (made.objects, made.added) == (11, 11)
    assert engine.check_backup().problems == ()


def test_a_backup_whose_disk_is_not_mounted_is_not_begun_anew_unless_somebody_names_the_folder(
    engine: Engine, place: Path
) -> None:
    engine.back_up(place)
    place.rename(place.with_name("unmounted"))
    place.mkdir()  # what is there while the disk is not
    for _ in range(2):
        with pytest.raises(Refusal, match=f"made in {place} on .* is not there; see that its disk is mounted"):
            engine.back_up()
    assert list(place.iterdir()) == []
    place.rmdir()
    place.with_name("unmounted").rename(place)
    assert engine.back_up().added is not None
    place.rename(place.with_name("unmounted"))
    assert engine.back_up(place).objects, "who names it begins anew, as the sentence says"


def test_of_two_restores_to_one_place_the_second_waits_outside(engine: Engine, place: Path, tmp_path: Path) -> None:
    engine.back_up(place)
    (tmp_path / "new").mkdir()
    with alone_in(tmp_path / "new", "it is taken"), pytest.raises(Conflict, match="Another process restores"):
        restored(place, tmp_path / "new")
    assert list((tmp_path / "new").iterdir()) == []
    assert restored(place, tmp_path / "new").objects


@pytest.mark.parametrize("name", ["backup.json", "of"])
def test_a_pipe_in_a_backup_is_told_and_not_waited_for(engine: Engine, place: Path, tmp_path: Path, name: str) -> None:
    engine.back_up(place)
    (place / name).unlink()
    os.mkfifo(place / name)
    with pytest.raises(LeverframeError):
        restored(place, tmp_path / "new") if name == "backup.json" else engine.back_up(place)
