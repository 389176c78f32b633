"""T over a dialog, pressed twice, on a page of then, in a terminal without room; and answers that come late."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from console import actions
from console.acting.messages import Answered, Unanswered
from console.queries.question import AskOverview
from console.queries.question import Desk as Answer
from console.screens.page import Page
from console.text import frame
from tests.console.conftest import NARROW, WIDE, Desk
from tests.console.records import NOW, OVERVIEW, FakeEngine
from tests.console.test_step_back import TOLD, step_back

Console = Callable[..., None]
SENTENCE = "This is how things stood on 03 Nov 2026 at 02:00 UTC; go back to now to act."
PLACES = tuple(key for key, _ in frame.PLACES)


def test_a_dialog_that_is_open_takes_the_key_as_its_own(console: Console, engine: FakeEngine) -> None:
    async def story(desk: Desk) -> None:
        await desk.press("2", "x")
        await desk.see("REJECT flights@11")
        await desk.press("T", "h", "e")
        await desk.see(" The ")
        assert "STEP BACK" not in desk.text
        await desk.press("escape", "question_mark")
        await desk.see("Keys of this screen")
        await desk.see("show everything as it stood at a moment; T again comes back to now")
        await desk.press("T")
        assert "STEP BACK IN TIME" not in desk.text
        await desk.press("escape", "slash")
        await desk.type("T")
        await desk.see("filter 'T'")

    console(story)
    assert engine.done == []


def test_the_key_pressed_twice_opens_one_dialog_with_an_empty_field(console: Console, engine: FakeEngine) -> None:
    async def story(desk: Desk) -> None:
        await desk.pilot.press("T", "T")
        await desk.see("STEP BACK IN TIME")
        await desk.type("2026-11-03T02:00")
        await desk.press("enter")
        await desk.see(TOLD)
        assert len(desk.app.screen_stack) == 1, "nothing lies over the overview of then"
        await desk.pilot.press("T", "T")
        await desk.see("STEP BACK IN TIME")
        await desk.press("escape")
        await desk.see("LEVERFRAME  Overview")

    console(story)
    assert engine.done == [("as of", "2026-11-03 02:00")]


def test_the_key_right_behind_the_one_that_opens_a_page_finds_that_page(console: Console) -> None:
    async def story(desk: Desk) -> None:
        await desk.press("3")
        await desk.see("WHAT CAME OF IT")
        desk.app.action_act("open")
        desk.app.action_act("step_back")
        await desk.see("STEP BACK IN TIME")
        await desk.type("2026-11-03T02:00")
        await desk.press("enter")
        await desk.see(f"{TOLD}  T now  Run 42")

    console(story)


def test_the_key_in_the_palette_asks_for_a_moment_too(console: Console) -> None:
    async def story(desk: Desk) -> None:
        await desk.press("ctrl+p")
        await desk.type("in time")
        await desk.see("Step back in time  (T)")
        await desk.press("enter", "enter")
        await desk.see("STEP BACK IN TIME")

    console(story)


@pytest.mark.parametrize("size", [WIDE, NARROW])
def test_a_page_of_a_project_that_was_there_stays_open_and_esc_leads_to_the_overview_of_then(
    console: Console, engine: FakeEngine, size: tuple[int, int]
) -> None:
    async def story(desk: Desk) -> None:
        await desk.press("h")
        await desk.see("LEVERFRAME  Health of churn")
        await step_back(desk)
        await desk.see(f"{TOLD}  T now  Health")
        await desk.see("Looked just now")
        assert desk.app.question == desk.app.screen.question()  # type: ignore[attr-defined]
        await desk.press("escape")
        await desk.see(f"{TOLD}  T now  Overview")
        await desk.press("T")
        await desk.see("LEVERFRAME  Health of churn")
        await desk.press("escape")
        await desk.see("LEVERFRAME  Overview")

    console(story, size)
    assert [each.closed for each in engine.thens] == [True]


@pytest.mark.parametrize("keys", [("h",), ("enter",)])
def test_a_page_of_a_project_that_was_not_there_yet_gives_way_to_the_overview(
    console: Console, engine: FakeEngine, keys: tuple[str, ...]
) -> None:
    async def story(desk: Desk) -> None:
        await desk.press("down", "down")
        await desk.see("▸ flights")
        await desk.press(*keys)
        await desk.see(" of flights")
        await step_back(desk)
        await desk.see(f"{TOLD}  T now  Overview")
        await desk.until(lambda: "There is no project 'flights' here." in desk.said)

    console(story)


def test_no_act_of_any_screen_is_done_or_begun_and_each_says_why(console: Console, engine: FakeEngine) -> None:
    said: list[str] = []
    tried: set[str] = set()

    def refused(desk: Desk, page: Page) -> None:
        for action in actions.of_screen(page.name_of):
            if action.id in actions.ACTS:
                said.clear()
                desk.app.action_act(action.id)
                assert said == [SENTENCE] and desk.app.screen is page, (page.name_of, action.id)
                tried.add(action.id)

    async def story(desk: Desk) -> None:
        await step_back(desk)
        await desk.see(TOLD)
        desk.app.say = lambda sentence, tone="": said.append(sentence)  # type: ignore[method-assign]
        opened = (("1", "B"), ("2", "enter"), ("3", "enter"), ("7", "b"), ("8", "enter"), ("8", "L"), ("9", "enter"))
        # The cursor on Admin stays where it is: each time it goes on to the next list.
        lists = [("9", "down", "enter")] * (len(actions.ADMIN_LISTS) - 1)
        for keys in (*((place,) for place in PLACES), *opened, *lists):
            await desk.press(*keys)
            page = desk.app.screen
            assert isinstance(page, Page)
            await desk.until(lambda page=page: page.at is not None)  # type: ignore[misc]
            refused(desk, page)

    console(story)
    assert tried == actions.ACTS
    assert [each.done for each in (engine, *engine.thens)] == [[("as of", "2026-11-03 02:00")], []]


def test_the_keys_below_a_screen_of_then_are_dim_where_they_would_act() -> None:
    shown = frame.keys("overview", lambda action: SENTENCE if action in actions.ACTS else None, 140)
    tones = {part.text.strip(): part.tone for part in shown}
    assert (tones["r"], tones["Retrain"], tones["R"]) == ("dim", "dim", "dim")
    assert (tones["h"], tones["Enter"]) == ("key", "key")


def test_every_act_is_an_action_and_every_dangerous_action_is_an_act() -> None:
    known = {action.id for action in actions.ACTIONS}
    assert known >= actions.ACTS
    assert {action.id for action in actions.ACTIONS if action.danger} <= actions.ACTS


@pytest.mark.parametrize("size", [WIDE, (100, 30)])
def test_the_key_stands_below_every_screen_of_now_where_there_is_room(size: tuple[int, int]) -> None:
    def text(steps_back: bool) -> str:
        return "".join(part.text for part in frame.places("Overview", size[0], steps_back=steps_back))

    assert ("T Step back in time" in text(steps_back=True)) == (size == WIDE)
    assert "T Step" not in text(steps_back=False)
    assert len(text(steps_back=True)) == size[0]


def test_an_answer_of_now_that_comes_late_is_not_shown_as_one_of_then(console: Console, engine: FakeEngine) -> None:
    async def story(desk: Desk) -> None:
        await step_back(desk)
        await desk.see(TOLD)
        await desk.see("churn")
        late = AskOverview(None)
        assert desk.app.screen.question() == late  # type: ignore[attr-defined]
        desk.app.post_message(Answered(late, Answer(OVERVIEW), NOW))
        desk.app.post_message(Unanswered(late, "The ledger of now cannot be read.", NOW))
        await desk.settled()
        assert "flights" not in desk.text
        assert "cannot be read" not in desk.said
        then = desk.app.crossing.past
        assert then is not None
        moment = then.moment
        await desk.press("T")
        await desk.see("flights")
        late = AskOverview(desk.app.last_visit)
        desk.app.post_message(Answered(late, Answer(replace(OVERVIEW, projects=())), moment))
        desk.app.post_message(Unanswered(late, "The ledger of then cannot be read.", moment))
        await desk.settled()
        assert "flights" in desk.text
        assert "cannot be read" not in desk.said

    console(story)


def test_whoever_reads_the_past_still_is_waited_for_and_tells_nothing_any_more(
    console: Console, engine: FakeEngine
) -> None:
    async def story(desk: Desk) -> None:
        await step_back(desk)
        await desk.see(TOLD)
        engine.pace.clear()
        await desk.press("5", "v")
        then, past = engine.thens[0], desk.app.crossing.past
        assert past is not None and past.runner.busy
        await desk.press("T")
        await desk.see("LEVERFRAME  Overview")
        assert not then.closed, "its ledger would be taken away from under the one who follows its chain"
        engine.pace.set()
        await desk.until(lambda: then.closed)
        await desk.settled()
        assert "rows hold" not in desk.said, "that was the chain of then"

    console(story)


def test_the_present_is_reconciled_while_the_past_is_shown(console: Console, engine: FakeEngine) -> None:
    async def story(desk: Desk) -> None:
        await step_back(desk)
        await desk.see(TOLD)
        before = engine.reconciled
        await desk.until(lambda: engine.reconciled > before + 1)
        assert desk.app.crossing.past is not None

    console(story)


def test_the_past_that_is_made_while_the_terminal_has_no_room_is_there_when_it_has(
    console: Console, engine: FakeEngine
) -> None:
    engine.pace.clear()

    async def story(desk: Desk) -> None:
        await step_back(desk)
        await desk.pilot.resize_terminal(40, 10)
        await desk.see("needs more room")
        engine.pace.set()
        await desk.until(lambda: desk.app.crossing.past is not None)
        await desk.see("needs more room")
        await desk.pilot.resize_terminal(140, 42)
        await desk.see(f"{TOLD}  T now  Overview")
        await desk.see("churn")

    console(story)


def test_leaving_the_console_while_the_past_is_made_asks_once_more_and_ends(
    console: Console, engine: FakeEngine
) -> None:
    engine.pace.clear()

    async def story(desk: Desk) -> None:
        await step_back(desk)
        await desk.press("escape", "q")
        await desk.until(lambda: "Wait: the ledger of then is being made." in desk.said)
        await desk.press("q")
        await desk.until(lambda: not desk.app.is_running)
        engine.pace.set()

    console(story)
