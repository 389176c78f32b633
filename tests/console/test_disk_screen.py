"""The disk screen: what it says, and that a clean-up is the one that was shown."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from console.text.disk_lines import clean_lines, disk_lines
from console.text.lines import plain_text, width_of
from tests.console.conftest import NARROW, WIDE, Desk
from tests.console.disk_records import CLEAN, DISK, STAYS
from tests.console.records import HERE, NOW, FakeEngine

Console = Callable[..., None]


@pytest.mark.parametrize("width", [80, 140])
def test_the_report_says_what_is_left_who_takes_it_and_what_grows(width: int) -> None:
    lines = disk_lines(DISK, NOW, width)
    assert all(width_of(each) <= width for each in lines)
    text = plain_text(lines)
    for words in (
        "● 363 GiB free of 931 GiB", "full in 48 days", "flights", "+86 MiB a day", "step.log", "ledger.db",
        "▲ /var/log/syslog: 4.1 GB and never rotated",
    ):  # fmt: skip
        assert words in text, text


def test_a_disk_that_is_nearly_full_says_what_is_refused_and_which_key_acts() -> None:
    text = plain_text(disk_lines(replace(DISK, free=1_000_000_000), NOW, 80)).replace("\n", "").replace("  ", " ")
    assert "■ 954 MiB free" in text
    assert "retrains are refused, decisions and rollback work. C cleans up." in text


def test_a_clean_up_says_what_goes_and_what_stays_and_why() -> None:
    text = plain_text(clean_lines(CLEAN, 74))
    assert "1 thing, 286 MiB, goes to the bin" in text
    assert "it ended 40 days ago" in text
    assert "live" in text


@pytest.mark.parametrize("size", [WIDE, NARROW])
def test_the_plan_that_was_shown_is_the_one_that_is_carried_out(
    console: Console, engine: FakeEngine, size: tuple[int, int]
) -> None:
    async def story(desk: Desk) -> None:
        await desk.press("7", "C")
        await desk.see("steps of run 12")
        await desk.type("weekly")
        await desk.press("enter")
        await desk.see("is in the bin.")
        await desk.press("enter", "b")
        await desk.see("steps of run 11")
        await desk.press("u")
        await desk.type("needed")
        await desk.press("enter")
        await desk.see("is back where it was")

    console(story, size)
    assert engine.done == [("clean", CLEAN, "weekly"), ("restore", 3, "needed")]


@pytest.mark.parametrize("size", [WIDE, NARROW])
def test_the_bin_is_emptied_once_the_name_of_the_workspaces_folder_is_typed(
    console: Console, engine: FakeEngine, size: tuple[int, int]
) -> None:
    async def story(desk: Desk) -> None:
        await desk.press("7", "b", "E")
        await desk.see("This cannot be taken back.")
        await desk.see("the name of this workspace's folder, home, then your reason. Tab")
        await desk.type("Home")
        await desk.press("tab")
        await desk.type("full")
        await desk.press("enter")
        await desk.see("was done.")
        assert desk.engine.done == []
        await desk.press(*["backspace"] * 4)
        await desk.type("home")
        await desk.press("enter")
        await desk.see("The bin is empty.")

    console(story, size)
    assert engine.done == [("empty", "full", True)]


def test_a_plan_with_nothing_to_do_asks_for_no_reason(console: Console, engine: FakeEngine) -> None:
    engine.clean_now = replace(CLEAN, items=(STAYS,), bytes=0)

    async def story(desk: Desk) -> None:
        await desk.press("7", "C")
        await desk.see("Nothing needs to go")
        await desk.press("enter")
        await desk.see("BY KIND")

    console(story)
    assert engine.done == []


def test_a_disk_that_nobody_looked_through_says_which_key_does(console: Console, engine: FakeEngine) -> None:
    engine.disk_now = None

    async def story(desk: Desk) -> None:
        await desk.press("7")
        await desk.see("Nobody has looked through the disk yet. The engine does so soon; s does now.")
        engine.state_now = replace(HERE, running=False)
        engine.commits += 1
        await desk.see("Nobody has looked through the disk yet. s does, in the background.")
        engine.scanned_now = True
        engine.commits += 1
        await desk.see("The disk is being looked through; what is found comes here by itself.")
        engine.disk_now = DISK
        engine.commits += 1
        await desk.see("it is being looked through again now.")
        engine.scanned_now = False
        engine.commits += 1
        await desk.see("s looks again.")
        await desk.press("s")
        await desk.until(lambda: bool(engine.done))

    console(story)
    assert engine.done == [("scan",)]


def test_the_whole_report_has_every_share_and_each_file_with_its_reason_and_no_key() -> None:
    shares = tuple(replace(DISK.by_kind[0], name=f"kind {n}") for n in range(12))
    text = plain_text(disk_lines(replace(DISK, by_kind=shares, free=1_000), NOW, 120, whole=True))
    assert "kind 11" in text and "looks again" not in text and "C cleans up" not in text
    assert all(file.why in text and file.path in text for file in DISK.largest)
