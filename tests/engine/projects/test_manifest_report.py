"""``[report]``: recipients, events, words and what errors cost; each mistake with its line."""

from __future__ import annotations

import pytest

from engine.projects.manifest.reader import parse_manifest
from engine.projects.manifest.records import CostSpec, ReportSpec
from engine.projects.manifest.report import EVENTS, spec_of
from tests.engine.projects.manifests import DESIGN, mistakes

WHOLE = """
[report]
to = ["a@example.org"]
events = ["red", "candidate"]
period = "month"
[report.words]
roc_auc = "how well late flights are told from punctual ones"
1 = "late"
[report.costs]
currency = "USD"
false_alarm = 4
missed = 25.5
right_alarm = -1
"""
BASE = DESIGN[: DESIGN.index("[report]")]


def test_everything_that_can_be_said_is_read_from_the_file_and_from_the_ledger_alike() -> None:
    manifest = parse_manifest(BASE + WHOLE)
    assert manifest.report == ReportSpec(
        ("a@example.org",),
        ("red", "candidate"),
        "month",
        {"roc_auc": "how well late flights are told from punctual ones", "1": "late"},
        CostSpec("USD", 4.0, 25.5, -1.0, 0.0),
    )
    assert spec_of(manifest.document) == manifest.report


def test_without_a_section_nobody_gets_the_report_and_events_are_all() -> None:
    assert spec_of({}) == ReportSpec((), EVENTS)
    assert parse_manifest(BASE).report == ReportSpec((), EVENTS)
    assert parse_manifest(BASE + "[report]\nevents = []\n").report.events == ()


@pytest.mark.parametrize(
    ("text", "where", "said"),
    [
        ('[report]\nevents = ["swop"]', "[report] events", "did you mean 'swap'?"),
        ('[report]\nperiod = "day"', "[report] period", "one of week, month"),
        ("[report.costs]\nfalse_alarm = 1\nmissed = 1", "[report.costs] currency", "is missing"),
        ('[report.costs]\ncurrency = "USD"\nmissed = 1', "false_alarm", "is missing"),
        ('[report.costs]\ncurrency = "USD"\nfalse_alarm = -1\nmissed = 1', "false_alarm", "from 0"),
        ('[report.costs]\ncurrency = "USD"\nfalse_alarm = nan\nmissed = 1', "false_alarm", "from 0"),
        ('[report.costs]\ncurrency = "U\\nSD"\nfalse_alarm = 1\nmissed = 1', "currency", "cannot be shown"),
        ("[report]\ncosts = 3", "costs", "must be a table"),
    ],
)
def test_a_mistake_is_named_with_its_place(text: str, where: str, said: str) -> None:
    found = mistakes(BASE + text)
    assert any(said in each.message and where.rpartition(" ")[2] in str(each) for each in found), found
    assert all(each.line for each in found)


def test_costs_of_two_classes_are_no_costs_of_a_number() -> None:
    regression = BASE.replace('metrics = ["roc_auc", "log_loss", "brier"]', 'task = "regression"\nmetrics = ["mae"]')
    (found,) = [each for each in mistakes(regression + WHOLE) if "two classes" in each.message]
    assert "regression" in found.message


def test_what_an_older_leverframe_let_pass_is_left_out() -> None:
    found = spec_of({"report": {"to": ["no address", "a@b.org"], "events": ["swap", "x"], "costs": {"currency": 3}}})
    assert found == ReportSpec(("a@b.org",), ("swap",))
