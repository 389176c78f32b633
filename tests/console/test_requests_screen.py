"""The screen of requests: figures, who answered, the log of them, the chart and what stands in for it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import timedelta

import pytest

from console.text.lines import Line, plain_text, width_of
from console.text.request_lines import point_lines, request_lines, standing_lines, took
from console.text.request_rate import rate
from engine.requests.records import LogRules
from tests.console.conftest import NARROW, WIDE, Desk
from tests.console.health_records import NOW
from tests.console.records import FakeEngine
from tests.console.request_records import NONE, REPORT

Console = Callable[..., None]


@pytest.fixture(autouse=True)
def _requests_came(engine: FakeEngine) -> None:
    engine.requests_now = REPORT


@pytest.mark.parametrize("size", [WIDE, NARROW])
def test_it_says_how_many_how_fast_what_failed_and_who_answered(console: Console, size: tuple[int, int]) -> None:
    async def story(desk: Desk) -> None:
        await desk.press("e")
        await desk.see("p50")
        for words in (
            "17.2/s", "requests since 13:32", "90 failed (0.15%)", "not answered: failed 90, input refused 18",
            "BY VERSION", "churn@21", "churn@20", "BY WORKER", "worker 42",
        ):  # fmt: skip
            assert words in " ".join(desk.text.split()), f"{words} is not in\n{desk.text}"
        await desk.press("escape")
        await desk.see("WAITING")

    console(story, size)


def test_a_wide_terminal_has_a_chart_and_keys_choose_of_what_and_of_how_long(console: Console) -> None:
    async def story(desk: Desk) -> None:
        await desk.press("e")
        await desk.see("REQUESTS A SECOND   ▲ failed   ● requests")
        await desk.until(lambda: bool(desk.app.screen.query("#chart")))
        await desk.until(lambda: desk.text.count("●") > 20)
        await desk.see("13:50")
        await desk.press("m")
        await desk.see("HOW LONG ANSWERS TOOK, ms   ● p50   ○ p95   ▲ p99")
        for hours in (24, 24 * 7, 24 * 30, 1):
            await desk.press("w")
            assert desk.engine.asked_of == timedelta(hours=hours)
        await desk.pilot.resize_terminal(*NARROW)
        await desk.until(lambda: not desk.app.screen.query_one("#chart").display)

    console(story)


def test_the_page_of_health_leads_there(console: Console) -> None:
    async def story(desk: Desk) -> None:
        await desk.press("h")
        await desk.see("REQUESTS   e shows them over time")
        await desk.press("e")
        await desk.see("REQUESTS A SECOND")

    console(story)


def test_a_project_that_nothing_serves_says_so_and_has_no_chart_of_times(console: Console) -> None:
    async def story(desk: Desk) -> None:
        desk.engine.requests_now = NONE
        await desk.press("e")
        await desk.see("'realtime = true' in [serve]")
        await desk.press("m")
        assert "No request of churn came in that time." in desk.said

    console(story)


def unwrapped(lines: Sequence[Line]) -> str:
    return " ".join(plain_text(lines).split())


def test_how_many_come_now_stands_first_and_where_there_is_no_chart_bars_stand_for_it() -> None:
    lines = standing_lines(replace(REPORT, lately=16.9), 78, strip=True)
    assert plain_text(lines[:1]).strip() == "16.9/s  of late"
    bars, beside = plain_text(lines[3:4]).split("  ")
    assert beside.strip().startswith("at most ") and len(bars) == 58 and "█" in bars and "·" not in bars
    assert len(standing_lines(REPORT, 78)) == len(lines) - 2


@pytest.mark.parametrize("width", [40, 78, 120])
def test_no_line_is_wider_than_the_terminal(width: int) -> None:
    report = replace(REPORT, lately=3.0)
    lines = [*standing_lines(report, width, strip=True), *request_lines(report, NOW, width)]
    lines += point_lines(REPORT.figures.points, width)
    assert max(map(width_of, lines)) <= width


def test_what_is_lost_is_said() -> None:
    said = unwrapped(request_lines(replace(REPORT, figures=replace(REPORT.figures, lost=12, unseen=7)), NOW, 100))
    assert "12 rows that should be in it are lost" in said
    assert "7 requests came too fast to be noted" in said
    assert "0.1 of the requests are kept for 30 days, in 1.0 GiB at most" in said


def test_a_log_that_is_off_says_so() -> None:
    said = unwrapped(request_lines(replace(REPORT, rules=LogRules(share=0)), NOW, 100))
    assert 'none is kept (log = "off")' in said


def test_names_from_outside_do_not_reach_the_terminal_as_they_are() -> None:
    bad = replace(REPORT.figures.by_version[0], name="x\x1b[31mred")
    said = unwrapped(request_lines(replace(REPORT, figures=replace(REPORT.figures, by_version=(bad,))), NOW, 100))
    assert "\x1b" not in said


def test_times_and_rates_have_three_figures_at_most() -> None:
    found = [took(each) for each in (None, 0.00004, 0.0004, 0.0123, 0.25, 2.04)]
    assert found == ["–", "0.04 ms", "0.4 ms", "12 ms", "250 ms", "2.0 s"]
    assert [rate(each) for each in (0.0123, 3.21, 12_345.6)] == ["0.012/s", "3.2/s", "12,346/s"]


@pytest.mark.parametrize("size", [WIDE, NARROW])
def test_the_overview_has_requests_a_second_where_there_are_any(console: Console, size: tuple[int, int]) -> None:
    async def story(desk: Desk) -> None:
        await desk.see("WAITING")
        assert "REQ/S" not in desk.text
        first, *others = desk.engine.overview_now.projects
        served = replace(first, per_second=123.4)
        desk.engine.overview_now = replace(desk.engine.overview_now, projects=(served, *others))
        desk.engine.commits += 1
        await desk.see("e 123/s requests are answered")
        if size == WIDE:
            await desk.see("REQ/S")

    console(story, size)
