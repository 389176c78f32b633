"""A file is scored by key, and where predictions went is read on a screen."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from console.screens.run import RunPage
from console.text.trace_lines import trace_lines
from engine.jobs.score.records import TracedRow
from tests.console.conftest import Desk
from tests.console.health_records import NOW
from tests.console.records import FakeEngine
from tests.console.trace_records import RELEASE, SCORING, TRACE

Console = Callable[..., None]


def text(width: int = 100, **changed: object) -> list[str]:
    found = trace_lines(replace(TRACE, **changed), NOW, width)  # type: ignore[arg-type]
    return ["".join(part.text for part in each).rstrip() for each in found]


def test_a_file_is_scored_with_the_version_under_the_cursor(console: Console, engine: FakeEngine) -> None:
    async def story(desk: Desk) -> None:
        await desk.press("4", "S")
        await desk.see("SCORE WITH flights@11")
        await desk.press("enter")
        await desk.see("Write something for 'file to score'.")
        await desk.type("/in.csv")
        await desk.press("tab")
        await desk.type("/out.csv")
        await desk.press("enter")
        await desk.see("Run 46, a scoring of flights, is queued")

    console(story)
    assert engine.done == [("score", "flights", "/in.csv", "/out.csv", "flights@11", None, False, False)]


def test_the_workers_of_compute_score_it_where_that_is_asked_for(console: Console, engine: FakeEngine) -> None:
    async def story(desk: Desk) -> None:
        await desk.press("4", "S")
        await desk.see("SCORE WITH flights@11")
        await desk.type("/in.csv")
        await desk.press("tab")
        await desk.type("/out.csv")
        await desk.press("tab", "tab", "tab", "backspace", "backspace")
        await desk.type("yes")
        await desk.press("enter")
        await desk.see("Run 46, a scoring of flights, is queued")

    console(story)
    assert engine.done == [("score", "flights", "/in.csv", "/out.csv", "flights@11", None, False, True)]


def test_what_a_version_wrote_is_a_key_away(console: Console) -> None:
    async def story(desk: Desk) -> None:
        await desk.press("4", "p")
        await desk.see("Predictions of flights@11")
        await desk.see("approved by ada, bob: newer weeks")
        await desk.see("/data/scored/today.parquet")
        await desk.press("escape")
        await desk.see("LIFE")

    console(story)


def test_a_run_that_scored_nothing_says_so(console: Console) -> None:
    async def story(desk: Desk) -> None:
        await desk.press("3", "enter")
        await desk.see("PEAK MEMORY")
        page = desk.app.screen
        assert isinstance(page, RunPage)
        assert page.why_not("trace") == "This run scored nothing: it wrote no predictions."
        await desk.press("p")
        assert desk.app.screen is page

    console(story)


def test_a_trace_tells_version_code_data_environment_and_who_approved_it() -> None:
    said = "\n".join(text())
    for each in ("flights@9  live", "git 4f2a91c0", "287,186 rows", "Python 3.11.7, 12 packages", "asked for by   mia"):
        assert each in said
    assert "336,776 rows by flights@9" in said
    assert "run 40  3 h ago  by flights@9  did not come to its end" in said
    assert "its rows name run 40, which wrote this very thing first" in said


def test_a_row_and_a_file_that_was_changed_are_told_first() -> None:
    row = TracedRow(17, (("id", "A7"), ("leverframe_run", "41")))
    said = text(row=row, whole=False, asked="today.parquet")
    assert said[:3] == ["Row 17", "id             A7", "leverframe_run 41"]
    assert any("today.parquet is not the file as it was written" in each for each in said)


def test_a_version_that_scored_while_it_was_not_live_is_told() -> None:
    late = replace(RELEASE, until=SCORING.at)
    assert any("flights@9 was not live then" in each for each in text(releases=(late,)))
    assert not any("was not live then" in each for each in text())


def test_a_version_that_was_cleaned_away_is_told_as_far_as_it_is_known() -> None:
    assert TRACE.origin is not None
    gone = "its content was cleaned away on 3 Nov 2026"
    said = "\n".join(text(origin=replace(TRACE.origin, missing=gone), scorings=()))
    assert gone in said
    assert "git 4f2a91c0" not in said
    assert "It has scored no file and no table." in said
