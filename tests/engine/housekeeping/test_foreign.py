"""What is said about watched folders, and what is not said on one signal alone. Nothing in them is ever changed."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from engine import clock
from engine.housekeeping import foreign, held_open
from engine.housekeeping.foreign import ScannedFolder
from engine.housekeeping.places import PlaceKind, WatchedFolder
from engine.housekeeping.records import DiskFinding
from engine.housekeeping.scan import scan
from engine.housekeeping.scan_cache import memory_of

YEAR = 365 * 86400.0
NOW = clock.now().timestamp() + YEAR
MB = 1 << 20


def put(path: Path, size: int, *, content: bytes = b"", read: float = 0.0, sparse: bool = False) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("wb") as file:
        if sparse:
            os.posix_fallocate(file.fileno(), 0, size)
        else:
            file.write((content or os.urandom(16)) * (size // len(content or b"x" * 16)))
    os.utime(path, (NOW - read, NOW - 2 * YEAR))
    return path


def looked_into(folder: Path, kind: PlaceKind) -> ScannedFolder:
    tree = scan(folder, memory_of(folder.parent / "memory", folder), NOW, polite=False)
    return ScannedFolder(WatchedFolder(str(folder), kind, datetime.fromtimestamp(NOW, UTC), "ada"), tree)


def said(folder: Path, kind: PlaceKind, named: Callable[[str], bool] = lambda name: False) -> list[DiskFinding]:
    return list(foreign.findings([looked_into(folder, kind)], named, NOW))


def test_a_bin_that_is_not_emptied_is_said_also_inside_another_folder(tmp_path: Path) -> None:
    put(tmp_path / "trash" / "files" / "old.iso", 3 * MB)
    (found,) = said(tmp_path / "trash", "bin")
    assert found.sentence.startswith("a bin that holds 3.0 MiB in 1 file; empty it") and found.bytes >= 3 * MB
    put(tmp_path / "data" / ".Trash-1000" / "files" / "old.iso", 3 * MB)
    (found,) = said(tmp_path / "data", "data")
    assert found.what.endswith("data/.Trash-1000") and "empty it" in found.sentence
    (tmp_path / "empty").mkdir()
    assert said(tmp_path / "empty", "bin") == []


def test_massive_logs_and_large_ones_that_nothing_rotates_are_said(tmp_path: Path) -> None:
    logs = tmp_path / "logs"
    for name, size in (("app.log", 120), ("web.log", 30), ("db.log", 30), ("small.log", 5), ("syslog", 30)):
        put(logs / name, size * MB, sparse=True)
    put(logs / "db.log.1", 30 * MB, sparse=True)
    put(logs / "web.logic", 10)
    put(logs / "picture.png", 130 * MB, sparse=True)
    found = {Path(each.what).name: each.sentence for each in said(logs, "logs") if "keep one" not in each.sentence}
    assert found == {
        "app.log": "a massive log: 120 MiB, and nothing rotates it; rotate it",
        "web.log": "a log of 30 MiB that nothing rotates; set up logrotate",
        "syslog": "a log of 30 MiB that nothing rotates; set up logrotate",
    }


def test_files_with_the_same_content_are_said_and_two_names_of_one_file_are_not(tmp_path: Path) -> None:
    data = tmp_path / "data"
    put(data / "a.bin", 2 * MB, content=b"same")
    put(data / "copy" / "b.bin", 2 * MB, content=b"same")
    put(data / "other.bin", 2 * MB, content=b"else")
    almost = bytearray((data / "a.bin").read_bytes())
    almost[MB] ^= 1  # alike at both ends
    (data / "almost.bin").write_bytes(bytes(almost))
    os.link(data / "a.bin", data / "linked.bin")
    (found,) = said(data, "data")
    assert found.what.endswith(("data/a.bin", "data/linked.bin")) and found.bytes == 2 * MB
    assert found.sentence == f"the same 2.0 MiB again as {data / 'copy' / 'b.bin'}; keep one"


@pytest.mark.parametrize(
    ("name", "read_ago", "named", "expected"),
    [
        ("lost.csv", YEAR, False, True),
        ("lost.csv", 86400.0, False, False),
        ("lost.csv", YEAR, True, False),
        ("program.bin", YEAR, False, False),
    ],
)
def test_data_that_nothing_reads_is_said_only_when_all_signals_agree(
    tmp_path: Path, name: str, read_ago: float, named: bool, expected: bool
) -> None:
    mounts = tmp_path / "mountinfo"
    mounts.write_text("1 0 8:1 / / rw,relatime - ext4 /dev/a rw\n")
    put(tmp_path / "data" / name, 3 * MB, read=read_ago)
    seen = looked_into(tmp_path / "data", "data")
    found = list(foreign.unread_findings(seen, lambda asked: named and asked == name, NOW, mounts))
    assert [each.what for each in found] == ([str(tmp_path / "data" / name)] if expected else [])
    if expected:
        assert "nobody has read for 365 days, no run has named and no version holds" in found[0].sentence


def test_where_read_times_are_not_kept_nothing_is_said_about_reading(tmp_path: Path) -> None:
    mounts = tmp_path / "mountinfo"
    mounts.write_text(
        "1 0 8:1 / / rw,relatime - ext4 /dev/a rw\n"
        "2 1 8:2 / /data rw,noatime - ext4 /dev/b rw\n"
        "3 2 8:3 / /data/with\\040space rw,relatime - ext4 /dev/c rw\n"
    )
    kept = {name: foreign.keeps_read_times(Path(name), mounts) for name in ("/var", "/data/x", "/data/with space/y")}
    assert kept == {"/var": True, "/data/x": False, "/data/with space/y": True}
    assert not foreign.keeps_read_times(tmp_path, tmp_path / "nothing")


def test_a_file_that_is_held_open_after_deletion_is_said_with_who_holds_it(tmp_path: Path) -> None:
    path = tmp_path / "large.log"
    holding = (
        "import sys; f = open(sys.argv[1], 'wb'); f.write(bytes(3 << 20)); f.flush(); print(1, flush=True); input()"
    )
    holder = subprocess.Popen(
        [sys.executable, "-c", holding, path], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert holder.stdout is not None
    holder.stdout.readline()
    device = {tmp_path.stat().st_dev}
    assert not any(each.pid == holder.pid for each in held_open.held_open(device))
    path.unlink()
    found = [each for each in held_open.held_open(device) if each.pid == holder.pid]
    assert [(each.path, each.bytes) for each in found] == [(str(path), 3 * MB)]
    sentences = [each.sentence for each in held_open.findings(device) if each.what == str(path)]
    assert sentences == [f"3.0 MiB deleted but held open by {found[0].program} (process {holder.pid}); restart it"]
    holder.communicate("\n", timeout=10)
    assert not any(each.path == str(path) for each in held_open.held_open(device))


def test_names_from_a_watched_folder_are_made_safe(tmp_path: Path) -> None:
    odd = tmp_path / "data"
    odd.mkdir()
    raw = os.fsencode(odd) + b"/\x1b[2J\xff.log"
    with open(raw, "wb") as file:
        os.posix_fallocate(file.fileno(), 0, 120 * MB)
    (found,) = said(odd, "logs")
    assert "\x1b" not in found.what and found.what.isprintable()


def test_looking_changes_nothing(tmp_path: Path) -> None:
    data = tmp_path / "data"
    put(data / "a.csv", 2 * MB, content=b"same", read=YEAR)
    put(data / "b.csv", 2 * MB, content=b"same", read=YEAR)
    before = [(path.name, path.stat().st_mtime_ns, path.stat().st_size) for path in sorted(data.rglob("*"))]
    said(data, "data")
    assert [(path.name, path.stat().st_mtime_ns, path.stat().st_size) for path in sorted(data.rglob("*"))] == before
