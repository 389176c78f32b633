"""reject, lift, remove and the people: on a copy of the workspace, one after another."""

from __future__ import annotations

import re
import shlex
import shutil
import sqlite3
from pathlib import Path

import pytest

from tests import tiny
from tests.cli.calling import call
from tests.cli.conftest import History
from tests.killing import let_go


@pytest.fixture
def copy(history: History, tmp_path: Path) -> History:
    """A workspace is one folder that can be moved."""
    shutil.copytree(let_go(history.home), tmp_path / "copy", symlinks=True)
    return History(tmp_path / "copy", history.project)


def state(copy: History, label: str) -> str:
    found = {each["version"]: each["state"] for each in copy("versions", "tiny", "--json").json}
    return str(found[label])


def test_a_rejected_candidate_waits_no_more_and_the_reason_is_kept(copy: History) -> None:
    told = copy("reject", "tiny@3", "--reason", "worse on Mondays")
    assert (told.code, told.err) == (0, "")
    assert "tiny@3 is rejected by ada: worse on Mondays" in told.out
    assert state(copy, "tiny@3") == "rejected"
    assert "Nothing waits for a decision" in copy("candidates").out
    assert "worse on Mondays" in copy("show", "tiny@3").out
    (row,) = copy("audit", "--matching", "mondays", "--json").json
    assert (row["actor"], row["action"], row["subject"]) == ("ada", "reject", "tiny@3")


def test_a_lifted_bar_opens_the_way_that_it_names(copy: History) -> None:
    told = copy("lift", "tiny@2", "--reason", "it was not the model")
    assert "tiny@2 is no longer barred" in told.out
    assert f"leverframe --home {copy.home} rollback tiny --to tiny@2 --reason" in told.out
    assert copy("rollback", "tiny", "--to", "tiny@2", "--preview", "--json").json["refused"] is None


def test_a_removed_project_is_off_the_list_and_comes_back_whole(copy: History) -> None:
    assert copy("remove", "tiny", "--reason", "no longer needed", "--confirm", "tiny", "--json").json["removed"] is True
    assert "No project is registered yet" in copy("status").out
    assert copy("add", copy.project).code == 0
    assert copy("status", "--json").json["projects"][0]["live"] == "tiny@1"


def test_an_empty_or_endless_reason_is_refused_by_the_engine(copy: History) -> None:
    for reason, sentence in (("  ", "A reason is needed"), ("x" * 1001, "keep it under 1,000")):
        told = copy("reject", "tiny@3", "--reason", reason)
        assert told.code == 1
        assert sentence in told.err
    assert state(copy, "tiny@3") == "candidate"


def test_a_viewer_sees_everything_and_decides_nothing(copy: History) -> None:
    added = copy("operators", "add", "vera", "--role", "viewer", "--reason", "on call", "--json")
    nothing_more = {"disabled": False, "projects": {}, "proven_by": []}
    assert added.json == {"name": "vera", "role": "viewer", **nothing_more}
    as_vera = ("--home", copy.home, "--operator", "vera")
    assert call(*as_vera, "show", "tiny@3").code == 0
    acts = ("approve tiny@3", "reject tiny@3", "rollback tiny", "lift tiny@2", "operators add eve", "remove tiny")
    for words in acts:
        told = call(*as_vera, *words.split(), "--reason", "x")
        assert (told.code, told.out) == (1, "")
        assert "vera is a viewer and may not" in told.err


def test_a_broken_trail_names_its_first_broken_row(copy: History, tmp_path: Path) -> None:
    with sqlite3.connect(copy.home / "ledger.db") as db:
        guards = "SELECT name FROM sqlite_master WHERE type = 'trigger' AND tbl_name = 'audit'"
        for (name,) in db.execute(guards).fetchall():
            db.execute(f"DROP TRIGGER {name}")
        db.execute("UPDATE audit SET body = replace(body, 'ada', 'eve') WHERE seq = 4")
    told = copy("audit", "--verify")
    assert (told.code, told.out, told.err.count("\n")) == (1, "", 1)
    assert "broken at row 4" in told.err
    verdict = copy("audit", "--verify", "--json")
    assert verdict.code == 1
    assert (verdict.json["ok"], verdict.json["first_broken"], verdict.json["rows"]) == (False, 4, 3)
    exported = copy("audit", "--export", tmp_path / "broken.jsonl")
    assert exported.code == 1
    doctor = copy("doctor")
    assert doctor.code == 1
    assert "audit trail" in doctor.err


def test_doctor_mends_a_live_folder_that_was_damaged(copy: History) -> None:
    shutil.rmtree((copy.home / "live" / "tiny").resolve() / "code")
    told = copy("doctor")
    assert (told.code, told.err) == (1, "Something is wrong: live tiny.\n")
    mended = copy("doctor", "--fix", "--json")
    assert mended.code == 0
    assert [each["what"] for each in mended.json["findings"] if each["mended"]] == ["live tiny"]


def test_doctor_tells_what_a_run_refuses_and_mends_it(copy: History) -> None:
    (packages,) = (copy.home / "environments").glob("[!.]*/lib/python3*/site-packages")
    (packages / "evil.pth").write_text("import evil\n")
    refused = copy("retrain", "tiny", "--wait")
    assert refused.code == 1
    assert "evil.pth was added" in refused.err
    assert "Run 'leverframe doctor --fix' to build it anew" in refused.err
    told = copy("doctor", "--json")
    assert told.code == 1
    environment = f"environment {packages.parents[2].name} (tiny)"
    assert [each["what"] for each in told.json["findings"] if each["verdict"] == "failing"] == [environment]
    mended = copy("doctor", "--fix", "--json")
    assert mended.code == 0
    assert [each["what"] for each in mended.json["findings"] if each["mended"]] == [environment]
    assert copy("doctor").code == 0
    assert "evil.pth" not in copy("retrain", "tiny", "--wait").err


def test_what_was_restored_elsewhere_is_looked_at_there(tmp_path: Path) -> None:
    first, restored = (History(tmp_path / name, tmp_path) for name in ("first", "re stored"))
    assert first("init").code == first("backup", tmp_path / "backup").code == 0
    said = re.search(r"Next: leverframe (.+) looks whether", restored("restore", tmp_path / "backup").out)
    assert said is not None
    words = shlex.split(said[1])
    assert words == ["--home", str(restored.home), "doctor"]
    assert call("--operator", "ada", *words).code == 0


def test_a_copied_project_with_uncommitted_changes_is_refused_with_what_to_do(copy: History, tmp_path: Path) -> None:
    folder = tiny.make(tmp_path / "other", name="other")
    (folder / "settings.json").write_text("{}")
    copy("add", folder)
    told = copy("retrain", "other", "--wait")
    assert (told.code, told.out) == (1, "")
    assert "--allow-dirty" in told.err


@pytest.mark.parametrize(
    ("rule", "words"), [({"cron": "0 3 * * mon", "timezone": "UTC"}, "at 0 3 * * mon"), ({"every": "6h"}, "every 6h")]
)
def test_a_version_is_shown_with_its_schedule_in_either_form(rule: dict[str, str], words: str) -> None:
    from console.cli.card import due

    assert due(rule) == words
