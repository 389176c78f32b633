"""What an operator names and chooses: every mistake is a sentence, every change is in the trail."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from engine.api import Engine
from engine.errors import Conflict, Forbidden, Invalid, NotFound
from engine.housekeeping import history, report
from engine.storage.free_space import DEFAULT, in_words, keep_free
from tests.ledger import reading, workspace_of
from tests.people import open_engine


@pytest.fixture
def engine(home: Path) -> Iterator[Engine]:
    engine = open_engine(home, "ada", create=True)
    yield engine
    engine.close()


def test_a_place_is_watched_looked_at_and_let_go(engine: Engine, tmp_path: Path) -> None:
    folder = tmp_path / "shared data"
    folder.mkdir()
    (folder / "large.bin").write_bytes(bytes(9 << 20))
    assert engine.watch(folder, "data", "the analysts' folder").path == str(folder)
    found = engine.scan_disk()
    assert [(file.place, file.path) for file in found.largest if file.place != "workspace"] == [
        (str(folder), "large.bin")
    ]
    assert all(share.bytes < 9 << 20 for share in found.by_project), "what is beside the workspace is not its own"
    shutil.rmtree(folder)
    findings = [each for each in engine.scan_disk().findings if each.what == str(folder)]
    assert [each.verdict for each in findings] == ["unknown"] and "cannot be scanned" in findings[0].sentence
    engine.unwatch(folder, "gone")
    assert engine.places() == () and engine.audit()[0].action == "unwatch"


def test_what_cannot_be_watched_is_refused_in_words(engine: Engine, tmp_path: Path) -> None:
    (tmp_path / "a" / "b").mkdir(parents=True)
    (tmp_path / "file").touch()
    (tmp_path / "link").symlink_to(engine.home)
    engine.watch(tmp_path / "a", "data", "x")
    for path, error, why in (
        (tmp_path / "gone", Invalid, "is no folder that this account may read"),
        (tmp_path / "file", Invalid, "is no folder"),
        (engine.home / "runs", Invalid, "lie inside each other"),
        (tmp_path, Invalid, "lie inside each other"),
        (tmp_path / "link", Invalid, "lie inside each other"),
        (tmp_path / "a" / "b", Conflict, "is watched already"),
        (tmp_path / "a", Conflict, "is watched already"),
    ):
        with pytest.raises(error, match=why):
            engine.watch(path, "data", "x")
    with pytest.raises(NotFound, match="is not watched; there are"):
        engine.unwatch(tmp_path / "b", "x")


def test_settings_have_defaults_and_every_change_is_in_the_trail(engine: Engine) -> None:
    assert all(not each.chosen and each.text and each.meaning for each in engine.settings())
    engine.choose("keep_free", "10GiB", "a large project comes")
    engine.choose("log_days", "30d", "a small disk")
    chosen = {each.name: each.value for each in engine.settings() if each.chosen}
    assert chosen == {"keep_free": 10 << 30, "log_days": 30}
    engine.choose("keep_free", "default", "it went")
    assert [each.name for each in engine.settings() if each.chosen] == ["log_days"]
    assert [(row.action, row.subject) for row in engine.audit()[:3]] == [
        ("set", "keep_free"), ("set", "log_days"), ("set", "keep_free"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("name", "value", "why"),
    [
        ("keep_fre", "1GiB", "There is no setting 'keep_fre'; did you mean keep_free?"),
        ("zzz", "1", "There is no setting 'zzz'; there are keep_free, "),
        ("approvals", "2", "approvals is part of the policy: 'leverframe policy set approvals …' changes it."),
        ("keep_free", "10 GB", "'10 GB' cannot be keep_free; write a number and one of KiB"),
        ("keep_free", "-1", "cannot be keep_free"),
        ("keep_free", "9999999TiB", "cannot be keep_free"),
        ("log_days", "soon", "'soon' cannot be log_days; write a number of days, such as 30"),
        ("log_days", "\u0663", "cannot be log_days"),
        ("log_days", "0", "log_days is at least 1 day."),
        ("rollback_points", "0", "rollback_points is at least 1."),
        ("bin_days", "99999999", "cannot be bin_days"),
    ],
)
def test_a_setting_that_cannot_be_is_refused_in_words(engine: Engine, name: str, value: str, why: str) -> None:
    with pytest.raises(Invalid) as refused:
        engine.choose(name, value, "x")
    assert why in str(refused.value)
    assert not any(each.chosen for each in engine.settings())


def test_only_an_admin_chooses(engine: Engine) -> None:
    engine.add_operator("bob", "operator", "a colleague")
    bob = open_engine(engine.home, "bob")
    with pytest.raises(Forbidden, match="bob is an operator and may not change settings"):
        bob.choose("keep_free", "0", "x")
    bob.close()


def test_two_gigabytes_are_kept_free_and_less_on_a_small_disk(engine: Engine) -> None:
    with reading(engine) as db:
        assert keep_free(db, 1 << 40) == DEFAULT == 2 << 30
        assert keep_free(db, 10 << 30) == (10 << 30) // 20
    assert [in_words(size) for size in (0, 5000, 3 << 20, 1536 << 20, 50 << 30)] == [
        "0 B", "4.9 KiB", "3.0 MiB", "1.5 GiB", "50 GiB",
    ]  # fmt: skip


def test_a_report_is_kept_and_read_back_as_it_was(engine: Engine) -> None:
    assert engine.disk() is None
    made = engine.scan_disk()
    kept = engine.disk()
    assert kept is not None
    assert (kept.at, kept.by_kind, kept.by_project, kept.largest) == (
        made.at, made.by_kind, made.by_project, made.largest,
    )  # fmt: skip
    engine.scan_disk()
    with reading(engine) as db:
        assert db.execute("SELECT count(*), count(report) FROM scans").fetchone()[:] == (2, 1)
        assert len(history.points(db, made.at)["kind:database"]) == 2


def test_two_scans_at_once_are_one(engine: Engine) -> None:
    with workspace_of(engine).lock("scan"), pytest.raises(Conflict, match="already at work on 'scan'"):
        engine.scan_disk()
    assert report.folder_of(workspace_of(engine)).is_dir() is False
