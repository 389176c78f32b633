"""backtest on the command line: what is queued and said, what is shown, and the document that scripts rely on."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from engine.api import Engine
from engine.backtest import archive
from engine.backtest.records import BacktestPlan, RetrainSchedule
from engine.records import Run
from tests.cli.conftest import History
from tests.engine.backtest.made import UNTIL, document
from tests.ledger import writing
from tests.people import open_engine


def test_before_there_is_one_it_says_what_a_backtest_is(history: History) -> None:
    told = history("backtest", "tiny", "--last")
    assert told.code == 0 and "tiny was never backtested. A backtest replays policies of retraining" in told.out
    found = history("backtest", "tiny", "--last", "--json").json
    assert set(found) == {"project", "scheduled", "under_way", "backtest"}
    assert (found["project"], found["backtest"], found["under_way"]) == ("tiny", None, None)
    assert found["scheduled"]["every"] == 604800.0


def test_the_newest_is_shown_and_its_document_has_its_keys(history: History, tmp_path: Path) -> None:
    engine = open_engine(Path(history.home), "ada")
    with writing(engine) as db:
        archive.keep(db, 1, document(project="tiny", version="tiny@1"), UNTIL)
    engine.close()
    shown = history("backtest", "tiny", "--last")
    assert shown.code == 0
    for words in ("Retraining every week is worth +0.012 roc_auc", "▲ every 4 weeks", "roc_auc week by week"):
        assert words in shown.out
    found = history("backtest", "tiny", "--last", "--json").json["backtest"]
    page = Path("docs/verbs.md").read_text("utf-8").rpartition("`leverframe backtest PROJECT --last --json`")[2]
    nested = [found["weeks"][0], found["policies"][0], found["differences"][0], found["trainings"][0]]
    named = set(re.findall(r'"(\w+)"', page)) - {"project", "scheduled", "paused", "line", "under_way", "backtest"}
    assert named == {key for each in (found, *nested) for key in each} - {"project"}
    assert (found["policy"], len(found["weeks"]), found["policies"][2]["word"]) == ("4w", 26, "never")
    card = " ".join(history("show", "tiny@1").out.split())
    assert "retraining every week is worth +0.012 roc_auc over never; scheduled: every week" in card


def test_what_it_takes_is_said_when_it_is_queued(history: History, monkeypatch: pytest.MonkeyPatch) -> None:
    from engine.backtest.policies import read_policies, window_of

    policies = read_policies("1w,4w", 26)
    plan = BacktestPlan("tiny", window_of(UNTIL, 26, policies), policies, 26, None, RetrainSchedule())
    queued = Run(7, "tiny", "backtest", "queued", UNTIL, UNTIL, None, None, "ada", 0.0, "", None, None, ())
    asked = []

    def begun(_: Engine, project: str, **named: object) -> Run:
        asked.append((project, named))
        return queued

    monkeypatch.setattr(Engine, "plan_backtest", lambda *_, **__: plan)
    monkeypatch.setattr(Engine, "backtest", begun)
    told = history("backtest", "tiny", "--every", "1w,4w")
    assert told.code == 0
    assert "Run 7 is queued: backtest of tiny." in told.out and "It takes 26 trainings" in told.out
    assert asked == [("tiny", {"weeks": 26, "every": "1w,4w", "as_of": None})]
    assert history("backtest", "tiny", "--json").json["job"] == "backtest"
    failed = Run(7, "tiny", "backtest", "failed", UNTIL, UNTIL, None, UNTIL, "ada", 0.0, "", None, "train failed.", ())
    monkeypatch.setattr(Engine, "wait", lambda *_: failed)
    waited = history("backtest", "tiny", "--wait")
    assert (waited.code, waited.err) == (1, "Run 7 failed: train failed.\n")


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        ("--last --wait", 2, "--last shows what was found; leave --wait and --as-of away."),
        ("--every weekly", 1, "'weekly' is no policy of retraining"),
        ("--weeks 2", 1, "2 weeks cannot be replayed; choose from 4 to 260."),
        ("--weeks 200", 1, "200 weeks are more than the data of tiny goes back"),
    ],
)
def test_what_is_wrong_is_said_in_a_line(history: History, words: str, code: int, said: str) -> None:
    told = history("backtest", "tiny", *words.split())
    assert told.code == code and said in told.err
