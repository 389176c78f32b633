"""retrain, runs, log, cancel: a run that takes its time and one that fails."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from engine import clock
from tests import tiny
from tests.cli.conftest import History
from tests.ledger import ledger_at

SLOW = tiny.STEPS.replace(
    "def train():", "def train():\n    import time\n    print('  fitting', flush=True); time.sleep(120)"
)
FAILING = tiny.STEPS.replace("def train():", "def train():\n    print('about to fail'); sys.exit('no such column: x')")


@pytest.fixture
def work(tmp_path: Path) -> History:
    work = History(tmp_path / "home", tmp_path)
    assert work("init").code == 0
    return work


def test_a_run_is_queued_followed_cancelled_and_listed(work: History, tmp_path: Path) -> None:
    work("add", tiny.make(tmp_path / "slow", name="slow", steps=SLOW))
    queued = work("retrain", "slow", "--as-of", "2026-11-03")
    assert queued.code == 0
    assert "Run 1 is queued" in queued.out
    assert f"leverframe --home {work.home} log 1 --follow" in queued.out
    until = time.monotonic() + 60
    while "  fitting\n" not in (seen := work("log", "1")).out:
        assert time.monotonic() < until, seen
        clock.pause(0.2)
    assert "Run 1 is running. Stay with it: " in seen.err
    asked = work("cancel", "1", "--reason", "not now")
    assert (asked.code, asked.out) == (0, "Run 1 was asked to end; it does so within a second or two.\n")
    followed = work("log", "1", "--follow")
    assert followed.code == 0
    assert "  fitting\n" in followed.out
    assert "Run 1 ended: cancelled: cancelled by ada: not now." in followed.err
    (run,) = work("runs", "slow", "--json").json
    assert (run["state"], run["version"]) == ("cancelled", None)
    assert "cancelled by ada: not now" in work("runs").out
    assert "has ended already" in work("cancel", "1").err


def test_a_run_that_fails_ends_with_code_1_says_why_and_where_its_log_is(work: History, tmp_path: Path) -> None:
    work("add", tiny.make(tmp_path / "bad", name="bad", steps=FAILING))
    told = work("retrain", "bad", "--as-of", "2026-11-03", "--wait")
    assert told.code == 1
    assert told.out.startswith("Run 1: retrain of bad\n")
    assert told.err.count("\n") == 1
    assert "Run 1 failed: " in told.err and "no such column: x" in told.err
    assert f"leverframe --home {work.home} log 1" in told.err
    log = work("log", "1", "--step", "train")
    assert log.out == "about to fail\nno such column: x\n"
    assert "Run 1 ended: failed" in log.err
    assert "runs/0000001" in log.err
    titled = work("log", "1").out.splitlines()
    assert titled[titled.index("about to fail") - 1] == "── train ──"
    searched = work("log", "1", "--search", "NO SUCH column")
    assert searched.out == "── train ──\n2  no such column: x\n"
    assert work("log", "1", "--step", "train", "--search", "about").out == "1  about to fail\n"
    nothing = work("log", "1", "--search", "weather")
    assert (nothing.code, nothing.out, nothing.err) == (0, "", "No line of run 1 holds 'weather'.\n")
    assert work("log", "1", "--search", "x", "--follow").code == 2
    assert "no log of a step 'score'; it has extract, train." in work("log", "1", "--step", "score").err
    only_progress = work("log", "1", "--step", "extract")
    assert (only_progress.code, only_progress.out) == (0, "")
    assert "printed nothing" in only_progress.err
    assert "No retrain of bad has ended well yet" in work("times", "bad").out
    again = work("retrain", "bad", "--as-of", "2026-11-03", "--wait", "--json")
    assert (again.code, again.json["state"]) == (1, "failed")
    watch = work("status", "--json").json["projects"][0]
    assert watch["last_run"]["state"] == "failed"


def test_the_times_of_runs_are_a_table_with_what_costs_most(history: History) -> None:
    told = history("times", "tiny").out.splitlines()
    assert told[0].startswith(" The last 3 retrains that went well took ")
    assert told[0].endswith("Too few are known to say what is too long.") and told[1].startswith(" Most of it is ")
    assert told[3].split()[:2] == ["STEP", "p50"]
    assert [line.split("  ")[0].strip() for line in told[4:]] == [
        "queue", "extract", "train", "score live", "score", "validate", "package",
    ]  # fmt: skip
    assert "There is no project 'tinny'" in history("times", "tinny").err


def test_a_list_says_when_there_is_more(history: History) -> None:
    assert history("runs", "--limit", 1).out.endswith("The newest 1 of 3; --limit shows more.\n")
    assert history("runs", "--matching", "nothing like it").out == "No run holds nothing like it.\n"


def test_finished_looks_at_health_do_not_drown_the_other_runs(work: History, tmp_path: Path) -> None:
    work("add", tiny.make(tmp_path / "tiny"))
    rows = [("tiny", "health", "succeeded")] * 3 + [("tiny", "health", "failed"), ("tiny", "retrain", "cancelled")]
    with ledger_at(work.home) as ledger, ledger.write() as db:
        for row in rows:
            db.execute(
                "INSERT INTO runs (project, job, state, as_of, queued_at, requested_by, options)"
                " VALUES (?, ?, ?, '2026-11-03T00:00:00Z', '2026-11-03T00:00:00Z', 'the schedule', '{}')",
                row,
            )
    told = work("runs").out.splitlines()
    assert [line.split()[:4:2] for line in told[1:3]] == [["5", "retrain"], ["4", "health"]]
    assert told[3:] == ["3 finished looks at health are left out; --looks shows them."]
    assert len(work("runs", "tiny", "--looks").out.splitlines()) == 6
    assert len(work("runs", "--json").json) == 5
