"""The health screens: what stands on them at both sizes, and the keys that act on an alert."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest

from console.acting.commands import each_of
from console.dialogs.alerts import span_of
from console.widgets.chart import Chart
from engine import clock
from engine.errors import Conflict, Refusal
from tests.console.conftest import NARROW, WIDE, Desk
from tests.console.health_records import BACK, FELL, GAPS, LOOK, OVER, TAKEN
from tests.console.records import FakeEngine, ago

Console = Callable[..., None]


@pytest.mark.parametrize("size", [WIDE, NARROW])
def test_the_list_says_what_is_unhealthy_and_what_to_do(console: Console, size: tuple[int, int]) -> None:
    async def story(desk: Desk) -> None:
        await desk.press("8")
        await desk.see("2 alerts open")
        for words in (
            "▸ churn", "■ failing 18 min", "▲ watch", "● ok", "■ churn@22 failing for 18 min",
            "recall 0.58 of churn@22 is below 0.65", "Looked 4 min ago (run 51)", "→ roll back to churn@21  (R)",
        ):  # fmt: skip
            assert words in desk.text, f"{words} is not in\n{desk.text}"
        await desk.press("down")
        await desk.see("nothing is live yet")

    console(story, size)


@pytest.mark.parametrize("size", [WIDE, NARROW])
def test_a_project_is_entered_and_its_sections_are_reached_by_key(console: Console, size: tuple[int, int]) -> None:
    async def story(desk: Desk) -> None:
        await desk.press("h")
        await desk.see("recall OVER TIME   validated with 0.740")
        assert "■ failing    recall fell from 0.74 to 0.58" in desk.text
        # What is still being drawn when the key comes moves below it: from the top again, then.
        while not (desk.text.split("\n")[2].startswith(" NOW") or "1 of 2 checks" in desk.text):
            await desk.press("home", "n")
        await desk.press("end")
        await desk.see("1 of 2 checks are well.")
        await desk.press("n", "m")
        await desk.see("brier OVER TIME")
        await desk.press("escape")
        await desk.see("WAITING")

    console(story, size)


def test_a_chart_that_was_to_be_drawn_when_its_screen_was_left_is_not(console: Console) -> None:
    async def story(desk: Desk) -> None:
        await desk.press("8", "enter")
        await desk.until(lambda: bool(desk.app.screen.query("#chart")))
        chart = desk.app.screen.query_one(Chart)
        await desk.settled()
        await chart.query_one("#legend").remove()  # Its parts go one after the other.
        chart.show("something else")
        await chart.remove()
        chart.show("something else again")

    console(story)


def test_a_wide_terminal_has_a_chart_that_follows_size_and_theme(console: Console) -> None:
    async def story(desk: Desk) -> None:
        await desk.press("8", "enter")
        await desk.until(lambda: bool(desk.app.screen.query("#chart")))
        await desk.see("│")
        await desk.until(lambda: desk.text.count("●") >= 4)
        for _ in range(3):
            await desk.press("t")
        await desk.pilot.resize_terminal(*NARROW)
        await desk.settled()
        assert not desk.app.screen.query_one("#chart").display
        await desk.pilot.resize_terminal(*WIDE)
        await desk.until(lambda: bool(desk.app.screen.query_one("#chart").display))

    console(story)


@pytest.mark.parametrize("size", [WIDE, NARROW])
def test_one_alert_is_acknowledged_with_a_reason_or_all_of_them(
    console: Console, engine: FakeEngine, size: tuple[int, int]
) -> None:
    async def story(desk: Desk) -> None:
        await desk.press("8", "a")
        await desk.see("alert 1 of 2; the next one or all")
        await desk.press("enter")
        await desk.see("A reason is needed")
        await desk.type("mine")
        await desk.press("enter")
        await desk.see("You have taken it on")
        await desk.press("enter", "a", "up")
        await desk.see("All 2 alerts of this project.")
        await desk.type("both")
        await desk.press("enter")
        await desk.see("You have taken 2 alerts on")

    console(story, size)
    assert engine.done == [("acknowledge", 7, "mine"), ("acknowledge", 7, "both"), ("acknowledge", 8, "both")]


def test_a_dialog_names_no_key_that_does_nothing_in_it(console: Console) -> None:
    async def story(desk: Desk) -> None:
        await desk.press("8")
        await desk.see("→ roll back to churn@21  (R)")
        for key in ("a", "z"):
            await desk.press(key)
            await desk.see("alert 1 of 2; the next one or all")
            assert "→ roll back to churn@21" in desk.text and "(R)" not in desk.text
            await desk.press("escape")

    console(story)


@pytest.mark.parametrize(
    ("key", "said"), [("a", "You have taken 1 alert on"), ("z", "1 alert is left out of the status until")]
)
def test_all_goes_on_past_an_alert_that_is_over_and_says_which_was(
    console: Console, engine: FakeEngine, key: str, said: str
) -> None:
    engine.over = {7: "Alert 7 is over since 2026-11-24 12:00 UTC: it is found no more."}

    async def story(desk: Desk) -> None:
        await desk.press("8", key, "up")
        await desk.see("All 2 alerts of this project.")
        if key == "z":
            await desk.press("tab")
        await desk.type("both")
        await desk.press("enter")
        await desk.see(said)
        await desk.see("it is found no more.")

    console(story)
    assert [alert for _, alert, _ in engine.done] == [8]


def test_where_all_of_them_are_over_nothing_is_said_to_be_done() -> None:
    def late(alert: int) -> None:
        raise Conflict(f"Alert {alert} is over.")

    with pytest.raises(Conflict, match="Alert 7 is over. Alert 8 is over."):
        each_of((7, 8), late)


def test_an_alert_is_snoozed_with_an_end(console: Console, engine: FakeEngine) -> None:
    async def story(desk: Desk) -> None:
        await desk.press("h", "z", "down")
        await desk.see("age: 4 %")
        await desk.press("backspace", "backspace")
        await desk.type("9w")
        await desk.press("enter")
        await desk.see("'9w' is no time of at most 30 days; write it like 8h or 7d.")
        await desk.press("backspace")
        await desk.type("h")
        await desk.press("tab")
        await desk.type("holiday")
        await desk.press("enter")
        await desk.see("left out of the status until")

    console(story)
    assert engine.done == [("snooze", 8, "holiday")]
    assert timedelta(hours=8) < engine.snoozed_until - clock.now() <= timedelta(hours=9)


def test_lengths_of_time_that_a_snooze_may_have() -> None:
    good = {"1h": timedelta(hours=1), "7d": timedelta(days=7), "1w": timedelta(days=7), "30d": timedelta(days=30)}
    assert {text: span_of(text) for text in good} == good
    assert [span_of(text) for text in ("", "h", "0h", "31d", "5w", "-1d", "1.5h", "٣d", "²d")] == [None] * 9


def test_look_retrain_roll_back_and_what_cannot_be_done_says_why(console: Console, engine: FakeEngine) -> None:
    engine.alerts_now = (TAKEN,)

    async def story(desk: Desk) -> None:
        await desk.press("8", "l")
        await desk.until(lambda: "a look at churn, is queued" in desk.said)
        await desk.press("w")
        await desk.until(lambda: len(engine.done) == 2)
        await desk.press("r")
        await desk.until(lambda: "a retrain of churn, is queued" in desk.said)
        await desk.press("a")
        assert "Every open alert of churn is acknowledged" in desk.said
        await desk.press("c")
        assert "churn has no candidate to decide on" in desk.said
        await desk.press("R")
        await desk.see("Comes back:")
        await desk.press("escape", "down", "z", "l", "R")
        assert "No alert of new is open" in desk.said
        assert "Nothing of new is live yet" in desk.said
        assert "new has no earlier live version" in desk.said

    console(story)
    assert engine.done == [("look", "churn"), ("look", "churn", "whole"), ("retrain", "churn")]


@pytest.mark.parametrize("size", [WIDE, NARROW])
def test_performance_is_asked_for_by_a_column_and_a_wrong_one_is_written_anew(
    console: Console, engine: FakeEngine, size: tuple[int, int]
) -> None:
    engine.refuse = Refusal("The live version's data has no column 'carier'; did you mean 'carrier'?")

    async def story(desk: Desk) -> None:
        await desk.press("8", "enter", "b")
        await desk.see("PERFORMANCE OF churn BY A COLUMN")
        await desk.press("enter")
        await desk.see("Name a column")
        await desk.type("carier")
        await desk.press("enter")
        await desk.see("did you mean 'carrier'?")
        engine.refuse = None
        await desk.press("backspace", "backspace", "backspace")
        await desk.type("rier distance=500,1000")
        await desk.press("enter")
        await desk.see("is queued; its result comes here by itself.")
        await desk.press("enter")
        await desk.see("OVER TIME")

    console(story, size)
    assert engine.done == [("look", "churn", "carrier", "distance=500,1000")]


def test_what_the_engine_refuses_is_said_in_its_words(console: Console, engine: FakeEngine) -> None:
    engine.refuse = Refusal("ada is a viewer; an operator may acknowledge alerts.")

    async def story(desk: Desk) -> None:
        await desk.press("8", "a")
        await desk.type("mine")
        await desk.press("enter")
        await desk.see("ada is a viewer; an operator may acknowledge alerts.")

    console(story)
    assert engine.done == []


@pytest.mark.parametrize("size", [WIDE, NARROW])
def test_projects_without_a_look_or_with_an_old_one_can_be_entered(
    console: Console, engine: FakeEngine, size: tuple[int, int]
) -> None:
    engine.looks = {"churn": replace(LOOK, kept=None)}

    async def story(desk: Desk) -> None:
        await desk.press("8", "enter")
        await desk.see("Only the verdict of that look was kept")
        await desk.press("n", "m", "escape")
        assert "There is no other metric of churn." in desk.said
        await desk.press("down", "enter")
        await desk.see("No alert is open.")

    console(story, size)
    assert engine.failures == []


def test_a_new_look_is_on_the_screen_without_a_key(console: Console, engine: FakeEngine) -> None:
    async def story(desk: Desk) -> None:
        await desk.press("8")
        await desk.see("run 51")
        engine.looks = {"churn": replace(LOOK, run=52)}
        engine.commits += 1
        await desk.see("run 52")

    console(story)


@pytest.mark.parametrize("size", [WIDE, NARROW])
def test_the_overview_tells_swaps_and_alerts_since_this_operators_last_visit(
    console: Console, engine: FakeEngine, size: tuple[int, int]
) -> None:
    engine.swaps_now, engine.past_now = (BACK,), (GAPS, FELL, OVER)

    async def story(desk: Desk) -> None:
        await desk.see("Since you last looked: ■ churn failing · 1 alert raised, 1 resolved (8)")

    console(story, size, seen=ago(days=1))


def test_what_is_over_once_somebody_took_notice_is_said_to_be(
    console: Console, engine: FakeEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    glass = replace(FELL, part="break-glass", why="bob broke the glass for churn@23")
    engine.alerts_now = (glass,)
    monkeypatch.setattr(engine, "acknowledge", lambda *given: replace(glass, resolved_at=ago(minutes=0)))

    async def story(desk: Desk) -> None:
        await desk.press("8", "a")
        await desk.see("It is over then.")
        assert "until a look finds it well" not in desk.text
        await desk.press("y", "enter")
        await desk.see("You have taken it on; it is over.")

    console(story)


def test_days_over_more_than_a_year_say_which_year() -> None:
    from console.widgets.chart import DAY, Days

    short, long = ([0.0, 100 * DAY], [0.0, 400 * DAY])
    assert Days().get_labels_for_ticks(short) == ["1 Jan", "11 Apr"]
    assert Days().get_labels_for_ticks(long) == ["Jan 1970", "Feb 1971"]
