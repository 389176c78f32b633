"""By key a token is made and shown once, replaced and revoked; the list tells how each stands."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from textual.widgets import Input

from engine.errors import Invalid
from tests.console.conftest import NARROW, WIDE, Desk
from tests.console.records import FakeEngine
from tests.console.token_records import SECRET, SHOP, TOKENS

Console = Callable[..., None]
BOTH = pytest.mark.parametrize("size", [WIDE, NARROW])
HERE = ("9", *["down"] * 13, "enter")


async def writes(desk: Desk, *texts: str) -> None:
    """Write into the fields, in place of what stands there, from the one that has the keys on."""
    for number, text in enumerate(texts):
        if number:
            await desk.press("tab")
        field = desk.app.screen.focused
        assert isinstance(field, Input)
        field.value = text
    await desk.settled()


@BOTH
def test_the_list_tells_of_each_how_it_stands_and_admin_that_one_in_use_ends_soon(
    console: Console, size: tuple[int, int]
) -> None:
    async def story(desk: Desk) -> None:
        await desk.press("9")
        await desk.see("2 tokens")
        await desk.see("1 token in use ends")
        await desk.press(*["down"] * 13, "enter")
        for words in ("▲ ends soon", "○ revoked", "flights"):
            await desk.see(words)
        await desk.press("enter")
        await desk.see("the shop asks before it sells")

    console(story, size)


@BOTH
def test_a_token_is_made_and_shown_once_in_one_piece(
    console: Console, engine: FakeEngine, size: tuple[int, int]
) -> None:
    async def story(desk: Desk) -> None:
        await desk.press(*HERE, "plus")
        await writes(desk, "shop", "score, read", "flights diamonds", "2027-02-01", "the shop asks")
        await desk.press("enter")
        await desk.see(SECRET)
        await desk.see("shown this once")
        await desk.press("c")
        assert desk.app.clipboard == SECRET
        await desk.press("enter")
        assert SECRET not in desk.text
        await desk.press("5", "9", "enter")
        assert SECRET not in desk.text

    console(story, size)
    end = datetime(2027, 2, 1, tzinfo=UTC)
    assert engine.done == [("make token", "shop", ("flights", "diamonds"), ("score", "read"), end, "the shop asks")]


def test_the_word_all_is_every_project_and_what_is_wrong_is_written_anew(console: Console, engine: FakeEngine) -> None:
    engine.refuse = Invalid("'2027' is not a time.")

    async def story(desk: Desk) -> None:
        await desk.press(*HERE, "plus")
        await writes(desk, "shop", "score", "all", "2027-02-01", "x")
        await desk.press("enter")
        await desk.see("■ '2027' is not a time.")
        engine.refuse = None
        await desk.press("enter")
        await desk.see(SECRET)

    console(story)
    assert engine.done[-1][1:4] == ("shop", (), ("score",))


def test_one_is_replaced_with_an_overlap_and_revoked_by_its_mark(console: Console, engine: FakeEngine) -> None:
    async def story(desk: Desk) -> None:
        await desk.press(*HERE, "r")
        await desk.see("ROTATE shop")
        await desk.press("tab", "y", "enter")
        await desk.see(SECRET)
        await desk.press("enter", "minus", "z", "enter")
        await desk.see("opens nothing any more")

    console(story)
    assert engine.done == [
        ("rotate token", "shop", timedelta(days=7), "y"), ("revoke token", SHOP.mark, "z")
    ]  # fmt: skip


def test_why_a_key_does_nothing_is_said(console: Console, engine: FakeEngine) -> None:
    async def story(desk: Desk) -> None:
        await desk.press(*HERE, "down", "r")
        assert "lvf_00000001 was replaced already" in desk.said
        await desk.press("down", "minus")
        assert desk.said.endswith("lvf_00000002 opens nothing any more; + makes another.")
        engine.forbids = {"make_token": "vic is a viewer and may not make tokens; ask somebody who is an admin."}
        await desk.press("plus")
        assert desk.said.endswith(engine.forbids["make_token"])

    console(story)


def test_names_and_reasons_from_outside_do_not_reach_the_terminal(console: Console, engine: FakeEngine) -> None:
    hostile = "\x1b[31mred\x1b]0;title\x07\u202e"
    engine.tokens_now = tuple(replace(each, reason=hostile, made_by=hostile, projects=(hostile,)) for each in TOKENS)

    async def story(desk: Desk) -> None:
        await desk.press(*HERE)
        await desk.see("red")
        assert not {"\x1b", "\u202e", "\x07"} & set(desk.text)
        await desk.press("enter")
        await desk.see("because")
        assert not {"\x1b", "\u202e", "\x07"} & set(desk.text)

    console(story)
