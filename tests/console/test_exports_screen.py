"""Exports by key: what there is and how it compared, earlier ones too, and a new one with its parity."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from textual.widgets import Input

from console.text.export_lines import export_lines, parity_lines
from console.text.lines import plain_text, width_of
from engine.errors import Refusal
from tests.console.conftest import NARROW, WIDE, Desk
from tests.console.records import FakeEngine
from tests.console.travel_records import EXPORT, FORCED, PARITY

Console = Callable[..., None]


@pytest.mark.parametrize("size", [WIDE, NARROW])
def test_the_parity_of_an_earlier_export_is_read_in_the_console(console: Console, size: tuple[int, int]) -> None:
    async def story(desk: Desk) -> None:
        await desk.press("9", *["down"] * 11, "enter")
        await desk.see("✓ the same")
        assert "■ forced" in desk.text and "1.1e-07" in desk.text
        await desk.press("down", "enter")
        await desk.see("■ It does not answer as the version does:")
        await desk.see("27 decisions away from the boundary change")
        await desk.press("end")
        await desk.see("4,711")

    console(story, size)


@pytest.mark.parametrize("width", [70, 74, 98, 140])
def test_every_figure_of_parity_stands_in_its_table(width: int) -> None:
    lines = parity_lines(PARITY, width)
    assert all(width_of(each) <= width for each in lines)
    text = plain_text(lines)
    for words in (
        "12,895 holdout rows: probabilities", "1.1e-07, at most 1.0e-04 is allowed", "2.3e-09, at most 1.0e-05",
        "changed decisions   0 (0.00%)", "at the boundary of the decision        312   1.1e-07        0",
        "with a missing value                   926", "nothing is known of such", "4,711", "boundary", "gaps",
    ):  # fmt: skip
        assert words in text, words
    assert "no longer live" in plain_text(export_lines(FORCED, width)), "its callers go on with it"


def test_the_columns_of_the_worst_rows_are_aligned_whatever_they_say() -> None:
    long = replace(PARITY, worst=tuple(replace(each, version="v" * 300) for each in PARITY.worst))
    lines = plain_text(parity_lines(long, 74)).splitlines()
    at = next(n for n, each in enumerate(lines) if each.startswith("WORST ROW"))
    place = lines[at].index("OFF BY") + len("OFF BY")
    assert [each[:place].rsplit(" ", 1)[1] for each in lines[at + 1 :]] == ["1.1e-07", "9.0e-08"]


def test_a_version_is_exported_and_its_parity_stands_in_the_dialog(
    console: Console, engine: FakeEngine, tmp_path: Path
) -> None:
    async def story(desk: Desk) -> None:
        await desk.press("4", "e", "plus")
        await desk.see("EXPORT flights@11")
        written = ("sql sqlite", str(tmp_path / "x"), "gates")
        for field, text in zip(desk.app.screen.query(Input), written, strict=False):
            field.value = text
        await desk.press("enter")
        await desk.see("flights@9 is exported to ONNX")
        await desk.see("✓ It answers as the version does.")
        assert "Enter close     PgDn read on" in desk.text
        await desk.press("pagedown", "pagedown")
        await desk.see("gate displays")

    console(story, NARROW)
    named = {"dialect": "sqlite", "force": False, "reason": "", "used_by": "gates"}
    assert engine.done == [("export", "flights@11", "sql", tmp_path / "x", named)]


def test_an_export_that_is_refused_is_forced_with_a_reason(console: Console, engine: FakeEngine) -> None:
    engine.refuse = Refusal("The export does not answer as the version does: 27 decisions change.")

    async def story(desk: Desk) -> None:
        await desk.press("4", "enter", "e", "plus", "enter")
        await desk.see("■ The export does not answer as the version does")
        engine.refuse = None
        fields = list(desk.app.screen.query(Input))
        fields[3].value = "yes"
        await desk.press("enter")
        await desk.see("Say below why it is forced")
        fields[4].value = "only shown"
        await desk.press("enter")
        await desk.see("is exported to")

    console(story)
    assert [each[4]["force"] for each in engine.done] == [True]
    assert [each[4]["reason"] for each in engine.done] == ["only shown"]


def test_what_a_version_cannot_become_is_said_before_anything_is_begun(console: Console, engine: FakeEngine) -> None:
    async def story(desk: Desk) -> None:
        await desk.press("4", "e", "plus", "x", "enter")
        await desk.see("'onnxx' is nothing that a version is exported to")

    console(story)
    assert engine.done == []


def test_without_any_the_list_says_which_key_makes_one(console: Console, engine: FakeEngine) -> None:
    engine.exports_now = ()

    async def story(desk: Desk) -> None:
        await desk.press("4", "e")
        await desk.see("Nothing of flights was exported yet. + exports flights@11.")
        await desk.press("plus")
        await desk.see("EXPORT flights@11")
        await desk.press("escape", "9", *["down"] * 11, "enter", "plus")
        assert "There is no row under the cursor." in desk.said

    console(story)
    assert EXPORT not in engine.done
