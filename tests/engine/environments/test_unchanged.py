"""What is said to be unchanged is unchanged, by the marks of every name or because the system told of nothing."""

from __future__ import annotations

import mmap
import os
import resource
import select
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from engine.environments import unchanged
from engine.environments.unchanged import RENEWED_SECONDS, REST_SECONDS, Folder, Watching, stamp
from engine.errors import Damage
from engine.release.proof import Steps, of_workspace, prove
from engine.storage import workspace as workspaces
from engine.storage.objects import ObjectStore

OF = "a picture's digest"
NAMES = (".", "lib", "lib/pear.py", "lib/quince.py", "lib/link", "bin", "bin/run")


def test_no_file_of_many_escapes_the_marks_that_are_compared(tmp_path: Path) -> None:
    names = [f"{number:04d}" for number in range(1102)]
    for name in names:
        (tmp_path / name).touch()
    listed = "\0".join((".", *names)).encode()
    before = stamp(tmp_path, listed)
    for number in (0, 498, 499, 500, 998, 999, 1101):  # They are asked for 500 at a time.
        (tmp_path / names[number]).write_text("other")
        now = stamp(tmp_path, listed)
        assert now is not None and now != before, f"{number} may be changed unseen"
        before = now
    (tmp_path / names[700]).unlink()
    assert stamp(tmp_path, listed) is None


@pytest.fixture
def folder(tmp_path: Path, mountinfo: Path) -> Iterator[Folder]:
    """A small environment, with another hard link of each of its files beside it, as a cache has one."""
    root, cache = tmp_path / "workspace" / "environment", tmp_path / "workspace" / "cache"
    for each in (root / "lib", root / "bin", cache):
        each.mkdir(parents=True)
    for name in ("lib/pear.py", "lib/quince.py", "bin/run"):
        (root / name).write_text("sweet")
        os.link(root / name, cache / Path(name).name)
    (root / "lib/link").symlink_to("pear.py")
    made = Folder(root, OF, "\0".join(NAMES).encode())
    yield made
    unchanged.end(made)


def _mapped(path: Path) -> None:
    with path.open("r+b") as file, mmap.mmap(file.fileno(), 0) as held:
        held[:2] = b"SW"


def _rewritten_with_its_old_time(root: Path) -> None:
    before = (root / "lib/pear.py").stat()
    (root / "lib/pear.py").write_text("sweet!")
    os.utime(root / "lib/pear.py", ns=(before.st_atime_ns, before.st_mtime_ns))


def _added_to(path: Path) -> None:
    with path.open("ab", buffering=0) as file:
        file.write(b"!")


def _another_in_its_place(root: Path) -> None:
    root.rename(root.with_name("before"))
    (root / "lib").mkdir(parents=True)


def _another_where_its_parent_was(root: Path) -> None:
    root.parent.rename(root.parent.with_name("moved"))
    root.mkdir(parents=True)


CHANGES: dict[str, Callable[[Path], object]] = {
    "written": lambda root: (root / "lib/pear.py").write_text("sour"),
    "added to": lambda root: _added_to(root / "lib/pear.py"),
    "written by its other link": lambda root: (root.parent / "cache/pear.py").write_text("sour"),
    "written through a map": lambda root: _mapped(root / "lib/quince.py"),
    "cut short": lambda root: os.truncate(root / "lib/pear.py", 1),
    "with its old time": _rewritten_with_its_old_time,
    "made a program": lambda root: (root / "lib/pear.py").chmod(0o755),
    "replaced": lambda root: (root.parent / "cache/quince.py").replace(root / "lib/pear.py"),
    "removed": lambda root: (root / "bin/run").unlink(),
    "renamed": lambda root: (root / "lib/pear.py").rename(root / "lib/apple.py"),
    "one added": lambda root: (root / "lib/plum.py").touch(),
    "one added at the top": lambda root: (root / "sitecustomize.py").touch(),
    "a folder added": lambda root: (root / "lib/more").mkdir(),
    "a link led elsewhere": lambda root: ((root / "lib/link").unlink(), (root / "lib/link").symlink_to("quince.py")),
    "a folder moved away": lambda root: (root / "lib").rename(root.parent / "lib"),
    "another in its place": _another_in_its_place,
    "its parent moved and another in its place": _another_where_its_parent_was,
    "its parent moved": lambda root: root.parent.rename(root.parent.with_name("moved")),
}


@pytest.mark.parametrize("how", CHANGES)
def test_whatever_is_changed_is_told(folder: Folder, how: str) -> None:
    assert unchanged.watch(folder) is not None
    assert unchanged.unchanged(folder.root, OF) == stamp(folder.root, folder.names)
    CHANGES[how](folder.root)
    assert unchanged.unchanged(folder.root, OF) is None
    assert unchanged.unchanged(folder.root, OF) is None, "nobody who asks takes it from the next"


def test_who_only_reads_changes_nothing(folder: Folder) -> None:
    unchanged.watch(folder)
    for path in folder.root.rglob("*"):
        if path.is_file():
            path.read_bytes()
    assert stamp(folder.root, folder.names) == unchanged.unchanged(folder.root, OF)


def test_a_folder_that_is_not_watched_is_to_be_asked(folder: Folder) -> None:
    assert unchanged.unchanged(folder.root, OF) is None
    unchanged.watch(folder)
    assert unchanged.unchanged(folder.root, "another picture's digest") is None
    unchanged.end(folder)
    assert unchanged.unchanged(folder.root, OF) is None


def test_what_lacks_a_name_is_not_watched(folder: Folder) -> None:
    (folder.root / "bin/run").unlink()
    assert unchanged.watch(folder) is None
    assert unchanged.descriptors() == []


def test_a_fork_sees_what_changes_after_its_parent_watches_no_longer(folder: Folder) -> None:
    unchanged.watch(folder)
    (kept,) = unchanged.descriptors()
    ask, asked = os.pipe()
    said, say = os.pipe()
    if (child := os.fork()) == 0:
        try:
            os.close(asked)
            os.write(say, bytes([unchanged.unchanged(folder.root, OF) is not None]))
            os.read(ask, 1)
            os.write(say, bytes([unchanged.unchanged(folder.root, OF) is not None]))
        finally:
            os._exit(0)
    os.close(ask)
    os.close(say)  # Whatever becomes of the fork, nobody waits for a word that does not come.
    try:
        assert os.read(said, 1) == bytes([True])
        unchanged.end(folder)
        with pytest.raises(OSError):
            os.fstat(kept)
        (folder.root / "lib/pear.py").write_text("sour")
        os.write(asked, b".")
        assert os.read(said, 1) == bytes([False])
    finally:
        os.close(asked)
        os.close(said)
        os.waitpid(child, 0)


MOUNTS = (
    b"21 1 8:1 / / rw,relatime - ext4 /dev/sda1 rw\n"
    b"22 21 0:20 / /srv rw - nfs4 files:/srv rw\n"
    b"23 22 0:21 / /srv/own\\040disk rw shared:1 - xfs /dev/sdb rw\n"
    b"24 21 0:22 / /over rw - ext4 /dev/sdc rw\n"
    b"25 24 0:23 / /over rw - overlay overlay rw\n"
)


@pytest.mark.parametrize(
    ("root", "own"),
    [("/home/e", True), ("/srv/e", False), ("/srv/own disk/e", True), ("/srvother/e", True), ("/over/e", False)],
)
def test_who_writes_to_a_disk_is_known_by_what_is_mounted(root: str, own: bool) -> None:
    assert unchanged.on_own_disk(root, MOUNTS) is own


def test_where_nobody_says_what_is_mounted_no_disk_is_known() -> None:
    assert not unchanged.on_own_disk("/home/e", b"")


def test_a_disk_that_others_write_to_is_not_watched(folder: Folder, mountinfo: Path) -> None:
    assert unchanged.watch(folder) is not None
    mountinfo.write_bytes(b"21 1 0:20 / / rw - nfs4 files:/ rw\n")
    assert unchanged.watch(folder) is None
    assert unchanged.descriptors() == []


@pytest.mark.parametrize(
    ("where", "changes"), [("", True), ("/lib", True), ("/..", True), ("2", False), ("/../cache", False)]
)
def test_what_is_mounted_over_it_or_in_it_is_a_change_and_nothing_else(
    folder: Folder, mountinfo: Path, where: str, changes: bool
) -> None:
    unchanged.watch(folder)
    with mountinfo.open("ab") as file:
        file.write(b"99 1 0:9 / %b rw - tmpfs tmpfs rw\n" % os.fsencode(os.path.normpath(f"{folder.root}{where}")))
    assert (unchanged.unchanged(folder.root, OF) is None) is changes


def test_where_nobody_says_any_more_what_is_mounted_every_name_is_asked_for(folder: Folder, mountinfo: Path) -> None:
    unchanged.watch(folder)
    mountinfo.unlink()
    assert unchanged.unchanged(folder.root, OF) is None


@pytest.mark.parametrize(
    ("watches", "instances", "watched"),
    [(2 * len(NAMES), 2, True), (2 * len(NAMES) - 1, 2, False), (2 * len(NAMES), 1, False)],
)
def test_half_of_what_the_account_may_watch_is_left_to_others(
    folder: Folder, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, watches: int, instances: int, watched: bool
) -> None:
    (tmp_path / "max_user_watches").write_text(f"{watches}\n")
    (tmp_path / "max_user_instances").write_text(f"{instances}\n")
    monkeypatch.setattr(unchanged, "LIMITS", tmp_path)
    assert (unchanged.watch(folder) is not None) is watched


def test_where_there_is_no_more_room_for_a_descriptor_nothing_is_watched(folder: Folder) -> None:
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    there = set(os.listdir("/proc/self/fd"))
    resource.setrlimit(resource.RLIMIT_NOFILE, (64, before[1]))  # None as high as they are kept.
    try:
        assert unchanged.watch(folder) is None
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, before)
    assert set(os.listdir("/proc/self/fd")) == there


def test_what_was_not_asked_for_within_the_hour_is_asked_for(folder: Folder) -> None:
    """Also by a run that was forked from a server which has asked again since."""
    now = 5.0
    unchanged.watch(folder, lambda: now)
    now += RENEWED_SECONDS
    assert unchanged.unchanged(folder.root, OF, lambda: now) is not None
    now += 1.0
    assert unchanged.unchanged(folder.root, OF, lambda: now) is None
    assert unchanged.renew(folder, lambda: now)
    assert unchanged.unchanged(folder.root, OF, lambda: now) is not None


def test_who_lets_go_of_all_that_is_watched_asks_for_every_name(folder: Folder) -> None:
    unchanged.watch(folder)
    unchanged.end_all()
    assert unchanged.unchanged(folder.root, OF) is None and unchanged.descriptors() == []


def test_of_what_is_to_be_proven_every_name_is_asked_for(folder: Folder, tmp_path: Path) -> None:
    unchanged.watch(folder)
    workspace, steps = workspaces.create(tmp_path / "home"), Steps(lambda step: None)
    with pytest.raises(Damage):  # It has nothing to prove; by then nothing is watched any more.
        store, ground = ObjectStore(workspace.objects), of_workspace(workspace)
        prove(workspace, store, "0" * 64, "tiny@1", tmp_path / "proof", steps, ground)
    assert unchanged.descriptors() == []


def test_what_was_written_through_a_map_that_is_held_is_seen_within_the_hour(folder: Folder) -> None:
    with (folder.root / "lib/quince.py").open("r+b") as file, mmap.mmap(file.fileno(), 0) as held:
        now = 0.0
        watching = Watching([folder], lambda: now)
        _, begun = watching.begin_one()
        held[:2] = b"SW"
        now = RENEWED_SECONDS
        closed, anew = watching.begin_one()
        assert closed == begun is not None and anew is not None
        assert unchanged.unchanged(folder.root, OF, lambda: now) == stamp(folder.root, folder.names)


def test_a_folder_is_watched_anew_a_minute_after_a_change_and_every_hour(folder: Folder) -> None:
    now = 0.0
    watching = Watching([folder], lambda: now)
    assert watching.seconds() == 0
    closed, begun = watching.begin_one()
    assert closed is None and begun is not None and watching.seconds() == RENEWED_SECONDS
    assert not select.select([begun], [], [], 0)[0]
    (folder.root / "lib/pear.py").write_text("sour")
    assert select.select([begun], [], [], 0)[0] == [begun]
    watching.changed(begun)
    assert unchanged.unchanged(folder.root, OF) is None and watching.seconds() == REST_SECONDS
    assert unchanged.descriptors() == []  # Until then nothing stays open for it.
    now = REST_SECONDS
    assert watching.seconds() == 0
    closed, begun = watching.begin_one()
    assert closed is None and begun is not None
    assert unchanged.unchanged(folder.root, OF, lambda: now) == stamp(folder.root, folder.names)
    now += RENEWED_SECONDS
    assert watching.begin_one() == (None, None) and unchanged.descriptors() == [begun], "it is watched on"
    assert watching.seconds() == RENEWED_SECONDS


def test_what_cannot_be_watched_is_tried_again_after_an_hour(folder: Folder) -> None:
    (folder.root / "bin/run").unlink()
    watching = Watching([folder], lambda: 0.0)
    assert watching.begin_one() == (None, None)
    assert watching.seconds() == RENEWED_SECONDS


def test_where_nothing_is_to_be_watched_nothing_is_due() -> None:
    assert Watching([], lambda: 0.0).seconds() is None
