"""A report, made of facts. Pure: the same facts give the same report, and nothing here looks at a clock."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import fields, is_dataclass, replace
from datetime import datetime
from typing import TypeVar
from zoneinfo import ZoneInfo

from engine.monitoring.alerts.changes import no_longer_live
from engine.monitoring.measurements import Measurement
from engine.monitoring.performance.key_figures import KnownMetric
from engine.monitoring.records import Alert
from engine.projects.manifest.records import ReportSpec
from engine.records import Deployment, Metric
from engine.release.decisions import Decision
from engine.reports import phrases, words
from engine.reports.money import money
from engine.reports.reading import ReportFacts
from engine.reports.records import (
    Change,
    Dot,
    Failure,
    Measure,
    Release,
    Report,
    ReportedAlert,
    TurnedDown,
    Waiting,
    Weakness,
    Work,
)
from engine.reports.verdict import VerdictFacts, verdict
from engine.text import plain
from engine.vocabulary.gates import GateRule, fixed_limit
from engine.vocabulary.metrics import more_is_better

T = TypeVar("T")
WEAKEST = 5
FAILURES = 10
_WELL = ("succeeded", "nothing-new")


def compose(facts: ReportFacts) -> Report:
    """The report that ``facts`` tell."""
    name, spec, live = facts.project.name, facts.manifest.report, facts.live
    zone = ZoneInfo(facts.period.zone)
    metrics = tuple(_local(_measure(each, spec, facts), zone) for each in facts.measured)
    key = metrics[0] if metrics and live else None
    troubles = tuple(_trouble(each, facts.period.until, live) for each in facts.troubles)
    waiting = tuple(
        Waiting(version.label, version.made_at, expires, version.verdict, plain(version.sentence, 1000))
        for version, expires in facts.waiting
    )
    title = plain(facts.project.title, 200) or name
    standing = VerdictFacts(
        title, live, key, facts.known.get(key.name) if key else None, facts.manifest.gates, facts.last_runs,
        facts.looked, facts.patience, facts.looks_paused, troubles, waiting,
    )  # fmt: skip
    word, sentence = verdict(standing, facts.period.until)
    weakest, by, rows = _weakest_now(facts, spec) or _weakest(facts, spec)
    report = Report(
        project=name,
        title=title,
        purpose=plain(facts.manifest.data.purpose or "", 2000),
        period=facts.period,
        verdict=word,
        sentence=plain(sentence, 2000),
        live=live.label if live else None,
        live_since=live.at if live else None,
        live_by=facts.approvals[live.seq] if live else (),
        metrics=metrics if live else (),
        money=money(spec.costs, spec.words, facts.judged, name, facts.period.since) if live else None,
        releases=tuple(_releases(facts)),
        turned_down=tuple(_turned_down(each) for each in facts.rejections),
        tried=facts.tried,
        waiting=waiting,
        troubles=troubles,
        incidents=facts.incidents,
        weakest=weakest,
        weakest_by=by,
        weakest_of=rows,
        work=_work(facts),
        failures=_failures(facts),
        audit_rows=facts.audit_rows,
        audit_head=facts.audit_head,
    )
    return _local(report, zone)


def _local(found: T, zone: ZoneInfo) -> T:
    """The same moments on the clocks of the project's zone, in which the period is told too."""
    if isinstance(found, datetime):
        return found.astimezone(zone)
    if isinstance(found, tuple):
        return tuple(_local(each, zone) for each in found)  # type: ignore[return-value]
    if is_dataclass(found) and not isinstance(found, type):
        return replace(found, **{each.name: _local(getattr(found, each.name), zone) for each in fields(found)})
    return found


# Metrics


def _measure(metric: str, spec: ReportSpec, facts: ReportFacts) -> Measure:
    # Only what is in use now has a value; what was in use before is the line that led there.
    measured, known = facts.measured[metric], facts.known.get(metric)
    before = [each for each in measured if each.at <= facts.period.since and (known is None or each.at < known.at)]
    previous = before[-1] if before else None
    now = known.metric if known else None
    value = now.value if now else None
    return Measure(
        name=metric,
        words=plain(words.of_metric(spec.words, metric), 400),
        meaning=words.meaning(metric, value),
        more_is_better=more_is_better(metric),
        value=value,
        low=now.low if now else None,
        high=now.high if now else None,
        n=now.n if now else 0,
        measured_at=known.at if known else None,
        source=known.source if known else None,
        fresh=known is not None and known.at >= facts.period.since,
        previous=previous.value if previous else None,
        previous_at=previous.at if previous and previous.value is not None else None,
        change=_change(metric, previous, now),
        limit=_limit(metric, facts.manifest.gates),
        trend=tuple(_dots(facts, measured, known)),
    )


def _dots(facts: ReportFacts, measured: Sequence[Measurement], known: KnownMetric | None) -> Iterator[Dot]:
    """The line, which ends with the value that stands beside it."""
    for each in measured:
        if each.value is not None:
            yield Dot(each.at, each.value, each.low, each.high, f"{facts.project.name}@{each.number}")
    if known is not None and facts.live is not None and (not measured or measured[-1].at < known.at):
        assert known.metric.value is not None
        yield Dot(known.at, known.metric.value, known.metric.low, known.metric.high, facts.live.label)


def _change(metric: str, previous: Measurement | None, newest: Metric | None) -> Change:
    """Better or worse only where the two intervals lie apart; where one is not known, nothing is said."""
    if previous is None or newest is None or newest.low is None or newest.high is None:
        return "not known"
    if previous.low is None or previous.high is None:
        return "not known"
    if newest.low > previous.high:
        return "better" if more_is_better(metric) else "worse"
    if newest.high < previous.low:
        return "worse" if more_is_better(metric) else "better"
    return "no clear change"


def _limit(metric: str, gates: Sequence[GateRule]) -> float | None:
    kind = fixed_limit(more_is_better(metric))
    return next((gate.limit for gate in gates if (gate.kind, gate.metric) == (kind, metric)), None)


_Weakest = tuple[tuple[Weakness, ...], str, str]


def _weakest(facts: ReportFacts, spec: ReportSpec) -> _Weakest:
    """Where the version in use does worst on the newest rows on which it was judged; by which metric, which rows."""
    live = facts.live.number if facts.live else None
    newest = next((each for each in reversed(facts.judged) if each.number == live), None)
    if newest is None:
        return (), "", ""
    key, new = newest.metrics.key_metric, newest.side == "candidate"
    of_all = newest.metrics.metrics.get(key)
    whole = (of_all.value if new else of_all.live) if of_all is not None else None
    day = phrases.day(newest.at.astimezone(ZoneInfo(facts.period.zone)))
    rows = f"{of_all.n:,} cases up to {day}" if of_all is not None and of_all.n else ""
    better = more_is_better(key)
    found = [
        Weakness(
            plain(words.of_segment(spec.words, part.column, part.value), 200),
            # Segments keep the interval of the version that was new then.
            part.n, value, *((part.value_low, part.value_high) if new else (None, None)), whole,
        )
        for part in newest.metrics.segments
        if (value := part.candidate if new else part.live) is not None
    ]  # fmt: skip
    found.sort(key=lambda each: (each.value if better else -each.value, -each.n, each.name))
    return tuple(found[:WEAKEST]), plain(words.of_metric(spec.words, key), 400), rows


def _weakest_now(facts: ReportFacts, spec: ReportSpec) -> _Weakest | None:
    """The same from the newest look at the version in use: on all rows since it learnt, where it is surely worse.

    Only by the columns that the manifest names as segments: any other is for those who look into errors. None where
    the look found none.
    """
    look, named = facts.look, facts.manifest.validation.segments
    if look is None or look.slices is None:
        return None
    key = look.slices.metric
    of_all = next((each for each in look.periods.live if each.metric == key), None) if look.periods else None
    whole = of_all.value if of_all else None
    rows = f"all {of_all.n:,} cases since it learnt" if of_all else ""
    found = tuple(
        Weakness(
            plain(words.of_segment(spec.words, where.column, where.value), 200),
            part.n, part.value, part.low, part.high, whole,
        )
        for part in look.slices.found
        for where in part.conditions
        if part.verdict == "worse" and part.value is not None and len(part.conditions) == 1 and where.column in named
    )  # fmt: skip
    return (found[:WEAKEST], plain(words.of_metric(spec.words, key), 400), rows) if found else None


# What happened


def _releases(facts: ReportFacts) -> Iterator[Release]:
    for each in facts.deployments:
        previous = f"{each.project}@{each.previous}" if each.previous else None
        by = facts.approvals[each.seq]
        yield Release(each.label, each.kind, previous, each.at, by, plain(each.reason, 1000))


def _turned_down(found: Decision) -> TurnedDown:
    return TurnedDown(found.label, found.at, found.actor, plain(found.reason, 1000))


def _trouble(alert: Alert, until: datetime, live: Deployment | None) -> ReportedAlert:
    over, why = alert.resolved_at, alert.resolved_why or ""
    if over is None or over >= until:
        over, why = None, ""
    if over is None and live is not None and alert.run is not None and alert.version != live.label:
        # Ledgers of before a swap ended them itself: what is no longer in use is nobody's trouble.
        over, why = max(live.at, alert.since), no_longer_live(alert.version)
    return ReportedAlert(
        severity=alert.severity,
        version=alert.version,
        part=alert.part,
        why=plain(alert.why, 1000),
        act=plain(alert.act, 400),
        since=alert.since,
        taken_on_by=alert.acknowledged_by,
        snoozed=alert.snoozed_until is not None and alert.snoozed_until > until,
        over_at=over,
        over_why=plain(why, 400),
    )


def _work(facts: ReportFacts) -> tuple[Work, ...]:
    well = Counter(run.job for run in facts.runs if run.state in _WELL)
    badly = Counter(run.job for run in facts.runs if run.state not in _WELL)
    return tuple(Work(job, well[job], badly[job]) for job in sorted({*well, *badly}))


def _failures(facts: ReportFacts) -> tuple[Failure, ...]:
    bad = [run for run in facts.runs if run.state in ("failed", "interrupted")][:FAILURES]
    return tuple(Failure(run.id, run.job, run.ended_at or run.queued_at, plain(run.why or "", 400)) for run in bad)
