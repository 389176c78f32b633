"""The bin on another disk, a disk that fills up in the middle of a clean-up, and one with nothing free at all."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from engine.api import Engine
from engine.errors import Refusal
from tests.journeys.cleaning import assert_all_kept, cleaned, goes, later, planned
from tests.ledger import workspace_of
from tests.people import open_engine

pytestmark = pytest.mark.slow


def mounted(place: Path, size: str) -> None:
    place.mkdir(parents=True)
    made = subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", place], capture_output=True)
    if made.returncode:
        pytest.skip("only root may mount a small file system")


@pytest.fixture
def engine(saved: Path) -> Iterator[Engine]:
    """The workspace on a disk of 24 MB, beside a large and a small other one."""
    home = saved / "home"
    mounted(home, "24m")
    mounted(saved / "large", "24m")
    mounted(saved / "small", "100k")
    shutil.copytree(saved / "saved", home, symlinks=True, dirs_exist_ok=True)
    engine = open_engine(home, "ada")
    yield engine
    engine.close()
    for place in (home, saved / "large", saved / "small"):
        subprocess.run(["umount", "-l", place], check=True)
        place.rmdir()


def bin_leads_to(engine: Engine, place: Path) -> None:
    if workspace_of(engine).bin.is_symlink():
        workspace_of(engine).bin.unlink()
    else:
        shutil.rmtree(workspace_of(engine).bin)
    workspace_of(engine).bin.symlink_to(place)


def fill(disk: Path, leave: int = 0) -> Path:
    ballast = disk / "ballast"
    found = os.statvfs(disk)
    with ballast.open("wb") as file:
        file.write(bytes(found.f_bavail * found.f_frsize - leave))
    return ballast


def test_a_bin_on_another_disk_takes_and_gives_back_everything_whole(engine: Engine, saved: Path) -> None:
    bin_leads_to(engine, saved / "large")
    done = cleaned(engine, later())
    assert done.items == 4
    assert_all_kept(engine)
    assert {path.name for path in (saved / "large").iterdir()} == {f"{number:07d}" for number in range(1, 5)}
    assert list(engine.home.rglob(".*.moved")) == list((saved / "large").rglob(".*.partial")) == []
    for item in engine.bin_items():
        engine.restore(item.id, "back")
    assert all(version.cleaned_at is None for version in engine.versions("tiny"))
    assert_all_kept(engine)
    assert list((saved / "large").iterdir()) == []


def test_a_bin_that_is_full_stops_the_clean_up_and_nothing_is_lost(engine: Engine, saved: Path) -> None:
    bin_leads_to(engine, saved / "small")
    with pytest.raises(Refusal) as refused:
        cleaned(engine, later())
    said = str(refused.value)
    assert said.startswith("The clean-up stopped at the ") and "the disk is full" in said and "nothing is lost" in said
    assert_all_kept(engine)
    for item in engine.bin_items():
        engine.restore(item.id, "back")
    assert all(version.cleaned_at is None for version in engine.versions("tiny"))
    assert_all_kept(engine)
    bin_leads_to(engine, saved / "large")
    cleaned(engine, later(20))
    assert goes(planned(engine, later(20))) == set()
    assert_all_kept(engine)


def test_a_bin_whose_disk_is_away_is_refused_and_nothing_happens(engine: Engine, saved: Path) -> None:
    bin_leads_to(engine, saved / "unplugged")
    with pytest.raises(Refusal, match=r"The bin leads to .*unplugged, which is not there; mount that disk"):
        cleaned(engine, later())
    assert_all_kept(engine)


def test_a_workspace_that_is_full_when_something_is_restored_says_so_and_keeps_it(engine: Engine, saved: Path) -> None:
    bin_leads_to(engine, saved / "large")
    cleaned(engine, later())
    ballast = fill(engine.home, leave=150_000)
    (item,) = [item for item in engine.bin_items() if item.kind == "run data"]
    with pytest.raises(Refusal, match=r"could not be put back as a whole: .*disk is full.* Nothing is lost"):
        engine.restore(item.id, "back")
    ballast.unlink()
    assert "is back where it was" in engine.restore(item.id, "back")
    assert_all_kept(engine)


def test_a_disk_with_nothing_free_is_cleaned_up_with_what_was_set_aside(engine: Engine) -> None:
    workspace_of(engine).root.joinpath("locks", "reserve").write_bytes(bytes(4 << 20))  # 24 MB are not plenty
    fill(engine.home)
    with pytest.raises(Refusal, match="only 0 B of the disk are free"):
        engine.retrain("tiny")
    assert cleaned(engine, later()).items == 4
    assert "freed for good" in engine.empty_bin("the disk is full", engine.home.name, all=True)
    (engine.home / "ballast").unlink()
    assert_all_kept(engine)
