"""A project's health in words: verdict, alerts, drift, segments, a metric over time, and what went on unseen."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from console.queries.health_questions import AskHealthOf, Health, HealthOverTime
from console.queries.question import Desk
from console.text.drift_lines import bars, drift_lines
from console.text.health_lines import alert_lines, detail, standing
from console.text.health_table import HEALTH
from console.text.lines import Line, plain_text, row, width_of
from console.text.news_lines import news
from console.text.period_lines import strip_lines
from console.text.section_lines import asked_lines, quality_lines, sections, segment_lines, whole
from console.text.timeline import timeline
from engine.monitoring.look_document import LookDocument, packed
from engine.monitoring.look_parts import Bar
from tests.console.health_records import (
    BACK,
    DOCUMENT,
    ESTIMATE,
    FELL,
    GAPS,
    LOOK,
    OVER,
    RELEASED,
    SLICES,
    TAKEN,
    FakeHealth,
    ago,
    column,
)
from tests.console.health_records import (
    bars as made_bars,
)
from tests.console.records import CHURN, MISSED, NEW, NOW, OVERVIEW, RUNNING, FakeEngine
from tests.look_documents import look_document

CHURNS = Health(replace(CHURN, metric=None), LOOK, (FELL, GAPS))
OVER_TIME = HealthOverTime(
    CHURNS, {"recall": FakeHealth().signals("churn", "recall")}, (replace(RELEASED, at=ago(days=10)),)
)


def text(lines: list[Line], width: int) -> str:
    assert all(width_of(each) <= width for each in lines), plain_text(lines)
    return plain_text(lines)


def test_a_look_that_runs_is_told_and_no_other_run() -> None:
    looking = {
        job: replace(CHURNS, status=replace(CHURNS.status, active_run=replace(RUNNING, job=job, phase="score")))
        for job in ("health", "retrain")
    }
    told = {job: text(standing(each, NOW, 80), 80).split("\n") for job, each in looking.items()}
    assert told["health"][2] == "▸ running 40 %: score, a look, run 42"
    assert told["retrain"] == text(standing(CHURNS, NOW, 80), 80).split("\n")


@pytest.mark.parametrize("width", [80, 140])
def test_the_verdict_says_since_when_why_and_how_sure(width: int) -> None:
    assert text(standing(CHURNS, NOW, width), width).split("\n")[:3] == [
        "■ churn@22 failing for 18 min   2 alerts open",
        "recall 0.58 of churn@22 is below 0.65 on 2,310 newer rows.",
        "Looked 4 min ago (run 51): 5,000 rows since it learnt, 90 % labelled.",
    ]


def test_an_alert_says_why_since_when_what_to_do_and_who_has_taken_it_on() -> None:
    assert text(alert_lines(FELL, NOW, 80), 80).split("\n") == [
        "■ failing 18 min  recall fell from 0.74 to 0.58 on 2,310 labelled rows, all of",
        "                  it in country=DE",
        "  → roll back to churn@21  (R)",
    ]
    taken = replace(TAKEN, snoozed_until=ago(hours=-5))
    said = text(alert_lines(taken, NOW, 140), 140)
    assert 'acknowledged by bob 5 min ago, snoozed, back in 5 h: "calling the data team"' in said


def test_what_is_snoozed_stands_last() -> None:
    asleep = replace(FELL, snoozed_until=ago(hours=-5))
    said = text(detail(replace(CHURNS, alerts=(asleep, GAPS)), NOW, 100), 100)
    assert said.index("age: 4 %") < said.index("recall fell")


def test_a_look_that_says_little_says_what_helps() -> None:
    none = replace(CHURNS, look=None)
    assert "Nobody has looked at its health yet; l looks now." in text(standing(none, NOW, 80), 80)
    old = replace(CHURNS, look=replace(LOOK, kept=None))
    assert "Only the verdict of that look was kept" in text(standing(old, NOW, 80), 80)
    other = replace(CHURNS, look=replace(LOOK, version="churn@21"))
    assert "That look was at churn@21; l looks at churn@22." in text(standing(other, NOW, 80), 80)
    assert "looked" not in text(standing(Health(NEW, None), NOW, 80), 80)


def test_a_figure_that_the_newest_look_did_not_see_is_told_with_its_rows_beside_the_look() -> None:
    said = "What is known of churn@22: roc_auc 0.706"
    elsewhere = replace(CHURNS, status=replace(CHURN, measured_at=ago(minutes=1)))
    told = " ".join(text(standing(elsewhere, NOW, 200), 200).split())
    assert said in told and "on 6,410 rows that a later retrain held out (run 38)." in told
    own = replace(CHURNS, status=replace(CHURN, measured_at=LOOK.as_of))
    assert "What is known" not in text(standing(own, NOW, 200), 200)


@pytest.mark.parametrize(("width", "wanted"), [(76, "2  ▲ watch      ● ok         ■ failing"), (136, "recall 0.580")])
def test_a_row_has_every_part_with_glyph_and_word(width: int, wanted: str) -> None:
    line = row(HEALTH, CHURNS, NOW, width)
    assert width_of(line) <= width
    assert wanted in plain_text([line])


def test_drift_stands_largest_first_with_what_was_learnt_above_what_comes_now() -> None:
    said = text(drift_lines(DOCUMENT, 100), 100).split("\n")
    assert said[1:5] == [
        "income    ▲ large  0.310  ▃▇▃               mean moved from 2,100 to 1,700",
        "                          ▂▃█",
        "age       △ some   0.140  ▃▇▃               mean moved from 41 to 47",
        "                          ▂▃█",
    ]
    assert said[5] == "As in training: plan, (prediction)."


def test_what_an_earlier_look_measured_says_from_when_it_is() -> None:
    whole = " ".join(text(drift_lines(DOCUMENT, 100), 100).split())
    assert "How much a column matters" not in whole, "it was measured by this look"
    carried = replace(DOCUMENT, measured_at={"importance": "2026-11-24T09:15:00.000000Z"})
    said = " ".join(text(drift_lines(carried, 100), 100).split())
    assert "How much a column matters was measured at 2026-11-24 09:15 UTC." in said


def test_what_matters_to_the_model_comes_first_and_all_columns_together_last() -> None:
    columns = [column("much", "large", size=4.0, importance=0.001, weight=0.004),
               column("key", "some", size=0.2, importance=0.5, weight=0.1),
               column("gone", "lost column", "the column is not there any more", size=None, bars=[])]  # fmt: skip
    together = {"verdict": "large", "why": "A classifier tells these rows from the training data."}
    said = text(drift_lines(look_document({"drift": columns, "together": together}), 100), 100).split("\n")
    assert [each.split()[0] for each in said if each[:1].strip()] == ["DRIFT", "gone", "key", "much", "All"]
    assert "50 %" in said[2]
    assert "< 1 %" in said[4]
    assert said[-1] == "All columns together: ▲ large. A classifier tells these rows from the training data."


def test_a_bin_without_rows_is_a_dot_and_both_sides_have_one_scale() -> None:
    assert bars(tuple(Bar(**each) for each in made_bars((0.5, 1.0), (0.5, 0.0)))) == ("▅▅", "█·")
    assert bars([]) == ("", "")


def test_names_from_outside_cannot_draw_on_the_screen() -> None:
    hostile = column("\x1b[31mname\x07\u202e" + "x" * 300, "large", "moved\n\x1b[2J", size=2.0, bars=[])
    document = look_document({"drift": [hostile]})
    for width in (60, 80, 140):
        said = text(drift_lines(document, width), width)
        assert not any(c in said for c in "\x1b\x07\u202e")
        assert "name" in said


def test_what_was_asked_for_stands_in_a_section_of_its_own_with_every_part() -> None:
    many, none = replace(SLICES, found=SLICES.found * 12), replace(SLICES, found=())
    first, second = asked_lines(LookDocument(by={"country": many, "gone": none}), 100)
    assert text(first, 100).startswith("BY country")
    assert text(first, 100).count("country=DE") >= 12, "none is left out, however many"
    assert "No row that is measured has more than one value of it." in text(second, 100)
    assert asked_lines(LookDocument(), 100) == []


def test_segments_stand_with_their_numbers_and_trend_and_quality_counts_what_is_well() -> None:
    said = text(segment_lines(LookDocument(slices=SLICES), 100), 100)
    assert "country=DE" in said
    assert "702" in said
    assert "0.310 ±0.050" in said
    assert "▲ worse" in said
    assert "falling" in said
    assert segment_lines(LookDocument(), 100) == []
    assert "1 of 2 checks are well." in text(quality_lines(DOCUMENT, 80), 80)


@pytest.mark.parametrize("width", [60, 78, 138])
def test_the_sections_fit_and_those_that_were_not_measured_are_not_there(width: int) -> None:
    document = replace(DOCUMENT, slices=SLICES, estimate=ESTIMATE)
    full = HealthOverTime(replace(CHURNS, look=replace(LOOK, kept=packed(document))))
    lines, begins = whole(sections(full, NOW, width))
    said = text(lines, width)
    titles = [plain_text([lines[at]]).split()[0] for at in begins]
    assert titles == ["NOW", "ALERTS", "DRIFT", "WORST", "ESTIMATED", "QUALITY"]
    assert "MATTERS" not in said
    assert "takes for granted: the chances are right" in said
    bare = HealthOverTime(replace(CHURNS, look=replace(LOOK, kept=None), alerts=()))
    assert text(whole(sections(bare, NOW, width))[0], width).split("\n")[:2] == ["ALERTS", "No alert is open."]


def test_a_metric_over_time_joins_earlier_looks_and_mature_periods_and_marks_swaps() -> None:
    found = timeline(OVER_TIME, "recall")
    assert found is not None
    assert [point.of_live for point in found.points] == [False] * 3 + [True] * 4
    assert [mark.label for mark in found.marks] == ["@22"]
    said = text(strip_lines(found, NOW, 80), 80).split("\n")
    assert len(said) == 7
    assert "┊" in said[-1]
    assert "○" in said[0]
    assert "●" in said[-1]
    assert sum("@22 live" in each for each in said) == 1


def test_without_a_look_there_is_no_time_line() -> None:
    assert timeline(HealthOverTime(Health(NEW, None)), "recall") is None
    assert timeline(HealthOverTime(replace(CHURNS, look=replace(LOOK, kept=None))), "x") is None


def test_the_question_brings_look_alerts_figures_and_swaps_of_one_project(tmp_path: Any) -> None:
    engine = FakeEngine(tmp_path)
    engine.swaps_now = (RELEASED, BACK)
    answer = AskHealthOf("churn").answer(engine, NOW)  # type: ignore[arg-type]
    assert (answer.health.look, answer.swaps) == (LOOK, (RELEASED,))
    assert list(answer.signals) == ["recall", "brier"]


@pytest.mark.parametrize(
    ("alerts", "swaps", "missed", "said", "tone"),
    [
        ((), (), (), None, None),
        ((OVER,), (), (), "1 alert resolved (8)", "dim"),
        ((), (RELEASED,), (), "churn@22 live by bob 3 d ago", "dim"),
        ((), (RELEASED, BACK), (), "flights back to @9 by bob 2 h ago, 1 more swap", "watch"),
        ((GAPS, OVER), (), (), "1 alert raised, 1 resolved (8)", "watch"),
        ((FELL, GAPS), (BACK,), (MISSED,),
         "■ churn failing · 1 alert raised (8) · 2 retrains missed (6) · flights back to @9 by bob 2 h ago", "failing"),
    ],
)  # fmt: skip
def test_news_says_first_what_needs_a_person(alerts: Any, swaps: Any, missed: Any, said: str, tone: str) -> None:
    found = news(Desk(OVERVIEW, None, missed, swaps, alerts), NOW)
    assert (found.text.partition(": ")[2], found.tone) == (said, tone) if found else said is None
