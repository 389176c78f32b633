"""Made-up looks and alerts, and what an engine answers about health; seen from the moment of ``records``."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from engine.errors import Conflict
from engine.monitoring.look_document import packed
from engine.monitoring.records import Alert, Look, Signal
from engine.records import Deployment
from tests.look_documents import look_document

NOW = datetime(2026, 11, 24, 14, 32, tzinfo=UTC)


def ago(**span: float) -> datetime:
    return NOW - timedelta(**span)


def bars(*shares: tuple[float, float]) -> list[dict[str, Any]]:
    return [{"label": f"bin {n}", "reference": a, "current": b} for n, (a, b) in enumerate(shares)]


def column(name: str, verdict: str = "none", why: str = "as in training", **other: Any) -> dict[str, Any]:
    size = other.pop("size", 0.01)
    made = {"column": name, "kind": "number", "verdict": verdict, "why": f"{name}: {why}.", "size": size, "psi": size}
    return {**made, "bars": bars((0.2, 0.1), (0.6, 0.2), (0.2, 0.7)), **other}


def reading(metric: str, value: float | None, half: float = 0.02, **other: Any) -> dict[str, Any]:
    ends = {"low": None, "high": None} if value is None else {"low": value - half, "high": value + half}
    return {"metric": metric, "n": 2310, "value": value, **ends, "reason": None, **other}


def period(weeks_ago: int, value: float | None) -> dict[str, Any]:
    start = datetime(2026, 11, 23, tzinfo=UTC) - timedelta(weeks=weeks_ago)
    return {
        "start": start.isoformat(), "end": (start + timedelta(weeks=1)).isoformat(), "rows": 2310, "labelled": 2310,
        "share": 1.0, "mature": value is not None, "reason": None, "readings": [reading("recall", value)],
    }  # fmt: skip


_DOCUMENT: dict[str, Any] = {
    "version": "churn@22", "verdict": "failing", "rows": 5000, "labelled": 4500,
    "parts": {
        "quality": {"verdict": "watch", "why": "age: 4 % of 700 rows have no value"},
        "drift": {"verdict": "ok", "why": "as in training"},
        "performance": {"verdict": "failing", "why": "recall fell from 0.74 to 0.58 on 2,310 labelled rows"},
        "bake": {"verdict": "cannot tell", "why": "too few rows of both"},
    },
    "quality": [
        {"kind": "missing", "column": "age", "verdict": "watch", "sentence": "age: 4 % of 700 rows have no value."},
        {"kind": "missing", "column": "plan", "verdict": "ok", "sentence": "plan: of 700 rows none have no value."},
    ],
    "window": {"since": "2026-11-17T00:00:00Z", "until": "2026-11-24T14:00:00Z", "rows": 700},
    "drift": [column("plan"), column("age", "some", "mean moved from 41 to 47, PSI 0.14, on 700 rows", size=0.14),
              column("income", "large", "mean moved from 2,100 to 1,700, PSI 0.31, on 700 rows", size=0.31)],
    "prediction": column("(prediction)"),
    "metrics": {"recall": reading("recall", 0.58), "brier": reading("brier", 0.2, 0.01)},
    "validated": {"recall": {"value": 0.74}, "brier": None},
    "periods": {
        "days": 7, "periods": [period(4, 0.75), period(3, 0.73), period(2, 0.66), period(1, 0.58), period(0, None)],
        "sentence": "4,500 of 5,000 rows have a label by now (90 %); 4 of 5 periods are mature.",
    },
}  # fmt: skip
_SLICES = {
    "metric": "recall", "rows": 5000, "tried": 40, "left_out": {}, "sentence": "40 segments were looked at.",
    "found": [
        {"conditions": [{"column": "country", "value": "DE"}], "n": 702, "value": 0.31, "low": 0.26, "high": 0.36,
         "rest": 0.66, "difference": -0.35, "verdict": "worse", "trend": "falling", "reason": None},
        {"conditions": [{"column": "plan", "value": "gold"}], "n": 12, "value": None, "low": None, "high": None,
         "rest": 0.6, "difference": None, "verdict": "cannot tell", "trend": "cannot tell", "reason": "too few"},
    ],
}  # fmt: skip
_ESTIMATE = {
    "method": "confidence", "n": 500, "learnt_on": 2000, "sentence": "500 rows have no label yet.",
    "readings": [reading("recall", 0.6), reading("brier", None)], "assumptions": ["the chances are right"],
}  # fmt: skip
DOCUMENT = look_document(_DOCUMENT)
_BOTH = look_document({**_DOCUMENT, "slices": _SLICES, "estimate": _ESTIMATE})
assert _BOTH.slices is not None and _BOTH.estimate is not None
SLICES, ESTIMATE = _BOTH.slices, _BOTH.estimate
LOOK = Look(
    51, "churn", "churn@22", ago(minutes=4), ago(minutes=3), "failing", "recall fell", 5000, 4500, packed(DOCUMENT)
)
FELL = Alert(
    7, 3, "churn", "churn@22", "fall:recall", "performance", "failing",
    "recall fell from 0.74 to 0.58 on 2,310 labelled rows, all of it in country=DE", "roll back to churn@21",
    ago(minutes=18), ago(minutes=18), 51, ago(minutes=4),
)  # fmt: skip
GAPS = replace(
    FELL, id=8, key="missing:age", part="quality", severity="watch", why="age: 4 % of 700 rows have no value",
    act="look at where age comes from", since=ago(hours=3),
)  # fmt: skip
OVER = replace(FELL, id=5, resolved_at=ago(hours=1), resolved_why="a later look found it well")
TAKEN = replace(FELL, acknowledged_at=ago(minutes=5), acknowledged_by="bob", note="calling the data team")
RELEASED = Deployment(5, "churn", 22, 21, "release", ago(days=3), "bob", "better")
BACK = Deployment(6, "flights", 9, 10, "rollback", ago(hours=2), "bob", "page is red")


class FakeHealth:
    """The part of a fake engine that answers about health."""

    def __init__(self) -> None:
        self.looks: dict[str, Look] = {"churn": LOOK}
        self.alerts_now: tuple[Alert, ...] = (FELL, GAPS)
        self.past_now: tuple[Alert, ...] = ()
        self.swaps_now: tuple[Deployment, ...] = ()
        self.over: dict[int, str] = {}  # alerts that ended meanwhile, each with what the engine says of it

    def health(self, project: str) -> Look | None:
        return self.looks.get(project)

    def alerts(self, project: str | None = None) -> tuple[Alert, ...]:
        return tuple(a for a in self.alerts_now if project in (None, a.project))

    def past_alerts(self, project: str | None = None, *, offset: int = 0, limit: int = 50) -> tuple[Alert, ...]:
        return self.past_now[offset : offset + limit]

    def swaps(self, since: datetime | None = None, project: str | None = None) -> tuple[Deployment, ...]:
        return tuple(
            s for s in self.swaps_now if (since is None or s.at > since) and project in (None, s.project)
        )

    def signals(self, project: str, name: str, limit: int = 200) -> tuple[Signal, ...]:
        if name != "recall":
            return ()
        return tuple(Signal("churn@21", name, ago(weeks=weeks), 0.74, 0.72, 0.76, 900) for weeks in (8, 7, 6))

    def acknowledge(self, alert: int, reason: str) -> Alert:
        self._refuse_over(alert)
        self._do("acknowledge", alert, reason)
        return TAKEN

    def snooze(self, alert: int, until: datetime, reason: str) -> Alert:
        self._refuse_over(alert)
        self._do("snooze", alert, reason)
        self.snoozed_until = until
        return FELL

    def _refuse_over(self, alert: int) -> None:
        if alert in self.over:
            raise Conflict(self.over[alert])

    def _do(self, *what: Any) -> None:
        raise NotImplementedError
