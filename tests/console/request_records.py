"""A made-up hour of requests, and what an engine answers about them; seen from the moment of ``records``."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from engine.requests.counting import Count, CountKey, bucket
from engine.requests.figures import Counted, RequestFigures, figures
from engine.requests.records import LogRules
from engine.requests.report import RequestReport
from engine.scoring.trials import Trial
from engine.shadow.book import Cell
from engine.shadow.counting import Difference, Sums
from engine.shadow.report import ShadowReport
from engine.shadow.report import report as shadow_report
from tests.console.health_records import NOW

LABEL, FORMER = "churn@21", "churn@20"


def counted(minute: datetime, requests: int, seconds: float, *, worker: str = "worker 41", **other: object) -> Counted:
    """Requests of one minute that all took as long."""
    said = {"version": LABEL, "fallback": "", "status": 200, **other}
    number = int(minute.timestamp()) // 60
    key = CountKey("churn", number, str(said["version"]), "d", str(said["fallback"]), int(str(said["status"])))
    kept = requests if key.status == 200 else 0
    return worker, key, Count(requests, requests, kept, 0, requests * seconds, {bucket(seconds): requests})


def hour() -> RequestFigures:
    """Two workers, a swap half an hour ago, some input refused, and one bad minute."""
    since = (NOW - timedelta(hours=1)).replace(second=0, microsecond=0)
    every: list[Counted] = []
    for number in range(60):
        at, label = since + timedelta(minutes=number), LABEL if number >= 30 else FORMER
        every.append(counted(at, 600 + 10 * (number % 7), 0.002, version=label))
        every.append(counted(at, 400, 0.004, version=label, worker="worker 42"))
        if number % 10 == 0:
            every.append(counted(at, 3, 0.001, version=label, status=422))
        if number == 45:
            every += [counted(at, 90, 0.2, status=500), counted(at, 40, 0.03, version=FORMER, fallback="previous")]
    return figures("churn", every, since, NOW)


REPORT = RequestReport("churn", True, hour(), LogRules(share=0.1), (), 118, 9_400_000, 51_000, NOW - timedelta(days=3))


NONE = replace(REPORT, served=False, figures=figures("churn", [], NOW - timedelta(hours=1), NOW), count=0, rows=0)


_BEGUN = NOW - timedelta(hours=3)
SHADOW = Trial(4, "churn", "churn@22", "d" * 64, "shadow", 0.5, 7, _BEGUN, "ada", "try it", _BEGUN)


def shadow(*, runs: bool = True, trouble: str = "", **other: Any) -> ShadowReport:
    """Of 20,000 requests 19,000 were answered alike by churn@22; those of the north less often."""
    said: dict[str, Any] = {
        "scored": 20_000, "rows": 20_000, "agreed": 19_000, "apart": 400.0, "seconds": 0.4,
        "histogram": {bucket(0.00002): 19_700, bucket(0.0004): 300}, "errors": {"row 0 has no 'plan'": 12},
        "passed_over": {"the worker was busy": 900, "the shadow was behind": 100},
        "segments": {
            "region": {"north": [5_000, 4_500], "south": [15_000, 14_500]}, "plan": {"basic": [20_000, 19_000]},
        },
        "largest": [
            Difference(False, 0.5 - number / 100, f"r{number}", NOW.timestamp(), {"customer": f"c{number}"},
                       {"prediction": 0, "p_1": 0.2}, {"prediction": 1, "p_1": 0.7 - number / 100})
            for number in range(5)
        ],
    }  # fmt: skip
    cell = Cell("worker 41", _BEGUN, NOW - timedelta(seconds=8), trouble, Sums(**{**said, **other}))
    return shadow_report("churn", "churn@22", 4, SHADOW if runs else None, (cell,), NOW)


class FakeRequests:
    """The part of the engine's door that is about requests. ``requests_now``: what it says of every project."""

    requests_now: RequestReport = NONE
    shadow_now: ShadowReport | None = None
    asked_of: timedelta | None = None

    def requests(self, project: str, now: datetime, last: timedelta = timedelta(hours=1)) -> RequestReport:
        self.asked_of = last
        return self.requests_now

    def shadow_of(self, label: str, now: datetime) -> ShadowReport | None:
        return self.shadow_now
