"""Tokens: made and shown once, held to their scope and their end, replaced with an overlap, revoked at once."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from engine.access import token_table, token_text
from engine.access.caller import Caller
from engine.access.entering import found_workspace
from engine.access.proof import AccountProof
from engine.access.token_records import LONGEST, NewToken, Token
from engine.access.tokens import MOST_SOURCES, WINDOW, WRONG_IN_WINDOW, Allowed, TokenBook, Why
from engine.audit import trail
from engine.errors import Conflict, Invalid, NotFound
from engine.storage import workspace as workspaces
from engine.storage.ledger import Ledger
from tests.ledger import everything_in
from tests.people import caller_of

NOON = datetime(2026, 11, 24, 12, tzinfo=UTC)
DAY = timedelta(days=1)
ELSE = "lvf_00000000_" + "A" * 43


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    workspace = workspaces.create(tmp_path / "home")
    ledger = Ledger(workspace.ledger, locks=workspace.root / "locks")
    with ledger.write() as db:
        found_workspace(db, "ada", AccountProof("ada", 1000, "m", "box"), NOON)
    yield ledger
    ledger.close()


@pytest.fixture
def ada(ledger: Ledger) -> Caller:
    return caller_of(ledger, "ada")


@pytest.fixture
def book(ledger: Ledger) -> TokenBook:
    return TokenBook(ledger)


def made(
    ledger: Ledger, name: str = "shop", scopes: tuple[str, ...] = ("score",), projects: tuple[str, ...] = ("flights",),
    days: float = 90,
) -> NewToken:  # fmt: skip
    end = NOON + timedelta(days=days)
    return token_table.make(ledger, caller_of(ledger, "ada"), name, scopes, projects, end, "the shop asks", NOON)


def every(ledger: Ledger) -> tuple[Token, ...]:
    with ledger.read() as db:
        return token_table.everything(db)


def why(answer: Allowed | Why) -> tuple[int, str]:
    assert isinstance(answer, Why)
    return answer.status, answer.sentence


def test_a_token_opens_its_scopes_of_its_projects_until_its_end_and_nothing_else(
    ledger: Ledger, book: TokenBook
) -> None:
    token = made(ledger, scopes=("feedback", "score"))
    assert book.allows(token.text, "flights", "score", NOON) == Allowed("shop", token.token.mark)
    assert isinstance(book.allows(token.text, "flights", "feedback", NOON), Allowed)
    assert why(book.allows(token.text, "flights", "read", NOON)) == (
        403, "The token 'shop' is for score and feedback, not for read; ask for one that is.",
    )  # fmt: skip
    assert why(book.allows(token.text, "diamonds", "score", NOON))[0] == 403
    assert why(book.allows(token.text, None, "score", NOON))[0] == 403
    last = token.token.ends_at
    assert isinstance(book.allows(token.text, "flights", "score", last - timedelta(microseconds=1)), Allowed)
    status, said = why(book.allows(token.text, "flights", "score", last))
    assert (status, "ended on 22 Feb 2027" in said) == (401, True)


def test_a_token_without_projects_is_for_all_of_them_and_for_the_whole_workspace(
    ledger: Ledger, book: TokenBook
) -> None:
    token = made(ledger, projects=(), scopes=("read",))
    assert all(isinstance(book.allows(token.text, each, "read", NOON), Allowed) for each in ("flights", "later", None))


@pytest.mark.parametrize(
    "presented",
    [
        None, "", "x", ELSE, ELSE[:-1], "é" * 56, "lvf_" + "0" * 10_000, f" {ELSE}", "\x1b[2J",
        ELSE[:12] + "\n" + "A" * 43,
    ],
)  # fmt: skip
def test_whatever_else_is_presented_opens_nothing(ledger: Ledger, book: TokenBook, presented: str | None) -> None:
    made(ledger)
    assert why(book.allows(presented, "flights", "score", NOON))[0] == 401


def test_a_right_mark_with_a_wrong_secret_is_told_no_more_than_any_wrong_token(
    ledger: Ledger, book: TokenBook
) -> None:
    token = made(ledger)
    guessed = f"{token.token.mark}_{'A' * 43}"
    assert why(book.allows(guessed, "flights", "score", NOON)) == why(book.allows(ELSE, "flights", "score", NOON))
    gone = token.token.ends_at
    assert why(book.allows(guessed, "flights", "score", gone)) == why(book.allows(ELSE, "flights", "score", gone))


def test_its_text_is_nowhere_in_the_workspace(ledger: Ledger, book: TokenBook, ada: Caller) -> None:
    first = made(ledger)
    second = token_table.rotate(ledger, ada, "shop", DAY, None, "a year on", NOON)
    book.allows(second.text, "flights", "score", NOON)
    book.allows(second.text[:-1] + "_", "flights", "score", NOON)
    book.settle(NOON)
    token_table.revoke(ledger, ada, "shop", "leaked", NOON)
    rows = str(everything_in(ledger))
    ledger.close()
    files = b"".join(each.read_bytes() for each in ledger.path.parent.rglob("*") if each.is_file())
    for token in (first, second):
        secret = token.text.removeprefix(f"{token.token.mark}_")
        assert token.token.mark in rows
        assert secret not in rows + repr(token)
        assert secret.encode() not in files


def test_each_act_is_in_the_trail_by_its_mark(ledger: Ledger, ada: Caller) -> None:
    first = made(ledger)
    second = token_table.rotate(ledger, ada, "shop", DAY, None, "a year on", NOON + DAY)
    token_table.revoke(ledger, ada, "shop", "leaked", NOON + DAY)
    rows = trail.page(ledger, offset=0, limit=3)
    marks = [first.token.mark, second.token.mark]
    assert [(each.action, each.actor, each.subject, each.reason) for each in rows] == [
        ("revoke-token", "ada", "shop", "leaked"), ("rotate-token", "ada", "shop", "a year on"),
        ("make-token", "ada", "shop", "the shop asks"),
    ]  # fmt: skip
    assert rows[0].details == {"tokens": marks[::-1]}
    assert (rows[1].details["token"], rows[1].details["replaces"]) == (marks[1], marks[0])


def test_a_revoked_token_is_refused_at_the_next_request_and_a_new_one_is_taken(
    ledger: Ledger, book: TokenBook, ada: Caller
) -> None:
    token = made(ledger)
    assert isinstance(book.allows(token.text, "flights", "score", NOON), Allowed)
    assert [each.name for each in token_table.revoke(ledger, ada, token.token.mark, "leaked", NOON)] == ["shop"]
    status, said = why(book.allows(token.text, "flights", "score", NOON))
    assert (status, "was revoked on" in said) == (401, True)
    assert why(book.allows(token.text, "flights", "score", NOON - DAY))[0] == 401, "a clock that went back saves nobody"
    again = made(ledger)
    assert isinstance(book.allows(again.text, "flights", "score", NOON), Allowed)


def test_a_token_that_is_replaced_goes_on_for_the_overlap_and_the_new_one_lasts_as_long_as_it_did(
    ledger: Ledger, book: TokenBook, ada: Caller
) -> None:
    old = made(ledger, days=90)
    now = NOON + 80 * DAY
    new = token_table.rotate(ledger, ada, "shop", 2 * DAY, None, "soon over", now)
    assert (new.token.ends_at, new.token.scopes, new.token.projects) == (now + 90 * DAY, ("score",), ("flights",))
    until = now + 2 * DAY
    assert isinstance(book.allows(old.text, "flights", "score", until - timedelta(seconds=1)), Allowed)
    assert "was replaced" in why(book.allows(old.text, "flights", "score", until))[1]
    assert isinstance(book.allows(new.text, "flights", "score", until), Allowed)
    assert [each.standing(until) for each in every(ledger)] == ["in force", "replaced"]


def test_an_overlap_lets_no_token_go_on_past_its_end(ledger: Ledger, ada: Caller) -> None:
    old = made(ledger, days=10)
    token_table.rotate(ledger, ada, "shop", 30 * DAY, None, "so", NOON + 9 * DAY)
    assert not next(each for each in every(ledger) if each.mark == old.token.mark).holds(old.token.ends_at)


def test_one_that_was_replaced_is_not_replaced_once_more_and_goes_on_for_no_longer(ledger: Ledger, ada: Caller) -> None:
    old = made(ledger)
    new = token_table.rotate(ledger, ada, "shop", DAY, None, "so", NOON)
    token_table.revoke(ledger, ada, new.token.mark, "leaked", NOON)
    with pytest.raises(NotFound):
        token_table.rotate(ledger, ada, "shop", 7 * DAY, None, "so", NOON)
    assert not next(each for each in every(ledger) if each.mark == old.token.mark).holds(NOON + DAY)


def test_what_cannot_be_is_refused_in_a_sentence(ledger: Ledger, ada: Caller) -> None:
    made(ledger)
    for wrong, message in (
        ({"name": "Shop\x1b[2J"}, "cannot name a token"), ({"name": "b", "scopes": ("all",)}, "one or more of"),
        ({"name": "b", "scopes": ()}, "has to be for something"), ({"name": "b", "days": 0}, "is over"),
        ({"name": "b", "days": 366.1}, "no token holds longer"),
    ):  # fmt: skip
        with pytest.raises(Invalid, match=message):
            made(ledger, **wrong)
    with pytest.raises(Conflict, match="tokens rotate shop"):
        made(ledger)
    with pytest.raises(Invalid, match="0s to 30d"):
        token_table.rotate(ledger, ada, "shop", timedelta(days=31), None, "so", NOON)
    for act in (
        lambda: token_table.rotate(ledger, ada, "none", DAY, None, "so", NOON),
        lambda: token_table.revoke(ledger, ada, "none", "so", NOON),
    ):
        with pytest.raises(NotFound, match="those that hold: shop"):
            act()
    assert len(every(ledger)) == 1
    assert made(ledger, "longest", days=LONGEST.days).token.holds(NOON)


def test_wrong_tokens_are_slowed_by_where_they_come_from_and_shut_nobody_else_out(
    ledger: Ledger, book: TokenBook
) -> None:
    token = made(ledger)
    statuses = [why(book.allows(ELSE, "flights", "score", NOON, source="10.0.0.9"))[0] for _ in range(50)]
    assert statuses == [401] * WRONG_IN_WINDOW + [429] * (50 - WRONG_IN_WINDOW)
    slowed = book.allows(ELSE, "flights", "score", NOON + timedelta(seconds=20), source="10.0.0.9")
    assert isinstance(slowed, Why) and slowed.retry_after == 40
    assert isinstance(book.allows(token.text, "flights", "score", NOON, source="10.0.0.9"), Allowed)
    assert why(book.allows(ELSE, "flights", "score", NOON, source="10.0.0.8"))[0] == 401
    assert why(book.allows(ELSE, "flights", "score", NOON + WINDOW, source="10.0.0.9"))[0] == 401


def test_a_flood_from_everywhere_is_bounded_in_memory_and_in_the_trail(ledger: Ledger, book: TokenBook) -> None:
    statuses = [why(book.allows(ELSE, None, "read", NOON, source=f"s{n}"))[0] for n in range(MOST_SOURCES + 100)]
    assert statuses.count(429) == 100 - WRONG_IN_WINDOW
    before = trail.count(ledger)
    for second in range(40):
        book.allows(ELSE, None, "read", NOON, source="10.0.0.9\x1b")
        book.settle(NOON + timedelta(seconds=second))
    assert trail.count(ledger) - before == 5
    assert trail.page(ledger, offset=4, limit=1)[0].details["requests"] == MOST_SOURCES + 101


def test_wrong_ones_that_could_not_be_written_down_are_written_the_next_time(
    ledger: Ledger, book: TokenBook, monkeypatch: pytest.MonkeyPatch
) -> None:
    def busy(**how: object) -> None:
        raise Conflict("The ledger is busy.")

    book.allows(ELSE, "flights", "score", NOON)
    with monkeypatch.context() as patched, pytest.raises(Conflict):
        patched.setattr(ledger, "write", busy)
        book.settle(NOON)
    book.allows(ELSE, "flights", "score", NOON)
    book.settle(NOON + timedelta(seconds=1))
    (row,) = trail.page(ledger, offset=0, limit=1)
    assert (row.action, row.details["requests"]) == ("turned-away", 2)


def test_its_last_use_is_written_once_a_day(
    ledger: Ledger, book: TokenBook, monkeypatch: pytest.MonkeyPatch
) -> None:
    token = made(ledger)
    refused = made(ledger, "other")
    for hour in (0, 1, 13):
        now = NOON + timedelta(hours=hour)
        book.allows(token.text, "flights", "score", now)
        book.allows(refused.text, "flights", "read", now)
        book.settle(now)
    assert [(each.name, each.used) for each in every(ledger)] == [("other", None), ("shop", NOON + timedelta(hours=13))]
    with ledger.read() as db:
        assert db.execute("SELECT count(*) FROM token_uses").fetchone()[0] == 2
    monkeypatch.setattr(ledger, "write", None)  # or each worker would take the lock each minute, for nothing
    book.settle(NOON + timedelta(hours=14))


def test_where_the_ledger_cannot_be_read_it_opens_nothing(ledger: Ledger, book: TokenBook) -> None:
    token = made(ledger)
    book.allows(token.text, "flights", "score", NOON)
    ledger.path.rename(ledger.path.with_name("elsewhere"))
    assert why(book.allows(token.text, "flights", "score", NOON))[0] == 503


def test_a_drawn_token_has_256_bits_and_a_mark() -> None:
    drawn = {token_text.draw() for _ in range(100)}
    assert len(drawn) == 100
    assert {len(each.partition("_")[2].partition("_")[2]) for each in drawn} == {43}
    assert all(token_text.mark_of(each) == each[:12] for each in drawn)
