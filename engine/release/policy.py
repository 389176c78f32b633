"""What may go live, what may come back, and why not. Pure: records and the time in, a sentence or None out.

- Only a candidate may be released, and only while the live version is the one it was judged against.
- A candidate expires when it is too old.
- A swap that is planned for later happens within an hour of its time, or not at all.
- Who may approve it is another rule: ``access.approval``.
- Only a version that was live may be rolled back to, and never a barred one: somebody lifts the bar first.
- A rollback is meant from one version: where another is live by now, nothing moves.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Literal

from engine.access.approval import Approval, why_not_approve
from engine.records import Actor, Deployment, RunState, Version
from engine.text import span

# So soon after a rollback another is asked for by one who may not know of the first.
LATELY = timedelta(minutes=15)
# So far ahead a swap is planned; what was proven longer ago says little of then.
FURTHEST = timedelta(days=7)
# A swap that is later than that is not what was agreed to: it is cancelled.
LATE = timedelta(hours=1)
Next = Literal["wait", "run", "late", "failed"]


def why_not_release(
    version: Version,
    live: str | None,
    expires_at: datetime | None,
    approval: Approval,
    by: Actor,
    now: datetime,
    *,
    from_elsewhere: bool = False,
) -> str | None:
    """Why ``version`` may not be made live by ``by`` now, or None when it may. One that came ``from_elsewhere`` is had
    anew by its bundle: where it was made it can be retrained, here perhaps not."""
    anew = "import its bundle again" if from_elsewhere else "retrain"
    if version.state != "candidate":
        return _not_a_candidate(version, live, anew)
    if version.against != live:
        return (
            f"{version.label} was judged against {version.against or 'nothing'}, but {live or 'nothing'} is live now; "
            f"{anew} to have it judged again."
        )
    if expires_at is not None and now >= expires_at:
        return f"{version.label} expired on {expires_at:%d %b %Y}; {anew} to make a fresh candidate."
    return why_not_approve(version.label, approval, by)


def why_not_later(
    label: str, due: datetime, expires_at: datetime | None, approval: Approval, now: datetime
) -> str | None:
    """Why it may not be approved now that ``label`` goes live when it is ``due``, or None when it may.

    ``approval``: what is in force then.
    """
    if due <= now:
        return f"{due:%d %b %H:%M} UTC is over; approve {label} without a time, or say one that is to come."
    if due - now > FURTHEST:
        return f"{due:%d %b %H:%M} UTC is further than {span(FURTHEST.total_seconds())} ahead; say an earlier time."
    if expires_at is not None and due >= expires_at:
        return f"{label} expires at {expires_at:%d %b %H:%M} UTC, before it would go live; say an earlier time."
    if approval.frozen_for_ever:
        return f"There is a freeze at {due:%d %b %H:%M} UTC, and at every other moment; an admin changes that."
    if approval.frozen_until is not None:
        return (
            f"There is a freeze at {due:%d %b %H:%M} UTC, until {approval.frozen_until:%a %d %b %H:%M} UTC; say "
            "another time."
        )
    if approval.missing_after_one:
        return (
            f"{label} waits for another person's approval after yours; whoever gives the last one says when it swaps."
        )
    return None


def next_of(due: datetime, now: datetime, certain: datetime, run: RunState | None) -> Next:
    """What is to be done about a planned swap; ``run``: how the run that proves it stands, None while there is none.

    It runs only while the machine's clock and what is ``certain`` of it agree that it is time, and is late only where
    that is certain, so that a clock that leaps does neither. A run that was killed is run again, while it is not late;
    one that waits for its turn for so long has nothing to wait for.
    """
    if run == "running":
        return "wait"
    if certain - due > LATE:
        return "late"
    if run == "queued":
        return "wait"
    if run not in (None, "interrupted"):
        return "failed"
    return "run" if certain >= due and now - due <= LATE else "wait"


def _not_a_candidate(version: Version, live: str | None, anew: str) -> str:
    if version.state == "live":
        since = f" since {version.live_from:%d %b %H:%M} UTC" if version.live_from else ""
        return f"{version.label} is live already{since}."
    said = f" ({version.reason})" if version.reason else ""
    return {
        "failed": f"{version.label} did not pass its gates: {version.sentence}",
        "rejected": f"{version.label} was {version.reason or 'rejected'}; retrain to make a new candidate.",
        "expired": f"{version.label} expired{said}; {anew} to make a fresh candidate.",
        "barred": f"{version.label} is barred{said}; somebody must lift the bar first, with a reason.",
        "retired": f"{version.label} was live before; go back to it with a rollback.",
    }[version.state]


def why_not_rollback(target: Version, live: str | None, *, lifts: bool = False) -> str | None:
    """Why the project may not go back to ``target``, or None when it may; ``lifts``: its bar is lifted on the way."""
    if live is None:
        return "Nothing is live, so there is nothing to roll back from."
    if target.label == live:
        return f"{target.label} is live already."
    if target.cleaned_at is not None:
        return (
            f"The content of {target.label} was cleaned up on {target.cleaned_at:%d %b %Y}; restore it from the bin "
            "('leverframe bin list') if it is still there, or choose another version."
        )
    if target.state == "barred":
        if lifts:
            return None
        return f"{target.label} is barred ({target.reason}); lift the bar first, with a reason."
    if target.state != "retired":
        return f"{target.label} was never live; only a version that was live can be gone back to."
    return None


def why_not_from(source: str | None, live: str | None, last: Deployment | None, now: datetime) -> str | None:
    """Why a rollback that is asked for from ``source`` is not what its caller means, or None.

    Without ``source`` the caller has not said from which version it is meant. Of two people who roll back within
    minutes of each other, the second means the version that the first has left already.
    """
    if source is not None and source != live:
        return f"{live or 'nothing'} is live, not {source}; nothing was changed. Look again before you roll back."
    done = rolled_back_lately(last, now)
    if source is None and last is not None and done is not None:
        return (
            f"{done}, and nothing was changed now. If you mean to leave {last.label} too, say so with --from "
            f"{last.label}."
        )
    return None


def rolled_back_lately(last: Deployment | None, now: datetime) -> str | None:
    """Who has only just rolled the project back, to what and why, without an end; None where nobody has."""
    if last is None or last.kind != "rollback" or now - last.at >= LATELY:
        return None
    ago = span(max(0.0, (now - last.at).total_seconds()))
    return f'{last.actor} rolled {last.project} back to {last.label} {ago} ago ("{last.reason}")'


def why_not_reject(version: Version) -> str | None:
    """Why ``version`` cannot be rejected, or None when it can."""
    if version.state == "candidate":
        return None
    return f"{version.label} is {version.state}; only a candidate can be rejected."
