"""A candidate is put on trial, gets another share and is ended by key; both sides stand on the health page."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest

from console.text.overview_table import columns
from engine.errors import Refusal
from engine.records import OnTrial, ProjectStatus
from tests.console.conftest import NARROW, WIDE, Desk
from tests.console.records import NOW, FakeEngine, status
from tests.console.trial_records import AT, TRIAL

Console = Callable[..., None]
BOTH = pytest.mark.parametrize("size", [WIDE, NARROW])
CANARY = OnTrial("flights@12", "canary", 0.05, AT)


def trying(engine: FakeEngine, running: OnTrial | None = CANARY) -> None:
    """flights@12 runs beside flights@9."""
    engine.trial_now = TRIAL if running is not None else None
    there = engine.overview_now.projects
    tried = tuple(replace(each, trial=running if each.project.name == "flights" else None) for each in there)
    engine.overview_now = replace(engine.overview_now, projects=tried)


@BOTH
def test_a_candidate_is_tried_on_a_share_of_the_keys_with_a_reason(
    console: Console, engine: FakeEngine, size: tuple[int, int]
) -> None:
    async def story(desk: Desk) -> None:
        await desk.press("2", "y")
        await desk.see("TRY flights@11 BESIDE WHAT IS LIVE")
        await desk.press("5", "percent_sign", "enter")
        await desk.see("flights@11 AS CANARY: 5 %")
        await desk.see("flights@9 goes on answering")
        await desk.press("x", "enter")
        await desk.see("flights@11 answers 5 % of the keys.")

    console(story, size)
    assert engine.done == [("put_on_trial", "flights@11", "canary", 0.05, "x")]


def test_the_card_begins_a_shadow(console: Console, engine: FakeEngine) -> None:
    async def story(desk: Desk) -> None:
        await desk.press("2", "enter", "y")
        await desk.type("shadow")
        await desk.press("enter")
        await desk.see("flights@11 AS SHADOW: 100 %")
        await desk.press("x", "enter")
        await desk.see("runs as a shadow, on 100 % of the requests")

    console(story)
    assert engine.done == [("put_on_trial", "flights@11", "shadow", 1.0, "x")]


def test_what_is_no_share_is_said_before_anything_is_asked(console: Console, engine: FakeEngine) -> None:
    async def story(desk: Desk) -> None:
        await desk.press("2", "y", "5", "enter")
        await desk.see("'5' is no share; write one such as 5% or 0.05.")

    console(story)
    assert engine.done == []


def test_what_cannot_be_tried_says_why_and_asks_for_no_reason(console: Console, engine: FakeEngine) -> None:
    engine.trial_refused = "No worker answers requests for flights now; start 'leverframe serve', then try again."

    async def story(desk: Desk) -> None:
        await desk.press("2", "y", "5", "percent_sign", "enter")
        await desk.see("No worker answers requests for flights now")
        await desk.press("x", "enter")

    console(story)
    assert engine.done == []


@BOTH
def test_both_sides_stand_on_the_health_page_and_the_trial_is_raised_and_ended_there(
    console: Console, engine: FakeEngine, size: tuple[int, int]
) -> None:
    trying(engine)

    async def story(desk: Desk) -> None:
        await desk.press("down", "down", "h")
        # It is tried on 5 % since then, and how to change it: on the first page at any size, before all figures.
        await desk.see("flights@12 answers 5 % of the keys as canary: y changes that, x ends it.")
        if size == WIDE:
            await desk.see("could not answer")
            await desk.see("Brier score")
            await desk.see("slow answers")
        await desk.press("y")
        await desk.see("So far it is a canary of 5 %.")
        await desk.press("2", "0", "percent_sign", "enter")
        await desk.see("flights@12 AS CANARY: 20 %")
        await desk.press("x", "enter", "enter", "x")
        await desk.see("END THE TRIAL OF flights@12")
        await desk.press("n", "enter")
        await desk.see("what is live answers everybody")

    console(story, size)
    assert engine.done == [
        ("put_on_trial", "flights@12", "canary", 0.2, "x"), ("end_trial", "flights", "n", "flights@12"),
    ]  # fmt: skip


def test_where_nothing_runs_there_is_nothing_to_raise_or_end(console: Console, engine: FakeEngine) -> None:
    async def story(desk: Desk) -> None:
        await desk.press("down", "down", "h", "x")
        assert desk.said == "Nothing runs beside the live version of flights; y on a candidate's card begins that."

    console(story)


def test_an_end_that_is_refused_is_told_in_the_dialog(console: Console, engine: FakeEngine) -> None:
    trying(engine)
    engine.refuse = Refusal("flights@13 is on trial by now, not flights@12; nothing was changed, look again.")

    async def story(desk: Desk) -> None:
        await desk.press("down", "down", "h", "x", "x", "enter")
        await desk.see("flights@13 is on trial by now")

    console(story)
    assert engine.done == []


def marks(*statuses: ProjectStatus) -> list[str]:
    there = columns(statuses)
    named = [column for column in there if column.title in ("LIVE", "BESIDE")]
    return [" | ".join(column.cell(each, NOW).text for column in named) for each in statuses]


def test_the_overview_marks_shadow_canary_and_fallback_and_has_no_column_where_there_is_none() -> None:
    shadow = OnTrial("flights@13", "shadow", 1.0, NOW - timedelta(hours=1))
    assert marks(status(trial=CANARY), status(trial=shadow), status(stood_in=True), status()) == [
        "@9 ◐ | ◐ @12 5 %", "@9 ◌ | ◌ @13 shadow", "@9 ↩ | ↩ fallback", "@9 | –",
    ]  # fmt: skip
    assert marks(status()) == ["@9"]
