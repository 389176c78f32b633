"""A version that came in is judged on the holdout that travelled with it, against what is live here."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pytest

from console.text.card_lines import card_lines
from console.text.lines import plain_text
from engine.api import Engine
from engine.errors import Conflict, Refusal
from tests import tiny
from tests.builders.runs import retrained
from tests.engine.bundles.conftest import Sender, let_go_of
from tests.people import open_engine

TEN_BINS = "min(9, int(x * 10))"
# It tells only the highest quarter from the rest.
COARSE = tiny.STEPS.replace(f"{TEN_BINS}] + 0.0001 * x", "9 * (x > 0.75)]").replace(
    'min(9, int(float(row["x"]) * 10))', '9 * (float(row["x"]) > 0.75)'
)
# It has a column that the others have not.
WIDER = tiny.STEPS.replace('"x", "late"]', '"x", "late", "w"]').replace(
    "round(x, 6), late]", "round(x, 6), late, hour]"
)


@dataclass(frozen=True)
class Others:
    """Two versions of a project of the same name, from a third workspace where nothing is live."""

    key: str
    coarse: Path
    wider: Path


@pytest.fixture(scope="session")
def others(tmp_path_factory: pytest.TempPathFactory) -> Others:
    folder = tmp_path_factory.mktemp("others")
    project = tiny.make(folder / "tiny", steps=COARSE)
    engine = open_engine(folder / "home", "mia", create=True)
    try:
        engine.add(project)
        engine.bundle(retrained(engine, tiny.BEGINS + timedelta(days=37)), folder / "coarse.zip")
        (project / "steps.py").write_text(WIDER.replace("BEGINNING", tiny.BEGINS.isoformat()))
        tiny.commit(project, "one column more")
        engine.bundle(retrained(engine, tiny.BEGINS + timedelta(days=30)), folder / "wider.zip")
        let_go_of(engine)
        return Others(engine.bundle_key()[1], folder / "coarse.zip", folder / "wider.zip")
    finally:
        engine.close()


@pytest.fixture
def home_of_all(receiver: Engine, others: Others) -> Engine:
    receiver.trust("elsewhere", others.key, "others")
    return receiver


def live_with(engine: Engine, bundle: Path) -> str:
    label = engine.take_in(bundle).label
    assert label is not None
    engine.move(engine.plan_release(label), "the first here", lambda step: None)
    return label


def test_one_that_is_better_than_what_is_live_here_says_so_on_its_card(
    home_of_all: Engine, sender: Sender, others: Others
) -> None:
    engine, steps = home_of_all, list[str]()
    live_with(engine, others.coarse)
    found = engine.take_in(sender.second, on_step=lambda step: steps.append(step.what))
    assert steps[-1] == "judged against tiny@1 on 672 rows of the holdout that came with it"
    assert found.label == "tiny@2" and found.waits and "BETTER THAN LIVE." in found.sentence
    version, card = engine.version("tiny@2"), engine.card("tiny@2", engine.now())
    assert (version.verdict, version.comparison, version.against) == ("pass", "better", "tiny@1")
    assert card.held_against_live and card.blocked is None and card.origin is not None
    metric = next(each for each in card.metrics if each.name == "roc_auc")
    assert metric.live is not None and metric.difference_low is not None and metric.difference_low > 0.05
    assert card.changed_decisions is not None and all(each.live is not None for each in card.segments)
    (gate,) = [each for each in card.gates if each.kind == "not_below_live_by"]
    assert gate.verdict == "pass" and "against tiny@1 on the same 672 rows" in gate.evidence
    assert engine.gates("tiny@2") == card.gates != engine.show("tiny@2").gates
    said = plain_text(card_lines(card, engine.now(), 140))
    assert "Judged here against tiny@1, on 672 rows" in said and "At development it was said: " in said
    row = next(each for each in engine.audit() if each.action == "import")
    assert (row.details["judged_against"], row.details["verdict"]) == ("tiny@1", "pass")
    engine.move(engine.plan_release("tiny@2"), "better", lambda step: None)
    assert engine.version("tiny@2").state == "live"


def test_one_that_is_worse_than_what_is_live_here_is_not_offered_until_another_is_live(
    home_of_all: Engine, sender: Sender, others: Others
) -> None:
    engine = home_of_all
    live_with(engine, sender.zip)
    found = engine.take_in(others.coarse)
    assert found.label == "tiny@2" and not found.waits and "did not pass its gates here" in found.sentence
    version = engine.version("tiny@2")
    assert (version.state, version.verdict) == ("failed", "fail") and "below tiny@1 by more than" in version.sentence
    assert engine.plan_release("tiny@2").refused is not None
    again = engine.take_in(others.coarse)
    assert again.label is None and "did not pass its gates" in again.sentence
    schema = engine.gates(live_with(engine, others.wider))
    assert [each.verdict for each in schema if each.kind == "schema"] == ["cannot tell"]
    assert engine.take_in(others.coarse).label == "tiny@4"


def test_rows_that_the_live_version_learnt_from_do_not_judge(receiver: Engine, sender: Sender) -> None:
    live_with(receiver, sender.second)
    found = receiver.take_in(sender.zip)
    version, card = receiver.version("tiny@2"), receiver.card("tiny@2", receiver.now())
    assert found.waits and version.state == "candidate" and version.comparison == "not compared"
    assert "it learnt from 672 of these 672 rows" in version.sentence and not card.held_against_live
    (gate,) = [each for each in card.gates if each.kind == "not_below_live_by"]
    assert gate.verdict == "cannot tell"


def test_where_the_live_version_needs_a_column_that_did_not_come_nothing_is_told(
    home_of_all: Engine, sender: Sender, others: Others
) -> None:
    engine = home_of_all
    live_with(engine, others.wider)
    found = engine.take_in(sender.second)
    card = engine.card("tiny@2", engine.now())
    assert "its data has no w, which tiny@1 needs" in found.sentence.replace("could not be measured on them: ", "")
    (gate,) = [each for each in card.gates if each.kind == "not_below_live_by"]
    assert gate.verdict == "cannot tell" and not card.held_against_live
    said = plain_text(card_lines(card, engine.now(), 140))
    assert "Those against what is live cannot tell here." in said


def test_what_goes_live_while_it_is_judged_makes_that_worth_nothing(
    home_of_all: Engine, sender: Sender, others: Others
) -> None:
    engine = home_of_all
    live_with(engine, others.coarse)
    other = engine.take_in(others.wider).label
    assert other is not None
    second = open_engine(engine.home, "ada")

    def meanwhile(step: object) -> None:
        if "judged against" in str(step):
            second.move(second.plan_release(other), "sooner", lambda step: None)

    with pytest.raises((Refusal, Conflict), match="What is live here changed while it was judged"):
        engine.take_in(sender.second, on_step=meanwhile)
    assert engine.count_versions("tiny") == 2


def test_one_that_was_judged_against_the_very_version_that_is_live_here_is_not_judged_again(
    receiver: Engine, sender: Sender
) -> None:
    live_with(receiver, sender.zip)
    found = receiver.take_in(sender.second)
    card = receiver.card("tiny@2", receiver.now())
    assert found.origin is not None and found.origin.same_ground
    assert card.judged_here is None and card.gates == receiver.show("tiny@2").gates
