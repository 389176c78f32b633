"""Admin work by key: each key asks what its verb asks, says what will happen, and shows the engine's own refusal."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from console import routes
from console.actions import ADMIN_LISTS, of_screen
from console.screens.page import Page
from console.text import frame
from engine.errors import Conflict, Invalid
from engine.records import DoctorFinding
from tests.console.admin_records import IN_VAIN
from tests.console.conftest import NARROW, WIDE, Desk
from tests.console.records import FakeEngine

Console = Callable[..., None]
LISTS = {"operators": 0, "settings": 1, "places": 2, "allowances": 3, "outbox": 4, "policy": 7}


async def go(desk: Desk, name: str) -> None:
    await desk.press("9", *["down"] * LISTS[name], "enter")


@pytest.mark.parametrize("size", [WIDE, NARROW])
def test_each_list_opens_from_admin_and_escape_comes_back(console: Console, size: tuple[int, int]) -> None:
    shows = {"Operators": "bob", "Settings": "log_days", "Watched": "/var/log", "Allow": "the network", "Mail": "ops@"}

    async def story(desk: Desk) -> None:
        await desk.press("9")
        await desk.see("1 mail given up")
        for title, seen in shows.items():
            await desk.press("enter")
            await desk.see(f"LEVERFRAME  {title}")
            await desk.see(seen)
            await desk.press("escape")
            await desk.see("WHAT IT IS FOR")
            await desk.press("down")

    console(story, size)


def test_what_admin_opens_stands_in_both_tables() -> None:
    assert tuple(routes.ADMIN_LISTS) == ADMIN_LISTS


def test_the_ninth_digit_and_its_name_are_seen_in_eighty_columns() -> None:
    text = "".join(span.text for span in frame.places("Admin", 80))
    assert len(text) == 80 and "8Health" in text and "9Admin" in text
    assert "9 Admin" in "".join(span.text for span in frame.places("Admin", 100))


def test_somebody_is_let_in_with_a_name_a_role_and_a_reason(console: Console, engine: FakeEngine) -> None:
    async def story(desk: Desk) -> None:
        await go(desk, "operators")
        await desk.press("plus")
        await desk.see("LET SOMEBODY IN")
        await desk.press("enter")
        await desk.see("Write who, and as what.")
        await desk.type("eve")
        await desk.press("tab", "tab")
        await desk.type("ssh-ed25519 AAAA eve@box")
        await desk.press("tab")
        await desk.type("on call")
        await desk.press("enter")
        await desk.see("eve may work here as an operator.")

    console(story)
    assert engine.done == [("let in", "eve", "operator", "on call", "ssh-ed25519 AAAA eve@box")]


def test_who_is_let_in_without_a_key_has_nothing_that_proves_them_and_that_is_said(
    console: Console, engine: FakeEngine
) -> None:
    async def story(desk: Desk) -> None:
        await go(desk, "operators")
        await desk.press("plus")
        await desk.type("eve")
        await desk.press("tab", "tab", "tab", "x", "enter")
        await desk.see("eve is an operator here; nothing proves them yet, b binds a key.")

    console(story)
    assert engine.done == [("let in", "eve", "operator", "x")]


def test_the_list_says_what_each_is_and_by_what_they_come_in(console: Console) -> None:
    async def story(desk: Desk) -> None:
        await go(desk, "operators")
        for said in ("account ada@box and 1 more", "flights: admin", "disabled (viewer)"):
            await desk.see(said)
        await desk.see("nothing yet: cannot come in")

    console(story)


def test_somebody_is_made_another_disabled_enabled_and_given_a_key(console: Console, engine: FakeEngine) -> None:
    async def story(desk: Desk) -> None:
        await go(desk, "operators")
        await desk.press("down", "r")
        await desk.see("bob is an operator here. The new role holds")
        await desk.press("tab", "x", "enter")
        await desk.see("bob is an operator here.")
        await desk.press("enter", "x")
        await desk.see("bob may not work here from their next act on")
        await desk.press("y", "enter")
        await desk.see("bob may not work here any more; u lets them again.")
        await desk.press("enter", "b")
        await desk.see("BIND A KEY TO bob")
        await desk.type("ssh-ed25519 BBBB")
        await desk.press("tab", "z", "enter")
        await desk.see("The key SHA256:new proves bob from now on.")
        await desk.press("enter", "u")
        assert "bob may work here already." in desk.said
        await desk.press("down", "x")
        assert "carl is disabled; u lets them work here again." in desk.said
        await desk.press("u")
        await desk.see("carl may work here again, as a viewer.")
        await desk.press("w", "enter")
        await desk.see("carl is a viewer here.")

    console(story)
    assert engine.done == [
        ("role", "bob", "operator", "x"), ("disable", "bob", "y"), ("bind", "bob", "ssh-ed25519 BBBB", "z"),
        ("enable", "carl", "w"),
    ]  # fmt: skip


def test_what_the_engine_refuses_is_written_anew(console: Console, engine: FakeEngine) -> None:
    engine.refuse = Conflict("There is an operator 'bob' already.")

    async def story(desk: Desk) -> None:
        await go(desk, "operators")
        await desk.press("plus")
        await desk.type("bob")
        await desk.press("tab", "tab", "tab", "x", "enter")
        await desk.see("There is an operator 'bob' already.")
        engine.refuse = None
        await desk.type("by")
        await desk.press("enter")
        await desk.see("by is an operator here")

    console(story, NARROW)
    assert [what[0] for what in engine.done] == ["let in"]


def test_enter_on_a_setting_says_what_it_is_and_sets_it(console: Console, engine: FakeEngine) -> None:
    async def story(desk: Desk) -> None:
        await go(desk, "settings")
        await desk.press("down", "enter")
        await desk.see("with less free on the disk no retrain begins.")
        await desk.see("It is 2 GiB now, as somebody chose.")
        await desk.type("default")
        await desk.press("tab", "x", "enter")
        await desk.see("keep_free is 2 GiB now.")

    console(story)
    assert engine.done == [("choose", "keep_free", "default", "x")]


@pytest.mark.parametrize("size", [WIDE, NARROW])
def test_what_every_release_takes_is_asked_by_key_and_what_nobody_can_meet_is_told(
    console: Console, engine: FakeEngine, size: tuple[int, int]
) -> None:
    engine.complaints = ("No project can release a version: only ada may approve.",)

    async def story(desk: Desk) -> None:
        await desk.press("9")
        await desk.see("nobody can meet what is asked")
        await go(desk, "policy")
        await desk.see("flights")
        await desk.press("e")
        await desk.see("SET approvals FOR EVERY PROJECT")
        await desk.see("It is 2 now for every project.")
        await desk.type("3")
        await desk.press("tab", "x", "enter")
        await desk.see("approvals is 2 now, for every project")
        await desk.see("only ada may approve")

    console(story, size)
    assert engine.done == [("set policy", "approvals", "3", "x")]


def test_a_folder_is_watched_and_watched_no_longer(console: Console, engine: FakeEngine) -> None:
    async def story(desk: Desk) -> None:
        await go(desk, "places")
        await desk.press("plus")
        await desk.type("here")
        await desk.press("tab", "tab", "x", "enter")
        await desk.see("is watched from the next scan on")
        await desk.press("enter", "minus")
        await desk.see("Nothing in it is touched.")
        await desk.press("y", "enter")
        await desk.see("/var/log is not watched any more.")

    console(story)
    assert engine.done == [("watch", Path("here"), "data", "x"), ("unwatch", Path("/var/log"), "y")]


def test_an_empty_list_of_folders_can_be_added_to_and_says_why_nothing_is_left_out(
    console: Console, engine: FakeEngine
) -> None:
    engine.places_now = ()

    async def story(desk: Desk) -> None:
        await go(desk, "places")
        await desk.see("No folder is watched.")
        await desk.press("minus")
        assert "no row under the cursor" in desk.said
        await desk.press("plus")
        await desk.see("WATCH A FOLDER")

    console(story)


def test_an_allowance_is_withdrawn_and_enter_opens_its_run(console: Console, engine: FakeEngine) -> None:
    async def story(desk: Desk) -> None:
        await go(desk, "allowances")
        await desk.press("minus")
        await desk.see("· the network")
        await desk.press("x", "enter")
        await desk.see("and no more, from the next run on.")
        await desk.press("enter", "enter")
        await desk.see("PEAK MEMORY")

    console(story)
    assert engine.done == [("withdraw", "flights", "x")]


def test_mail_is_read_whole_and_tried_again(console: Console, engine: FakeEngine) -> None:
    engine.in_vain = IN_VAIN

    async def story(desk: Desk) -> None:
        await go(desk, "outbox")
        await desk.see("no mail server is set up here")
        await desk.press("enter")
        await desk.see("failed, 2 attempts")
        await desk.press("escape", "r")
        await desk.until(lambda: "Not sent to ops@example.org: the server refused it." in desk.said)
        await desk.press("a")
        await desk.until(lambda: len(engine.done) == 2)
        await desk.press("end", "r")
        await desk.until(lambda: "Mail 1 was sent; there is nothing to try again." in desk.said)

    console(story)
    assert engine.done == [("retry", 3), ("retry", None)]


def test_a_version_is_held_and_released(console: Console, engine: FakeEngine) -> None:
    async def story(desk: Desk) -> None:
        await desk.press("4", "H", "x", "enter")
        await desk.see("flights@11 is under legal hold")
        await desk.press("enter", "u", "y", "enter")
        await desk.see("flights@11 is judged by its age again.")

    console(story)
    assert engine.done == [("hold", "flights@11", "x"), ("release hold", "flights@11", "y")]


def test_a_project_is_checked_then_added_and_what_it_may_reach_is_said(console: Console, engine: FakeEngine) -> None:
    async def story(desk: Desk) -> None:
        await desk.press("plus", "t", "enter")
        await desk.see("· manifest: tides, 2 gates of its own")
        await desk.see("tides (Tides) is on the list; r retrains it. Its steps are allowed the network.")

    console(story)
    assert engine.done == [("add", Path("t"))]


def test_a_project_that_fails_its_check_is_not_added(console: Console, engine: FakeEngine) -> None:
    engine.found = (DoctorFinding("failed", "failing", "There is no leverframe.toml in t."),)

    async def story(desk: Desk) -> None:
        await desk.press("plus", "t", "enter")
        await desk.see("It is not added: There is no leverframe.toml in t.")

    console(story)
    assert engine.done == []


def test_a_project_is_removed_once_its_name_is_typed_and_with_a_reason(console: Console, engine: FakeEngine) -> None:
    async def story(desk: Desk) -> None:
        await desk.press("minus")
        await desk.see("REMOVE churn")
        await desk.see("the project's name, churn, then your reason")
        await desk.press("enter")
        await desk.see("Type the project's name, churn.")
        await desk.type("churm")
        await desk.press("enter")
        await desk.see("A reason is needed")
        await desk.press("tab", "x", "enter")
        await desk.see("To remove churn, type the project's name, churn; 'churm' was typed, and nothing was done.")
        assert desk.engine.done == []
        await desk.press("backspace", "n", "enter")  # What was refused stands there to be mended.
        await desk.see("churn is off the list.")

    console(story)
    assert engine.done == [("remove", "churn", "x")]


def test_a_report_says_to_whom_it_goes_before_it_goes(console: Console, engine: FakeEngine) -> None:
    async def story(desk: Desk) -> None:
        await desk.press("s")
        await desk.see("the last days: All is well.")
        await desk.see("To ops@example.org, chief@example.org")
        await desk.press(*["backspace"] * 4)
        await desk.type("year")
        await desk.press("enter")
        await desk.see("Write the period: days, week, month.")
        await desk.press(*["backspace"] * 4)
        await desk.type("week")
        await desk.see("the last week: All is well.")
        await desk.press("enter")
        await desk.see("Sent to ops@example.org.")

    console(story, NARROW)
    assert engine.done == [("send report", "churn", "the last week")]


def test_a_report_that_nobody_gets_says_so_and_is_not_sent(
    console: Console, engine: FakeEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    def nobody(project: str) -> tuple[str, ...]:
        raise Invalid("Nobody gets the report of churn.")

    monkeypatch.setattr(engine, "report_recipients", nobody)

    async def story(desk: Desk) -> None:
        await desk.press("s")
        await desk.see("■ Nobody gets the report of churn.")
        await desk.press("enter")

    console(story)
    assert engine.done == []


@pytest.mark.parametrize(
    ("keys", "act"),
    [(("plus",), "add"), (("minus",), "remove"), (("4", "H"), "hold"), (("9", "enter", "plus"), "add_operator"),
     (("2", "x"), "reject")],
)  # fmt: skip
def test_a_key_that_is_not_for_this_operator_says_so_when_it_is_pressed(
    console: Console, engine: FakeEngine, keys: tuple[str, ...], act: str
) -> None:
    engine.forbids = {act: f"vic is a viewer and may not {act}; ask somebody who is an admin."}

    async def story(desk: Desk) -> None:
        await desk.press(*keys)
        await desk.until(lambda: engine.forbids[act] in desk.said)
        await desk.see("LEVERFRAME")

    console(story)


def test_a_key_that_is_not_for_this_operator_is_dimmed(console: Console, engine: FakeEngine) -> None:
    engine.forbids = {"add_operator": "bob is an operator and may not let people in; ask somebody who is an admin."}

    async def story(desk: Desk) -> None:
        await desk.press("9", "enter")
        await desk.see("+ Let in")
        page = desk.app.screen
        assert isinstance(page, Page)
        tones = {span.text.strip(): span.tone for span in frame.keys("operators", page.refusal, 140)}
        assert (tones["Let in"], tones["Role"]) == ("dim", "")

    console(story)


def test_what_shows_first_what_it_would_do_is_open_to_whoever_may_look(console: Console, engine: FakeEngine) -> None:
    engine.forbids = dict.fromkeys(("clean", "send_report", "move"), "vic is a viewer")

    async def story(desk: Desk) -> None:
        await desk.press("7", "C")
        await desk.see("CLEAN UP")
        await desk.press("escape", "1", "s")
        await desk.see("To ops@example.org")

    console(story)


def test_every_key_of_the_lists_stands_below_them_in_eighty_columns() -> None:
    for name in ("admin", *ADMIN_LISTS):
        text = "".join(span.text for span in frame.keys(name, lambda action: None, 80))
        common = [a for a in of_screen(name) if a.shown and not a.spare]
        missing = [a.label for a in common if f"{a.key_name} {a.label}" not in text]
        assert missing == [], name


def test_what_the_list_of_operators_has_no_room_for_is_read_with_enter(console: Console) -> None:
    async def story(desk: Desk) -> None:
        await desk.press("9", "enter", "enter")
        await desk.see("account ada@box since")
        await desk.see("key SHA256:abc since")
        await desk.press("escape", "down", "enter")
        await desk.see("flights: admin")
        await desk.see("nothing yet: cannot come in")

    console(story, NARROW)
