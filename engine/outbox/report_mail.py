"""The mail that brings a report: what heads it, and what nobody is sent twice. Pure."""

from __future__ import annotations

from zoneinfo import ZoneInfo

from engine.clock import stamp
from engine.outbox.outbox import Draft
from engine.reports.records import Report, ReportPeriod
from engine.reports.verdict import HEADS


def draft(report: Report, number: int) -> Draft:
    """What is to be mailed of the report that is kept as ``number``."""
    return Draft(report.project, _matter(report.period), subject(report), report=number)


def _matter(period: ReportPeriod) -> str:
    """What nobody is sent twice: the report of a period, or on one day that of the days up to now."""
    if period.rolling:
        return f"report of the days to {period.until.astimezone(ZoneInfo(period.zone)):%Y-%m-%d}"
    return f"report {stamp(period.since)}/{stamp(period.until)}"


def subject(report: Report) -> str:
    """What heads the mail: who, how it stands, when."""
    return f"{report.title}: {HEADS[report.verdict].lower()} ({report.period.name})"
