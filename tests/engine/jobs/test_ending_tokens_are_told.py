"""A token that some program comes with raises an alert before it ends, once, and one that was not changed over too."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from engine import clock
from engine.access.tokens import Allowed, TokenBook
from engine.api import Engine
from engine.jobs import ending_tokens
from engine.storage.ledger import Ledger
from tests import tiny
from tests.builders.versions import candidate, release
from tests.people import open_engine

DAY = timedelta(days=1)


@pytest.fixture
def engine(home: Path, tmp_path: Path) -> Iterator[Engine]:
    engine = open_engine(home, "ada", create=True)
    engine.add(tiny.make(tmp_path / "tiny"))
    release(engine, candidate(engine, clock.now()), None, 0, clock.now())
    yield engine
    engine.close()


def told(engine: Engine, ledger: Ledger, at: datetime) -> list[tuple[str, str]]:
    """What is open of tokens then, after two looks: what is told is told once."""
    ending_tokens.tell(ledger, at)
    before = ledger.marker()
    ending_tokens.tell(ledger, at)
    assert ledger.marker() == before, "nothing has changed, and who looks at the ledger sleeps on"
    return [(each.severity, each.why) for each in engine.alerts("tiny") if each.part == "tokens"]


def used(ledger: Ledger, text: str, at: datetime, project: str = "tiny") -> None:
    book = TokenBook(ledger)
    assert isinstance(book.allows(text, project, "score", at), Allowed)
    book.settle(at)


def test_one_in_use_is_told_two_weeks_before_its_end_and_is_red_at_last(engine: Engine, ledger: Ledger) -> None:
    end = clock.now() + 60 * DAY
    made = engine.make_token("shop", ("tiny",), ("score",), end, "the shop asks")
    mark, soon = made.token.mark, end - 14 * DAY
    used(ledger, made.text, soon - 20 * DAY)
    assert told(engine, ledger, soon) == [], "nobody uses it any more"
    used(ledger, made.text, soon - DAY)
    assert told(engine, ledger, soon - timedelta(seconds=1)) == []
    ((severity, why),) = told(engine, ledger, soon)
    assert severity == "watch" and why.startswith(f"the token 'shop' ({mark}) is in use and ends on {end:%d %b %Y}")
    used(ledger, made.text, end - 3 * DAY)
    assert [each[0] for each in told(engine, ledger, end - 2 * DAY)] == ["failing"]
    (alert,) = engine.alerts("tiny")
    assert "leverframe tokens rotate shop" in alert.act
    assert told(engine, ledger, end) == [], "then it is over, one way or the other"


def test_what_is_told_is_told_of_the_projects_that_it_opened_something_of(
    engine: Engine, ledger: Ledger, tmp_path: Path
) -> None:
    engine.add(tiny.make(tmp_path / "other", name="other"))
    release(engine, candidate(engine, clock.now(), project="other"), None, 0, clock.now())
    end = clock.now() + 10 * DAY
    made = engine.make_token("shop", (), ("score",), end, "the shop asks")
    used(ledger, made.text, clock.now(), "other")
    assert told(engine, ledger, clock.now()) == []
    assert [each.part for each in engine.alerts("other")] == ["tokens"]


def test_one_that_was_replaced_is_told_of_while_its_program_comes_with_it_still(engine: Engine, ledger: Ledger) -> None:
    now = clock.now()
    old = engine.make_token("shop", ("tiny",), ("score",), now + 60 * DAY, "the shop asks")
    used(ledger, old.text, now)
    engine.rotate_token("shop", 7 * DAY, "so")
    assert told(engine, ledger, now + timedelta(hours=1)) == [], "its program is to be given the new one first"
    used(ledger, old.text, now + DAY)
    ((severity, why),) = told(engine, ledger, now + DAY)
    assert (severity, "was replaced and is in use still" in why) == ("watch", True)
    engine.revoke_token(old.token.mark, "it is changed over")
    assert told(engine, ledger, clock.now()) == []
