"""What stands on the screens, in words; and what stands there when things go wrong."""

from __future__ import annotations

import os
import re
import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from textual.events import Key
from textual.widgets import Input

from console.acting.messages import Answered, PeopleSeen, Unanswered
from console.opening import last_seen
from console.queries.question import END
from console.widgets.paged_list import PagedList
from engine.errors import Damage
from engine.records import AuditRow
from tests.console.conftest import NARROW, WIDE, Desk
from tests.console.records import NOW, OVERVIEW, FakeEngine, status

Console = Callable[..., None]


@pytest.mark.parametrize("size", [WIDE, NARROW])
def test_the_overview_says_what_is_wrong_and_which_key_acts(console: Console, size: tuple[int, int]) -> None:
    async def story(desk: Desk) -> None:
        text = desk.text
        for words in (
            "■ 1 failing · ○ 1 unknown · ● 1 ok · 1 waiting for a decision",
            "■ failing 18 min",
            "● ok 3 d",
            "○ unknown",
            "Recall 0.58 of churn@22 is below 0.65 on 2,310 newer rows.",
            "R would roll back to churn@21",
            "prod-1 · ada (operator)",
        ):
            assert words in text, f"{words} is not in\n{text}"

    console(story, size)


def test_an_empty_workspace_says_how_to_begin(console: Console, engine: FakeEngine) -> None:
    engine.overview_now = replace(OVERVIEW, projects=())

    async def story(desk: Desk) -> None:
        assert "leverframe add PATH" in desk.text
        await desk.press("enter", "c", "R", "r")
        assert "There is no project under the cursor." in desk.said

    console(story)
    assert engine.done == []


@pytest.mark.parametrize("size", [WIDE, NARROW])
def test_a_disk_with_less_than_is_kept_free_is_red_on_the_overview(
    console: Console, engine: FakeEngine, size: tuple[int, int]
) -> None:
    engine.overview_now = replace(OVERVIEW, free=1_000_000_000, keep_free=2_000_000_000)

    async def story(desk: Desk) -> None:
        await desk.see("■ only 954 MiB of disk free: retrains are refused, 7 cleans up")

    console(story, size)


def test_a_change_in_the_ledger_is_on_the_screen_without_a_key(console: Console, engine: FakeEngine) -> None:
    async def story(desk: Desk) -> None:
        engine.overview_now = replace(OVERVIEW, projects=(status("brandnew"),))
        engine.commits += 1
        await desk.see("brandnew")

    console(story)


def test_the_cursor_stays_on_its_project_when_others_come_in_above(console: Console, engine: FakeEngine) -> None:
    async def story(desk: Desk) -> None:
        await desk.press("down", "down")
        await desk.see("▸ flights")
        engine.overview_now = replace(OVERVIEW, projects=(status("aaa"), status("bbb"), *OVERVIEW.projects))
        engine.commits += 1
        await desk.see("aaa")
        assert "▸ flights" in desk.text

    console(story)


def test_a_filter_shows_only_what_contains_it_and_escape_takes_it_away(console: Console) -> None:
    async def story(desk: Desk) -> None:
        await desk.press("slash")
        await desk.type("chu")
        await desk.see("filter 'chu'")
        assert "flights" not in desk.text.split("\n")[5]
        await desk.press("enter")
        await desk.press("escape")
        await desk.see("flights")

    console(story)


def test_letters_typed_at_once_behind_the_key_of_the_filter_are_no_commands(
    console: Console, engine: FakeEngine
) -> None:
    async def story(desk: Desk) -> None:
        for key, letter in (("slash", "/"), ("c", "c"), ("h", "h"), ("r", "r")):  # as they come over a slow line
            desk.app.post_message(Key(key, letter))
        await desk.until(lambda: desk.app.screen.query_one("#filter", Input).value == "chr")
        for key, letter in (("enter", "\r"), ("q", "q")):
            desk.app.post_message(Key(key, letter))
        await desk.see("filter 'chr'")
        await desk.press("slash", "escape")
        await desk.see("flights")

    console(story)
    assert engine.done == []


def test_letters_typed_into_the_filter_are_no_commands(console: Console, engine: FakeEngine) -> None:
    async def story(desk: Desk) -> None:
        await desk.press("slash")
        await desk.type("rRxa5q")
        await desk.see("No row contains 'rRxa5q'")

    console(story)
    assert engine.done == []


def test_what_the_engine_cannot_answer_is_said_and_the_old_picture_stays(console: Console, engine: FakeEngine) -> None:
    async def story(desk: Desk) -> None:
        engine.overview = lambda now: _raise(Damage("The ledger cannot be read; restore it."))  # type: ignore[method-assign]
        engine.commits += 1
        await desk.until(lambda: "restore it" in desk.said)
        assert "churn" in desk.text

    console(story)


def test_a_bug_is_kept_as_a_traceback_and_the_console_lives_on(console: Console, engine: FakeEngine) -> None:
    async def story(desk: Desk) -> None:
        engine.card = lambda label, now: 1 / 0  # type: ignore[method-assign, assignment, return-value]
        await desk.press("2", "enter")
        await desk.until(lambda: "Leverframe itself failed (ZeroDivisionError)" in desk.said)
        await desk.press("escape")
        await desk.see("AGAINST LIVE")

    console(story)
    assert "ZeroDivisionError" in engine.failures[0]


def _raise(error: Exception) -> Any:
    raise error


@pytest.mark.parametrize("size", [(40, 10), (59, 24), (80, 15), (1, 1)])
def test_a_terminal_without_room_says_what_is_needed(console: Console, size: tuple[int, int]) -> None:
    async def story(desk: Desk) -> None:
        await desk.pilot.resize_terminal(*size)
        await desk.settled()
        if size[0] > 30:
            await desk.see("needs more room")
        await desk.pilot.resize_terminal(80, 24)
        await desk.see("churn")

    console(story)


def test_a_long_trail_is_asked_for_page_by_page(console: Console, engine: FakeEngine) -> None:
    asked: list[tuple[int, int]] = []
    original = engine.audit

    def audit(*, offset: int, limit: int, matching: str) -> tuple[AuditRow, ...]:
        asked.append((offset, limit))
        return original(offset=offset, limit=limit, matching=matching)

    engine.audit = audit  # type: ignore[method-assign]

    async def story(desk: Desk) -> None:
        await desk.press("5")
        await desk.see("flights@300")
        await desk.press("end")
        await desk.see("flights@1 ")
        await desk.press("home")
        await desk.see("flights@300")
        await desk.press("enter")
        await desk.see("Audit row 300")

    console(story)
    assert max(limit for _, limit in asked) <= 200
    assert any(offset > 100 for offset, _ in asked)


def test_verifying_the_trail_tells_the_head(console: Console) -> None:
    async def story(desk: Desk) -> None:
        await desk.press("5", "v")
        await desk.until(lambda: "All 300 rows hold. Head ffff" in desk.said)

    console(story)


@pytest.mark.parametrize("size", [WIDE, NARROW])
def test_runs_do_not_drown_in_finished_looks_and_say_how_many_there_are(
    console: Console, size: tuple[int, int]
) -> None:
    async def story(desk: Desk) -> None:
        await desk.press("3")
        await desk.see("1 finished look at health is not listed; l lists them.")
        assert "  39  " not in desk.text
        await desk.press("l")
        await desk.see("  39  ")
        assert "Every run, also finished looks at health; l hides those again." in desk.text
        await desk.press("l")
        await desk.see("is not listed")
        assert "  39  " not in desk.text

    console(story, size)


def test_a_log_that_is_followed_is_asked_for_its_end_however_fast_it_grows(
    console: Console, engine: FakeEngine
) -> None:
    async def story(desk: Desk) -> None:
        engine.lines = tuple(f"line number {n}" for n in range(1, 101))
        await desk.press("3", "enter")
        await desk.see("line number 100")
        engine.lines = tuple(f"line number {n}" for n in range(1, 10_001))
        await desk.see("line number 10000")
        assert desk.app.question.page.offset == END
        await desk.press("up")
        assert desk.app.question.page.offset != END
        await desk.see("line number 9999")
        await desk.press("end")
        assert desk.app.question.page.offset == END

    console(story)


def test_the_cursor_of_a_field_does_not_blink(console: Console) -> None:
    async def story(desk: Desk) -> None:
        await desk.press("2", "slash")
        assert not desk.app.screen.query_one("#filter", Input).cursor_blink

    console(story)


def test_a_run_shows_its_steps_and_its_log(console: Console, engine: FakeEngine) -> None:
    async def story(desk: Desk) -> None:
        await desk.press("3", "enter")
        await desk.see("▸ running 40 %")
        for words in ("train fitting", "extract", "576 MiB", "fitting", "done"):
            await desk.see(words)
        engine.lines = (*engine.lines, "one line more")
        await desk.see("one line more")
        await desk.press("slash")
        await desk.type("one")
        await desk.press("enter")
        await desk.see("search 'one'")
        await desk.until(lambda: "1  fitting" not in desk.text)
        await desk.press("escape")
        engine.lines = tuple(f"line number {n}" for n in range(1, 100_001))
        await desk.see("line number 100000")
        await desk.press("home")
        await desk.see("line number 1\n")

    console(story)


@pytest.mark.parametrize("theme", ["leverframe-dark", "leverframe-light", "leverframe-16"])
def test_every_screen_can_be_drawn_in_every_theme(console: Console, theme: str) -> None:
    async def story(desk: Desk) -> None:
        desk.app.theme = theme
        for key in "12345":
            await desk.press(key, "enter")
            await desk.press("escape")
        assert "HEALTH" not in desk.text or desk.app.theme == theme

    console(story)


def test_the_picture_of_last_time_is_what_the_overview_shows(console: Console, tmp_path: Any) -> None:
    from console.opening import picture

    def words(desk: Any, at: datetime, recent: Any) -> list[str]:
        path = tmp_path / "last-screen"
        picture.keep(path, desk, at, *WIDE, "leverframe-dark", recent)
        first, _, rest = path.read_text().partition("\n")
        assert first.split()[:2] == ["140", "42"]
        return [re.sub(r"\x1b\[[0-9;]*m", "", line).rstrip() for line in rest.split("\n")]

    async def story(desk: Desk) -> None:
        await desk.see("WHAT WAITS")
        shown = desk.text.split("\n")[1:-2]
        kept = words(desk.app.desk, OVERVIEW.at, desk.app.recent)
        assert len(kept) == 39
        same = [a for a, b in zip(shown, kept, strict=True) if a == b]
        assert same == shown, "\n".join(kept)

    console(story)


@pytest.mark.parametrize("keys", ["", "keys of an older console\n1 Overview\n"])
def test_the_picture_of_last_time_says_what_it_is_where_the_keys_would_be(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], keys: str
) -> None:
    (tmp_path / "console").mkdir()
    lines = [f"line {number}" for number in range(21)]
    text = f"80 24 {time.time() - 190:.0f}\n" + "\n".join([*lines, *keys.splitlines()])
    (tmp_path / "console" / last_seen.NAME).write_text(text)
    monkeypatch.setattr("os.get_terminal_size", lambda fd: os.terminal_size((80, 24)))
    monkeypatch.setattr("sys.stdin", type("Terminal", (), {"isatty": lambda self: True})())
    last_seen.show(str(tmp_path), ExitStack())
    shown = re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", capsys.readouterr().out).split("\r\n")
    whole = [" LEVERFRAME  Overview", *lines, " As you left it 3 min ago; opening …"]
    assert [each.rstrip() for each in shown] == whole


@pytest.mark.parametrize("size", [WIDE, NARROW, (60, 16)])
def test_what_is_said_to_the_operator_never_covers_the_keys(console: Console, size: tuple[int, int]) -> None:
    async def story(desk: Desk) -> None:
        keys = desk.text.split("\n")[-3:]
        assert "Help" in keys[1] and "Overview" in keys[2]
        for number in range(6):
            desk.app.say(f"Sentence {number} of what was done, " + "which takes more than one line of the screen " * 3)
        await desk.until(lambda: "of what was done" in desk.text)
        assert desk.text.split("\n")[-3:] == keys

    console(story, size, toasts=True)


def test_what_the_engine_answers_while_the_console_is_left_harms_nothing(console: Console) -> None:
    async def story(desk: Desk) -> None:
        told = desk.app.question
        assert told is not None
        desk.app.exit()
        await desk.app.screen.query("PagedList").remove()
        desk.app.on_answered(Answered(told, told.answer(desk.engine, NOW), NOW))
        desk.app.on_unanswered(Unanswered(told, "the disk is gone", NOW))

    console(story)


@pytest.mark.parametrize("place", list("12345689"))  # 7, the disk, is no list
def test_what_a_list_says_while_its_screen_is_left_harms_nothing(console: Console, place: str) -> None:
    async def story(desk: Desk) -> None:
        await desk.press(place)
        page = desk.app.screen
        await page.query_one(PagedList).remove()
        page.post_message(PagedList.Moved())
        page.post_message(PagedList.Chosen())
        desk.app.post_message(PeopleSeen((), "operator"))
        await desk.settled()
        assert desk.app.screen is page
        desk.app.exit()

    console(story)
