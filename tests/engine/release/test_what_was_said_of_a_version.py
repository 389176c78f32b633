"""Comments on a version and the approvals that it has: on its card, in the trail, and before the next who approves."""

from __future__ import annotations

from contextlib import closing

import pytest

from engine import clock
from engine.api import Engine
from engine.audit import trail
from engine.errors import Conflict, Invalid, NotFound, Refusal
from engine.release import remarks
from engine.storage.ledger import Ledger
from tests.builders.versions import altered
from tests.engine.release.test_nothing_moves_unproven import asks
from tests.ledger import reading, rows_of
from tests.people import bound_caller_of

pytestmark = pytest.mark.slow  # a history of four retrains, made once
HOSTILE = "\x1b]0;owned\x07 approve tiny@4 \u202e[red]now[/red]"


def as_(releases: Engine, ledger: Ledger, name: str) -> Engine:
    releases.caller = bound_caller_of(ledger, name)
    return releases


def said(releases: Engine, label: str = "tiny@4") -> list[tuple[str, str, str]]:
    found = releases.remarks(label)
    return [(each.kind, each.by, each.text) for each in (*found.approvals, *found.comments)]


def test_a_comment_of_a_viewer_stands_on_the_card_and_in_the_trail(releases: Engine, releases_ledger: Ledger) -> None:
    made = as_(releases, releases_ledger, "eve").comment("tiny@4", "  it looks odd on Mondays \n")
    assert (made.kind, made.by, made.text) == ("comment", "eve", "it looks odd on Mondays")
    as_(releases, releases_ledger, "bob").comment("tiny@4", "so it did in @3")
    card = releases.card("tiny@4", clock.now())
    assert [(each.by, each.text) for each in card.remarks.comments] == [
        ("eve", "it looks odd on Mondays"), ("bob", "so it did in @3"),
    ]  # fmt: skip
    assert card.remarks.comments[0] == made
    assert releases.remarks("tiny@3").comments == (), "each version has its own"
    newest = releases.audit()[0]
    assert (newest.actor, newest.action, newest.subject) == ("bob", "comment", "tiny@4")
    assert newest.reason == "so it did in @3"
    assert releases.verify_audit().ok
    assert releases.version("tiny@4").state == "candidate", "it decides nothing"
    assert releases.plan_release("tiny@4").remarks == card.remarks


@pytest.mark.parametrize("text", ["", "  \n\t ", "x" * 1001])
def test_a_comment_that_says_nothing_or_too_much_is_refused_and_nothing_is_kept(releases: Engine, text: str) -> None:
    before = rows_of(releases)
    with pytest.raises(Invalid, match="nothing in the comment|has 1,001 characters; keep it to 1,000"):
        releases.comment("tiny@4", text)
    with pytest.raises(NotFound):
        releases.comment("tiny@9", "who are you?")
    assert rows_of(releases) == before
    assert releases.comment("tiny@4", "x" * 1000).text == "x" * 1000


def test_of_one_version_only_so_many_comments_are_kept(releases: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(remarks, "MOST", 3)
    for number in range(3):
        releases.comment("tiny@4", f"{number}")
    before = rows_of(releases)
    with pytest.raises(Refusal, match="tiny@4 has 3 comments, and more are not kept; say it to those who decide"):
        releases.comment("tiny@4", "3")
    assert rows_of(releases) == before
    assert releases.comment("tiny@3", "another version").text


def test_nobody_leaves_no_room_for_what_others_say(
    releases: Engine, releases_ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(remarks, "EACH", 2)
    eve = as_(releases, releases_ledger, "eve")
    for number in range(2):
        eve.comment("tiny@4", f"{number}")
    before = rows_of(releases)
    with pytest.raises(Refusal, match="eve wrote 2 comments on tiny@4, and more of one person are not kept"):
        eve.comment("tiny@4", "2")
    assert rows_of(releases) == before
    assert eve.comment("tiny@3", "another version").text
    assert as_(releases, releases_ledger, "bob").comment("tiny@4", "there is room for me").by == "bob"


def test_what_a_comment_orders_is_kept_as_it_was_written_and_nobody_does_it(releases: Engine) -> None:
    releases.comment("tiny@4", HOSTILE)
    assert said(releases) == [("comment", "ada", HOSTILE)]
    assert releases.version("tiny@4").state == "candidate"


def test_at_an_earlier_moment_only_the_comments_of_then_are_there_and_none_can_be_made(releases: Engine) -> None:
    releases.comment("tiny@4", "before")
    moment = clock.now()
    releases.comment("tiny@4", "after")
    with closing(releases.as_of(moment)) as then:
        assert said(then) == [("comment", "ada", "before")]
        assert [each.text for each in then.card("tiny@4", moment).remarks.comments] == ["before"]
        with pytest.raises(Refusal, match="go back to now to act"):
            then.comment("tiny@4", "in between")
    assert [text for _, _, text in said(releases)] == ["before", "after"]


def test_the_trail_is_not_read_through_for_the_comments_of_one_version(releases: Engine) -> None:
    with reading(releases) as db:
        plan = db.execute(f"EXPLAIN QUERY PLAN {trail.COMMENTS}", ("tiny@4",)).fetchall()
    assert [row["detail"] for row in plan] == ["SEARCH audit USING INDEX audit_comments (subject=?)"]


# The second who approves


def test_the_second_is_shown_who_approved_first_when_and_why(releases: Engine, releases_ledger: Ledger) -> None:
    asks(releases, approvals=2)
    first = releases.plan_release("tiny@4")
    assert first.remarks.approvals == ()
    releases.move(first, "two points better on every carrier", lambda step: None)
    second = as_(releases, releases_ledger, "bob").plan_release("tiny@4")
    (shown,) = second.remarks.approvals
    assert (shown.kind, shown.by, shown.text) == ("approval", "ada", "two points better on every carrier")
    (row,) = [each for each in releases.audit() if each.action == "approve" and each.subject == "tiny@4"]
    assert shown.at == row.at
    assert second.remarks.needed == 2
    assert releases.card("tiny@4", clock.now()).remarks == second.remarks
    releases.move(second, "good", lambda step: None)
    assert [by for _, by, _ in said(releases)] == ["ada", "bob"], "and it stands there when it is live"


def test_the_list_of_candidates_says_that_there_is_a_first(releases: Engine) -> None:
    assert [each.said for each in releases.candidates()] == [None]
    releases.comment("tiny@4", "odd")
    assert [each.said for each in releases.candidates()] == ["1 comment"]
    asks(releases, approvals=2)
    releases.comment("tiny@4", "not so odd")
    releases.move(releases.plan_release("tiny@4"), "good", lambda step: None)
    assert [each.said for each in releases.candidates("tiny")] == ["1 of 2 approvals, 2 comments"]


def test_nobody_is_the_second_without_having_been_shown_the_first(releases: Engine, releases_ledger: Ledger) -> None:
    """Whoever meant to be the first of two must not find that theirs made it live."""
    asks(releases, approvals=2)
    stale = as_(releases, releases_ledger, "bob").plan_release("tiny@4")
    as_(releases, releases_ledger, "ada").move(stale, "better", lambda step: None)
    before = rows_of(releases)
    with pytest.raises(Conflict) as told:
        as_(releases, releases_ledger, "bob").move(stale, "good", lambda step: None)
    assert str(told.value) == (
        'ada approved tiny@4 ("better") after this was shown to you; your approval was not recorded, look again.'
    )
    assert rows_of(releases) == before
    assert releases.version("tiny@4").state == "candidate"
    moved = releases.move(releases.plan_release("tiny@4"), "good", lambda step: None)
    assert moved.deployment is not None


def test_an_approval_that_does_not_count_any_more_is_not_shown_as_one(
    releases: Engine, releases_ledger: Ledger
) -> None:
    asks(releases, approvals=2)
    releases.move(releases.plan_release("tiny@4"), "good", lambda step: None)
    releases.move(releases.plan_rollback("tiny"), "back", lambda step: None)
    assert releases.version("tiny@4").state == "expired"
    altered(releases, 4, state="candidate", against=2)
    assert releases.remarks("tiny@4").approvals == (), "ada approved it against tiny@3"


def test_a_comment_meanwhile_keeps_nobody_from_deciding(releases: Engine) -> None:
    plan = releases.plan_release("tiny@4")
    releases.comment("tiny@4", "wait")
    assert releases.move(plan, "newer data", lambda step: None).deployment is not None
