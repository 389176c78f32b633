"""When a run that went wrong is tried again. The rule is pure; what the manifest asked for is in the ledger.

- Only what may go better by itself: a step that failed, a process that was killed, a machine that refused. Never what
  a person must mend, such as a manifest with a mistake or a folder with uncommitted changes, and never a bug of ours.
- As often as the manifest asks, each time after twice the time, at most a day.
- A newer run of the same project and job takes the place of the retry.
- Only jobs that say so (``vocabulary.jobs``).
"""

from __future__ import annotations

import json
import sqlite3
from dataclasses import dataclass
from datetime import datetime, timedelta

from engine.errors import StepFailed
from engine.projects import registry
from engine.vocabulary import jobs

LONGEST = timedelta(days=1)


@dataclass(frozen=True)
class Policy:
    """What the manifest asks for."""

    retries: int
    after: timedelta


@dataclass(frozen=True)
class Retry:
    """When a run is tried again; ``number`` counts from 1."""

    at: datetime
    number: int
    of: int

    def sentence(self) -> str:
        return f"It is tried again at {self.at:%H:%M} UTC ({self.number} of {self.of})."


def helps(problem: BaseException) -> bool:
    """Whether trying again may help against what a run failed of."""
    return isinstance(problem, StepFailed | OSError)


def next_retry(policy: Policy, tried: int, ended: datetime) -> Retry | None:
    """The next try of a run that ended badly and was itself the ``tried``-th retry (0: the first run)."""
    if tried >= policy.retries:
        return None
    return Retry(ended + min(policy.after * 2**tried, LONGEST), tried + 1, policy.retries)


def retry_of(db: sqlite3.Connection, run: int, ended: datetime) -> Retry | None:
    """The next try of ``run``, by its own manifest, or by the project's where it did not come to reading it."""
    row = db.execute(
        "SELECT r.project, r.job, r.options, f.retries, f.retry_after FROM runs r"
        " LEFT JOIN run_facts f ON f.run = r.id WHERE r.id = ?",
        (run,),
    ).fetchone()
    if row is None or not jobs.of(row["job"]).retried or registry.there(db, row["project"]) is None:
        return None
    if row["retries"] is not None:
        policy = Policy(row["retries"], timedelta(seconds=row["retry_after"]))
    else:
        train = registry.manifest(db, row["project"]).train
        policy = Policy(train.retries, train.retry_after)
    return next_retry(policy, int(json.loads(row["options"]).get("retry", 0)), ended)
