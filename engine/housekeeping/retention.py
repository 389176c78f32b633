"""What may go and what stays, and why. Pure: facts, rules and the time in, a verdict out. The rules, as sentences:

- The live version, a candidate, what runs beside a live version, a version under legal hold and the newest rollback
  points stay, whatever their age.
- What was live stays for ``rollback_days`` after it was replaced, beyond the rollback points too.
- A version that failed, was rejected, expired or is barred keeps its content for ``failed_days``.
- The document of a version (what it was, its gates and metrics) stays for ever: evidence costs little.
- A finished run needs its logs only: a successful one's data is in the store, another's is kept for ``run_days``.
- Logs stay for ``log_days``, and go earlier, the oldest first, where all together pass ``logs_total``.
- An environment that no version with content needs goes after ``environment_days``; its lock can rebuild it.
- A release folder that nothing leads to goes: it is rebuilt from the store when it is wanted.
- Nothing goes while a run is using it, and nothing that was restored from the bin is judged by an older date than that.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from engine.records import RunState, VersionState

BEGUN = timedelta(hours=1)  # what may still be in the making
UNREFERENCED = timedelta(days=1)


@dataclass(frozen=True)
class Rules:
    """How long what is kept: days and bytes. The defaults hold from the first day."""

    rollback_points: int = 5
    rollback_days: int = 365
    failed_days: int = 30
    run_days: int = 1
    log_days: int = 90
    compress_days: int = 7
    logs_total: int = 1 << 30
    environment_days: int = 14
    bin_days: int = 14


@dataclass(frozen=True)
class Verdict:
    goes: bool
    why: str


@dataclass(frozen=True)
class VersionFacts:
    """``since``: when it last changed its state, or was restored. ``held``: why and by whom it is held; ``tried``: it
    runs beside what is live."""

    label: str
    state: VersionState
    since: datetime
    live_until: datetime | None = None
    held: str | None = None
    tried: bool = False


@dataclass(frozen=True)
class RunFacts:
    """``since``: when it ended, or was restored."""

    id: int
    state: RunState
    since: datetime | None
    log_bytes: int = 0


@dataclass(frozen=True)
class EnvironmentFacts:
    """``needed_by``: versions that still have their content, or are the newest of their project."""

    name: str
    since: datetime
    needed_by: tuple[str, ...]


def judge_versions(versions: Iterable[VersionFacts], rules: Rules, now: datetime) -> dict[str, Verdict]:
    """A verdict on the content of each version of one project."""
    listed = list(versions)
    point = {version.label: number for number, version in enumerate(_ways_back(listed), 1)}
    return {version.label: _version(version, point.get(version.label), rules, now) for version in listed}


def rollback_points(versions: Iterable[VersionFacts], rules: Rules) -> tuple[str, ...]:
    """The versions of one project that stay to be gone back to, whatever their age; what was live last first."""
    return tuple(version.label for version in _ways_back(versions)[: rules.rollback_points])


def _ways_back(versions: Iterable[VersionFacts]) -> list[VersionFacts]:
    retired = (version for version in versions if version.state == "retired")
    return sorted(retired, key=lambda version: version.live_until or version.since, reverse=True)


def _version(version: VersionFacts, point: int | None, rules: Rules, now: datetime) -> Verdict:
    if version.held is not None:
        return Verdict(False, f"legal hold: {version.held}")
    if version.state == "live":
        return Verdict(False, "it is live")
    if version.tried:
        return Verdict(False, "it runs beside what is live")
    if version.state == "candidate":
        return Verdict(False, "it waits for a decision")
    if point is not None:
        if point <= rules.rollback_points:
            return Verdict(False, f"rollback point {point} of {rules.rollback_points}")
        since = max(version.live_until or version.since, version.since)
        return _by_age("it was replaced", since, rules.rollback_days, now)
    said = {"barred": "it was rolled back from", "expired": "it expired", "rejected": "it was rejected"}
    return _by_age(said.get(version.state, "it failed its gates"), version.since, rules.failed_days, now)


def judge_run_data(run: RunFacts, rules: Rules, now: datetime) -> Verdict:
    """Whether the copies that a run worked with may go; its logs are judged by ``judge_logs``."""
    if run.since is None:
        return Verdict(False, f"run {run.id} is {run.state}")
    if run.state in ("succeeded", "nothing-new"):
        return Verdict(True, "all that it made is in the store")
    return _by_age(f"run {run.id} ended ({run.state})", run.since, rules.run_days, now)


def judge_logs(runs: Sequence[RunFacts], rules: Rules, now: datetime) -> dict[int, Verdict]:
    """Whether the logs of each run may go: by age, then the oldest of what passes the bound for all together."""
    verdicts: dict[int, Verdict] = {}
    room = rules.logs_total
    for run in sorted(runs, key=lambda run: (run.since is None, run.since or now, run.id), reverse=True):
        if run.since is None:
            verdicts[run.id] = Verdict(False, f"run {run.id} is {run.state}")
            room -= run.log_bytes
            continue
        verdict = _by_age(f"run {run.id} ended", run.since, rules.log_days, now)
        room -= 0 if verdict.goes else run.log_bytes
        if not verdict.goes and room < 0:
            room += run.log_bytes
            verdict = Verdict(True, f"all logs together pass {rules.logs_total / 2**30:.3g} GiB, and these are old")
        verdicts[run.id] = verdict
    return verdicts


def may_be_compressed(run: RunFacts, rules: Rules, now: datetime) -> bool:
    """Whether nobody follows the logs of this run any more."""
    return run.since is not None and now - run.since >= timedelta(days=rules.compress_days)


def judge_environment(found: EnvironmentFacts, running: int, rules: Rules, now: datetime) -> Verdict:
    """``running``: how many runs are at work, any of which may have it open."""
    if found.needed_by:
        more = len(found.needed_by) - 1
        return Verdict(False, f"{found.needed_by[0]}" + (f" and {more} more need it" if more else " needs it"))
    if running:
        return Verdict(False, "a run is at work, which may be using it")
    return _by_age("no version needs it; it was built", found.since, rules.environment_days, now)


def judge_release(name: str, live: str | None, since: datetime, now: datetime) -> Verdict:
    """``live``: the release that the ledger says is live, or None."""
    if name == live:
        return Verdict(False, "it is live")
    if now - since < BEGUN:
        return Verdict(False, "it may still be in the making")
    return Verdict(True, "nothing leads there; it is rebuilt from the store when it is wanted")


def stored_before(now: datetime, running_since: Iterable[datetime]) -> datetime:
    """An object that no version names may go when it was stored before this: earlier than any run that may want it."""
    return min([now - UNREFERENCED, *(since - BEGUN for since in running_since)])


def _by_age(what: str, since: datetime, days: int, now: datetime) -> Verdict:
    age = now - since
    if age < timedelta(days=days):
        return Verdict(False, f"{what} {_ago(age)}; kept for {days} day{'' if days == 1 else 's'}")
    return Verdict(True, f"{what} on {since:%d %b %Y}, more than {days} day{'' if days == 1 else 's'} ago")


def _ago(age: timedelta) -> str:
    hours = max(0, int(age.total_seconds() // 3600))
    if hours < 1:
        return "less than an hour ago"
    amount, word = (hours // 24, "day") if hours >= 48 else (hours, "hour")
    return f"{amount} {word}{'' if amount == 1 else 's'} ago"
