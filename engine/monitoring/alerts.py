"""What becomes of alerts when somebody has looked again. Pure: what is open and what was found in, changes out.

- What is found and not open is raised, once; it stays the same alert for as long as each look finds it.
- What is open and not found any more resolves by itself, but only if its part was measured: who cannot tell, cannot
  say that it is over.
- An alert about a version that is live no longer resolves with the swap.
- One that gets worse (watch to failing) is news again: an acknowledgement or a snooze of the lesser one does not cover
  it.
- Failing, and for an hour neither acknowledged nor snoozed: it is escalated, once.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from engine.monitoring.records import Alert, Finding

ESCALATE_AFTER = timedelta(hours=1)
LONGEST_SNOOZE = timedelta(days=30)


@dataclass(frozen=True)
class Changes:
    """``seen``: open alerts with what was found about them now; ``over``: open alerts with why they are."""

    raised: tuple[Finding, ...]
    seen: tuple[tuple[Alert, Finding], ...]
    over: tuple[tuple[Alert, str], ...]


def settle(open_now: Sequence[Alert], found: Sequence[Finding], measured: Collection[str], version: str) -> Changes:
    """What a look at ``version`` changes; ``measured`` names the parts that it could tell about."""
    findings = {each.key: each for each in found}
    known = {each.key for each in open_now if each.version == version}
    seen, over = [], []
    for alert in open_now:
        finding = findings.get(alert.key)
        if alert.version != version:
            over.append((alert, f"{version} is live now"))
        elif finding is not None:
            seen.append((alert, finding))
        elif alert.part in measured:
            over.append((alert, "it is found no more"))
    raised = tuple(each for key, each in findings.items() if key not in known)
    return Changes(raised, tuple(seen), tuple(over))


def worsened(alert: Alert, finding: Finding) -> bool:
    """Whether what is found now is news to those who knew the alert."""
    return alert.severity == "watch" and finding.severity == "failing"


def to_escalate(alert: Alert, now: datetime) -> bool:
    """Whether nobody has taken notice of an alert for too long."""
    unnoticed = alert.acknowledged_at is None and alert.escalated_at is None and not alert.quiet(now)
    return alert.severity == "failing" and unnoticed and now - alert.raised_at >= ESCALATE_AFTER
