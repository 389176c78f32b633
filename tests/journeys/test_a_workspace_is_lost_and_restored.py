"""A workspace whose ledger is lost comes back from its backup: what is live is live, and the way back still goes.

Then, of a workspace that is not lost: what rots in the store is found before it is needed, told, and taken from there.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from engine.api import Engine
from engine.backup.background import keep_safe
from engine.backup.place import BackupFolder
from engine.errors import Damage
from engine.founding import restore_backup
from engine.housekeeping.background import Housekeeper
from engine.housekeeping.sweep import Needs
from tests.cli.calling import call
from tests.journeys.conftest import WEEK
from tests.ledger import ledger_of, reading, store_of, workspace_of
from tests.people import open_engine

pytestmark = pytest.mark.slow


def silent(done: int, total: int) -> None:
    """Tell nobody."""


def findings(engine: Engine, verdict: str = "failing", **options: bool) -> dict[str, str]:
    return {f.what: f.sentence for f in engine.doctor(options.pop("mend", False), **options) if f.verdict == verdict}


def spoiled(engine: Engine, label: str) -> str:
    """Rot in the model of a version, which no other version has."""
    digest = engine.show(label).model.files[0].chunks[0]
    store_of(engine).path(digest).unlink()
    store_of(engine).path(digest).write_bytes(b"rot")
    return digest


def test_a_lost_workspace_is_restored_and_rolled_back(history: Path, tmp_path: Path, first: datetime) -> None:
    place, aside = tmp_path / "backup", tmp_path / "lost"
    engine = open_engine(history, "ada")
    engine.back_up(place)
    engine.close()
    (history / "ledger.db").unlink()
    told = call("status", "--home", history, "--operator", "ada")
    assert (told.code, f"'leverframe restore {place} --home {history}'" in told.err) == (1, True)
    history.rename(aside)  # as that sentence says
    told = call("restore", place, "--home", history, "--operator", "ada")
    assert told.code == 0, told.err
    again = open_engine(history, "ada")
    assert findings(again) == {}
    assert again.status("tiny", first + 2 * WEEK).live == "tiny@2"
    assert (history / "live" / "tiny" / "model" / "table.json").read_bytes()
    moved = again.move(again.plan_rollback("tiny"), "proof that the way back goes", lambda step: None)
    assert any("golden rows equal" in step.what for step in moved.steps)
    assert again.status("tiny", first + 2 * WEEK).live == "tiny@1"
    run = again.wait(again.retrain("tiny", as_of=first + 2 * WEEK + timedelta(hours=12)).id, lambda r: None)
    assert run.version == "tiny@4", run.why
    assert again.verify_audit().ok
    again.close()
    shutil.rmtree(aside)


def test_what_rots_is_told_by_doctor_and_in_the_list_before_it_is_needed(history: Path, tmp_path: Path) -> None:
    engine = open_engine(history, "ada")
    engine.reject("tiny@3", "not this one")  # nobody looks at it with every doctor
    digest = spoiled(engine, "tiny@3")
    assert findings(engine) == {}
    found = findings(engine, deep=True)
    assert list(found) == ["version tiny@3"]
    assert f"the object {digest[:12]} is damaged" in found["version tiny@3"]
    assert "no backup is known to restore that from" in found["version tiny@3"]
    assert findings(engine) == found  # by now it is known
    told = call("versions", "tiny", "--home", history, "--operator", "ada")
    assert f"DAMAGED in the store, so it cannot be gone back to: the object {digest[:12]}" in told.out
    listed = call("versions", "tiny", "--home", history, "--operator", "ada", "--json").json
    assert [bool(version["damage"]) for version in listed] == [True, False, False]
    with pytest.raises(Damage, match="no backup is known to restore that from; choose another version"):
        store_of(engine).path(engine.version("tiny@1").digest).rename(tmp_path / "kept")
        engine.plan_rollback("tiny")
    assert "version tiny@1" not in found and "rollback tiny@1" in findings(engine)
    (tmp_path / "kept").rename(store_of(engine).path(engine.version("tiny@1").digest))
    engine.close()


def test_what_somebody_put_back_by_hand_is_told_no_more_and_a_store_that_is_gone_is(
    history: Path, tmp_path: Path
) -> None:
    engine = open_engine(history, "ada")
    engine.reject("tiny@3", "not this one")
    path = store_of(engine).path(engine.show("tiny@3").model.files[0].chunks[0])
    kept = path.read_bytes()
    spoiled(engine, "tiny@3")
    assert list(findings(engine, deep=True)) == ["version tiny@3"] == list(findings(engine))
    path.write_bytes(kept)
    assert findings(engine) == {}
    assert all(version.damage is None for version in engine.versions("tiny"))
    (history / "objects").rename(tmp_path / "objects")
    assert {"stored tiny@2", "rollback tiny@1"} <= findings(engine).keys()
    engine.close()


@pytest.mark.parametrize("label", ["tiny@1", "tiny@2", "tiny@3"])
@pytest.mark.parametrize("how", ["rot", "gone", "document gone"])
def test_doctor_takes_from_the_backup_what_is_damaged(history: Path, tmp_path: Path, label: str, how: str) -> None:
    place = tmp_path / "backup"
    engine = open_engine(history, "ada")
    engine.back_up(place)
    digest = spoiled(engine, label)
    if how != "rot":
        store_of(engine).path(digest).unlink()
    if how == "document gone":
        store_of(engine).path(engine.version(label).digest).unlink()
    (sentence,) = [said for what, said in findings(engine, deep=True).items() if what.endswith(label)]
    assert f"restore that from the backup in {place} of " in sentence
    assert "'leverframe doctor --fix' takes it from there" in sentence
    assert findings(engine, mend=True) == {}
    assert findings(engine, deep=True) == {}
    assert all(version.damage is None for version in engine.versions("tiny"))
    engine.close()


def test_what_the_backup_has_not_whole_either_stays_told(history: Path, tmp_path: Path) -> None:
    engine = open_engine(history, "ada")
    spoiled(engine, "tiny@3")
    made = engine.back_up(tmp_path / "backup")
    assert made.lacking == ("tiny@3",)
    assert "candidate tiny@3" in findings(engine, mend=True, deep=True)
    found = restore_backup(tmp_path / "backup", tmp_path / "new", "ada", silent, reason="the disk died")
    assert found.notes == ("tiny@3 was not whole when it was backed up",)
    engine.close()


def test_a_version_of_which_the_backup_has_only_a_part_is_not_said_to_be_mended(history: Path, tmp_path: Path) -> None:
    engine = open_engine(history, "ada")
    engine.reject("tiny@3", "not this one")
    engine.back_up(tmp_path / "backup")
    needs = Needs(store_of(engine))
    others = needs.of(engine.version("tiny@1").digest) | needs.of(engine.version("tiny@2").digest)
    whole, lost = sorted(needs.of(engine.version("tiny@3").digest) - others)[:2]
    for digest in (whole, lost):
        store_of(engine).path(digest).unlink()
    BackupFolder(tmp_path / "backup").store.path(lost).unlink()
    assert list(findings(engine, mend=True)) == ["version tiny@3"]
    assert store_of(engine).has(whole), "what could be taken was"
    damage = engine.version("tiny@3").damage
    assert damage is not None and lost[:12] in damage
    assert f"the object {lost[:12]} is gone from the store" in findings(engine)["version tiny@3"]
    engine.close()


def test_the_engine_backs_up_and_reads_a_part_each_day(history: Path, tmp_path: Path) -> None:
    engine = open_engine(history, "ada")
    engine.choose("backup_to", str(tmp_path / "backup"), "every day")
    assert "none was made" in findings(engine, "watch")["backup"]
    now = datetime.now(UTC)

    def days(number: float) -> list[str]:
        at = now + timedelta(days=number)
        with ledger_of(engine) as ledger:
            return list(keep_safe(workspace_of(engine), ledger, at, silent))

    def read() -> int:
        with reading(engine) as db:
            return int(db.execute("SELECT count(*) FROM scrubs").fetchone()[0])

    assert [line.split(":")[0] for line in days(0)] == [f"Backed up to {tmp_path / 'backup'}"]
    assert read() == 1
    assert (days(0.04), read()) == ([], 1)
    spoiled(engine, "tiny@1")
    told = [line for number in (1.01, 2.02, 3.03) for line in days(number)]
    assert read() == 4
    assert next(line for line in told if "is damaged" in line).startswith("tiny@1 is damaged: The object ")
    shutil.rmtree(tmp_path / "backup")
    (tmp_path / "backup").write_text("a file now")
    assert days(4.04)[0].startswith("No backup was made: ")
    assert "the newest attempt failed" in findings(engine)["backup"]
    engine.close()


def test_the_hourly_round_does_it(history: Path, tmp_path: Path) -> None:
    engine = open_engine(history, "ada")
    engine.choose("backup_to", str(tmp_path / "backup"), "every day")
    said: list[str] = []
    keep: Callable[[str], object] = said.append
    with ledger_of(engine) as ledger:
        rounds = Housekeeper(workspace_of(engine), ledger, said.append, keep, also=keep_safe, quiet=0)
        rounds.look(datetime.now(UTC))
        assert rounds._thread is not None
        rounds._thread.join(60)
    assert any(line.startswith(f"Backed up to {tmp_path / 'backup'}") for line in said), said
    assert engine.check_backup().problems == ()
    engine.close()
