"""A ledger that is gone, empty, cut short or something else is damage wherever it is asked, and never a new one."""

from __future__ import annotations

import os
import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from engine.errors import Damage, LeverframeError, NotFound, Refusal
from engine.housekeeping.survey import survey
from engine.pages.view import open_view
from engine.storage import last_backup
from engine.storage import workspace as workspaces
from engine.storage.workspace import unmounted
from tests.cli.calling import call
from tests.killing import let_go
from tests.ledger import ledger_of, reading, store_of, workspace_of
from tests.people import open_engine
from tests.workspaces import copied

VERBS = (
    "status", "doctor", "doctor --fix", "audit --verify", "versions tiny", "retrain tiny", "disk", "clean --dry-run",
    "bin list", "rollback tiny --reason x", "settings", "runs", "init", "engine", "pages", "serve",
)  # fmt: skip


def gone(home: Path) -> None:
    (home / "ledger.db").unlink()


def emptied(home: Path) -> None:
    (home / "ledger.db").write_bytes(b"")


def something_else(home: Path) -> None:
    (home / "ledger.db").write_bytes(b"a letter to my aunt, with all that happened this year " * 200)


def made_anew(home: Path) -> None:
    """A ledger that another Leverframe, which asks nobody, has begun in its place."""
    gone(home)
    open_engine(home.with_name("other"), "ada", create=True).close()
    shutil.copy(home.with_name("other") / "ledger.db", home / "ledger.db")


def without_its_log(home: Path) -> None:
    """What was written last stood in the write-ahead log of a process that was killed, and that was deleted."""
    before = (home / "ledger.db").read_bytes()
    engine = open_engine(home, "ada")
    engine.add_operator("bob", "operator", "a colleague")
    engine.close()
    (home / "ledger.db").write_bytes(before)


def another(home: Path) -> None:
    """That of another workspace, whose trail goes further."""
    engine = open_engine(home.with_name("another"), "ada", create=True)
    for number in range(9):
        engine.add_operator(f"bob{number}", "viewer", "the business")
    engine.close()
    shutil.copy(home.with_name("another") / "ledger.db", home / "ledger.db")


def a_copy_that_went_its_own_way(home: Path) -> None:
    shutil.copytree(home, home.with_name("copy"))
    for folder, names in ((home.with_name("copy"), ("bob", "eve", "joe")), (home, ("kim",))):
        engine = open_engine(folder, "ada")
        for name in names:
            engine.add_operator(name, "viewer", "the business")
        engine.close()
    shutil.copy(home.with_name("copy") / "ledger.db", home / "ledger.db")


def a_pipe(home: Path) -> None:
    gone(home)
    os.mkfifo(home / "ledger.db")


def a_folder(home: Path) -> None:
    gone(home)
    (home / "ledger.db").mkdir()


LOSSES = (
    gone, emptied, something_else, made_anew, without_its_log, another, a_copy_that_went_its_own_way, a_pipe, a_folder,
)  # fmt: skip


@pytest.fixture(scope="module")
def saved(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A workspace that holds something."""
    home = tmp_path_factory.mktemp("lost") / "home"
    engine = open_engine(home, "ada", create=True)
    store_of(engine).put(b"a model")
    for number in range(3):
        engine.add_operator(f"eve{number}", "viewer", "the business")
    engine.close()
    return let_go(home)


@pytest.fixture
def used(saved: Path, home: Path) -> Path:
    return copied(saved, home)


def pictured(home: Path) -> dict[str, bytes | str]:
    return {
        path.relative_to(home).as_posix(): os.readlink(path) if path.is_symlink() else path.read_bytes()
        for path in home.rglob("*")
        if path.is_file() or path.is_symlink()
    }


@pytest.mark.parametrize("lose", LOSSES)
@pytest.mark.parametrize("words", VERBS)
def test_every_verb_names_it_as_damage_and_changes_nothing(
    used: Path, lose: Callable[[Path], None], words: str
) -> None:
    lose(used)
    before = pictured(used)
    verb, *rest = words.split()
    told = call(verb, "--home", used, "--operator", "ada", *rest)
    assert told.code == 1
    assert told.err.startswith(f"The ledger {used / 'ledger.db'} ")
    assert f"'leverframe restore BACKUP --home {used}' brings it back" in told.err
    assert len(told.err.splitlines()) == 1
    assert pictured(used) == before


@pytest.mark.parametrize("lose", LOSSES)
def test_no_door_opens_it(used: Path, lose: Callable[[Path], None]) -> None:
    lose(used)
    for door in (lambda: open_engine(used, "ada"), lambda: open_engine(used, "ada", create=True)):
        with pytest.raises(Damage):
            door()
    with pytest.raises(Damage):
        open_view(used)


def test_the_newest_backup_is_named(used: Path) -> None:
    last_backup.remember(used, last_backup.LastBackup("/mnt/safe", "2026-11-03T04:05:06.000000Z"))
    gone(used)
    with pytest.raises(Damage, match=r"'leverframe restore /mnt/safe --home .*' brings it back \(the newest, of 2026"):
        open_engine(used, "ada")


@pytest.mark.parametrize("trace", ["objects/ab/cdef", "releases/tiny/1-abc/x", "live/tiny", "runs/0000001/x"])
@pytest.mark.parametrize("left", ["nothing", "an empty file"])
def test_init_is_refused_where_anything_of_a_workspace_stands(home: Path, trace: str, left: str) -> None:
    open_engine(home, "ada", create=True).close()
    for path in (home / "locks").iterdir():
        path.unlink()
    (gone if left == "nothing" else emptied)(home)
    (home / trace).parent.mkdir(parents=True, exist_ok=True)
    if trace == "live/tiny":
        (home / trace).symlink_to("../releases/tiny/1-abc")
    else:
        (home / trace).write_bytes(b"kept")
    told = call("init", "--home", home, "--operator", "ada")
    assert told.code == 1 and "this is no new workspace" in told.err
    assert not (home / "ledger.db").exists() or (home / "ledger.db").stat().st_size == 0


@pytest.mark.parametrize("left", ["folders", "an empty ledger", "tables and nobody in them"])
def test_an_init_that_was_killed_is_finished_by_the_next(home: Path, left: str) -> None:
    from engine.storage import workspace as workspaces
    from engine.storage.ledger import Ledger

    workspace = workspaces.create(home)
    if left == "an empty ledger":
        workspace.ledger.touch()
    if left == "tables and nobody in them":
        Ledger(workspace.ledger, locks=home / "locks").close()
    with pytest.raises(NotFound, match="leverframe init"):
        open_engine(home, "ada")
    assert call("init", "--home", home, "--operator", "ada").code == 0
    assert open_engine(home, "ada").operator.role == "admin"


@pytest.mark.parametrize("lose", [gone, made_anew])
def test_what_is_written_after_it_was_taken_away_is_refused_and_not_lost_in_silence(
    used: Path, lose: Callable[[Path], None]
) -> None:
    engine = open_engine(used, "ada")
    lose(used)
    with pytest.raises(Damage, match=r"is gone|was taken away or replaced"):
        engine.add_operator("bob", "operator", "a colleague")
    with pytest.raises(Damage):
        engine.operators()
    engine.close()


def test_a_ledger_that_goes_on_is_never_taken_for_one_that_was_cut_short(used: Path) -> None:
    import threading

    wrong: list[LeverframeError] = []

    def work(number: int) -> None:
        try:
            for turn in range(5):
                engine = open_engine(used, "ada")
                engine.add_operator(f"bob{number}-{turn}", "viewer", "a colleague")
                engine.close()
        except LeverframeError as error:
            wrong.append(error)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []


def test_who_wants_to_go_on_with_what_is_left_can(used: Path) -> None:
    without_its_log(used)
    (used / "locks" / "ledger.head").unlink()
    engine = open_engine(used, "ada")
    assert "bob" not in {each.name for each in engine.operators()}


def test_a_clean_up_takes_no_object_that_is_older_than_the_ledger(used: Path) -> None:
    engine = open_engine(used, "ada")
    elder, younger = store_of(engine).put(b"of a ledger that was lost"), store_of(engine).put(b"of nobody")
    with reading(engine) as db:
        begun = datetime.fromisoformat(db.execute("SELECT at FROM audit WHERE seq = 1").fetchone()[0])
    for digest, days in ((elder, -30), (younger, 1)):
        at = (begun + timedelta(days=days)).timestamp()
        os.utime(store_of(engine).path(digest), (at, at))
    with ledger_of(engine) as ledger:
        found = survey(workspace_of(engine), ledger, store_of(engine), datetime.now(UTC) + timedelta(days=30))
    assert [thing.item.what for thing in found.things if thing.item.id == "elder"] == [
        "1 object from before this ledger"
    ]
    going = {digest for thing in found.things if thing.item.goes for digest in thing.digests}
    assert younger in going and elder not in going


def test_a_note_that_cannot_be_read_says_nothing(used: Path) -> None:
    (used / "locks" / "ledger.head").write_bytes(b"\0" * 20)
    engine = open_engine(used, "ada")
    engine.add_operator("bob", "operator", "a colleague")
    engine.close()
    with closing(sqlite3.connect(used / "ledger.db")) as db:
        rows, digest = db.execute("SELECT seq, digest FROM audit ORDER BY seq DESC LIMIT 1").fetchone()
    assert (used / "locks" / "ledger.head").read_text() == f"{rows:015d} {digest}\n"


def test_a_note_of_an_older_leverframe_tells_what_it_told(used: Path) -> None:
    (used / "locks" / "ledger.head").write_text("000000000000004\n")
    open_engine(used, "ada").close()
    (used / "locks" / "ledger.head").write_text("000000000000009\n")
    with pytest.raises(Damage, match="has lost what was last written"):
        open_engine(used, "ada")


def test_where_the_disk_of_a_workspace_is_not_mounted_none_is_begun(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    disk = tmp_path / "a disk"
    disk.mkdir()
    table = tmp_path / "fstab"
    said = str(disk).replace(" ", "\\040")
    table.write_text(f"# of this machine\n/dev/sda1 / ext4 defaults 0 1\n\nUUID=1 {said} ext4 defaults 0 2\nnone\n")
    assert unmounted(disk / "home", table) == disk == unmounted(disk, table)
    assert unmounted(tmp_path / "other", table) is None and unmounted(disk, tmp_path / "nothing") is None
    monkeypatch.setattr(workspaces, "unmounted", lambda root: unmounted(root, table))
    with pytest.raises(Refusal, match="is not mounted, and what is made there now would be hidden"):
        open_engine(disk / "home", "ada", create=True)
    assert list(disk.iterdir()) == []
    with pytest.raises(NotFound, match=f"for the disk of {disk} is not mounted"):
        open_engine(disk, "ada")


def test_no_workspace_is_made_in_memory_where_no_step_would_find_it(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to("/dev/shm")
    for place in (Path("/dev/shm/leverframe-nowhere/home"), tmp_path / "link" / "leverframe-nowhere"):
        with pytest.raises(Refusal, match="lies in memory"):
            workspaces.create(place)
    assert not Path("/dev/shm/leverframe-nowhere").exists()
