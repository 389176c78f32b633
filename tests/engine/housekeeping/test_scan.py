"""What a scan counts, what it finds again, and what it makes of everything odd that a file system can hold."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from engine import clock
from engine.errors import Refusal
from engine.housekeeping.scan import ScannedTree, scan
from engine.housekeeping.scan_cache import memory_of
from engine.housekeeping.walker import Walk

DAY = 86400.0
NOW = clock.now().timestamp() + 365 * DAY  # later than anything that a test writes: all of it has settled


def scanned(root: Path, now: float = NOW, **more: object) -> ScannedTree:
    return scan(root, memory_of(root.parent / "memory", root), now, polite=False, **more)  # type: ignore[arg-type]


def du(root: Path) -> int:
    said = subprocess.run(["du", "-s", "-B1", root], capture_output=True, text=True)
    return int(said.stdout.split()[0])


def write(path: Path, size: int) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(os.urandom(size))
    return path


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    root = tmp_path / "tree"
    for folder in range(70):
        for file in range(3):
            write(root / f"{folder:02d}" / "deep" / "deeper" / f"{file}.bin", 5000 * (file + 1))
    write(root / "top.bin", 10)
    return root


def test_a_scan_counts_what_du_counts_and_so_does_the_next(tree: Path) -> None:
    first, second = scanned(tree), scanned(tree, NOW + DAY)
    assert first.bytes == second.bytes == du(tree)
    assert first.files == second.files == 211
    assert first.by_key[""][1] == 1 and first.by_key["07/deep"][1] == 3


def test_what_came_and_went_is_seen_by_the_next_scan(tree: Path) -> None:
    scanned(tree)
    write(tree / "new" / "er" / "file", 100_000)
    (tree / "03" / "deep" / "deeper" / "1.bin").unlink()
    (tree / "04" / "deep" / "deeper" / "2.bin").rename(tree / "05" / "moved")
    found = scanned(tree)
    assert (found.bytes, found.files) == (du(tree), 211)


def test_a_log_that_grew_in_a_folder_that_did_not_change_is_found_with_its_growth(tree: Path) -> None:
    log = write(tree / "06" / "service.log", 10)
    large = write(tree / "07" / "large.bin", 2 << 20)
    scanned(tree)
    before = os.stat(log.parent).st_mtime_ns, os.stat(large.parent).st_mtime_ns
    for path in (log, large):
        with path.open("ab") as file:
            file.write(bytes(3 << 20))
    assert (os.stat(log.parent).st_mtime_ns, os.stat(large.parent).st_mtime_ns) == before
    found = scanned(tree, NOW + DAY)
    assert found.bytes == du(tree)
    growing = {row.path: row.growth for row in found.notable if row.growth}
    assert set(growing) == {"06/service.log", "07/large.bin"}
    assert all(2.9 < (growth or 0) / 2**20 < 3.1 for growth in growing.values())


def test_a_small_file_that_nothing_points_at_is_seen_to_grow_within_eight_scans(tree: Path) -> None:
    quiet = tree / "08" / "deep" / "deeper" / "0.bin"
    scanned(tree)
    with quiet.open("ab") as file:
        file.write(bytes(3 << 20))
    assert any(scanned(tree, NOW + day * DAY).bytes == du(tree) for day in range(1, 9))


def test_a_file_with_two_names_counts_once_for_the_one_that_is_preferred(tree: Path) -> None:
    (tree / "zz").mkdir()
    os.link(write(tree / "cache" / "wheel" / "a", 500_000), tree / "zz" / "b")
    for _ in range(2):
        found = scanned(tree, prefer=lambda key: 0 if key.startswith("zz") else 1)
        assert found.bytes == du(tree)
        assert found.by_key["zz"][0] >= 500_000 > found.by_key["cache/wheel"][0]


def test_names_that_are_preferred_alike_have_a_part_each_and_the_file_is_listed_once(tree: Path) -> None:
    for folder in ("one", "two"):
        (tree / "environments" / folder).mkdir(parents=True)
        (tree / "environments" / folder / "lib").mkdir()
    first = write(tree / "environments" / "one" / "lib" / "a.so", 3 << 20)
    os.link(first, tree / "environments" / "two" / "lib" / "a.so")
    os.link(first, tree / "environments" / "two" / "lib" / "b.so")
    for _ in range(2):
        found = scanned(tree)
        assert found.bytes == du(tree)
        parts = [found.by_key[f"environments/{folder}"][0] for folder in ("one", "two")]
        assert abs(parts[0] - parts[1]) < 10 and parts[0] > 3 << 19
        assert [row.path for row in found.notable] == ["environments/one/lib/a.so"]


def test_loops_of_links_names_that_are_no_text_and_holes_do_not_disturb(tree: Path) -> None:
    (tree / "loop").symlink_to(tree)
    (tree / "nowhere").symlink_to("nothing")
    odd = os.fsencode(tree) + b"/\xff\xfe\x1b[2J"
    os.mkdir(odd)
    with open(odd + b"/caf\xe9.log", "wb") as file:
        file.truncate(1 << 30)
    os.mkfifo(tree / "pipe")
    for _ in range(2):
        found = scanned(tree)
        assert found.bytes == du(tree)
        assert found.problems == ()


def test_a_folder_that_may_not_be_read_is_said_and_the_rest_is_counted() -> None:
    place = Path(tempfile.mkdtemp(dir="/tmp"))  # where every account may look
    try:
        place.chmod(0o755)
        write(place / "open" / "file", 5000)
        write(place / "closed" / "file", 5000)
        (place / "closed").chmod(0)
        walk = Walk(str(place), NOW, None, 0, place.stat().st_dev)
        with as_somebody_else():
            found = [walk.look(name, None) for name in ("open", "closed")]
    finally:
        (place / "closed").chmod(0o755)
        subprocess.run(["rm", "-rf", place], check=True)
    assert found[0] is not None and found[0][2] == 1
    assert found[1] is None and walk.problems == [["closed", "Permission denied"]] and walk.unread == 1


@contextmanager
def as_somebody_else() -> Iterator[None]:
    """Root may read everything; for the length of the block this process is nobody."""
    if os.geteuid():
        yield
        return
    os.seteuid(65534)
    try:
        yield
    finally:
        os.seteuid(0)


def test_another_file_system_below_is_not_entered_and_said(tree: Path) -> None:
    place = tree / "mounted" / "here"
    place.mkdir(parents=True)
    if subprocess.run(["mount", "-t", "tmpfs", "tmpfs", place], capture_output=True).returncode:
        pytest.skip("only root may mount")
    try:
        write(place / "large", 1 << 20)
        found = scanned(tree)
    finally:
        subprocess.run(["umount", place], check=True)
    assert found.problems == (("mounted/here", "another file system is mounted there"),)
    assert all(row.path != "mounted/here/large" for row in found.notable)


def test_a_path_that_is_too_long_is_said(tree: Path) -> None:
    deep = os.open(tree, os.O_RDONLY)
    for _ in range(60):
        os.mkdir("x" * 100, dir_fd=deep)
        below = os.open("x" * 100, os.O_RDONLY, dir_fd=deep)
        os.close(deep)
        deep = below
    os.close(deep)
    found = scanned(tree)
    assert found.unread == 1 and found.problems[0][1] == "File name too long"
    subprocess.run(["rm", "-rf", tree], check=True)


def test_what_vanishes_while_it_is_looked_at_is_no_trouble(tree: Path) -> None:
    ended = threading.Event()

    def churn() -> None:
        while not ended.is_set():
            for folder in ("c/d", "e"):
                (tree / folder).mkdir(parents=True)
            for file in ("c/d/f", "c/g"):
                (tree / file).touch()
            for folder in ("c", "e"):
                shutil.rmtree(tree / folder)

    churning = threading.Thread(target=churn)
    churning.start()
    try:
        for turn in range(10):
            assert scanned(tree, NOW + turn).files >= 211
    finally:
        ended.set()
        churning.join()
    assert scanned(tree).bytes == du(tree)


def test_a_memory_that_is_damaged_is_made_anew(tree: Path) -> None:
    scanned(tree)
    memory = memory_of(tree.parent / "memory", tree)
    for content in (b"", b"{}\n", b"\xff\xff\n", memory.read_bytes()[:-40]):
        memory.write_bytes(content)
        assert scanned(tree).bytes == du(tree)
    assert [path.name for path in memory.parent.iterdir()] == [memory.name]


def test_a_tree_that_is_gone_is_refused_in_words(tmp_path: Path) -> None:
    with pytest.raises(Refusal, match="gone cannot be scanned: No such file or directory"):
        scanned(tmp_path / "gone")
    with pytest.raises(Refusal, match="file cannot be scanned"):
        scanned(write(tmp_path / "file", 10))
