"""What a candidate said as a shadow: on its card, on the health of its project, and as a document for scripts."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace

import pytest

from console.cli.shadow_documents import shadow as document
from console.text.card_lines import card_lines
from console.text.lines import plain_text, width_of
from console.text.shadow_lines import shadow_lines, share, summary
from engine.shadow.report import Agreement, agreement
from tests.console.conftest import NARROW, WIDE, Desk
from tests.console.records import CARD, NOW, FakeEngine
from tests.console.request_records import SHADOW, shadow

Console = Callable[..., None]


def said(width: int = 78, *, whole: bool = False, **other: object) -> str:
    return " ".join(plain_text(shadow_lines(shadow(**other), NOW, width, whole=whole)).split())


@pytest.mark.parametrize("width", [62, 78, 138])
def test_the_card_says_how_often_it_agrees_where_not_what_it_took_and_what_failed(width: int) -> None:
    for words in (
        "AS A SHADOW for 3 h, 0.5 of the requests",
        "agrees on 95.00 % (94.69 to 95.29) of 20,000 rows",
        "off by 0.02 on average a scoring takes p50 0.02 ms, p95 0.02 ms, p99 0.4 ms",
        "12 rows failed (0.06%): row 0 has no 'plan' (12)",
        "passed over 1,000 rows: the worker was busy 900, the shadow was behind 100",
        "region=north 5,000 90.00 % (88.94 to 90.97) ▲ lower",
        "customer=c0: 1 (p_1 0.7) for 0 (p_1 0.2), off by 0.5",
    ):
        assert words in said(width), said(width)
    assert "c3" not in said(width) and "c3" in said(width, whole=True)
    assert all(width_of(each) <= width for each in shadow_lines(shadow(), NOW, width))


@pytest.mark.parametrize("size", [80, 140])
def test_the_section_stands_on_the_card(size: int) -> None:
    assert "AS A SHADOW" in plain_text(card_lines(replace(CARD, shadow=shadow()), NOW, size))
    assert "SHADOW" not in plain_text(card_lines(CARD, NOW, size))


def test_a_trial_that_is_over_is_told_as_what_was() -> None:
    assert said(runs=False).startswith("WAS A SHADOW, last 8 s ago agrees on")


def test_numbers_agree_within_what_is_stated() -> None:
    assert "agrees within 1% on 95.00 % (94.69 to 95.29) of 20,000 rows" in said(numbers=True)


def test_before_there_is_anything_to_say_it_says_so() -> None:
    nothing = {"scored": 0, "rows": 0, "agreed": 0, "errors": {}, "passed_over": {}, "segments": {}, "largest": []}
    assert said(**nothing) == "AS A SHADOW for 3 h, 0.5 of the requests no row is compared yet no row failed"
    assert "▲ scores nothing at the moment: it was killed" in said(trouble="it was killed", **nothing)


@pytest.mark.parametrize(
    ("rows", "agreed", "told"),
    [
        (267, 267, "100 % (98.58 to 100)"), (100, 100, "100 % (96.30 to 100)"), (100, 0, "0 % (0 to 3.70)"),
        (10**5, 10**5 - 1, "99.999 % (99.99 to 99.999)"),
    ],
)
def test_nearly_all_is_not_rounded_to_all(rows: int, agreed: int, told: str) -> None:
    assert share(agreement(rows, agreed)) == told
    assert share(Agreement(0, 0, None, None, None)) == "–"


@pytest.mark.parametrize(("width", "most"), [(60, 4), (78, 3), (138, 2)])
def test_health_has_it_in_few_lines(width: int, most: int) -> None:
    lines = summary(shadow(), width)
    assert len(lines) <= most and all(width_of(each) <= width for each in lines)
    text = " ".join(plain_text(lines).split())
    for words in ("agrees on 95.00 %", "12 rows failed (0.06%)", "p99 0.4 ms; 1,000 rows passed over"):
        assert words in text, text


@pytest.mark.parametrize(("size", "down"), [(WIDE, ("pagedown",)), (NARROW, ("pagedown", "pagedown"))])
def test_it_stands_on_the_page_of_a_projects_health(
    console: Console, engine: FakeEngine, size: tuple[int, int], down: tuple[str, ...]
) -> None:
    engine.trial_now, engine.shadow_now = SHADOW, shadow()

    async def story(desk: Desk) -> None:
        await desk.press("8", "enter")
        await desk.see("Health of")
        await desk.press(*down)
        await desk.see("churn@22 scores 50 % of the requests and answers nobody")
        await desk.see("agrees on 95.00 % (94.69 to 95.29) of 20,000 rows")

    console(story, size)


def test_nothing_that_a_client_sent_reaches_the_terminal() -> None:
    found = shadow()
    worst = replace(found.largest[0], keys={"customer\x1b[2J": "c\x1b[31m0"}, live={"prediction": "\x1b]0;x\x07"})
    lines = shadow_lines(replace(found, largest=(worst,), trouble=("\x1b[2J",)), NOW, 78)
    assert "\x1b" not in plain_text(lines) and "\x07" not in plain_text(lines)


def test_the_document_keeps_its_keys() -> None:
    found = json.loads(json.dumps(document(shadow())))
    assert found.keys() >= {
        "version", "trial", "runs", "share", "since", "said_at", "compares", "scored", "rows", "agreed", "agreement",
        "low", "high", "apart", "failed", "errors", "passed_over", "passed_over_by", "mean", "p50", "p95", "p99",
        "segments", "largest", "trouble",
    }  # fmt: skip
    assert (found["version"], found["compares"], found["agreement"]) == ("churn@22", "labels", 0.95)
    assert found["runs"] is True and found["passed_over"] == 1000
    assert found["segments"][0].keys() == {"column", "value", "rows", "agreed", "agreement", "low", "high", "lower"}
    assert found["largest"][0] == {
        "agrees": False, "size": 0.5, "request": "r0", "at": NOW.isoformat(timespec="microseconds")[:-6] + "Z",
        "keys": {"customer": "c0"}, "live": {"prediction": 0, "p_1": 0.2}, "candidate": {"prediction": 1, "p_1": 0.7},
    }  # fmt: skip
    assert document(None) is None
