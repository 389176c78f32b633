"""Labels that nothing speaks against but what was answered for their keys: held before they are learnt, or measure."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from engine.access.caller import SystemActor
from engine.feedback import agreement_book, book
from engine.feedback.records import Batch, FeedbackRow, Receipt
from engine.monitoring.look_document import LookDocument
from engine.requests.log import Answered, LogRules, RequestLog
from tests import tiny
from tests.journeys.learning_site import LATER, MADE, Site
from tests.ledger import ledger_of, store_of, workspace_of, writing

pytestmark = pytest.mark.slow
FIRST = int((MADE - tiny.BEGINS).total_seconds()) // 900 + 100
BY_KEY = " (decide: key 9, Feedback)"
SERVED = "\n[serve]\nrealtime = true\n"


def answer(site: Site, answers: Mapping[int, int], **other: Any) -> None:
    """What was answered for each row with that number, six hours before LATER."""
    with ledger_of(site.engine) as ledger:
        workspace, rules = workspace_of(site.engine), LogRules(keep=timedelta(days=9999))
        writing = RequestLog(workspace, ledger, f"{len(other)}", lambda project: rules, now=lambda: LATER)
        for number, said in answers.items():
            about = ("tiny", "tiny@1", site.engine.version("tiny@1").digest, other.get("fallback"))
            writing.note(Answered(
                *about, LATER - timedelta(hours=6), 0.001, 200, f"r{number}", ("x",), ("prediction",), ((0.5,),),
                ((said,),), {"id": (str(number),)}, other.get("role", "live"),
            ))  # fmt: skip
        assert writing.close()


def give(site: Site, labels: Mapping[int, int], ago: timedelta) -> Receipt:
    """What is told of these labels, which came so long before LATER."""
    at, by = LATER - ago, SystemActor("the scoring server")
    rows = [FeedbackRow((str(number),), label, at) for number, label in labels.items()]
    with ledger_of(site.engine) as ledger:
        return book.take(ledger, store_of(site.engine), "tiny", rows, by, at)


def tell(site: Site, labels: Mapping[int, int], ago: timedelta) -> int:
    """The batch of such labels, which alone are as labels are."""
    receipt = give(site, labels, ago)
    assert receipt.quarantined is None
    return receipt.batch


def batches(site: Site) -> dict[int, Batch]:
    return {each.id: each for each in site.engine.feedback("tiny")}


def seen(site: Site) -> LookDocument:
    look = site.engine.health("tiny")
    assert look is not None and look.document is not None
    return look.document


@pytest.fixture
def site(tmp_path: Path) -> Site:
    """All rows from FIRST on have an answer: of the even ones 0, of the odd ones 1."""
    found = Site(tmp_path, rate=1e-8, changed=0.1, more="rows = 150\n", serve=SERVED)
    answer(found, {number: number % 2 for number in range(FIRST, FIRST + 300)})
    return found


def test_they_are_held_before_a_learner_learns_them_and_count_when_a_person_lets_them_in(site: Site) -> None:
    right = tell(site, {number: number % 2 for number in range(FIRST, FIRST + 100)}, timedelta(hours=5))
    wrong = tell(site, {number: 1 - number % 2 for number in range(FIRST + 100, FIRST + 200)}, timedelta(seconds=9))
    # Of these not all are answered yet, as far as the log knows.
    fresh = tell(site, {number: 1 - number % 2 for number in range(FIRST + 210, FIRST + 310)}, timedelta(minutes=1))
    run = site.learn()
    assert run.state == "nothing-new" and "100 labels are new" in str(run.why), run.why
    assert "100 are quarantined, 100 came just now and wait for the answers" in str(run.why)
    found = batches(site)
    assert [found[each].state for each in (right, wrong, fresh)] == ["counted", "quarantined", "counted"]
    assert str(found[wrong].why).startswith("answers agree with 0 of 100 labels, and usually with ")
    (row,) = site.engine.audit(matching="quarantine")
    assert (row.action, row.actor, row.subject) == ("quarantine", "the feedback policy", f"tiny feedback {wrong}")

    let_in = site.engine.let_in_feedback(wrong, "the world has changed")
    assert (let_in.state, let_in.why) == ("let in", found[wrong].why)
    again = site.learn()
    assert "quarantined" not in str(again.why) and again.state != "nothing-new", again.why
    assert batches(site)[fresh].state == "counted", "it learnt 200"
    site.learn(LATER + timedelta(minutes=1))
    assert batches(site)[fresh].state == "quarantined", "the next run judges what waited"
    site.engine.close()


def test_what_a_person_let_in_and_what_nobody_asked_for_wait_for_no_answers(tmp_path: Path) -> None:
    site = Site(tmp_path, rate=1e-8, changed=0.1, more="rows = 250\n", serve=SERVED)
    numbers = range(FIRST, FIRST + 100)
    tell(site, {number: number % 2 for number in numbers}, timedelta(minutes=1))
    assert "100 labels are new" in str(site.learn().why), "the log has no answer at all"
    answer(site, {number: number % 2 for number in numbers[:50]})
    assert "100 came just now and wait" in str(site.learn().why)
    flood = give(site, dict.fromkeys(range(FIRST + 100, FIRST + 200), 1), timedelta(minutes=1))
    assert flood.quarantined is not None
    site.engine.let_in_feedback(flood.batch, "they are so")
    assert "100 labels are new" in str(site.learn().why), "a person has judged them"
    site.engine.close()


def test_more_batches_than_are_read_at_once_are_judged_before_anything_is_learnt(site: Site) -> None:
    right = tell(site, {number: number % 2 for number in range(FIRST, FIRST + 100)}, timedelta(hours=5))
    columns = "project, at, by, source, rows, since, until, digest, tally, held"
    with writing(site.engine) as db:
        for _ in range(agreement_book.MOST):  # Whoever sent it sends it again and again.
            again = f"INSERT INTO feedback_batches ({columns}) SELECT {columns} FROM feedback_batches WHERE id = ?"
            db.execute(again, (right,))
    wrong = tell(site, {number: 1 - number % 2 for number in range(FIRST + 100, FIRST + 200)}, timedelta(seconds=9))
    site.learn()
    assert batches(site)[wrong].state == "quarantined"
    site.engine.close()


def test_a_look_holds_them_says_so_and_measures_nothing_by_them(site: Site) -> None:
    tell(site, {number: number % 2 for number in range(FIRST, FIRST + 100)}, timedelta(hours=5))
    wrong = tell(site, {number: 1 - number % 2 for number in range(FIRST + 100, FIRST + 200)}, timedelta(minutes=3))
    for _ in range(2):  # What was judged once is said as long as nobody has decided.
        run = site.engine.wait(site.engine.look("tiny", as_of=LATER).id, lambda each: None)
        assert run.state == "succeeded", run.why
        found = seen(site)
        assert found.answered is not None
        assert (found.answered.counts.found, found.answered.counts.held) == (100, 100)
        (finding,) = [each for each in found.findings if each.key == "answered:quarantine"]
        assert finding.why.startswith(f"feedback {wrong} is quarantined{BY_KEY}: answers agree with 0 of 100 labels")
    site.engine.throw_away_feedback(wrong, "they were flipped")
    site.engine.wait(site.engine.look("tiny", as_of=LATER).id, lambda each: None)
    assert [each for each in seen(site).findings if each.key == "answered:quarantine"] == []

    halves = (FIRST, FIRST + 50), (FIRST + 50, FIRST + 100)
    floods = [give(site, dict.fromkeys(range(*half), 1), timedelta(minutes=3)) for half in halves]
    site.engine.wait(site.engine.look("tiny", as_of=LATER).id, lambda each: None)
    (finding,) = [each for each in seen(site).findings if each.key == "answered:quarantine"]
    assert finding.why.startswith(f"feedback {floods[1].batch} is quarantined{BY_KEY}: 100% of it is '1'")
    assert finding.why.endswith("older ones wait, too: 1"), "held as it came, or since"
    site.engine.close()


def test_what_a_canary_or_another_version_answered_says_nothing_of_labels(tmp_path: Path) -> None:
    site = Site(tmp_path, rate=1e-8, changed=0.1, more="rows = 150\n", serve=SERVED)
    numbers = range(FIRST, FIRST + 120)
    answer(site, {number: number % 2 for number in numbers[:100]}, role="canary")
    answer(site, {number: number % 2 for number in numbers[:100]}, fallback="previous", role="live")
    wrong = tell(site, {number: 1 - number % 2 for number in numbers}, timedelta(minutes=3))
    assert "120 labels are new" in str(site.learn().why)
    assert batches(site)[wrong].state == "counted"
    site.engine.close()
