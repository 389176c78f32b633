"""What a hostile step leaves behind: it is deleted, or refused by name, and never stops the engine."""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import Any

import pytest

from engine.housekeeping.linked import _below
from engine.housekeeping.moving import delete, room_of
from engine.runs import warden
from engine.runs.leftovers import DEEPEST, drop_temporary, tidy
from engine.storage.disk import delete_tree
from tests.engine.runs.step_workshop import MIB, Workshop, workshop

__all__ = ["workshop"]


def deep(folder: Path, depth: int = 3000) -> Path:
    """Folders in each other, of which the last can be named by no path."""
    folder.mkdir(parents=True, exist_ok=True)
    here = os.open(folder, os.O_RDONLY)
    for _ in range(depth):
        os.mkdir("d", dir_fd=here)
        below = os.open("d", os.O_RDONLY, dir_fd=here)
        os.close(here)
        here = below
    os.close(here)
    return folder


def test_folders_without_end_and_such_that_nobody_may_look_into_are_deleted(tmp_path: Path) -> None:
    delete_tree(deep(tmp_path / "deep"))
    shut = tmp_path / "shut"
    (shut / "in" / "it").mkdir(parents=True)
    for path in (shut / "in" / "it", shut / "in", shut):
        path.chmod(0)
    delete_tree(shut)
    delete_tree(tmp_path / "gone")
    delete(deep(tmp_path / "deep"))
    drop_temporary(deep(tmp_path / "run" / "tmp").parent)
    assert os.listdir(tmp_path) == ["run"] and os.listdir(tmp_path / "run") == []


def test_where_a_link_leads_nothing_is_deleted(tmp_path: Path) -> None:
    (tmp_path / "kept").mkdir()
    (tmp_path / "kept" / "file").touch()
    (deep(tmp_path / "deep") / "link").symlink_to(tmp_path / "kept")
    delete_tree(tmp_path / "deep")
    assert (tmp_path / "kept" / "file").exists()


def test_folders_without_end_are_counted_as_far_as_they_can_be_named(tmp_path: Path) -> None:
    deep(tmp_path / "deep")
    assert room_of(tmp_path / "deep") >= 0 and len(list(_below(str(tmp_path), "x/y"))) > DEEPEST


def test_a_step_leaves_nothing_temporary_and_no_folders_that_nobody_can_go_through(tmp_path: Path) -> None:
    for name in ("code", "input", "output", "tmp"):
        (tmp_path / name).mkdir()
    deep(tmp_path / "output", DEEPEST - 1)
    deep(tmp_path / "tmp")
    assert not tidy(tmp_path) and sorted(os.listdir(tmp_path)) == ["code", "input", "output"]
    deep(tmp_path / "code", DEEPEST + 2)
    assert not tidy(tmp_path) and sorted(os.listdir(tmp_path)) == ["input", "output"]
    deep(tmp_path / "output" / "more")
    assert tidy(tmp_path) and os.listdir(tmp_path) == ["input"]
    long = tmp_path / "output"
    long.mkdir()
    here = os.open(long, os.O_RDONLY)
    for _ in range(30):  # Less deep, and no path leads there either.
        os.mkdir("x" * 200, dir_fd=here)
        here = os.open("x" * 200, os.O_RDONLY, dir_fd=here)
    assert tidy(tmp_path)


def test_a_file_of_holes_counts_as_what_it_takes_to_read_it(workshop: Workshop) -> None:
    (workshop.folder / "output").mkdir()
    code = """
    import os
    for number in range(4):
        with open(os.environ["LEVERFRAME_OUTPUT"] + f"/{number}", "wb") as file:
            file.truncate(90 << 20)
    """
    result = workshop.run(code, LEVERFRAME_OUTPUT=workshop.folder / "output", output_bytes=100 * MIB)
    assert result.state == "failed" and "more than 100 MiB of output" in str(result.why)


def test_a_step_that_fills_the_disk_is_stopped_and_one_beside_it_is_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("output", "tmp"):
        (tmp_path / name).mkdir()
    settings: dict[str, Any] = {
        "log": str(tmp_path / "log"), "log_bytes": 1000, "output": str(tmp_path / "output"), "output_bytes": 1 << 40,
        "containment": {"write": [str(tmp_path / "output"), str(tmp_path / "tmp")]},
    }  # fmt: skip

    def reason() -> str | None:
        watcher = warden.Watcher(settings, os.getppid())
        watcher._look_at_output(time.monotonic())
        return watcher._reason

    with (tmp_path / "tmp" / "big").open("wb") as file:
        file.truncate(2 * warden.LEAST_FREE)
    assert reason() is None, "there is room"
    monkeypatch.setattr(warden, "free_beside", lambda folder: 0.0)
    assert reason() == "disk"
    (tmp_path / "tmp" / "big").unlink()
    assert reason() is None, "it was not this one"
