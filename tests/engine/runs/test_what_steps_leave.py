"""What a hostile step leaves behind: it is deleted, or refused by name, and never stops the engine."""

from __future__ import annotations

import os
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from engine.housekeeping.linked import walked
from engine.housekeeping.moving import delete
from engine.runs.leftovers import DEEPEST, drop_temporary, tidy
from engine.runs.steps import warden
from engine.storage.disk import delete_tree, room_of
from tests.engine.runs.step_workshop import MIB, Workshop, workshop

__all__ = ["workshop"]


@pytest.fixture
def place() -> Iterator[Path]:
    """A folder that is gone at the end, for pytest cannot delete what is here made either. In memory where that is:
    a disk takes milliseconds for each folder."""
    folder = tempfile.mkdtemp(dir="/dev/shm" if os.access("/dev/shm", os.W_OK) else None)
    yield Path(folder)
    subprocess.run(["rm", "-rf", folder], check=True)


def deep(folder: Path, depth: int = 1200, name: str = "d") -> Path:
    """More folders in each other than Python goes down by itself."""
    folder.mkdir(parents=True, exist_ok=True)
    here = os.open(folder, os.O_RDONLY)
    for _ in range(depth):
        os.mkdir(name, dir_fd=here)
        below = os.open(name, os.O_RDONLY, dir_fd=here)
        os.close(here)
        here = below
    os.close(here)
    return folder


def test_folders_without_end_and_such_that_nobody_may_look_into_are_deleted(place: Path) -> None:
    delete_tree(deep(place / "deep"))
    shut = place / "shut"
    (shut / "in" / "it").mkdir(parents=True)
    for path in (shut / "in" / "it", shut / "in", shut):
        path.chmod(0)
    delete_tree(shut)
    delete_tree(place / "gone")
    delete(deep(place / "deep"))
    drop_temporary(deep(place / "run" / "tmp").parent)
    assert os.listdir(place) == ["run"] and os.listdir(place / "run") == []


def test_where_a_link_leads_nothing_is_deleted(place: Path) -> None:
    (place / "kept").mkdir()
    (place / "kept" / "file").touch()
    (deep(place / "deep") / "link").symlink_to(place / "kept")
    delete_tree(place / "deep")
    assert (place / "kept" / "file").exists()


def test_folders_without_end_are_counted_as_far_as_they_can_be_named(place: Path) -> None:
    deep(place / "deep")
    assert room_of(place / "deep") >= 0 and len(list(walked(str(place), "x/y"))) > DEEPEST


def test_a_step_leaves_nothing_temporary_and_no_folders_that_nobody_can_go_through(place: Path) -> None:
    for name in ("code", "input", "output", "tmp"):
        (place / name).mkdir()
    deep(place / "output", DEEPEST - 1)
    deep(place / "tmp")
    assert not tidy(place) and sorted(os.listdir(place)) == ["code", "input", "output"]
    deep(place / "code", DEEPEST + 2)
    assert not tidy(place) and sorted(os.listdir(place)) == ["input", "output"]
    deep(place / "output" / "more")
    assert tidy(place) and os.listdir(place) == ["input"]
    long = place / "output"
    long.mkdir()
    deep(long, 30, "x" * 200)  # Less deep, and no path leads there either.
    assert tidy(place)


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
        watcher = warden.StepWatcher(settings, os.getppid())
        watcher._look_at_output(time.monotonic())
        return watcher._reason

    with (tmp_path / "tmp" / "big").open("wb") as file:
        file.truncate(2 * warden.LEAST_FREE)
    assert reason() is None, "there is room"
    monkeypatch.setattr(warden, "free_beside", lambda folder: 0)
    assert reason() == "disk"
    (tmp_path / "tmp" / "big").unlink()
    assert reason() is None, "it was not this one"


def test_what_is_gone_already_starts_no_program(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def started(*_: object, **__: object) -> None:
        raise AssertionError("a program was started for nothing")

    monkeypatch.setattr("subprocess.run", started)
    delete_tree(tmp_path / "never was")
