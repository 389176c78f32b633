"""Two projects live for a while; then every moment is looked at again, and says what it said."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from console.cli import documents
from console.queries.health_questions import AskHealthOf
from console.queries.question import ListWindow
from console.queries.questions import AskCard, AskTimes, AskVersions
from console.text.frame import PLACES
from console.time_travel.step_back import why_missing
from engine import clock
from engine.access.acts import declared
from engine.api import Engine, PastEngine
from engine.errors import Forbidden, Refusal
from engine.records import AuditVerdict, ProjectStatus
from engine.rewind.past_ledger import FOLDER, stand
from tests import tiny
from tests.forked_runs import forked_runs
from tests.ledger import ledger_of, workspace_of
from tests.people import open_engine
from tests.terminal import Terminal

pytestmark = pytest.mark.slow
WEEK = timedelta(days=7)
FIRST = datetime(2026, 8, 4, tzinfo=UTC)
ROOT = Path(__file__).resolve().parents[2]


def said(engine: Engine, now: datetime) -> dict[str, Any]:
    """What the command line would print, but for what is unknown later: the disk, the links, who the engine was."""
    projects = [each.name for each in engine.projects()]
    return {
        "overview": [documents.status(each) for each in engine.overview(now).projects],
        "status": [documents.status(engine.status(name, now)) for name in projects],
        "versions": [documents.version(each) for each in engine.versions(limit=1000)],
        "candidates": [each.label for each in engine.candidates()],
        "cards": [replace(engine.card(each.label, now), blocked=None) for each in engine.candidates()],
        "runs": [documents.run(each) for each in engine.runs(limit=1000)],
        "audit": [documents.audit_row(each) for each in engine.audit(limit=1000)],
        "operators": engine.operators(),
        "alerts": (engine.alerts(), engine.past_alerts()),
        "schedules": [replace(each, next_due=()) for each in engine.schedules()],
        "occurrences": engine.occurrences(),
        "targets": [engine.rollback_targets(name) for name in projects],
        "settings": engine.settings(),
        "reports": [engine.report(name, (now - WEEK, now)) for name in projects],
    }


class Site:
    """A workspace whose every act is followed by a look that is kept."""

    def __init__(self, root: Path) -> None:
        self.engine = open_engine(root / "home", "ada", create=True)
        forked_runs(self.engine.home)
        self.kept: list[tuple[datetime, dict[str, Any], AuditVerdict]] = []
        self.week = 0

    def keep(self) -> None:
        now = clock.now()
        self.kept.append((now, said(self.engine, now), self.engine.verify_audit()))

    def retrain(self, project: str) -> str:
        self.week += 1
        run = self.engine.retrain(project, as_of=FIRST + self.week * WEEK, force=True)
        made = self.engine.wait(run.id, lambda run: None).version
        assert made is not None
        self.keep()
        return made

    def approve(self, label: str) -> None:
        self.engine.move(self.engine.plan_release(label), "good", lambda step: None)
        self.keep()

    def go_back(self, project: str) -> None:
        self.engine.move(self.engine.plan_rollback(project), "bad", lambda step: None)
        self.keep()


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory, quiet_day: str) -> Iterator[Site]:
    root = tmp_path_factory.mktemp("then")
    site, folder = Site(root), tiny.make(root / "tiny", day=quiet_day)
    engine = site.engine
    engine.add(folder)
    site.keep()
    site.approve(site.retrain("tiny"))
    site.approve(site.retrain("tiny"))
    engine.pause_schedule("tiny", "retrain", "a holiday")
    site.keep()
    site.go_back("tiny")
    engine.lift("tiny@2", "it was the data")
    site.keep()
    engine.add_operator("bo", "viewer", "audits us")
    engine.choose("keep_free", "1GiB", "a small disk")
    site.keep()
    tiny.replace(folder, "leverframe.toml", "A tiny project", "Another title")
    engine.reject(site.retrain("tiny"), "not now")
    site.keep()
    engine.add(tiny.make(root / "other", name="other", day=quiet_day))
    site.keep()
    engine.remove("other", "not needed", "other")
    site.keep()
    engine.add(root / "other")
    site.retrain("tiny")
    yield site
    engine.close()


def test_every_moment_says_again_what_it_said(site: Site) -> None:
    for at, before, chain in site.kept:
        with closing(site.engine.as_of(at)) as then:
            assert said(then, at) == before
            assert then.now() == at
            assert then.verify_audit() == chain
            for report in before["reports"]:
                assert report.audit_head == chain.head


def test_what_the_ledger_does_not_know_is_unknown(site: Site) -> None:
    with closing(site.engine.as_of(site.kept[3][0])) as then:
        found = then.overview(then.now())
        assert (found.free, found.total) == (None, None)
        assert not then.engine_state().known
        assert then.disk() is None


def test_every_act_is_refused(site: Site) -> None:
    at = site.kept[3][0]
    with closing(site.engine.as_of(at)) as then:
        before = site.engine.count_audit()
        for name in (name for name, act in declared(Engine).items() if not act.in_past):
            with pytest.raises(Refusal, match=r"^This is how things stood on .*; go back to now to act\.$"):
                getattr(then, name)("tiny@1", "because")
        with (
            ledger_of(site.engine) as ledger,
            closing(stand(workspace_of(site.engine), ledger, at, clock.now())) as past,
            pytest.raises(Refusal, match="go back to now"),
            past.write(),
        ):
            pass
        assert site.engine.count_audit() == before


def test_a_moment_that_never_was_is_refused(site: Site) -> None:
    for at, word in (
        (clock.now() + timedelta(hours=1), "is still to come"),
        (datetime(2020, 1, 1, tzinfo=UTC), "The workspace was made on"),
    ):
        with pytest.raises(Refusal, match=word):
            site.engine.as_of(at)
    assert left(site.engine) == []


def test_an_operator_who_came_later_may_look_but_is_not_shown(site: Site) -> None:
    with closing(open_engine(site.engine.home, "bo", at=site.kept[0][0])) as then:
        assert then.operator.name == "bo"
        assert [each.name for each in then.operators()] == ["ada"]
    with pytest.raises(Forbidden, match="is bound to no operator"):
        open_engine(site.engine.home, "nobody", at=site.kept[0][0])


def test_the_copy_is_private_and_gone_with_whoever_looked(site: Site) -> None:
    then = site.engine.as_of(site.kept[2][0])
    folder = site.engine.home / "cache" / FOLDER
    assert folder.stat().st_mode & 0o077 == 0
    assert all(each.stat().st_mode & 0o077 == 0 for each in folder.iterdir())
    assert len(left(site.engine)) == 1
    then.close()
    assert left(site.engine) == []


def test_what_a_killed_one_left_is_swept_and_what_a_living_one_reads_is_not(site: Site) -> None:
    at = site.kept[4][0]
    script = (
        "import sys, os, signal; from pathlib import Path; from engine import clock;"
        "from engine.api import open_engine;"
        "open_engine(Path(sys.argv[1]), 'ada', at=clock.moment(sys.argv[2])); os.kill(os.getpid(), signal.SIGKILL)"
    )
    killed = subprocess.run([sys.executable, "-c", script, str(site.engine.home), clock.stamp(at)], cwd=ROOT)
    assert killed.returncode == -signal.SIGKILL
    assert len(left(site.engine)) == 1
    with closing(site.engine.as_of(at)) as one, closing(site.engine.as_of(site.kept[1][0])) as other:
        assert len(left(site.engine)) == 2
        assert one.count_audit() > other.count_audit()


def test_the_copy_goes_with_a_process_that_never_closed_it(site: Site) -> None:
    script = (
        "import os, sys; from pathlib import Path; from engine import clock; from engine.api import open_engine;"
        "then = open_engine(Path(sys.argv[1]), 'ada', at=clock.moment(sys.argv[2]));"
        "print(len(os.listdir(then.home / 'cache' / sys.argv[3])))"
    )
    words = (str(site.engine.home), clock.stamp(site.kept[4][0]), FOLDER)
    ended = subprocess.run([sys.executable, "-c", script, *words], cwd=ROOT, capture_output=True, text=True)
    assert (ended.returncode, ended.stdout, ended.stderr) == (0, "1\n", "")
    assert left(site.engine) == []


def test_a_screen_of_what_was_not_there_yet_says_so_and_every_other_is_there(site: Site) -> None:
    with closing(site.engine.as_of(site.kept[4][0])) as then:  # before tiny@3, and before there was another project
        for there in (AskVersions("tiny", ListWindow()), AskHealthOf("tiny"), AskCard("tiny@2"), AskTimes("tiny")):
            assert why_missing(then, there) is None
        for question in (AskVersions("other", ListWindow()), AskHealthOf("other"), AskTimes("other")):
            assert str(why_missing(then, question)).startswith("There is no project 'other' here")
        assert "tiny@3" in str(why_missing(then, AskCard("tiny@3")))


def left(engine: Engine) -> list[str]:
    return sorted(os.listdir(engine.home / "cache" / FOLDER))


def test_one_who_writes_meanwhile_neither_waits_nor_is_seen(site: Site) -> None:
    at, before, _ = site.kept[5]
    ended = threading.Event()

    def write() -> None:
        while not ended.is_set():
            site.engine.choose("keep_free", "1GiB", "again")

    writer = threading.Thread(target=write)
    writer.start()
    try:
        for _ in range(5):
            with closing(site.engine.as_of(at)) as then:
                assert said(then, at) == before
                assert then.verify_audit().ok
    finally:
        ended.set()
        writer.join()


def test_a_live_link_of_now_says_nothing_of_then(site: Site) -> None:
    at, before, _ = site.kept[3]
    link = site.engine.home / "live" / "tiny"
    goal = os.readlink(link)
    link.unlink()
    try:
        with closing(site.engine.as_of(at)) as then:
            found: ProjectStatus = then.status("tiny", at)
            assert json.dumps(documents.status(found)) == json.dumps(before["status"][0])
    finally:
        os.symlink(goal, link)


def test_a_log_that_was_still_written_then_is_not_shown(site: Site) -> None:
    run = site.engine.runs(limit=1)[0]
    assert run.ended_at is not None and run.started_at is not None
    with closing(site.engine.as_of(run.started_at)) as then:
        assert isinstance(then, PastEngine)
        assert then.run(run.id).state == "running"
        with pytest.raises(Refusal, match="had not ended"):
            then.log(run.id)
    with closing(site.engine.as_of(run.ended_at)) as then:
        assert then.log(run.id).lines == site.engine.log(run.id).lines


@pytest.mark.parametrize("size", [(140, 42), (80, 24)])
def test_the_console_shows_every_screen_as_of_then_and_no_key_changes_anything(
    site: Site, size: tuple[int, int]
) -> None:
    at, home = site.kept[4][0], site.engine.home  # tiny@2 has just taken the place of tiny@1
    before, told = (
        site.engine.count_audit(),
        f"AS OF {at:%a} {at.day} {at:%b %Y %H:%M} UTC, nothing can be changed here",
    )
    with Terminal("--home", home, "--operator", "ada", "--at", clock.stamp(at), size=size) as terminal:
        terminal.see("@2")
        for key, heading in PLACES[1:]:
            terminal.press(key)
            terminal.see(f"{told}  {heading}")
        terminal.press("1")
        terminal.see(f"{told}  Overview")
        terminal.press("r")
        terminal.see("This is how things stood on")
        terminal.press("T")
        terminal.see("This console was opened with --at")
        terminal.press("q")
        assert terminal.ended() == 0
    assert site.engine.count_audit() == before
    assert left(site.engine) == []
    assert not list((home / "console").glob("*")), "neither the picture nor the visit is one of now"


def test_the_running_console_steps_back_and_comes_back_while_it_sees_to_the_schedules(site: Site) -> None:
    at, home = site.kept[4][0], site.engine.home
    before = site.engine.count_audit()
    with Terminal("--home", home, "--operator", "ada") as terminal:
        terminal.see("engine: this console")
        terminal.press("T")
        terminal.see("STEP BACK IN TIME")
        terminal.press(clock.stamp(at))
        terminal.press("\r")
        terminal.see(f"AS OF {at:%a} {at.day} {at:%b %Y %H:%M} UTC, nothing can be changed here  T now  Overview")
        terminal.see("@2")
        assert len(left(site.engine)) == 1, "the copy that is read"
        held = site.engine.engine_state()
        assert held.running and held.pid == terminal.process.pid, "whoever looks back goes on seeing to the schedules"
        terminal.press("r")
        terminal.see("This is how things stood on")
        terminal.press("T")
        terminal.see("engine: this console")
        terminal.press("q")
        assert terminal.ended() == 0
    assert site.engine.count_audit() == before
    assert left(site.engine) == []


def test_a_console_that_is_left_in_the_past_keeps_the_mark_of_its_last_look_at_now_and_no_copy(site: Site) -> None:
    at, home = site.kept[4][0], site.engine.home
    opened = clock.now()
    with Terminal("--home", home, "--operator", "ada") as terminal:
        terminal.see(" UTC")  # the picture of last time, at which keys do nothing, has none
        terminal.press("T")
        terminal.see("just before tiny")
        terminal.press(f"{clock.stamp(at)}\r")
        terminal.see("AS OF")
        back = clock.now()
        terminal.press("2")
        terminal.see("T now  Candidates")
        terminal.press("1")
        terminal.see("T now  Overview")
        terminal.press("q")
        assert terminal.ended() == 0
    assert opened < clock.moment((home / "console" / "ada.seen").read_text()) < back
    assert left(site.engine) == []
