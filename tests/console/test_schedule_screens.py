"""Schedules, due times and run times: what they say, and the keys that act on them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from zoneinfo import ZoneInfo

import pytest

from console.text.lines import plain_text, width_of
from console.text.schedule_lines import also, detail, went_by, who_sees_to_it
from console.text.times_lines import speed, times_lines
from tests.console.conftest import NARROW, WIDE, Desk
from tests.console.records import HERE, MISSED, NOW, PAUSED, RAN, SCHEDULE, TIMES, TRIGGER, FakeEngine, ago

Console = Callable[..., None]


def test_the_next_five_due_times_stand_in_both_zones() -> None:
    text = plain_text(detail(SCHEDULE, NOW, ZoneInfo("Europe/Berlin"), 100))
    assert "after a downtime only the latest runs, once" in text
    assert "Mon 30 Nov 03:00" in text
    assert "Mon 30 Nov 09:00" in text
    assert text.count("Mon ") == 10
    assert "u resumes it" in plain_text(detail(PAUSED, NOW, None, 100))


def test_what_else_starts_a_retrain_is_said_with_what_became_of_it() -> None:
    text = plain_text(also((TRIGGER,), 120))
    assert text.startswith("   Also at 5,000 new rows, at most once in 24 h. Last held ")
    assert "6,110 new rows since the last version; run 41 is under way." in text.replace("\n   ", " ")


@pytest.mark.parametrize("size", [WIDE, NARROW])
def test_every_trigger_of_the_selected_schedule_is_seen(
    console: Console, engine: FakeEngine, size: tuple[int, int]
) -> None:
    engine.schedules_now = (SCHEDULE,)
    engine.triggers_now = (replace(TRIGGER, at=None), replace(TRIGGER, on="drift", rows=None, at=None))

    async def story(desk: Desk) -> None:
        await desk.press("6")
        await desk.see("Also at an alert of drift, at most once in 24 h.")
        assert "Also at 5,000 new rows" in desk.text

    console(story, size)


def test_who_sees_to_the_schedules_is_said_and_nobody_is_amber() -> None:
    assert who_sees_to_it(HERE, NOW).text == "engine: this console"
    assert "process 4711, for 3 h" in who_sees_to_it(replace(HERE, here=False), NOW).text
    nobody = who_sees_to_it(replace(HERE, running=False), NOW)
    assert (nobody.text, nobody.tone) == ("no engine: nothing starts by itself", "watch")


def test_what_went_by_unseen_is_said_with_its_reason_and_nothing_is_not() -> None:
    said = went_by((MISSED, replace(RAN, why="caught up after a downtime"), RAN))
    assert said is not None
    assert "2 retrains missed, 1 caught up (6 and h show each): no engine ran from 14 Nov 20:00" in said.text
    assert said.tone == "watch"
    assert went_by((RAN,)) is None


def test_a_night_of_missed_looks_is_told_after_the_retrains_and_calls_nobody() -> None:
    looks = replace(MISSED, job="health", times=60, why="the laptop slept; only the latest is caught up")
    again = replace(looks, state="ran", times=1, why="caught up 3 min late")
    alone = went_by((again, looks))
    assert alone is not None
    assert alone.text == f"60 looks missed, 1 caught up (6 and h show each): {looks.why}"
    assert alone.tone == "dim"
    both = went_by((again, looks, replace(MISSED, times=1)))
    assert both is not None
    assert both.text.startswith("1 retrain missed, 60 looks missed, 1 caught up (6 and h show each): no engine ran")
    assert both.tone == "watch"


def test_the_first_line_after_a_restart_says_what_was_missed(console: Console) -> None:
    async def story(desk: Desk) -> None:
        await desk.see("Since you last looked: 2 retrains missed")
        await desk.see("engine: this console")

    console(story, seen=ago(days=10))


@pytest.mark.parametrize("size", [WIDE, NARROW])
def test_schedules_are_paused_resumed_and_looked_into_by_key(
    console: Console, engine: FakeEngine, size: tuple[int, int]
) -> None:
    async def story(desk: Desk) -> None:
        await desk.press("6")
        await desk.see("2 schedules, 1 paused")
        await desk.press("p")
        assert "is paused already" in desk.said
        await desk.press("u")
        await desk.type("back")
        await desk.press("enter")
        await desk.see("acts again from now on")
        await desk.press("enter", "down", "p")
        await desk.type("holiday")
        await desk.press("enter")
        await desk.see("is paused; what runs goes on")
        await desk.press("enter", "enter")
        await desk.see("on time")
        await desk.press("enter")
        await desk.see("PEAK MEMORY")

    console(story, size)
    assert engine.done == [("resume", "churn", "retrain", "back"), ("pause", "flights", "retrain", "holiday")]


def test_what_a_schedule_starts_is_run_by_hand_whatever_job_it_is(console: Console, engine: FakeEngine) -> None:
    looks = replace(SCHEDULE, job="health")
    engine.schedules_now = (PAUSED, looks)

    async def story(desk: Desk) -> None:
        await desk.press("6", "down")
        await desk.see("r Run now")
        await desk.press("r")
        await desk.until(lambda: "Run 45, health of flights, is queued" in desk.said)

    console(story)
    assert engine.done == [("run now", "flights", "health")]


def test_a_schedule_is_changed_with_rule_zone_and_reason(console: Console, engine: FakeEngine) -> None:
    async def story(desk: Desk) -> None:
        await desk.press("6", "down", "e")
        await desk.see("CHANGE THE SCHEDULE")
        await desk.press(*["backspace"] * 11)
        await desk.type("every 6h")
        await desk.press("tab", "tab")
        await desk.type("faster")
        await desk.press("enter")
        await desk.see("is 'every 6h'")

    console(story)
    named = {"rule": "every 6h", "timezone": "America/New_York", "reason": "faster"}
    assert engine.done == [("edit", "flights", "retrain", named)]


def test_run_times_say_which_step_costs_most_and_since_when_it_is_slower(console: Console) -> None:
    for width in (80, 140):
        lines = times_lines(TIMES, width)
        assert all(width_of(each) <= width for each in lines)
        text = plain_text(lines)
        assert "Most of it is train." in text
        assert "longer than 90 s is reported" in text
        assert "scikit-learn 1.8.2 → 1.9.1" in text
    quick = replace(TIMES.steps[0], p50=0.03, rows_per_second=4_444_973)
    assert (speed(quick), speed(replace(quick, p50=1.0))) == ("–", "4,444,973")

    async def story(desk: Desk) -> None:
        await desk.press("i")
        await desk.see("slower since run 38")
        await desk.see("Esc Back")

    console(story)
