"""R: the version before is chosen already, an arrow key chooses an older one, and what confuses at night is said."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from engine.errors import Damage
from engine.release.records import MovePlan
from tests.console.conftest import NARROW, WIDE, Desk
from tests.console.records import CHURN, OVERVIEW, ROLLBACK, FakeEngine, status

Console = Callable[..., None]


@pytest.mark.parametrize("size", [WIDE, NARROW])
def test_from_the_first_screen_it_takes_two_keys_and_a_reason(
    console: Console, engine: FakeEngine, size: tuple[int, int]
) -> None:
    async def story(desk: Desk) -> None:
        await desk.see("▸ churn")  # What fails stands first, and the cursor on it.
        await desk.see("R would roll back to churn@21")
        await desk.press("R")
        await desk.see("ROLL BACK churn")
        await desk.type("wrong prices")
        await desk.press("enter")
        await desk.see("flights@7 is live.")

    console(story, size)
    assert engine.done == [("move", ROLLBACK, "wrong prices")]


@pytest.mark.parametrize("size", [WIDE, NARROW])
def test_an_arrow_key_chooses_an_older_one_and_what_was_written_stays(
    console: Console, engine: FakeEngine, size: tuple[int, int]
) -> None:
    async def story(desk: Desk) -> None:
        await desk.press("R")
        await desk.see("↓ older: flights@5, ran 30 days")
        assert "↑" not in desk.text
        await desk.type("wrong")
        await desk.press("down")
        await desk.see("↑ newer: flights@7, ran 28 days")
        assert "↓" not in desk.text
        await desk.press("down", "up", "down", "enter")
        await desk.see("flights@5 is live.")

    console(story, size)
    assert engine.done == [("move", replace(ROLLBACK, target="flights@5"), "wrong")]


def test_an_older_one_is_chosen_where_nothing_can_be_told_of_the_one_before(
    console: Console, engine: FakeEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    def planned(project: str, to: str | None, **_: Any) -> MovePlan:
        if to == "flights@5":
            return replace(ROLLBACK, target=to)
        raise Damage("The document of flights@7 is gone from the store.")

    monkeypatch.setattr(engine, "plan_rollback", planned)

    async def story(desk: Desk) -> None:
        await desk.press("R")
        await desk.see("■ The document of flights@7 is gone from the store.")
        await desk.see("↓ older: flights@5")
        await desk.press("down")
        await desk.type("wrong")
        await desk.press("enter")
        await desk.see("flights@5 is live.")

    console(story)
    assert engine.done == [("move", replace(ROLLBACK, target="flights@5"), "wrong")]


def test_an_arrow_key_while_it_is_carried_out_and_after_it_changes_nothing(
    console: Console, engine: FakeEngine
) -> None:
    async def story(desk: Desk) -> None:
        await desk.press("R")
        await desk.see("↓ older")
        await desk.type("wrong")
        await desk.press("enter", "down", "up")
        await desk.see("flights@7 is live.")
        await desk.press("down")
        await desk.see("u undo: make flights@9 live again")

    console(story)
    assert engine.done == [("move", ROLLBACK, "wrong")]


def test_that_somebody_has_only_just_rolled_back_is_said_above_everything(
    console: Console, engine: FakeEngine
) -> None:
    said = 'bob rolled flights back to flights@9 40 s ago ("fire").'
    engine.rollback_now = replace(ROLLBACK, lately=said)

    async def story(desk: Desk) -> None:
        await desk.press("R")
        await desk.see(f"▲ {said[:60]}")
        assert desk.text.index("▲ bob rolled") < desk.text.index("From flights@9")
        assert "Go on only" in desk.text

    console(story)


@pytest.mark.parametrize("refused", [None, "flights@7 is live already."])
def test_that_somebody_was_faster_is_said_with_who_when_and_why(
    console: Console, engine: FakeEngine, refused: str | None
) -> None:
    async def story(desk: Desk) -> None:
        await desk.press("R")
        await desk.see("From flights@9")
        await desk.type("wrong")
        said = 'bob rolled flights back to flights@7 2 s ago ("fire").'
        engine.rollback_now = replace(ROLLBACK, live_seq=5, source="flights@7", lately=said, refused=refused)
        engine.commits += 1
        await desk.see('Things changed while you looked: bob rolled flights back to flights@7 2 s ago ("fire").')
        assert "Go on only" not in desk.text, "there is only closing left"
        await desk.press("enter")

    console(story)
    assert engine.done == []


@pytest.mark.parametrize("reasons", [1, 3, 6, 9])
def test_the_way_back_is_told_however_much_is_wrong(console: Console, engine: FakeEngine, reasons: int) -> None:
    from engine.records import Reason

    many = tuple(Reason("failing", f"column {n} moved", None) for n in range(reasons))
    waits = status().candidates
    failing = replace(CHURN, reasons=many, candidates=waits, why="a" * 300)
    engine.overview_now = replace(OVERVIEW, projects=(failing,))

    async def story(desk: Desk) -> None:
        await desk.see("R would roll back to churn@21")

    console(story, NARROW)
