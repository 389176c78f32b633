from __future__ import annotations

import os
from pathlib import Path

from engine.housekeeping.linked import rooms
from engine.housekeeping.scan import scan
from engine.housekeeping.usage import preference
from engine.storage import workspace as workspaces

MEGABYTES = 1 << 20


def write(path: Path, size: int, *others: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(os.urandom(size))
    for other in others:
        other.parent.mkdir(parents=True, exist_ok=True)
        os.link(path, other)


def test_a_clean_up_counts_files_of_several_names_as_the_report_on_the_disk_does(home: Path, tmp_path: Path) -> None:
    workspace = workspaces.create(home)
    one, two = (home / "environments" / name / "lib" for name in ("one", "two"))
    cache = home / "cache" / "uv"
    binned = home / "bin" / "0000007" / "environments" / "three" / "lib"
    write(cache / "a.so", 5 * MEGABYTES, one / "a.so")  # the environment's
    write(cache / "b.so", 3 * MEGABYTES, one / "b.so", two / "b.so", two / "again.so")  # half of it each
    write(cache / "c.so", 2 * MEGABYTES, binned / "c.so")  # the bin's
    write(cache / "d.so", 4 * MEGABYTES, binned / "d.so", one / "d.so")  # the environment's
    write(cache / "e.so", 1 * MEGABYTES, cache / "same.so")
    write(one / "own.py", 1000)
    found = rooms(workspace)
    by_key = scan(home, tmp_path / "memory", 1.8e9, prefer=preference).by_key
    assert found == {key: by_key[key][0] for key in found}
    assert found.keys() == {"environments/one", "environments/two", "bin/0000007", "cache/uv"}
    assert 10.5 * MEGABYTES <= found["environments/one"] <= 10.6 * MEGABYTES
    assert 1.5 * MEGABYTES <= found["environments/two"] <= 1.6 * MEGABYTES
    assert 2 * MEGABYTES <= found["bin/0000007"] <= 2.1 * MEGABYTES
    assert 1 * MEGABYTES <= found["cache/uv"] <= 1.1 * MEGABYTES
