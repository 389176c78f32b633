"""What somebody else does meanwhile is said in the dialog that it takes the ground from, before Enter is pressed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from textual.widgets import Input

from engine.release.records import Remark, Remarks
from engine.routing.duty_records import Duty
from tests.console.admin_records import ALLOWANCE, OPERATORS, POLICY, ROUTE_LIST, SETTINGS, WAYS
from tests.console.conftest import Desk
from tests.console.disk_records import BINNED
from tests.console.health_records import NOW, ago
from tests.console.records import CARD, PLANNED_SWAP, RUNNING, RUNS, SCHEDULE, FakeEngine, status, version
from tests.console.token_records import BEFORE, GONE, SHOP

REPLACED = replace(SHOP, replaced_at=SHOP.ends_at, replaced_said=NOW, replaced_by="bob")
Console = Callable[..., None]
LOST = "Things changed while you looked: "
ADMIN = {name: ["9", *["down"] * row, "enter"] for row, name in enumerate(
    ("operators", "settings", "places", "allowances", "outbox", "routes", "duty", "policy", "packages",
     "trust", "arrivals", "exports", "feedback", "tokens"))}  # fmt: skip


def gives(method: str, answer: Any) -> Callable[[FakeEngine], None]:
    return lambda engine: setattr(engine, method, lambda *given, **named: answer)


def sets(name: str, value: Any) -> Callable[[FakeEngine], None]:
    return lambda engine: setattr(engine, name, value)


def inside(text: str) -> list[str]:
    """What stands in the dialog."""
    return [each[each.index("│") : each.rindex("│")] for each in text.split("\n") if "│" in each]


ADA, BOB, CARL = OPERATORS
DECIDED = replace(CARD, version=version(state="rejected"))
ELSEWHERE = Duty("carl", ago(minutes=1))
PULLED: dict[str, tuple[list[str], Callable[[FakeEngine], None], str]] = {
    "reject, on its card": (["2", "enter", "x"], sets("card_now", DECIDED), "flights@11 is rejected; only a candidate"),
    "reject, in the list": (["2", "x"], sets("candidates_now", ()), "it waits for no decision any more."),
    "comment": (["2", "enter", "c"], sets("card_now", DECIDED), "flights@11 is rejected."),
    "approve for later": (
        ["2", "enter", "A"], sets("card_now", replace(CARD, blocked="flights@11 has expired.")), "flights@11 has exp"),
    "lift": (
        ["4", "down", "down", "down", "l"], gives("versions", (version(),)), "it is not in the list any more."),
    "cancel a run": (["3", "x"], sets("runs_now", (replace(RUNNING, state="failed"), *RUNS[1:])), "Run 42 has ended"),
    "pause": (
        ["6", "down", "p"], sets("schedules_now", (replace(SCHEDULE, enabled=False),)), "The retrain schedule of"),
    "another rule": (
        ["6", "down", "e"], sets("schedules_now", (replace(SCHEDULE, rule="every 6h"),)), "its rule is every 6h, "),
    "disable": (
        [*ADMIN["operators"], "down", "x"], gives("operators", (ADA, replace(BOB, disabled=True))), "bob is disabled"),
    "another role": (
        [*ADMIN["operators"], "down", "r"], gives("operators", (ADA, replace(BOB, role="viewer"))), "bob is a viewer."),
    "enable": (
        [*ADMIN["operators"], "down", "down", "u"], gives("operators", (ADA, BOB, replace(CARL, disabled=False))),
        "carl may work here already."),
    "policy": (
        [*ADMIN["policy"], "e"], gives("policy", (replace(POLICY[0], text="3"), *POLICY[1:])), "approvals is 3."),
    "a setting": (
        [*ADMIN["settings"], "e"], gives("settings", (replace(SETTINGS[0], text="7 days"),)), "log_days is 7 days."),
    "a watched folder": ([*ADMIN["places"], "minus"], sets("places_now", ()), "it is not in the list any more."),
    "an allowance": (
        [*ADMIN["allowances"], "minus"], gives("allowances", (replace(ALLOWANCE, what=("the disk",)),)), "the disk."),
    "empty the bin": (
        ["7", "b", "E"], gives("bin_items", (BINNED, replace(BINNED, id=BINNED.id + 1))), "the bin holds 2 things of "),
    "a route": ([*ADMIN["routes"], "minus"], gives("routes", ROUTE_LIST[1:]), "it is not in the list any more."),
    "quiet hours": ([*ADMIN["routes"], "e"], gives("routes", ROUTE_LIST[:1]), "your quiet hours are: none."),
    "a trusted key": ([*ADMIN["trust"], "minus"], sets("trusted_now", ()), "it is not in the list any more."),
    "a token": (
        [*ADMIN["tokens"], "r"], sets("tokens_now", (REPLACED, BEFORE, GONE)), "lvf_0a1b2c3d was replaced already"),
    "hand over": ([*ADMIN["duty"], "o"], sets("duty_now", ELSEWHERE), "carl is on duty, and hands over"),
    "remove a project": (
        ["minus"], lambda e: setattr(e, "overview_now", replace(e.overview_now, projects=(status("z"),))),
        "it is not in the list any more."),
    "what one may": (["2", "x"], lambda e: e.forbids.update(reject="ada is a viewer."), "ada is a viewer."),
}  # fmt: skip


@pytest.mark.parametrize("name", PULLED)
def test_what_somebody_else_did_is_said_before_enter(console: Console, engine: FakeEngine, name: str) -> None:
    keys, pulled, words = PULLED[name]

    async def story(desk: Desk) -> None:
        await desk.press(*keys, "y")
        assert "leave everything as it is" in desk.text and LOST not in desk.text
        pulled(engine)
        engine.commits += 1
        await desk.see(LOST.strip())
        said = " ".join(desk.text.replace("│", " ").split())
        assert LOST + words in said, desk.text
        assert "Close this and look again." in said
        assert not any(field.display for field in desk.app.screen.query(Input))
        await desk.press("enter")
        assert LOST not in desk.text

    console(story)
    assert engine.done == []


@pytest.mark.parametrize(
    ("keys", "other"),
    [
        ([*ADMIN["operators"], "down", "x"], gives("operators", (ADA, replace(BOB, ways=WAYS), CARL))),
        ([*ADMIN["operators"], "down", "plus"], gives("operators", (ADA, CARL))),
        ([*ADMIN["places"], "plus"], sets("places_now", ())),
        (["2", "enter", "x"], sets("card_now", replace(CARD, live="flights@10"))),
        (["3", "x"], sets("runs_now", (replace(RUNNING, id=43), *RUNS))),
    ],
)  # fmt: skip
def test_what_takes_nothing_from_it_leaves_it_and_what_is_written_as_they_are(
    console: Console, engine: FakeEngine, keys: list[str], other: Callable[[FakeEngine], None]
) -> None:
    async def story(desk: Desk) -> None:
        await desk.press(*keys, "y")
        told, before = [], inside(desk.text)
        page = desk.app.screen_stack[-2]
        page.answered, answered = lambda *given: told.append(answered(*given)), page.answered  # type: ignore[attr-defined]
        other(engine)
        engine.commits += 1
        await desk.until(lambda: bool(told))
        await desk.settled()
        assert inside(desk.text) == before

    console(story)


def test_when_a_swap_is_planned_for_is_shown_to_whoever_cancels_it(console: Console, engine: FakeEngine) -> None:
    given = Remark("approval", NOW, "bob", "at night")
    engine.card_now = replace(CARD, remarks=Remarks((given,), planned=PLANNED_SWAP))

    async def story(desk: Desk) -> None:
        await desk.press("2", "u")
        await desk.see(f"→ Approved by bob, swaps at {PLANNED_SWAP.due:%d %b %H:%M} UTC.")
        engine.card_now = CARD
        engine.commits += 1
        await desk.see("No swap of flights@11 is planned.")
        await desk.see("Enter close")

    console(story)


def test_who_hands_over_sees_what_has_come_meanwhile(console: Console, engine: FakeEngine) -> None:
    matters = engine.matters()

    async def story(desk: Desk) -> None:
        await desk.press(*ADMIN["duty"], "o")
        await desk.see("churn@22")
        gives("matters", (replace(matters[0], about="tides@4"),))(engine)
        engine.commits += 1
        await desk.see("tides@4")
        assert "churn@22" not in desk.text and "Enter offer it" in desk.text

    console(story)
