"""A project whose steps are hostile, beside one that is live: whole runs through the engine, and nothing lands."""

from __future__ import annotations

import os
import sqlite3
import sys
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest

from engine.api import Engine
from engine.records import Run
from tests import tiny
from tests.forked_runs import forked_runs
from tests.people import open_engine

FIRST, AS_OF = datetime(2026, 11, 3, tzinfo=UTC), datetime(2026, 11, 10, tzinfo=UTC)
# What a train step of somebody else's would do; each line that succeeds is told in the log.
DEEDS = """
    import shutil, signal, subprocess
    home, cli = {home!r}, {cli!r}
    def attempt(what, deed):
        try:
            deed()
            print("DID", what, flush=True)
        except (OSError, subprocess.SubprocessError) as refusal:
            print("refused", what, type(refusal).__name__, flush=True)
    attempt("approve", lambda: subprocess.run(
        [{python!r}, "-m", "console", "--home", home, "approve", "tiny@2", "--reason", "mine"],
        env={{**os.environ, "PYTHONPATH": cli, "LEVERFRAME_OPERATOR": "ada"}}, check=True, capture_output=True))
    attempt("delete live", lambda: shutil.rmtree(home + "/live"))
    attempt("delete releases", lambda: shutil.rmtree(home + "/releases"))
    attempt("write ledger", lambda: open(home + "/ledger.db", "r+b").write(b"x"))
    attempt("read ledger", lambda: open(home + "/ledger.db", "rb").read(1))
    attempt("objects", lambda: os.listdir(home + "/objects"))
    attempt("environments", lambda: open(os.environ["VIRTUAL_ENV"] + "/lib/evil.pth", "w"))
    attempt("secret of another", lambda: open("/proc/{engine}/environ", "rb").read(1))
    attempt("signal", lambda: os.kill({engine}, signal.SIGTERM))
    attempt("signal the run", lambda: os.kill(os.getppid(), signal.SIGTERM))
    attempt("second name", lambda: os.link(home + "/ledger.db", given("OUTPUT") + "/ledger"))
    attempt("variables", lambda: os.environ["MAIL_PASSWORD"] if "MAIL_PASSWORD" in os.environ else open("/nowhere"))
    os.chmod(home + "/ledger.db", 0o777)
    os.symlink(home + "/ledger.db", given("OUTPUT") + "/link")
"""


def ended(engine: Engine, project: str, as_of: datetime = AS_OF) -> Run:
    return engine.wait(engine.retrain(project, as_of=as_of).id, lambda run: None)


def said(engine: Engine, run: Run, step: str) -> str:
    return (engine.home / "runs" / f"{run.id:07d}" / "steps" / step / "step.log").read_text()


@pytest.fixture
def engine(tmp_path: Path) -> Engine:
    engine = open_engine(tmp_path / "home", "ada", create=True)
    engine.add(tiny.make(tmp_path / "tiny"))
    return engine


@pytest.mark.slow
def test_a_hostile_train_step_changes_nothing_of_anybody(
    engine: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MAIL_PASSWORD", "hunter2")
    assert ended(engine, "tiny", FIRST).version == "tiny@1"
    engine.move(engine.plan_release("tiny@1"), "first", lambda step: None)
    assert ended(engine, "tiny").version == "tiny@2"
    root = str(Path(__file__).resolve().parents[2])
    deeds = DEEDS.format(home=str(engine.home), cli=root, python=sys.executable, engine=os.getpid())
    steps = tiny.STEPS.replace("def train():", f"def train():{deeds}")
    engine.add(tiny.make(tmp_path / "bad", name="bad", steps=steps))
    mode, before = os.stat(engine.home / "ledger.db").st_mode, engine.verify_audit().rows

    run = ended(engine, "bad")
    log = said(engine, run, "train")
    assert run.state == "succeeded", run.why
    assert "DID" not in log and log.count("refused") == 12, log
    assert engine.status("tiny", AS_OF).live == "tiny@1" and engine.version("tiny@2").state == "candidate"
    assert os.stat(engine.home / "ledger.db").st_mode == mode
    assert engine.verify_audit().ok and engine.verify_audit().rows <= before + 2
    assert (engine.home / "live" / "tiny" / "version.json").is_file()
    assert all(each.verdict == "ok" for each in engine.doctor(mend=False)), engine.doctor(mend=False)
    shown = engine.show(str(run.version))
    assert "link" not in {file.path for file in shown.model.files}
    assert shown.lineage.sandbox["landlock"] > 0
    card = engine.card(str(run.version), AS_OF)
    assert card.sandbox.verdict == "ok" and "reads nothing else" in card.sandbox.sentence


@pytest.mark.slow
def test_whoever_follows_the_advice_of_a_refused_step_gets_what_it_wanted(engine: Engine, tmp_path: Path) -> None:
    forked_runs(engine.home)
    data = tmp_path / "data" / "hours"
    data.mkdir(parents=True)
    (data / "offset.txt").write_text("0")
    steps = tiny.STEPS.replace("def extract():", f"def extract():\n    open({str(data / 'offset.txt')!r}).read()")
    folder = tiny.make(tmp_path / "reader", name="reader", steps=steps)
    engine.add(folder)
    run = ended(engine, "reader")
    assert run.state == "failed" and run.why is not None
    advised = f'[sandbox] read = ["{data}"]'
    assert advised in run.why, run.why

    (checked,) = (each for each in engine.check(folder, lambda said: None) if each.what == "failed")
    assert advised in checked.sentence
    section, _, line = advised.partition(" ")
    tiny.replace(folder, "leverframe.toml", "[schedule]", f"{section}\n{line}\n\n[schedule]")
    run = ended(engine, "reader")
    assert f"'leverframe allow {run.id} --reason" in str(run.why)
    engine.allow(run.id, "the data lies there")
    run = ended(engine, "reader")
    assert run.state == "succeeded", run.why
    assert str(data) in engine.card("reader@1", AS_OF).sandbox.sentence


@pytest.mark.slow
def test_what_a_candidate_asks_for_beyond_the_live_version_stands_on_its_card(engine: Engine, tmp_path: Path) -> None:
    forked_runs(engine.home)
    assert ended(engine, "tiny", FIRST).version == "tiny@1"
    engine.move(engine.plan_release("tiny@1"), "first", lambda step: None)
    (tmp_path / "data").mkdir()
    tiny.allow(tmp_path / "tiny", tmp_path / "data")
    engine.allow(ended(engine, "tiny").id, "the data lies there")
    label = str(ended(engine, "tiny").version)
    (change,) = (each for each in engine.card(label, AS_OF).changes if each.what == "sandbox")
    assert change.summary == f"may read {tmp_path / 'data'}"

    tiny.replace(tmp_path / "tiny", "leverframe.toml", f"read = ['{tmp_path / 'data'}']", 'off = "a hurry"')
    engine.allow(ended(engine, "tiny").id, "a hurry")
    label = str(ended(engine, "tiny").version)
    card = engine.card(label, AS_OF)
    assert card.sandbox.verdict == "failing" and "a hurry" in card.sandbox.sentence
    (change,) = (each for each in card.changes if each.what == "sandbox")
    assert "off: a hurry" in change.summary
    checked = [each.verdict for each in engine.check(tmp_path / "tiny", lambda said: None) if each.what == "sandbox"]
    assert checked == ["failing"]
    engine.move(engine.plan_release(label), "in a hurry", lambda step: None)
    assert {each.what: each.verdict for each in engine.doctor(mend=False)}["sandbox of tiny"] == "failing"


@pytest.mark.slow
def test_a_path_that_would_open_the_workspace_is_refused_by_check_and_by_a_run(engine: Engine, tmp_path: Path) -> None:
    tiny.allow(tmp_path / "tiny", tmp_path)
    engine.allow(ended(engine, "tiny").id, "not knowing better")
    run = ended(engine, "tiny")
    assert run.state == "failed" and "which holds the workspace" in str(run.why)
    assert any("which holds the workspace" in each.sentence for each in engine.check(tmp_path / "tiny", lambda _: None))


def test_modes_that_let_others_in_are_found_and_taken_back(engine: Engine) -> None:
    def found(*, mend: bool = False) -> tuple[str, str]:
        (finding,) = (each for each in engine.doctor(mend=mend) if each.what == "modes")
        return finding.verdict, finding.sentence

    assert found()[0] == "ok"
    key = engine.home / "locks" / "host.key"
    key.write_text("secret")
    for path, mode, verdict in (
        (engine.home / "ledger.db", 0o666, "failing"), (engine.home / "ledger.db", 0o644, "watch"),
        (engine.home, 0o755, "failing"), (engine.home / "objects", 0o777, "failing"), (key, 0o640, "watch"),
    ):  # fmt: skip
        if path != key:
            key.chmod(0o600)
        before = path.stat().st_mode & 0o7777
        path.chmod(mode)
        said = found()
        assert said[0] == verdict and f" {path}'" in said[1], said
        assert found(mend=True)[0] == "ok" and found()[0] == "ok"
        assert path.stat().st_mode & 0o007 == 0
        path.chmod(before & ~0o077 | path.stat().st_mode & 0o077)
    with closing(sqlite3.connect(engine.home / "ledger.db")) as ledger:
        assert ledger.execute("SELECT count(*) FROM audit").fetchone()[0] > 0
