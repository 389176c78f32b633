"""What a look found becomes rows of the ledger: its figures only where it could tell what they mean."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from engine.clock import stamp
from engine.jobs.health.health_record import register, remember
from engine.jobs.health.look import LookResult
from engine.monitoring.look_document import LookPart
from engine.monitoring.look_parts import MetricValue, ShareVerdict
from tests.engine.jobs.test_cancelling import ANSWER, room, running
from tests.engine.reports.worlds import NOW, World, lived_in
from tests.version_documents import WHOLE

READING = MetricValue("roc_auc", 640, 0.7, 0.68, 0.72)


def looked(home: Path, performance: ShareVerdict) -> World:
    world = lived_in(home)
    answer = replace(
        ANSWER,
        metrics={"roc_auc": READING},
        mature_until=stamp(NOW),
        signals=(("rows", 900.0, None, None, 900), ("roc_auc", 0.7, 0.68, 0.72, 640)),
        parts={"performance": LookPart(performance, "so")},
    )
    register(world.ledger, room(world, running(world, "health")), LookResult("flights@3", False, answer, 0), NOW)
    return world


@pytest.mark.parametrize("verdict", ["ok", "watch", "failing"])
def test_what_a_look_measured_is_a_figure_and_a_measurement_of_the_version(home: Path, verdict: str) -> None:
    world = looked(home, verdict)
    assert [signal.value for signal in world.engine.signals("flights", "roc_auc")] == [0.7]
    status = world.engine.status("flights", NOW)
    assert status.metric is not None and (status.metric.value, status.metric.n) == (0.7, 640)


def test_what_was_measured_on_no_row_but_those_of_the_holdout_is_no_news_of_the_version(home: Path) -> None:
    world = looked(home, "cannot tell")
    assert world.engine.signals("flights", "roc_auc") == ()
    assert [signal.value for signal in world.engine.signals("flights", "rows")] == [900.0]
    status = world.engine.status("flights", NOW)
    assert status.metric is not None and status.metric.value == 0.72
    assert status.measured_on == "1,200 rows that a later retrain held out (run 4)"


def test_what_is_open_about_a_version_that_is_no_longer_live_calls_for_no_rival(home: Path) -> None:
    world = lived_in(home)
    about: Any = room(world, running(world, "health"))
    about.live = ("flights@3", replace(WHOLE, settings={}))
    world.alert(NOW, "failing", "it fell", part="performance", number=1)
    assert remember(world.ledger, about).rival is None
    world.alert(NOW, "failing", "it fell too", part="performance", number=3)
    rival = remember(world.ledger, about).rival
    assert rival is not None and rival[0] == "flights@1"
