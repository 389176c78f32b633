"""The subjects of all mails. Pure; the outbox bounds their length and takes out what is hostile."""

from __future__ import annotations

from engine.reports.records import Report
from engine.reports.verdict import HEADS


def of_event(title: str, what: str) -> str:
    """``title`` of the project, then one of the sentences below."""
    return f"{title}: {what}"


def candidate_waits(label: str) -> str:
    return f"{label} waits for a decision"


def went_live(label: str) -> str:
    return f"{label} went live"


def goes_live(label: str, when: str) -> str:
    return f"{label} is approved and goes live on {when}"


def not_swapped(label: str) -> str:
    return f"{label} does not go live at its time"


def came_back(label: str) -> str:
    return f"{label} is back in use"


def needs_action(label: str, *, escalated: bool) -> str:
    return f"{label} still needs action, and nobody has taken it on" if escalated else f"{label} needs action"


def canary_ended(live: str) -> str:
    return f"the canary beside {live} was ended"


def of_held(messages: int) -> str:
    return f"{messages} messages that waited for the end of your quiet hours"


def of_digest(began: int, open_still: int, ended: int, news: int) -> str:
    counts = ((began, "began"), (open_still, "go on" if open_still != 1 else "goes on"), (ended, "ended"))
    said = [f"{count} {word}" for count, word in counts if count]
    return "Digest: " + ", ".join([*said, *([f"{news} more news"] if news else [])])


def of_handover(by: str, to: str) -> str:
    return f"{by} hands over to {to}"


def report_failed() -> str:
    return "the report could not be made"


def of_report(report: Report) -> str:
    """Who, how it stands, when."""
    return f"{report.title}: {HEADS[report.verdict].lower()} ({report.period.name})"
