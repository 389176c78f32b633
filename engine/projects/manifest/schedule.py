"""The manifest's ``[schedule]``: when each job is due. What is wrong with a rule or a zone is said for edits too."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from engine.projects.manifest.durations import DURATION_FORM, EVERY, parse_duration
from engine.projects.manifest.fields import Table, nearest, shown
from engine.projects.manifest.records import ScheduleSpec
from engine.vocabulary.jobs import REPORT, RETRAIN, SCHEDULED

CATCH_UP = ("latest", "all", "skip")
_SECOND, _MINUTE, _LONGEST = timedelta(seconds=1), timedelta(minutes=1), timedelta(days=3653)
_FIELDS = 'minute, hour, day of the month, month, day of the week, such as "0 3 * * mon".'
_CRON_FORM = f"its five fields are {_FIELDS}"


def schedule(table: Table) -> tuple[ScheduleSpec, ...]:
    """When each job is due."""
    table.only(*SCHEDULED)
    tables = ((job, table.table(job)) for job in SCHEDULED if job in table)
    return tuple(spec for job, entry in tables if (spec := _schedule_of(job, entry)) is not None)


def zone_in(document: Mapping[str, Any]) -> str:
    """The time zone of a manifest's people: that of the report, or of the retrain; UTC without either."""
    entries = document.get("schedule")
    for job in (REPORT.name, RETRAIN.name):
        entry = entries.get(job) if isinstance(entries, dict) else None
        zone = entry.get("timezone") if isinstance(entry, dict) else None
        if isinstance(zone, str) and timezone_problem(zone) is None:
            return zone
    return "UTC"


def _schedule_of(job: str, table: Table) -> ScheduleSpec | None:
    table.only("cron", "every", "timezone", "catch_up", "give_up_after", "cool_down")
    rule = _rule(table)
    timezone = table.text("timezone", limit=100)
    if timezone is not None and (problem := timezone_problem(timezone)):
        table.mistake("timezone", f"is {shown(timezone)}, {problem}")
    catch_up = table.choice("catch_up", CATCH_UP) or "latest"
    give_up = table.duration("give_up_after", _SECOND, _LONGEST)
    cool_down = table.duration("cool_down", _SECOND, _LONGEST)
    return ScheduleSpec(job, rule, timezone or "UTC", catch_up, give_up, cool_down) if rule is not None else None


def _rule(table: Table) -> str | None:
    """A cron line or ``every 6h``: exactly one of the two keys."""
    if "every" in table and "cron" in table:
        table.mistake("every", "stands beside cron; a job has one of the two.")
        return None
    if "every" in table:
        span = table.duration("every", _MINUTE, _LONGEST)
        return f"{EVERY}{table.values['every']}" if span is not None else None
    cron = table.text("cron", required=True, limit=100)
    if cron is not None and (problem := cron_problem(cron)):
        table.mistake("cron", f"is {shown(cron)}; {problem}")
    return cron


def rule_problem(rule: str) -> str | None:
    """What is wrong with a cron line or ``every 6h``, in words, or None."""
    if not rule.startswith(EVERY):
        return cron_problem(rule)
    span = parse_duration(rule.removeprefix(EVERY))
    if span is None:
        return f"after 'every' it needs {DURATION_FORM}."
    if not _MINUTE <= span <= _LONGEST:
        return f"it must be from one minute to {_LONGEST.days // 365} years."
    return None


def cron_problem(cron: str) -> str | None:
    """What is wrong with a cron line, in words, or None."""
    from datetime import UTC, datetime

    from cronsim import CronSim, CronSimError

    if (count := len(cron.split())) != 5:
        return f"it has {count} {'field' if count == 1 else 'fields'} and needs five fields: {_FIELDS}"
    if not cron.isascii():
        return _CRON_FORM
    try:
        next(CronSim(cron, datetime(2026, 1, 1, tzinfo=UTC)))
    except StopIteration:
        return "it is never due."
    except CronSimError as error:
        if _names_no_day(cron):
            return "it is never due: no month that it names has that day of the month."
        return f"{_plain_reason(str(error))}; {_CRON_FORM}"
    except (AssertionError, ValueError, TypeError):  # cronsim's own slips over combinations such as L and steps
        return _CRON_FORM
    return None


def _names_no_day(cron: str) -> bool:
    """Whether all that is wrong with ``cron`` is that its months are too short, as in 30 February."""
    from datetime import UTC, datetime

    from cronsim import CronSim, CronSimError

    minute, hour, day, month, weekday = cron.split()
    try:
        for line in (f"{minute} {hour} {day} 1 {weekday}", f"0 0 * {month} *"):
            CronSim(line, datetime(2026, 1, 1, tzinfo=UTC))
    except (CronSimError, AssertionError, ValueError, TypeError):
        return False
    return True


def _plain_reason(reason: str) -> str:
    """cronsim's ``Bad day-of-week`` as the start of a clause."""
    return (
        reason.replace("Bad ", "it has a wrong ")
        .replace("day-of-week", "day of the week")
        .replace("day-of-month", "day of the month")
    )


def timezone_problem(name: str) -> str | None:
    """What is wrong with the name of a time zone, as the rest of a sentence, or None."""
    from zoneinfo import ZoneInfo, available_timezones

    try:
        ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        said = nearest(name, sorted(available_timezones())) or '; write it like "Europe/Berlin" or "UTC".'
        return f"which is no known time zone{said}"
    return None
