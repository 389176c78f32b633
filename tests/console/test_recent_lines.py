"""What a tall overview says of the selected project: as one reads it, and that nothing else changes for it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from console.queries.health_questions import Health, HealthOverTime
from console.queries.recent_question import Recent
from console.text.lines import plain_text, width_of
from console.text.overview_lines import rows_below
from console.text.recent_lines import recent_lines
from tests.console.conftest import Desk
from tests.console.health_records import BACK, FELL, GAPS, LOOK, OVER, RELEASED
from tests.console.records import CHURN, FAILED, NEW, NOW, OVERVIEW, FakeEngine, ago, status, version

Console = Callable[..., None]
SIGNALS = {"recall": FakeEngine.signals(None, "churn", "recall")}  # type: ignore[arg-type]
KNOWN = replace(
    CHURN, metric=replace(version().metric, name="recall"), candidates=(version(project="churn"),)  # type: ignore[arg-type, type-var]
)  # fmt: skip
WENT = replace(FAILED, project="churn", ended_at=ago(hours=5))
RECENT = Recent(
    HealthOverTime(Health(KNOWN, LOOK, (FELL, GAPS)), SIGNALS, (RELEASED, replace(BACK, project="churn"))),
    (FELL, replace(GAPS, raised_at=ago(hours=3)), OVER), (WENT,),
)  # fmt: skip

WIDE = """\
────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────
   recall OVER TIME   validated with 0.740                                 WHAT WAITS
   │ @9 back 2 h ago, @22 live 3 d ago                                     c  churn@11 for a decision: better +0.018,
   29 Sep     0.740 ±0.020   ··················──○──··                        made 12 h ago
    6 Oct     0.740 ±0.020   ··················──○──··                     R  ■ 1 alert: roll back to churn@21
   13 Oct     0.740 ±0.020   ··················──○──··                     h  ▲ 1 alert: look at where age comes from
   29 Oct     0.750 ±0.020   ···················─┊●──·
    5 Nov     0.730 ±0.020   ·················──●┊─···                     LAST EVENTS
   12 Nov     0.660 ±0.020   ·········──●───·····┊····                      18 min  ■ alert: recall fell from 0.74 to
   19 Nov     0.580 ±0.020   ·──●──··············┊····  @22 live, @9 back           0.58 on 2,310 labelled rows, all o…
                                                                            18 min  ■ alert: recall fell from 0.74 to
                                                                                    0.58 on 2,310 labelled rows, all o…
                                                                            60 min  ● over: recall fell from 0.74 to
                                                                                    0.58 on 2,310 labelled rows, all o…
                                                                               2 h  ↩ back to churn@9 by bob: page is
                                                                                    red
                                                                               3 h  ▲ alert: age: 4 % of 700 rows have
                                                                                    no value
"""
NARROW = """\
────────────────────────────────────────────────────────────────────────────────
   recall OVER TIME   validated with 0.740
   12 Nov     0.660 ±0.020   ·········──●───·····┊····
   19 Nov     0.580 ±0.020   ·──●──··············┊····  @22 live, @9 back

   WHAT WAITS
   c  churn@11 for a decision: better +0.018, made 12 h ago
   R  ■ 1 alert: roll back to churn@21
   h  ▲ 1 alert: look at where age comes from

   LAST EVENTS
    18 min  ■ alert: recall fell from 0.74 to 0.58 on 2,310 labelled rows, all…
"""


@pytest.mark.parametrize(("width", "rows", "golden"), [(120, 20, WIDE), (80, 12, NARROW)], ids=["wide", "narrow"])
def test_the_selected_project_as_a_tall_overview_tells_it(width: int, rows: int, golden: str) -> None:
    lines = recent_lines(RECENT, NOW, width, rows)
    assert plain_text(lines) + "\n" == golden


@pytest.mark.parametrize("width", [60, 80, 117, 118, 200])
@pytest.mark.parametrize("rows", [11, 12, 20])
def test_it_keeps_to_the_room_it_has(width: int, rows: int) -> None:
    nothing = Recent(HealthOverTime(Health(NEW, None)))
    for found in (RECENT, nothing, Recent(HealthOverTime(Health(status(), None)))):
        lines = recent_lines(found, NOW, width, rows)
        assert len(lines) <= rows and all(width_of(each) <= width for each in lines), plain_text(lines)
    said = plain_text(recent_lines(nothing, NOW, width, rows))
    assert "r  a first retrain: nothing is live yet" in said and "NOTHING HAPPENED YET" in said


@pytest.mark.parametrize(
    ("height", "projects", "rows"),
    [(24, 3, 0), (35, 3, 0), (36, 3, 12), (42, 3, 18), (42, 1000, 14), (60, 3, 20), (60, 1000, 20)],
)
def test_the_list_comes_first_and_a_low_terminal_stays_as_it_is(height: int, projects: int, rows: int) -> None:
    assert rows_below(height, projects) == rows


def test_what_is_told_is_of_the_project_under_the_cursor_and_goes_where_there_is_no_room(
    console: Console, engine: FakeEngine
) -> None:
    engine.swaps_now = (RELEASED, BACK)
    low: list[str] = []

    async def in_a_low_terminal(desk: Desk) -> None:
        low.append(desk.text)
        assert desk.app.beside is None

    async def story(desk: Desk) -> None:
        await desk.see("churn@22 made live by bob: better")
        assert "back to flights@9" not in desk.text
        await desk.press("j", "j")
        await desk.see("back to flights@9 by bob: page is red")
        assert "churn@22 made live" not in desk.text
        await desk.press("3")
        assert desk.app.beside is None
        await desk.press("1", "k", "k")
        await desk.see("churn@22 made live by bob: better")
        await desk.pilot.resize_terminal(80, 24)
        await desk.settled()
        assert desk.text == low[0]
        await desk.pilot.resize_terminal(80, 42)
        await desk.see("LAST EVENTS")

    console(in_a_low_terminal, (80, 24))
    console(story)


def test_an_answer_that_can_wait_and_fails_leaves_the_overview_as_it_is(console: Console, engine: FakeEngine) -> None:
    def fails(*_: object, **__: object) -> None:
        raise RuntimeError("a bug")

    engine.swaps = fails  # type: ignore[assignment, method-assign]

    async def story(desk: Desk) -> None:
        await desk.until(lambda: bool(engine.failures))
        assert "recall 0.58 of churn@22".lower() in desk.text.lower()

    console(story)
    assert OVERVIEW.projects
