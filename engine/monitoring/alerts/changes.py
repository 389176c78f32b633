"""What becomes of alerts when somebody has looked again. Pure: what is open and what was found in, changes out.

- What is found and not open is raised, once; it stays the same alert for as long as each look finds it.
- What is open and not found any more resolves by itself, but only if its part was measured: who cannot tell, cannot
  say that it is over.
- An alert about a version resolves with the swap that takes it out of use. One that no look raised is about the
  project (a mail that cannot be sent), and no look and no swap ends it.
- One that gets worse (watch to failing) is news again: an acknowledgement or a snooze of the lesser one does not cover
  it.
- One that tells what is over already (a live link that was put back, a glass that was broken) ends when somebody
  acknowledges it; of a broken glass, somebody else, and nobody puts it to sleep.
- Failing, and for an hour neither acknowledged nor snoozed: it is escalated, once.
- That a canary was ended is an event: told when it happens, open until somebody has taken notice. What is live is as it
  was, so no light changes by it, and nobody is called a second time.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from engine.monitoring.records import Alert, HealthFinding

# A live link that was put back: what is over when it is told ends when somebody has taken notice.
LIVE_LINK = "live link"
# An admin released past the policy; over when somebody else has taken notice. Its key says who that was.
BREAK_GLASS = "break-glass"
# A canary was ended because it surely did worse; over when somebody has taken notice. It says nothing of what is live.
CANARY = "canary"
OVER_WHEN_ACKNOWLEDGED = (LIVE_LINK, BREAK_GLASS, CANARY)
# A run that takes longer than such runs do; over when it has ended.
RUN_TIME = "run time"
# Who answers requests, and with what; over when each worker answers with what is live.
SERVING = "serving"
ESCALATE_AFTER = timedelta(hours=1)


@dataclass(frozen=True)
class AlertChanges:
    """``seen``: open alerts with what was found about them now; ``over``: open alerts with why they are."""

    raised: tuple[HealthFinding, ...]
    seen: tuple[tuple[Alert, HealthFinding], ...]
    over: tuple[tuple[Alert, str], ...]


def settle(
    open_now: Sequence[Alert], found: Sequence[HealthFinding], measured: Collection[str], version: str
) -> AlertChanges:
    """What a look at ``version`` changes; ``measured`` names the parts that it could tell about."""
    findings = {each.key: each for each in found}
    known = {each.key for each in open_now if not left_behind(each, version)}
    seen, over = [], []
    for alert in open_now:
        finding = findings.get(alert.key)
        if left_behind(alert, version):
            over.append((alert, no_longer_live(alert.version)))
        elif finding is not None:
            seen.append((alert, finding))
        elif alert.part in measured:
            over.append((alert, "it is found no more"))
    raised = tuple(each for key, each in findings.items() if key not in known)
    return AlertChanges(raised, tuple(seen), tuple(over))


def left_behind(alert: Alert, live: str | None) -> bool:
    """Whether a look raised it at a version that is not ``live`` any more."""
    return alert.run is not None and alert.version != live


def no_longer_live(version: str) -> str:
    """Why an alert about ``version`` is over."""
    return f"{version} is no longer live"


def only_by_another(alert: Alert, name: str) -> bool:
    """Whether ``name`` broke the glass that the alert tells of, and so does not take notice of it."""
    return alert.part == BREAK_GLASS and alert.key.split(":")[1] == name


def worsened(alert: Alert, finding: HealthFinding) -> bool:
    """Whether what is found now is news to those who knew the alert."""
    return alert.severity == "watch" and finding.severity == "failing"


def is_of_live(part: str) -> bool:
    """Whether an alert of that part says how what is live is; that a canary was ended only tells what happened."""
    return part != CANARY


def to_escalate(alert: Alert, now: datetime) -> bool:
    """Whether nobody has taken notice of an alert for too long."""
    unnoticed = alert.acknowledged_at is None and alert.escalated_at is None and not alert.quiet(now)
    failing = alert.severity == "failing" and is_of_live(alert.part)
    return failing and unnoticed and now - alert.raised_at >= ESCALATE_AFTER
