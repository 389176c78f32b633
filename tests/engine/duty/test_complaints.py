"""Whether routing can work: doctor and check say what would keep a message from anybody."""

from __future__ import annotations

from pathlib import Path

import pytest

from engine.access import operators
from engine.duty.complaints import complaints, findings
from engine.routing.records import Route
from engine.routing.words import read
from tests.callers import caller
from tests.engine.outbox.routing_world import NOW, Desk

KNOWN = {"ada": True, "b.lee": True, "gone": False}


def of(*words: str) -> list[Route]:
    return [Route(**vars(read(said)), id=number, at=NOW, by="ada") for number, said in enumerate(words, 1)]


@pytest.mark.parametrize(
    ("words", "on_duty", "said"),
    [
        (["escalate on-duty 0m"], None, ["route 1 (escalate on-duty) reaches nobody: nobody is on duty; leverframe"]),
        (["escalate on-duty 0m"], "ada", ["route 1 (escalate on-duty) reaches nobody: ada has no address; an admin"]),
        (["escalate on-duty 0m", "reach ada a@b.org"], "ada", []),
        (["digest b.lee 08:00"], None, ["route 1 (digest b.lee) reaches nobody: b.lee has no address; an admin gives"]),
        (["escalate eve 0m"], None, ["route 1 is for eve, and there is no such operator; leverframe operators"]),
        (["reach gone a@b.org"], None, ["route 1 is for gone, who may not work here any more and is told"]),
        (["reach ada a@b.org"], "gone", ["gone is on duty and may not work here any more; leverframe handover take"]),
        (["quiet ada 00:00-24:00"], None, ["the quiet hours of ada have no end, so news waits for ever; leverframe"]),
        (["quiet ada 07:00-22:00", "quiet ada 22:00-07:00"], None, ["the quiet hours of ada have no end, so news"]),
        (["quiet a@b.org 22:00-07:00"], None, []),
        (["quiet a@b.org 22:00-07:00 except nothing", "escalate a@b.org 0m"], None,
         ["the quiet hours of a@b.org let nothing through, and an escalation would tell them"]),
        (["reach ada a@b.org", "quiet ada 22:00-07:00 except nothing", "escalate on-duty 0m"], "ada",
         ["the quiet hours of ada let nothing through, and an escalation would tell them"]),
        (["reach ada a@b.org", "quiet ada 22:00-07:00", "escalate on-duty 0m", "digest ada 08:00"], "ada", []),
    ],
)  # fmt: skip
def test_what_cannot_work_is_said(words: list[str], on_duty: str | None, said: list[str]) -> None:
    found = list(complaints(of(*words), KNOWN, on_duty, NOW))
    assert [whole[: len(begin)] for whole, begin in zip(found, said, strict=True)] == said


def test_where_nothing_is_routed_nothing_is_said(home: Path) -> None:
    desk = Desk(home)
    for number in (1, 2):
        desk.world.engine.remove_route(number, "so")
    assert findings(desk.ledger, NOW) == ()


def test_who_is_on_duty_and_may_not_work_here_is_told_also_where_nothing_is_routed(home: Path) -> None:
    desk = Desk(home, on_duty="b.lee")
    for number in (1, 2):
        desk.world.engine.remove_route(number, "so")
    assert findings(desk.ledger, NOW) == ()
    operators.set_disabled(desk.ledger, caller(), "b.lee", True, "left", NOW)
    (told,) = findings(desk.ledger, NOW)
    assert told.verdict == "watch" and told.sentence.startswith("b.lee is on duty and may not work here any more")


def test_an_address_that_no_channel_leads_to_is_said(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    desk = Desk(home, "escalate webhook json-12345678 0m")
    said = [each.sentence for each in findings(desk.ledger, NOW)]
    assert "webhook json-12345678 is routed to, and the settings of this machine name no such address" in said
    assert "ada@example.org is routed to, and no mail server is set up here" in said
    monkeypatch.setenv("LEVERFRAME_SMTP_HOST", "localhost")
    monkeypatch.setenv("LEVERFRAME_SMTP_FROM", "lever@example.org")
    monkeypatch.setenv("LEVERFRAME_NOTIFY_NAMES", "webhook json-12345678")
    (well,) = findings(desk.ledger, NOW)
    assert (well.verdict, well.sentence) == ("ok", "3 routes, each leads somewhere")


def test_doctor_tells_it(home: Path) -> None:
    desk = Desk(home, "escalate on-duty 0m")
    found = desk.world.engine.doctor(False)
    assert any(each.what == "routing" and "nobody is on duty" in each.sentence for each in found)


def test_quiet_hours_of_ones_own_take_the_place_of_those_before(home: Path) -> None:
    engine = Desk(home).world.engine
    engine.choose_quiet_hours("22:00-07:00", "sleep")
    engine.choose_quiet_hours("21:00-06:00 Europe/Berlin except nothing", "night shift")
    (mine,) = [route for route in engine.routes() if route.kind == "quiet"]
    assert (mine.who, mine.starts, mine.lets) == (caller().name, "21:00", "nothing")
    assert engine.choose_quiet_hours("none", "awake") is None
    assert not [route for route in engine.routes() if route.kind == "quiet"]
