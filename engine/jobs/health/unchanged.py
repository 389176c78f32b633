"""What a look finds where nothing has come since the one before: the same, a little later. Pure.

Of what a look says, its own moment and the age of the data go on by themselves. All else goes by the rows, and by which
days and weeks are over: from one day to the next it is measured again.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

from engine.clock import moment, stamp
from engine.monitoring.look_document import LookDocument, LookFinding
from engine.monitoring.look_parts import QualityCheck
from engine.monitoring.quality.freshness import age_told


def said_again(before: LookDocument, as_of: datetime) -> LookDocument | None:
    """``before`` as a look at the same rows would say it at ``as_of``; None where that has to be measured."""
    then = moment(before.as_of)
    if then > as_of or then.date() != as_of.astimezone(then.tzinfo).date():
        return None
    checks = [_older(check, then, as_of) for check in before.quality]
    if None in checks:
        return None
    at = stamp(as_of)
    return replace(
        before,
        as_of=at,
        quality=tuple(check for check in checks if check is not None),
        findings=tuple(_later(each, before.as_of, at) for each in before.findings),
        memory=tuple(replace(each, over=at) if each.over == before.as_of else each for each in before.memory),
    )


def _older(check: QualityCheck, then: datetime, as_of: datetime) -> QualityCheck | None:
    """The check of freshness with the age of now; None where its verdict may be another one by now."""
    if check.kind != "freshness" or check.age is None or check.bound is None:
        return check
    age = check.age + (as_of - then).total_seconds()
    if check.verdict != "ok" or age > check.bound:
        return None
    newest = stamp(as_of - timedelta(seconds=age))[:19]
    return replace(check, age=age, sentence=age_told(f"{newest}Z", age, check.bound, well=True))


def _later(finding: LookFinding, then: str, now: str) -> LookFinding:
    """What is found at each look anew is found now. An alarm of drift is since the look that raised it."""
    return replace(finding, since=now) if finding.since == then and finding.part != "drift" else finding
