"""What was said of a candidate, on its card and in the dialog that approves it; and the key that says something."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest

from console.text.card_lines import card_lines
from console.text.lines import plain_text, width_of
from console.text.remark_lines import remark_lines
from engine.errors import Refusal
from engine.release.records import Remark, Remarks
from tests.console.conftest import NARROW, WIDE, Desk
from tests.console.records import CARD, NOW, RELEASE, FakeEngine, ago, version

Console = Callable[..., None]
GIVEN = Remark("approval", ago(hours=2), "bob", "steady on every carrier")
EARLY = Remark("comment", ago(hours=3), "vic", "EV is weak on Mondays")
LATE = Remark("comment", ago(minutes=5), "vic", "better by now")
SAID = Remarks((GIVEN,), (EARLY, LATE), 2)


@pytest.mark.parametrize("width", [60, 80, 140])
def test_approvals_and_comments_stand_in_the_order_in_which_they_were_made(width: int) -> None:
    lines = remark_lines(SAID, width)
    assert all(width_of(each) <= width for each in lines)
    text = " ".join(plain_text(lines).split())
    places = [text.index(each.text) for each in (EARLY, GIVEN, LATE)]
    assert places == sorted(places)
    assert '✓ bob approved it on 24 Nov 12:32 UTC: "steady on every carrier"' in text
    assert "· vic, 24 Nov 14:27 UTC: better by now" in text


def test_an_approval_behind_a_broken_glass_stands_out_and_says_past_what() -> None:
    text = plain_text(remark_lines(Remarks((replace(GIVEN, past="four eyes"),)), 140))
    assert text == '▲ bob approved it on 24 Nov 12:32 UTC, past four eyes, by a broken glass: "steady on every carrier"'


def test_only_the_newest_comments_are_shown_where_not_all_are_wanted_but_every_approval() -> None:
    many = tuple(replace(EARLY, text=f"number {n}", at=ago(minutes=60 - n)) for n in range(9))
    text = plain_text(remark_lines(Remarks((GIVEN,), many), 80, most=2))
    assert "7 earlier comments: w on the card reads all" in text
    assert ["number 6" in text, "number 7" in text, "number 8" in text] == [False, True, True]
    assert "steady on every carrier" in text
    assert "number 0" in plain_text(remark_lines(Remarks((GIVEN,), many), 80))


def test_a_long_one_is_cut_on_a_screen_and_whole_where_all_is_read() -> None:
    long = Remarks((), (replace(EARLY, text="word " * 199 + "end"),))
    assert len(remark_lines(long, 80, most=3)) == 3
    assert plain_text(remark_lines(long, 80, most=3)).endswith("…")
    assert plain_text(remark_lines(long, 80)).endswith("end")


def test_what_a_comment_orders_is_one_line_of_plain_text() -> None:
    hostile = Remarks((), (replace(EARLY, by="v\x1b[31m", text="\x1b]0;x\x07a\nb\u202e [bold]c[/bold] \x9b2J"),))
    assert plain_text(remark_lines(hostile, 80)) == "· v, 24 Nov 11:32 UTC: a b [bold]c[/bold] 2J"


def test_nothing_stands_on_the_card_where_nothing_was_said() -> None:
    assert remark_lines(Remarks(), 80) == []
    assert "approvals given" not in plain_text(card_lines(CARD, NOW, 80))


def test_the_list_of_candidates_says_how_much_was_said_of_each(console: Console, engine: FakeEngine) -> None:
    engine.candidates_now = (version(said="1 of 2 approvals, 3 comments"),)

    async def story(desk: Desk) -> None:
        await desk.press("2")
        await desk.see("1 of 2 approvals, 3 comments. BETTER")

    console(story, WIDE)


@pytest.mark.parametrize("size", [WIDE, NARROW])
def test_the_card_says_who_approved_first_and_why(console: Console, engine: FakeEngine, size: tuple[int, int]) -> None:
    engine.card_now = replace(CARD, remarks=SAID)

    async def story(desk: Desk) -> None:
        await desk.press("2", "enter")
        await desk.see("1 of 2 approvals given.")
        await desk.see("✓ bob approved it on 24 Nov 12:32 UTC")
        await desk.see("better by now")

    console(story, size)


@pytest.mark.parametrize("size", [WIDE, NARROW])
def test_the_dialog_of_the_second_says_it_above_what_enter_does(
    console: Console, engine: FakeEngine, size: tuple[int, int]
) -> None:
    engine.release_now = replace(RELEASE, remarks=SAID)

    async def story(desk: Desk) -> None:
        await desk.press("2", "a")
        await desk.see("✓ bob approved it on 24 Nov 12:32 UTC")
        assert desk.text.index("steady on every carrier") < desk.text.index("Make flights@11 live")
        assert "Enter approve and make it live" in desk.text
        await desk.type("agreed")
        await desk.press("enter")
        await desk.see("flights@11 is live.")

    console(story, size)
    assert engine.done == [("move", engine.release_now, "agreed")]


def test_the_first_of_two_is_told_that_nothing_goes_live_yet(console: Console, engine: FakeEngine) -> None:
    engine.release_now = replace(RELEASE, remarks=Remarks((), (), 2))

    async def story(desk: Desk) -> None:
        await desk.press("2", "a")
        await desk.see("Enter approve; it goes live when another person has, too")

    console(story, NARROW)


def test_that_another_approved_meanwhile_is_said_before_enter(console: Console, engine: FakeEngine) -> None:
    async def story(desk: Desk) -> None:
        await desk.press("2", "a")
        await desk.see("Make flights@11 live")
        await desk.type("mine is the first")
        engine.release_now = replace(RELEASE, remarks=SAID)
        engine.commits += 1
        await desk.see("Things changed while you looked: bob has approved it too.")
        await desk.press("enter")

    console(story)
    assert engine.done == []


def test_a_comment_meanwhile_is_shown_and_keeps_nobody_from_deciding(console: Console, engine: FakeEngine) -> None:
    async def story(desk: Desk) -> None:
        await desk.press("2", "a")
        await desk.see("Make flights@11 live")
        engine.release_now = replace(RELEASE, remarks=Remarks((), (LATE,)))
        engine.commits += 1
        await desk.see("better by now")
        await desk.type("newer data")
        await desk.press("enter")
        await desk.see("flights@11 is live.")

    console(story)
    assert [what[0] for what in engine.done] == ["move"]


@pytest.mark.parametrize("keys", [("2", "x"), ("2", "enter", "x")])
def test_who_turns_down_what_a_colleague_approved_is_told_before_enter(
    console: Console, engine: FakeEngine, keys: tuple[str, ...]
) -> None:
    engine.card_now = replace(CARD, remarks=SAID)

    async def story(desk: Desk) -> None:
        await desk.press(*keys)
        await desk.see("✓ bob approved it on 24 Nov 12:32 UTC")
        await desk.see("flights@11 is turned down and cannot be approved any more")
        await desk.type("weak")
        await desk.press("enter")
        await desk.see("flights@11 is rejected")

    console(story, NARROW)
    assert engine.done == [("reject", "flights@11", "weak")]


@pytest.mark.parametrize("size", [WIDE, NARROW])
def test_a_comment_is_made_by_key_and_refused_ones_are_written_anew(
    console: Console, engine: FakeEngine, size: tuple[int, int]
) -> None:
    engine.refuse = Refusal("flights@11 has 100 comments, and more are not kept; say it to those who decide.")

    async def story(desk: Desk) -> None:
        await desk.press("2", "enter")
        await desk.see("BETTER THAN LIVE")
        await desk.press("c")
        await desk.see("COMMENT ON flights@11")
        await desk.press("enter")
        await desk.see("Write what you want to say.")
        await desk.type("wait")
        await desk.press("enter")
        await desk.see("has 100 comments")
        engine.refuse = None
        await desk.press("enter")
        await desk.see("It stands on the card of flights@11.")

    console(story, size)
    assert engine.done == [("comment", "flights@11", "wait")]


def test_a_comment_is_told_to_be_kept_for_ever_before_it_is(console: Console) -> None:
    async def story(desk: Desk) -> None:
        await desk.press("2", "enter", "c")
        await desk.see("It is kept for ever, in the audit trail too, so name nobody whom the data is about.")

    console(story)


def test_ages_are_of_the_moment_that_is_named() -> None:
    later = replace(EARLY, at=NOW + timedelta(days=40))
    assert "3 Jan 14:32 UTC" in plain_text(remark_lines(Remarks((), (later,)), 80))
