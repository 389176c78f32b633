"""A move is whole or not at all, on one disk and between two."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from engine.housekeeping import moving
from engine.storage.disk import room_of
from tests.killing import killed_at

MOVE = "from pathlib import Path\nfrom engine.housekeeping import moving\n"


@pytest.fixture
def elsewhere(tmp_path: Path) -> Iterator[Path]:
    """A folder on another file system, of 4 MB."""
    place = tmp_path / "elsewhere"
    place.mkdir()
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=4m", "tmpfs", place], capture_output=True).returncode:
        pytest.skip("only root may mount another file system")
    yield place
    subprocess.run(["umount", "-l", place], check=True)


def planted(folder: Path) -> Path:
    """A folder with what trees hold: files, links, an empty folder, one that may not be written into."""
    source = folder / "source"
    (source / "deep" / "er").mkdir(parents=True)
    (source / "empty").mkdir()
    (source / "deep" / "er" / "file").write_bytes(b"x" * 5000)
    (source / "program").write_text("run")
    (source / "program").chmod(0o555)
    (source / "link").symlink_to("nowhere")
    os.link(source / "program", source / "again")
    (source / "deep").chmod(0o555)
    return source


def contents(folder: Path) -> dict[str, str]:
    found = {}
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder).as_posix()
        found[name] = os.readlink(path) if path.is_symlink() else path.read_text() if path.is_file() else "folder"
    return found


def test_what_was_moved_is_as_it_was(tmp_path: Path, elsewhere: Path) -> None:
    source = planted(tmp_path)
    was = contents(source)
    for target in (elsewhere / "a" / "there", tmp_path / "b" / "here"):
        moving.move(source, target)
        assert contents(target) == was
        assert not source.exists()
        source = target
    assert (source / "program").stat().st_mode & 0o777 == 0o555
    assert list(elsewhere.rglob("*")) == [elsewhere / "a"]


def test_nothing_is_written_over_and_what_is_gone_is_said(tmp_path: Path) -> None:
    source = planted(tmp_path)
    (tmp_path / "there").mkdir()
    with pytest.raises(FileExistsError):
        moving.move(source, tmp_path / "there")
    with pytest.raises(FileNotFoundError):
        moving.move(tmp_path / "gone", tmp_path / "target")
    assert contents(source)


def test_a_disk_that_is_full_leaves_the_original_and_no_half_copy(tmp_path: Path, elsewhere: Path) -> None:
    source = planted(tmp_path)
    (source / "large").write_bytes(bytes(5 << 20))
    was = contents(source)
    with pytest.raises(OSError, match="No space left"):
        moving.move(source, elsewhere / "there")
    assert contents(source) == was
    assert list(elsewhere.iterdir()) == []


@pytest.mark.slow
def test_a_move_between_disks_that_is_killed_anywhere_leaves_one_whole_after_settling(
    tmp_path: Path, elsewhere: Path
) -> None:
    number, ends = 0, set()
    while True:
        number += 1
        for leftover in [*tmp_path.glob("*source*"), *tmp_path.glob(".*source*"), *elsewhere.iterdir()]:
            moving.delete(leftover)
        source, target = planted(tmp_path), elsewhere / "target"
        was = contents(source)
        killed = killed_at(number, MOVE, f"moving.move(Path({str(source)!r}), Path({str(target)!r}))")
        moving.settle(source, target, keep=target)
        (whole,) = [place for place in (source, target) if place.exists()]
        ends.add(whole)
        assert contents(whole) == was
        left = [path.name for path in [*tmp_path.iterdir(), *elsewhere.iterdir()]]
        assert sorted(left) == sorted(["elsewhere", whole.name])
        if not killed:
            break
    assert ends == {source, target} and number > 10


def test_deleting_takes_what_may_not_be_written_into_and_what_is_gone(tmp_path: Path) -> None:
    source = planted(tmp_path)
    for folder in (source, source / "deep", source / "deep" / "er"):
        folder.chmod(0o500)
    moving.delete(source)
    moving.delete(source)
    assert not source.exists()


def test_room_counts_what_lies_there_and_nothing_for_what_vanished(tmp_path: Path) -> None:
    source = planted(tmp_path)
    du = int(subprocess.run(["du", "-s", "-B1", source], capture_output=True, text=True).stdout.split()[0])
    assert abs(room_of(source) - du) <= 4096
    shutil.rmtree(source)
    assert room_of(source) == 0
