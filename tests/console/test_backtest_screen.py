"""The screen of backtests: what it says at both sizes, the chart and its bars, and asking for another one."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from console.screens.backtest import BacktestPage
from console.text.backtest_lines import backtest_lines, bars_of, curves_of, glyph, plan_lines
from console.text.card_lines import card_lines
from console.text.lines import plain_text, width_of
from engine.errors import Conflict
from engine.release.records import BacktestLine
from tests.console.backtest_records import NEVER_MADE, SCHEDULED, TOLD
from tests.console.conftest import NARROW, WIDE, Desk
from tests.console.records import CARD, NOW, FakeEngine, ago
from tests.engine.backtest.made import document, policy

if TYPE_CHECKING:
    from console.widgets.chart import Chart

Console = Callable[..., None]


@pytest.mark.parametrize("size", [WIDE, NARROW])
def test_it_says_what_each_policy_is_worth_and_what_it_costs(console: Console, size: tuple[int, int]) -> None:
    async def story(desk: Desk) -> None:
        await desk.press("B")
        await desk.see("Retraining every week is worth +0.012 roc_auc")
        for words in (
            "Backtest of 22 Nov 2026, 2 d ago (run 44)", "flights@9", "● every week", "▲ every 4 weeks", "○ never",
            "+0.012 better", "0.719 ±0.010", "26", "in leverframe.toml (line", "b New backtest",
        ):  # fmt: skip
            assert words in " ".join(desk.text.split()), f"{words} is not in\n{desk.text}"
        await desk.press("escape")
        await desk.see("WAITING")

    console(story, size)


def test_a_wide_terminal_has_a_chart_and_a_narrow_one_bars_and_a_key_shows_what_is_gained(console: Console) -> None:
    async def story(desk: Desk) -> None:
        await desk.press("B")
        await desk.see("roc_auc WEEK BY WEEK   ● every week   ▲ every 4 weeks   ○ never")
        await desk.until(lambda: bool(desk.app.screen.query("#chart")))
        await desk.until(lambda: desk.text.count("●") > 6 and desk.text.count("○") > 6)
        await desk.press("m")
        await desk.see("roc_auc WEEK BY WEEK, LESS THAT OF NEVER   ● every week   ▲ every 4 weeks")
        for _ in range(3):
            await desk.press("t")
        await desk.pilot.resize_terminal(*NARROW)
        await desk.see("roc_auc week by week, less that of never, from 0.010 (▁) to 0.012 (█)")
        assert not desk.app.screen.query_one("#chart").display
        await desk.press("m")
        await desk.see("roc_auc week by week, from 0.700 (▁) to 0.724 (█)")

    console(story)


def test_a_chart_that_is_loaded_when_the_screen_is_being_left_is_shown_nowhere(
    console: Console, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def story(desk: Desk) -> None:
        await desk.press("B")
        await desk.see("Retraining every week is worth +0.012 roc_auc")
        page = desk.app.screen
        assert isinstance(page, BacktestPage)
        kind = page.kind_of_chart()

        async def left() -> None:
            """The widgets of a screen that is left go before it does."""
            monkeypatch.setattr(page, "draw", lambda: None)
            await page.query_one("#scroll").remove()

        def slowly() -> type[Chart]:
            desk.app.call_from_thread(left)
            return kind

        monkeypatch.setattr(page, "kind_of_chart", slowly)
        await desk.pilot.resize_terminal(*WIDE)
        await desk.until(lambda: not page.query("#scroll"))
        await desk.app.workers.wait_for_complete()
        assert page.is_attached and not page.query("#chart")
        await desk.press("escape")
        await desk.see("WAITING")

    console(story, NARROW)


def test_another_one_is_begun_when_what_it_takes_is_known(console: Console, engine: FakeEngine) -> None:
    async def story(desk: Desk) -> None:
        await desk.press("down", "down", "B", "b")
        await desk.see("It takes 26 trainings, each with an extract; about 5 min.")
        await desk.press("ctrl+a", "ctrl+k", "6", "0")
        await desk.see("60 weeks are more than the data of flights goes back; replay at most 44.")
        await desk.press("enter")
        assert engine.done == []
        await desk.press("ctrl+a", "ctrl+k", "8", "tab", "ctrl+a", "ctrl+k", *"2w")
        await desk.see("It takes 4 trainings")
        await desk.press("enter")
        await desk.see("Run 46, a backtest of flights, is queued")
        assert engine.done == [("backtest", "flights", 8, "2w")]
        await desk.press("enter")
        await desk.see("Backtest of flights")

    console(story)


def test_what_is_refused_is_written_anew(console: Console, engine: FakeEngine) -> None:
    async def story(desk: Desk) -> None:
        await desk.press("down", "down", "B", "b")
        await desk.see("26 trainings")
        engine.refuse = Conflict("Run 9, a backtest of flights, is running already.")
        await desk.press("enter")
        await desk.see("■ Run 9, a backtest of flights, is running already.")
        assert desk.app.screen.query_one("#weeks").display
        await desk.press("escape")
        await desk.see("Backtest of flights")

    console(story, NARROW)


def test_while_one_is_under_way_no_other_can_be_begun(console: Console, engine: FakeEngine) -> None:
    engine.told_now = replace(TOLD, under_way=51, progress=0.4, state="running")

    async def story(desk: Desk) -> None:
        await desk.press("B")
        await desk.see("Run 51, a backtest, is running, 40 % done.")
        await desk.press("b")
        assert "Run 51, a backtest of churn, is running already: key 3 shows it, x there ends it." in desk.said

    console(story)


def test_without_one_it_says_what_it_is_for(console: Console, engine: FakeEngine) -> None:
    engine.told_now = NEVER_MADE

    async def story(desk: Desk) -> None:
        await desk.press("B")
        await desk.see("churn was never backtested. A backtest replays policies of retraining")
        await desk.press("m")
        assert "churn was never backtested; b begins one." in desk.said

    console(story)


def test_whoever_may_not_is_told_and_the_key_is_dim(console: Console, engine: FakeEngine) -> None:
    engine.forbids["backtest"] = "vic is a viewer and may not backtest retraining; ask somebody who is an operator."

    async def story(desk: Desk) -> None:
        await desk.press("B", "b")
        await desk.until(lambda: "may not backtest retraining" in desk.said)

    console(story)


def test_how_long_is_said_to_be_unknown_where_no_retrain_has_run() -> None:
    engine = FakeEngine.__new__(FakeEngine)
    engine.seconds_now = None
    plan = engine.plan_backtest("flights", weeks=26, every="1w")
    assert "how long is not known, for no retrain has run" in plain_text(plan_lines(plan, 120))


def test_no_line_is_wider_than_the_terminal_whatever_the_policies() -> None:
    many = (policy("1d", 0.7, 182), policy("1w", None, 26), policy("4w", 0.71, 7), policy("never", 0.7, 1))
    many = tuple(replace(each, weekly=(None, 0.7, *(0.6,) * 98)) for each in many)
    found = document(weeks=100, policies=many)
    assert TOLD.kept is not None
    told = replace(TOLD, kept=replace(TOLD.kept, document=found))
    for width in (58, 78, 110, 138):
        lines = backtest_lines(told, "flights", NOW, width)
        assert max(width_of(line) for line in lines) <= width
        assert "not defined" in plain_text(lines)
        assert ("the last" in plain_text(lines)) is (width < 200)


def test_each_policy_has_a_glyph_of_its_own() -> None:
    every = (*(policy("1w", 0.7, 1),) * 5, policy("never", 0.7, 1))
    words = [replace(each, word=f"{n}d") for n, each in enumerate(every[:5], 1)]
    found = document(policies=(*words, every[5]))
    assert len({glyph(found, each.word) for each in found.policies}) == 6


def test_a_week_without_a_value_is_a_gap_and_one_week_is_no_curve() -> None:
    gap = document(weeks=3, policies=tuple(policy(w, 0.7, 1, (0.7, None, 0.8)) for w in ("1w", "4w", "never")))
    assert "▁·█" in plain_text(bars_of(gap, 80))
    curves = curves_of(gap, gain=True)
    assert curves is not None and curves.level == 0.0 and [c.values for c in curves.curves] == [(0.0, None, 0.0)] * 2
    alone = document(weeks=2, policies=tuple(policy(w, 0.7, 1, (0.7, None)) for w in ("1w", "4w", "never")))
    assert curves_of(alone, gain=False) is None
    none = document(weeks=2, policies=tuple(policy(w, None, 1, (None, None)) for w in ("1w", "4w", "never")))
    assert bars_of(none, 80) == []


@pytest.mark.parametrize("width", [78, 138])
def test_the_card_says_it_in_a_line_with_its_age(width: int) -> None:
    said = BacktestLine(ago(days=12), "retraining every week is worth +0.012 over never; scheduled: every week")
    text = plain_text(card_lines(replace(CARD, backtest=said), NOW, width))
    assert "Backtest of 12 Nov (12 d ago): retraining every week is worth +0.012" in text
    assert "Backtest" not in plain_text(card_lines(CARD, NOW, width))
    broken = BacktestLine(None, "The backtest of run 4 is not what was kept: its digest is another.")
    text = plain_text(card_lines(replace(CARD, backtest=broken), NOW, 138))
    assert "The backtest of run 4 is not what was kept" in text


def test_the_schedule_that_is_held_against_it_is_that_of_now() -> None:
    paused = replace(TOLD, schedule=replace(SCHEDULED, paused=True))
    assert "Scheduled: every week, paused." in plain_text(backtest_lines(paused, "flights", NOW, 138))
