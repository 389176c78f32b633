"""Routes and duty by key: who is on duty is seen at once, and what goes along before it is handed over."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from console.text import duty_lines
from engine.errors import Invalid, Refusal
from engine.routing.duty_records import Duty
from tests.console.admin_records import DUTY, HANDOVERS, MATTERS, ROUTE_LIST, ROUTED
from tests.console.conftest import NARROW, WIDE, Desk
from tests.console.health_records import NOW, ago
from tests.console.records import FakeEngine

Console = Callable[..., None]
SIZES = pytest.mark.parametrize("size", [WIDE, NARROW])


def test_where_nobody_is_on_duty_the_overview_says_nothing_of_it(console: Console) -> None:
    async def story(desk: Desk) -> None:
        await desk.see("engine: this console")
        assert "on duty" not in desk.text

    console(story)


@SIZES
def test_who_is_on_duty_stands_on_the_overview_and_takes_no_line(
    console: Console, engine: FakeEngine, size: tuple[int, int]
) -> None:
    engine.duty_now = Duty("bob", ago(days=7))

    async def story(desk: Desk) -> None:
        await desk.see("bob on duty")
        assert desk.text.splitlines()[3].endswith("bob on duty" + (" · engine: this console" if size == WIDE else ""))

    console(story, size)


@SIZES
def test_what_is_offered_is_seen_and_taken_with_two_keys(
    console: Console, engine: FakeEngine, size: tuple[int, int]
) -> None:
    engine.duty_now = DUTY

    async def story(desk: Desk) -> None:
        await desk.see("bob on duty, offered to you (o)")
        await desk.press("o")
        await desk.see("On duty: bob, for 7 d; bob offers it to you.")
        await desk.see("2 open and 1 promised now.")
        await desk.press("a")
        await desk.until(lambda: engine.done == [("take over", "")])
        await desk.press("enter")
        await desk.see("Hand-over 2: bob to ada")
        await desk.see("recall 0.58 is below 0.65")

    console(story, size)


@SIZES
def test_what_goes_along_is_shown_before_it_is_handed_over(
    console: Console, engine: FakeEngine, size: tuple[int, int]
) -> None:
    async def story(desk: Desk) -> None:
        await desk.press("o", "o")
        await desk.see("HAND OVER")
        await desk.see("nobody has taken it on.")
        await desk.press("b", "o", "b", "enter")
        await desk.see("Write a word to whoever comes next")
        await desk.press("tab", "h", "i", "enter")
        await desk.see("Offered to ada; bob stays on duty until they take it over.")
        assert engine.done == [("hand over", "bob", "hi")]

    console(story, size)


def test_who_is_not_on_duty_is_told_who_hands_over_and_takes_over_with_a_reason(
    console: Console, engine: FakeEngine
) -> None:
    engine.duty_now = Duty("bob", ago(days=7))

    async def story(desk: Desk) -> None:
        await desk.press("o")
        await desk.see("On duty: bob")
        await desk.press("o")
        await desk.until(lambda: "bob is on duty, and hands over; a takes over without that." in desk.said)
        await desk.press("a")
        await desk.see("bob is on duty and has handed over to nobody.")
        await desk.press("i", "l", "l", "enter")
        await desk.until(lambda: engine.done == [("take over", "ill")])

    console(story)


def test_what_the_engine_refuses_is_said(console: Console, engine: FakeEngine) -> None:
    engine.refuse = Refusal("ada is on duty already.")

    async def story(desk: Desk) -> None:
        await desk.press("o", "a")
        await desk.until(lambda: "ada is on duty already." in desk.said)

    console(story)


@SIZES
def test_a_route_is_added_with_the_words_of_the_verb(
    console: Console, engine: FakeEngine, size: tuple[int, int]
) -> None:
    async def story(desk: Desk) -> None:
        await desk.press("9", *["down"] * 5, "enter")
        await desk.see("22:00-07:00 mon-fri Europe/Berlin")
        await desk.press("plus")
        await desk.see("ADD A ROUTE")
        engine.refuse = Invalid("'page' is no route.")
        await desk.press("p", "tab", "s", "o", "enter")
        await desk.see("'page' is no route.")
        engine.refuse = None
        await desk.press("a", "enter")
        await desk.see("Route 3 is in force: on-duty: told what is failing")
        assert engine.done == [("add route", "pa", "so")]

    console(story, size)


def test_a_route_says_what_it_has_done_and_is_ended_with_a_reason(console: Console, engine: FakeEngine) -> None:
    async def story(desk: Desk) -> None:
        await desk.press("9", *["down"] * 5, "enter", "down", "down", "enter")
        await desk.see("step about alert 7, to 1 address")
        await desk.press("escape", "minus")
        await desk.see("REMOVE ROUTE 3")
        await desk.press("s", "o", "enter")
        await desk.until(lambda: engine.done == [("remove route", 3, "so")])

    console(story)


def test_quiet_hours_of_ones_own_are_shown_and_chosen(console: Console, engine: FakeEngine) -> None:
    async def story(desk: Desk) -> None:
        await desk.press("9", *["down"] * 5, "enter", "e")
        await desk.see("Now: quiet from 22:00 to 07:00 mon-fri (Europe/Berlin); failing comes through.")
        await desk.press(*"none", "tab", "s", "o", "enter")
        await desk.see("You have no quiet hours any more.")
        assert engine.done == [("quiet hours", "none", "so")]

    console(story)


def test_whoever_may_not_change_routes_hears_it_before_the_dialog(console: Console, engine: FakeEngine) -> None:
    engine.forbids = {"add_route": "vic is a viewer and may not change routes; ask somebody who is an admin."}

    async def story(desk: Desk) -> None:
        await desk.press("9", *["down"] * 5, "enter", "plus")
        await desk.until(lambda: "vic is a viewer and may not change routes" in desk.said)
        assert "ADD A ROUTE" not in desk.text

    console(story)


@pytest.mark.parametrize("width", [40, 76, 100])
def test_what_is_hostile_in_a_note_or_an_alert_reaches_no_terminal(width: int) -> None:
    evil = "\x1b[2Jred\x07 \u202eevil"
    matters = [replace(MATTERS[0], says=evil, note=evil, by=evil)]
    lines = duty_lines.handover_lines(replace(HANDOVERS[0], note=evil), matters, width)
    lines += duty_lines.routed_lines(replace(ROUTE_LIST[2], who=evil), [replace(ROUTED[0], why=evil)], width)
    text = "".join(span.text for line in lines for span in line)
    assert "evil" in text and not set(text) & set("\x1b\x07\u202e")


def test_standing_is_one_calm_sentence() -> None:
    assert duty_lines.standing(Duty(), "ada", NOW) == "On duty: nobody."
    assert duty_lines.standing(Duty("ada", NOW), "ada", NOW) == "On duty: ada."
    assert duty_lines.standing(DUTY, "eve", NOW) == "On duty: bob, for 7 d; bob offers it to ada."
