"""What a rollback takes is set aside when something goes live, not only when the disk is scanned."""

from __future__ import annotations

import os

import pytest

from engine.api import Engine
from engine.storage import reserve
from tests.ledger import workspace_of


def test_a_release_sets_aside_what_another_like_it_takes(releases: Engine) -> None:
    kept = releases.home / "locks" / "reserve"
    kept.unlink(missing_ok=True)
    other = releases.home / "releases" / "other" / "1-abc" / "model"  # the largest of all, whoever's it is
    other.mkdir(parents=True)
    (other / "large").write_bytes(b"x" * (9 << 20))
    releases.move(releases.plan_release("tiny@4"), "newer", lambda step: None)
    assert kept.stat().st_size >= reserve.SIZE + (9 << 20)


def test_a_folder_that_is_a_link_is_not_counted(releases: Engine) -> None:
    kept = releases.home / "locks" / "reserve"
    kept.unlink(missing_ok=True)
    (releases.home / "releases" / "tiny" / "elsewhere").symlink_to("/usr")
    reserve.keep_for_way_back(workspace_of(releases))
    assert kept.stat().st_size < reserve.SIZE + (1 << 20)


def test_what_another_move_takes_away_meanwhile_counts_nothing(
    releases: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A release of another project is proven, or its folder tidied, while this one looks."""
    folder = releases.home / "releases" / "other" / ".1-abc.scoring"
    for name in ("code", "input", "output"):
        (folder / name / "deep").mkdir(parents=True)
    real, seen = os.lstat, list[str]()

    def taken_away(path: str) -> os.stat_result:
        if ".scoring" in str(path) and not seen:
            seen.append(str(path))
            folder.rename(releases.home / "cache" / "aside")
        return real(path)

    with monkeypatch.context() as only_here:  # the fixture deletes its folder by lstat too
        only_here.setattr(reserve.os, "lstat", taken_away)
        reserve.keep_for_way_back(workspace_of(releases))
    assert seen and not folder.exists()
