"""Killed before each change it makes, a backup leaves the one before it whole, and a restore is gone on with."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from engine.api import Engine
from engine.backup.place import BackupFolder
from engine.errors import Refusal
from engine.founding import restore_backup
from tests.killing import killed_at
from tests.ledger import store_of
from tests.people import open_engine

pytestmark = pytest.mark.slow
PREPARATION = """
from pathlib import Path
import zstandard
import engine.backup.build, engine.backup.restoring
from engine.api import open_engine
from engine.founding import restore_backup
silent = lambda done, total: None
"""


@pytest.fixture
def engine(home: Path) -> Iterator[Engine]:
    engine = open_engine(home, "ada", create=True)
    store_of(engine).put(b"a model")
    yield engine
    engine.close()


def whole(place: Path, former: bool = False) -> int:
    """How many objects the newest backup has, all of which were read."""
    from engine.backup.checking import check

    found = check(place, None, lambda done, total: None, former=former)
    assert found.problems == ()
    return found.objects


def test_a_backup_that_is_killed_leaves_the_one_before_it_whole(engine: Engine, tmp_path: Path) -> None:
    place, number, seen = tmp_path / "backup", 0, set()
    engine.back_up(place)
    store_of(engine).put(b"another")
    shutil.copytree(place, tmp_path / "saved")
    while True:
        number += 1
        assert number < 200
        act = f"engine = open_engine(Path({str(engine.home)!r}), 'ada'); engine.back_up(Path({str(place)!r}))"
        killed = killed_at(number, PREPARATION, act)
        seen.add(whole(place))
        if not killed:
            break
        assert engine.verify_audit().ok
        if number % 5 == 0:  # Whatever it left, the next one is made, and takes it away.
            assert engine.back_up().objects == 2
            needed = set().union(*(manifest.named() for manifest in BackupFolder(place).there()))
            assert set(BackupFolder(place).store.digests()) == needed
            assert list(place.rglob(".*")) == []
        shutil.rmtree(place)
        shutil.copytree(tmp_path / "saved", place)
    assert seen == {1, 2}


def test_a_first_backup_that_is_killed_is_no_backup_and_the_next_one_is(engine: Engine, tmp_path: Path) -> None:
    place, number = tmp_path / "backup", 0
    while True:
        number += 1
        assert number < 200
        act = f"engine = open_engine(Path({str(engine.home)!r}), 'ada'); engine.back_up(Path({str(place)!r}))"
        killed = killed_at(number, PREPARATION, act)
        if (place / "backup.json").exists():
            assert whole(place) == 1
        if not killed:
            break
        if number % 5 == 0:
            engine.back_up(place)
            assert whole(place) == 1
        shutil.rmtree(place, ignore_errors=True)


def test_a_restore_that_is_killed_is_no_workspace_and_the_same_one_goes_on(engine: Engine, tmp_path: Path) -> None:
    place, new, number = tmp_path / "backup", tmp_path / "new", 0
    engine.back_up(place)
    act = f"restore_backup(Path({str(place)!r}), Path({str(new)!r}), 'ada', silent, reason='the disk died')"
    while True:
        number += 1
        assert number < 200
        killed = killed_at(number, PREPARATION, act)
        if not killed or (new / "ledger.db").exists():
            again = open_engine(new, "ada")
        else:
            restore_backup(place, new, "ada", lambda done, total: None, reason="the disk died")
            again = open_engine(new, "ada")
        assert again.verify_audit().ok
        assert [row.action for row in again.audit()].count("restore-backup") == 1
        assert len(list(store_of(again).digests())) == 1
        again.close()
        if not killed:
            break
        shutil.rmtree(new)


@pytest.mark.parametrize("kib", [8, 64, 120, 200, 300])
def test_a_backup_onto_a_disk_that_fills_up_is_refused_and_the_one_before_it_is_whole(
    engine: Engine, tmp_path: Path, kib: int
) -> None:
    place = tmp_path / "small"
    place.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", place], capture_output=True)
    if mounted.returncode:
        pytest.skip("only root may mount a small file system")
    try:
        engine.back_up(place / "backup")
        free = shutil.disk_usage(place).free
        (place / "ballast").write_bytes(bytes(free - (kib << 10)))
        for number in range(40):
            store_of(engine).put(__import__("random").Random(number).randbytes(20_000))
        with pytest.raises(Refusal, match=r"(is|disk is) full"):
            engine.back_up(place / "backup")
        assert whole(place / "backup") == 1
        finding = next(each for each in engine.doctor(mend=False) if each.what == "backup")
        assert finding.verdict == "failing" and "the newest attempt failed" in finding.sentence
        (place / "ballast").unlink()
        (place / "ballast").write_bytes(b"")
        subprocess.run(["mount", "-o", "remount,size=4m", place], check=True)
        assert engine.back_up().objects == 41
        assert whole(place / "backup") == 41
    finally:
        subprocess.run(["umount", "-l", place], check=True)
