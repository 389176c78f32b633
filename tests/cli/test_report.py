"""``leverframe report``: to the screen, to a file, as a document; and what is wrong usage."""

from __future__ import annotations

import re
import shlex
import shutil
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email import message_from_bytes, policy
from hashlib import sha256
from pathlib import Path

import pytest

from engine.clock import moment
from engine.outbox import outbox
from engine.outbox.outbox import Draft
from tests import tiny
from tests.cli.calling import call
from tests.cli.conftest import History
from tests.engine.outbox.mail_server import Handler, running
from tests.killing import let_go
from tests.ledger import ledger_at
from tests.people import open_engine

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)


def test_a_report_is_shown_as_text_and_names_what_is_live_and_what_waits(history: History) -> None:
    told = history("report", "tiny")
    assert (told.code, told.err) == (0, "")
    assert told.out.startswith("A tiny project\n")
    for needed in ("In use: tiny@1", "tiny@3, made on", "Where it does worst", "The audit trail then had"):
        assert needed in " ".join(told.out.split()), "where its lines break is for dates of any length"


@pytest.mark.parametrize(("name", "start"), [("r.html", "<!DOCTYPE html>"), ("r.txt", "A tiny project")])
def test_a_file_is_written_in_the_form_that_its_name_says(
    history: History, tmp_path: Path, name: str, start: str
) -> None:
    told = history("report", "tiny", "-o", tmp_path / name)
    assert (told.code, told.err) == (0, "")
    assert (tmp_path / name).read_text().startswith(start)
    assert str(tmp_path / name) in told.out


def test_the_document_has_stable_keys(history: History) -> None:
    found = history("report", "tiny", "--json").json
    assert set(found) >= {
        "project", "title", "period", "verdict", "sentence", "live", "metrics", "money", "releases", "tried", "waiting",
        "troubles", "weakest", "work", "failures", "audit_rows", "audit_head",
    }  # fmt: skip
    assert [each["name"] for each in found["metrics"]] == ["roc_auc", "log_loss"]
    assert found["audit_head"] == history("audit", "--verify", "--json").json["head"]
    assert {"since", "until", "zone", "name"} <= set(found["period"])


def test_a_week_ends_at_midnight_where_the_project_lives(history: History) -> None:
    found = history("report", "tiny", "--week", "--json").json["period"]
    assert found["zone"] == "America/New_York"
    assert found["until"][11:13] in ("04", "05")


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (("--week", "--month"), 2, "one of --week, --month"),
        (("--week", "--since", "2026-01-01"), 2, "one of --week, --month"),
        (("--since", "2026-02-01", "--until", "2026-01-01"), 1, "before it begins"),
        (("--since", "yesterday"), 1, "not a time"),
        (("-o", "report.pdf"), 1, ".html or in .txt"),
        (("-o", "/nowhere/at/all/r.html"), 1, "could not be written"),
    ],
)
def test_what_cannot_be_is_said_in_a_line(history: History, words: tuple[str, ...], code: int, said: str) -> None:
    told = history("report", "tiny", *words)
    assert (told.code, told.out, told.err.count("\n")) == (code, "", 1)
    assert said in told.err


@pytest.fixture(scope="module")
def mailing(tmp_path_factory: pytest.TempPathFactory) -> History:
    """A workspace whose one project has somebody to tell, and whose report was made once by a run."""
    root = tmp_path_factory.mktemp("mailing")
    project = tiny.make(root / "tiny")
    manifest = (project / "leverframe.toml").read_text()
    (project / "leverframe.toml").write_text(f'{manifest}\n[report]\nto = ["a@example.org", "b@example.org"]\n')
    history = History(root / "home", project)
    history("init")
    history("add", project)
    return history


def test_without_a_server_nothing_is_sent_and_it_is_said_how_to_set_one_up(
    mailing: History, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("LEVERFRAME_SMTP_HOST", raising=False)
    for words in (("report", "tiny", "--send"), ("outbox", "retry")):
        told = mailing(*words)
        assert (told.code, told.out) == (1, "")
        assert "LEVERFRAME_SMTP_HOST" in told.err
    assert mailing("outbox").out == "No mail was queued yet.\n"


def test_mails_that_wait_for_a_server_that_nobody_set_up_are_told_with_what_to_set(
    mailing: History, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    copy = replace(mailing, home=tmp_path / "home")
    shutil.copytree(let_go(mailing.home), copy.home, symlinks=True)
    with ledger_at(copy.home) as ledger, ledger.write() as db:
        outbox.queue(db, Draft("tiny", "red 1", "it fell", "body"), ["a@example.org", "webhook pager"], NOW)
    monkeypatch.delenv("LEVERFRAME_SMTP_HOST", raising=False)
    said = " ".join(copy("outbox").out.split())
    assert "1 mail waits, and no mail server is set up here: set LEVERFRAME_SMTP_HOST and LEVERFRAME_SMTP_FROM" in said
    monkeypatch.setenv("LEVERFRAME_SMTP_HOST", "mail.example.org")
    assert "LEVERFRAME_SMTP_FROM" in copy("outbox").out, "a setting that is missing is told"
    monkeypatch.setenv("LEVERFRAME_SMTP_FROM", "lf@example.org")
    assert "mail server" not in copy("outbox").out
    assert len(copy("outbox", "--json").json) == 2


def test_what_the_outbox_says_of_more_mails_can_be_typed(history: History, tmp_path: Path) -> None:
    copy = replace(history, home=tmp_path / "home")
    shutil.copytree(let_go(history.home), copy.home, symlinks=True)
    with ledger_at(copy.home) as ledger, ledger.write() as db:
        for n in range(51):
            outbox.queue(db, Draft("tiny", f"red {n}", "it fell", "body"), ["a@example.org"], NOW)
    said = re.search(r"The newest 50 of 51; leverframe (.+) shows more\.", copy("outbox").out)
    assert said is not None
    assert call("--operator", "ada", *shlex.split(said[1].replace(" N", " 51"))).out.count("it fell") == 51


def test_a_dry_run_writes_the_mails_as_files(mailing: History, tmp_path: Path) -> None:
    told = mailing("report", "tiny", "--week", "--dry-run", tmp_path / "mails", "--json")
    assert (told.code, told.err) == (0, "")
    for path, to in zip(told.json, ("a@example.org", "b@example.org"), strict=True):
        message = message_from_bytes(Path(path).read_bytes(), policy=policy.default)
        assert message["To"] == to
        assert [part.get_content_type() for part in message.walk()][1:] == ["text/plain", "text/html"]


def test_a_report_is_sent_once_kept_and_told(mailing: History, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    handler = Handler()
    handler.refuse["b@example.org"] = "550 no such user"
    with running(handler) as port:
        for name, value in {"HOST": "127.0.0.1", "PORT": port, "TLS": "none", "FROM": "lf@example.org"}.items():
            monkeypatch.setenv(f"LEVERFRAME_SMTP_{name}", str(value))
        told = mailing("report", "tiny", "--week", "--send")
        assert told.code == 1  # one of two was not taken
        assert "a@example.org" in told.out and "(550: no such user)" in told.out
        mailing("report", "tiny", "--week", "--send")
        handler.refuse.clear()
        again = mailing("outbox", "retry", "--json")
        assert (again.code, [mail["state"] for mail in again.json]) == (0, ["sent"])
    assert [recipient for recipient, _ in handler.taken] == ["a@example.org", "b@example.org"]
    mails = mailing("outbox", "--json").json
    assert {mail["state"] for mail in mails} == {"sent"}
    assert set(mails[0]) >= {"mail", "project", "about", "recipient", "state", "attempts", "sent_at", "why"}
    assert "sent" in mailing("outbox", "list", "--matching", "a@example").out
    kept = mailing("report", "tiny", "--list", "--json").json
    assert [each["report"] for each in kept] == [2, 1]
    assert kept[0]["page"] == kept[1]["page"]
    assert kept[0]["page"][:12] in mailing("report", "tiny", "--list").out
    assert mailing("report", "tiny", "--kept", 1, "-o", tmp_path / "sent.html").code == 0
    assert sha256((tmp_path / "sent.html").read_bytes()).hexdigest() == kept[1]["page"]
    assert mailing("report", "tiny", "--kept", 1).out.startswith("A tiny project\n")
    assert "no report 9 of tiny" in mailing("report", "tiny", "--kept", 9).err
    assert [finding for finding in mailing("doctor", "--json").json["findings"] if finding["what"] == "mail"]


def test_a_report_of_the_days_up_to_now_is_sent_once_a_day(
    mailing: History, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    copy, handler = replace(mailing, home=tmp_path / "home"), Handler()
    shutil.copytree(let_go(mailing.home), copy.home, symlinks=True)
    with running(handler) as port:
        for name, value in {"HOST": "127.0.0.1", "PORT": port, "TLS": "none", "FROM": "lf@example.org"}.items():
            monkeypatch.setenv(f"LEVERFRAME_SMTP_{name}", str(value))
        engine = open_engine(copy.home, "ada")
        noon = moment("2026-11-24T17:00Z")  # in New York, where the project lives
        for hours, mails in ((0, 2), (1, 2), (11, 2), (12, 4)):
            period = engine.report_period("tiny", "days", noon + timedelta(hours=hours))
            engine.send_report(engine.report("tiny", period))
            assert len(handler.taken) == mails, hours
        # A stretch that somebody names is another matter, and so is another one of the same day.
        for hours in (1, 2):
            engine.send_report(engine.report("tiny", (noon, noon + timedelta(hours=hours))))
    engine.close()
    assert len(handler.taken) == 8


def test_what_contradicts_itself_is_wrong_usage(mailing: History, tmp_path: Path) -> None:
    told = mailing("report", "tiny", "--send", "--dry-run", tmp_path)
    assert (told.code, told.out) == (2, "")
    assert "one of --send" in told.err


def test_standard_output_gets_the_page_and_nothing_else(history: History) -> None:
    told = history("report", "tiny", "-o", "-")
    assert (told.code, told.err) == (0, "") and told.out.lower().startswith("<!doctype html") and "</html>" in told.out
    for beside in ("--json", "--send", "--list"):
        assert history("report", "tiny", "-o", "-", beside).code == 2
