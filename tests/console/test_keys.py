"""Every key does what it says, or says why it cannot."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from console import actions
from console.acting.run_commands import Retrain
from console.app import LeverframeApp
from console.screens.admin import AdminPage
from console.screens.allowances import AllowancesPage
from console.screens.arrivals import ArrivalsPage
from console.screens.audit import AuditPage
from console.screens.backtest import BacktestPage
from console.screens.bin import BinPage
from console.screens.candidates import CandidatesPage
from console.screens.card import CardPage
from console.screens.diff import DiffPage
from console.screens.disk import DiskPage
from console.screens.duty import DutyPage
from console.screens.exports import ExportsPage
from console.screens.feedback import FeedbackPage
from console.screens.health import HealthPage
from console.screens.learner import LearnerPage
from console.screens.occurrences import OccurrencesPage
from console.screens.operators import OperatorsPage
from console.screens.outbox import OutboxPage
from console.screens.overview import OverviewPage
from console.screens.packages import PackagesPage
from console.screens.places import PlacesPage
from console.screens.policy import PolicyPage
from console.screens.project_health import ProjectHealthPage
from console.screens.requests import RequestsPage
from console.screens.routes import RoutesPage
from console.screens.run import RunPage
from console.screens.runs import RunsPage
from console.screens.schedules import SchedulesPage
from console.screens.settings import SettingsPage
from console.screens.times import TimesPage
from console.screens.tokens import TokensPage
from console.screens.trace import TracePage
from console.screens.trust import TrustPage
from console.screens.versions import VersionsPage
from console.screens.where import WherePage
from console.text.frame import keys
from engine.access.approval import Policy
from engine.errors import Conflict
from tests.console.conftest import NARROW, WIDE, Desk
from tests.console.records import CARD, RELEASE, FakeEngine, run

Console = Callable[..., None]
PAGES = (
    OverviewPage, CandidatesPage, RunsPage, VersionsPage, AuditPage, CardPage, DiffPage, RunPage, DiskPage, BinPage,
    SchedulesPage, OccurrencesPage, TimesPage, HealthPage, ProjectHealthPage, AdminPage, OperatorsPage,
    SettingsPage, PlacesPage, AllowancesPage, OutboxPage, BacktestPage, RoutesPage, DutyPage,
    PolicyPage, PackagesPage, TrustPage, ArrivalsPage, ExportsPage, WherePage, RequestsPage, TokensPage, TracePage,
    FeedbackPage, LearnerPage,
)  # fmt: skip


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name_of)
def test_every_action_of_a_screen_has_a_method(page: type) -> None:
    missing = [a.id for a in actions.of_screen(page.name_of) if not hasattr(page, f"do_{a.id}")]  # type: ignore[attr-defined]
    assert missing == []


def test_every_action_of_the_whole_console_has_a_method() -> None:
    assert [a.id for a in actions.anywhere() if not hasattr(LeverframeApp, f"do_{a.id}")] == []


def test_no_key_means_two_things_on_one_screen() -> None:
    for page in PAGES:
        keys = [a.key for a in (*actions.of_screen(page.name_of), *actions.anywhere())]
        assert len(keys) == len(set(keys)), page.name_of


def test_every_action_names_a_screen_that_exists() -> None:
    names = {page.name_of for page in PAGES} | {actions.ANYWHERE}
    assert {screen for action in actions.ACTIONS for screen in action.screens} <= names


@pytest.mark.parametrize("size", [WIDE, NARROW])
def test_the_numbers_go_from_screen_to_screen(console: Console, size: tuple[int, int]) -> None:
    async def story(desk: Desk) -> None:
        shown = {
            "2": "AGAINST LIVE", "3": "QUEUED", "4": "LIFE", "5": "WHEN (UTC)", "6": "RULE",
            "7": "BY KIND", "8": "PERFORMANCE", "9": "WHAT IT IS FOR", "1": "WAITING",
        }  # fmt: skip
        for key, words in shown.items():
            await desk.press(key)
            await desk.see(words)

    console(story, size)


def test_enter_goes_in_and_escape_comes_back(console: Console) -> None:
    async def story(desk: Desk) -> None:
        await desk.press("3", "enter")
        await desk.see("PEAK MEMORY")
        await desk.press("escape")
        await desk.see("WHAT CAME OF IT")
        await desk.press("escape")
        await desk.see("HEALTH")

    console(story)


def test_a_candidate_is_approved_by_key_with_a_reason(console: Console, engine: FakeEngine) -> None:
    async def story(desk: Desk) -> None:
        await desk.press("2", "enter")
        await desk.see("BETTER THAN LIVE")
        await desk.press("a")
        await desk.see("Make flights@11 live instead of flights@9.")
        await desk.press("enter")
        await desk.see("A reason is needed")
        await desk.type("newer data")
        await desk.press("enter")
        await desk.see("flights@11 is live.")
        await desk.see("200 of 200 golden rows equal")
        await desk.see("undo: make flights@9 live again")
        await desk.press("enter")
        await desk.see("GATES")

    console(story)
    assert engine.done == [("move", RELEASE, "newer data")]


def test_a_plan_that_changed_while_it_was_looked_at_is_not_carried_out(console: Console, engine: FakeEngine) -> None:
    async def story(desk: Desk) -> None:
        await desk.press("2", "a")
        await desk.see("Make flights@11 live")
        await desk.type("newer data")
        engine.release_now = replace(RELEASE, live_seq=5, source="flights@10")
        engine.commits += 1
        await desk.see("Things changed while you looked")
        await desk.press("enter")

    console(story)
    assert engine.done == []


def test_a_policy_that_changed_while_a_plan_was_looked_at_is_told_before_enter(
    console: Console, engine: FakeEngine
) -> None:
    async def story(desk: Desk) -> None:
        await desk.press("2", "a")
        await desk.see("Make flights@11 live")
        await desk.type("newer data")
        engine.release_now = replace(RELEASE, policy=Policy(2))
        engine.commits += 1
        await desk.see("a release takes something else now")
        await desk.press("enter")

    console(story)
    assert engine.done == []


def test_escape_in_a_dialog_leaves_everything_as_it_is(console: Console, engine: FakeEngine) -> None:
    async def story(desk: Desk) -> None:
        await desk.press("2", "a")
        await desk.see("Make flights@11 live")
        await desk.type("never mind")
        await desk.press("escape")
        await desk.see("AGAINST LIVE")

    console(story)
    assert engine.done == []


def test_a_refusal_of_the_engine_is_shown_and_nothing_else_happens(console: Console, engine: FakeEngine) -> None:
    engine.refuse = Conflict("bob made flights@10 live at 14:31 UTC; nothing was changed, look again.")

    async def story(desk: Desk) -> None:
        await desk.press("2", "a")
        await desk.see("Make flights@11 live")
        await desk.type("mine")
        await desk.press("enter")
        await desk.see("bob made flights@10 live")

    console(story)
    assert engine.done == []


def test_a_key_that_cannot_work_says_why(console: Console, engine: FakeEngine) -> None:
    engine.card_now = replace(CARD, blocked="flights@11 was judged against flights@9, but flights@10 is live now.")

    async def story(desk: Desk) -> None:
        await desk.press("c")
        assert "churn has no candidate" in desk.said
        await desk.press("2", "enter")
        await desk.see("BETTER THAN LIVE")
        await desk.press("a")
        assert "flights@10 is live now" in desk.said

    console(story)
    assert engine.done == []


def test_roll_back_shows_what_comes_back_and_what_does_not(console: Console, engine: FakeEngine) -> None:
    async def story(desk: Desk) -> None:
        await desk.press("down", "down", "R")
        await desk.see("Comes back:")
        await desk.see("predictions already used")
        await desk.type("page is red")
        await desk.press("enter")
        await desk.see("flights@7 is live.")

    console(story, NARROW)
    assert [what[0] for what in engine.done] == ["move"]


def test_reject_lift_and_cancel_ask_for_a_reason(console: Console, engine: FakeEngine) -> None:
    async def story(desk: Desk) -> None:
        for pressed in (("2", "x"), ("4", "down", "down", "down", "l"), ("3", "x")):
            await desk.press(*pressed)
            await desk.see("your reason")
            await desk.type("because")
            await desk.press("enter")
            await desk.see("close")
            await desk.press("enter")

    console(story)
    assert engine.done == [
        ("reject", "flights@11", "because"), ("lift", "flights@8", "because"), ("cancel", 42, "because"),
    ]  # fmt: skip


def test_retrain_is_queued_and_said(console: Console, engine: FakeEngine) -> None:
    async def story(desk: Desk) -> None:
        await desk.press("r")
        await desk.until(lambda: "is queued" in desk.said)

    console(story)
    assert engine.done == [("retrain", "churn")]


def test_a_key_that_is_pressed_again_starts_no_second_run(console: Console, engine: FakeEngine) -> None:
    engine.runs_now = (run(43, project="churn", state="queued", started_at=None, ended_at=None),)

    async def story(desk: Desk) -> None:
        await desk.press("r")
        await desk.until(lambda: "Run 43, retrain of churn, is queued already: key 3 shows it" in desk.said)
        desk.app.runner._busy.append(Retrain("new"))
        await desk.press("down", "r")
        await desk.until(lambda: "Wait: a retrain of new is being queued." in desk.said)

    console(story)
    assert engine.done == []


def test_help_shows_every_key_of_the_screen(console: Console) -> None:
    async def story(desk: Desk) -> None:
        await desk.press("question_mark")
        await desk.see("Keys of this screen")
        for action in actions.of_screen("overview"):
            assert action.key_name in desk.text

    console(story)


def test_the_palette_finds_an_action_by_its_words(console: Console, engine: FakeEngine) -> None:
    async def story(desk: Desk) -> None:
        await desk.press("ctrl+p")
        await desk.type("retrain")
        await desk.see("queue a retrain")
        await desk.press("enter", "enter")
        await desk.until(lambda: bool(engine.done))

    console(story)
    assert engine.done == [("retrain", "churn")]


def test_quitting_while_something_is_carried_out_asks_twice(console: Console, engine: FakeEngine) -> None:
    class Slow:
        doing = "flights@11 is being proven and made live"

    async def story(desk: Desk) -> None:
        desk.app.runner._busy.append(Slow())  # type: ignore[arg-type]
        await desk.press("q")
        assert "flights@11 is being proven" in desk.said
        assert desk.app.is_running
        await desk.press("q")
        await desk.until(lambda: not desk.app.is_running)

    console(story)


def test_keys_that_are_typed_after_q_open_nothing_any_more(console: Console) -> None:
    async def story(desk: Desk) -> None:
        desk.app.action_act("quit")
        for name in ("times", "health", "help", "open"):
            desk.app.action_act(name)
        assert len(desk.app.screen_stack) == 1

    console(story)


def test_keys_that_are_seldom_wanted_stand_below_where_there_is_room_and_take_none() -> None:
    def below(screen: str, width: int, *refused: str) -> str:
        return "".join(s.text for s in keys(screen, lambda action: "no" if action in refused else None, width))

    wide = below("operators", 140)
    assert "r Role   b Bind key   x Disable   u Enable   Enter Whole   / Filter   Esc Back" in wide
    assert "x Disable   u Enable   / Filter   Esc Back" in below("operators", 80, "bind_key"), "what can be done first"
    assert "A Approve for later" in below("card", 140) and "Esc Back" in below("card", 140)
    for page in PAGES:
        for width in range(60, 200):
            text = below(page.name_of, width)
            assert len(text) == width
            common = [a for a in actions.of_screen(page.name_of) if a.shown and not a.spare]
            if any(f"{a.key_name} {a.label}   " in text for a in actions.of_screen(page.name_of) if a.spare):
                assert all(f"{a.key_name} {a.label}" in text for a in common), (page.name_of, width)
