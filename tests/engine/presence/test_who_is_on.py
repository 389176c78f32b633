"""Who is on, as each console says it of itself: until it is closed, or its process is gone, however that ended."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from engine.access.proof import KeyProof
from engine.api import Engine
from engine.errors import Refusal
from engine.presence import sessions
from tests.forks import ROOT
from tests.people import key_of, open_engine

# Says where it is, then that it has said so, and waits for its end.
THERE = """
import sys
from pathlib import Path
from tests.people import open_engine
engine = open_engine(Path(sys.argv[1]), "bob")
engine.be_at("Audit")
print("there", flush=True)
sys.stdin.read()
"""


@pytest.fixture
def ada(tmp_path: Path) -> Engine:
    engine = open_engine(tmp_path / "home", "ada", create=True)
    for name, role in (("bob", "operator"), ("eve", "viewer")):
        engine.add_operator(name, role, "a colleague")  # type: ignore[arg-type]
    return engine


def told(engine: Engine) -> list[tuple[str, str]]:
    return [(each.operator, each.screen) for each in engine.who()]


def test_each_sees_the_others_and_what_they_look_at_until_they_leave(ada: Engine) -> None:
    bob, eve = open_engine(ada.home, "bob"), open_engine(ada.home, "eve")
    assert told(eve) == []
    ada.be_at("Overview")
    bob.be_at("Runs")
    bob.be_at("Decide on tiny@3")
    assert told(eve) == [("ada", "Overview"), ("bob", "Decide on tiny@3")]
    assert [each.operator for each in ada.others()] == ["bob"]
    assert [each.operator for each in bob.others()] == ["ada"]
    came = next(each for each in eve.who() if each.operator == "bob")
    assert came.proof == f"key {key_of('bob').fingerprint}" and came.place == "this machine"
    assert came.came_at <= came.since
    bob.close()
    assert told(eve) == [("ada", "Overview")]
    assert len(os.listdir(ada.home / "locks" / sessions.FOLDER)) == 1


def test_where_the_door_let_somebody_in_from_is_told(ada: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    bob = open_engine(ada.home, "bob")
    proof = bob.caller.proof
    assert isinstance(proof, KeyProof)
    bob.caller = type(bob.caller)(bob.caller.operator, KeyProof(proof.fingerprint, "192.0.2.7"))
    bob.be_at("Runs")
    assert [each.place for each in ada.who()] == ["192.0.2.7"]


def test_whoever_was_killed_is_gone_and_their_file_too(ada: Engine) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", THERE, str(ada.home)], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as process:
        assert process.stdout is not None and process.stdout.readline() == b"there\n"
        assert told(ada) == [("bob", "Audit")]
        process.send_signal(signal.SIGKILL)
    assert told(ada) == []
    assert os.listdir(ada.home / "locks" / sessions.FOLDER) == []


def test_being_there_is_no_commit_that_would_wake_every_console(ada: Engine) -> None:
    other = open_engine(ada.home, "bob")
    before, rows = ada.change_marker(), len(ada.audit())
    other.be_at("Runs")
    other.who()
    assert ada.change_marker() == before and len(ada.audit()) == rows


def test_what_is_in_a_file_reaches_no_terminal_unread(ada: Engine) -> None:
    ada.be_at("Runs \x1b[31m\u202e" + "x" * 500)
    assert [len(each.screen) for each in ada.who()] == [80]
    assert told(ada)[0][1].startswith("Runs") and "\x1b" not in told(ada)[0][1]
    (file,) = (ada.home / "locks" / sessions.FOLDER).iterdir()
    for garbage in (b"", b"{", b"[]\n", b'{"operator": "bob"}\n', b"\xff\xfe\n"):
        file.write_bytes(garbage)
        assert told(ada) == []


def test_a_longer_word_leaves_nothing_behind_a_shorter_one(ada: Engine) -> None:
    for screen in ("Decide on flights@12", "Runs", ""):
        ada.be_at(screen)
        assert told(ada) == [("ada", screen)]


def test_where_nothing_can_be_written_people_look_all_the_same(ada: Engine) -> None:
    (ada.home / "locks" / sessions.FOLDER).write_text("no folder")
    ada.be_at("Runs")
    assert told(ada) == []
    ada.close()


def test_a_file_that_was_cleared_away_before_it_was_held_is_made_again(
    ada: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    held, taken = sessions.fcntl.flock, []

    def cleared_first(file: int, how: int) -> None:
        if not taken:
            taken.append(file)
            for path in (ada.home / "locks" / sessions.FOLDER).iterdir():
                path.unlink()
        held(file, how)

    monkeypatch.setattr(sessions.fcntl, "flock", cleared_first)
    ada.be_at("Runs")
    assert taken and told(ada) == [("ada", "Runs")]


def test_what_is_no_consoles_file_is_neither_followed_nor_waited_for(ada: Engine) -> None:
    ada.be_at("Runs")
    folder = ada.home / "locks" / sessions.FOLDER
    (mine,) = folder.iterdir()
    (folder / "again").symlink_to(mine)
    os.mkfifo(folder / "pipe")  # Whoever opens one for reading waits for somebody who writes.
    (folder / "folder").mkdir()
    assert told(ada) == [("ada", "Runs")]


def test_the_longest_on_comes_first_and_no_more_are_listed_than_anybody_reads(ada: Engine) -> None:
    locks, noon = ada.home / "locks", datetime(2026, 11, 24, 12, tzinfo=UTC)
    on = [sessions.Session(locks, "eve", "key", "here", noon - n * timedelta(minutes=1)) for n in range(sessions.MOST)]
    for each in on:
        each.show("Runs", noon)
    found = sessions.everybody(locks)
    assert [each.came_at for each in found] == sorted(each.came_at for each in found)
    assert [each.session for each in found] == [each.name for each in reversed(on)]
    on.append(sessions.Session(locks, "eve", "key", "here", noon))
    on[-1].show("Runs", noon)
    assert len(sessions.everybody(locks)) == sessions.MOST
    for each in on:
        each.leave()
    assert sessions.everybody(locks) == ()


def test_who_is_on_is_for_the_account_and_its_group_to_read(ada: Engine) -> None:
    before = os.umask(0)
    try:
        ada.be_at("Runs")
    finally:
        os.umask(before)
    folder = ada.home / "locks" / sessions.FOLDER
    assert [path.stat().st_mode & 0o777 for path in (folder, *folder.iterdir())] == [0o750, 0o640]


def test_a_moment_that_is_over_has_nobody_on(ada: Engine) -> None:
    then = open_engine(ada.home, "ada", at=ada.now())
    for act in (then.who, then.others, lambda: then.be_at("Runs")):
        with pytest.raises(Refusal, match="This is how things stood"):
            act()
