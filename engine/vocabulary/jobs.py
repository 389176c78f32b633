"""The jobs that a run can be of, one row each. What a job does is a module in ``engine/jobs``, attached in ``work.py``.

Whoever treats one job otherwise than another asks its row what it stands for, not its name. The order is that in which
jobs are listed everywhere.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class DefaultSchedule:
    """When a job is due without an entry in [schedule]: as ``cron`` says, where ``section`` of the manifest has
    ``key``."""

    section: str
    key: str
    cron: str


@dataclass(frozen=True)
class Job:
    """What is known of a job before one runs.

    Its words: ``name`` in the manifest, the ledger and on screens; ``does`` in the docs; ``one`` and ``several`` of its
    runs, as a reader of reports calls them, and ``short`` as an operator does; ``done``: what its project then is
    (*is not retrained: ...*); ``act``: what an operator does who starts one (*may not make reports*).
    """

    name: str
    does: str
    one: str
    several: str
    short: str
    done: str
    act: str
    scheduled: bool = True
    """It may stand in [schedule]."""
    default_schedule: DefaultSchedule | None = None
    needs_live: bool = False
    """It works on the live version: while there is none, none is due."""
    audited: bool = False
    """Queueing one leaves a mark in the trail. What only looks comes by the hundred, and changes nothing."""
    retried: bool = False
    """One that failed is tried again as the manifest asks. What looks at a project looks again anyhow."""
    listed: bool = True
    """One that went well stands in the list of runs. Else it comes every quarter of an hour, and what it found is told
    elsewhere."""
    calls: bool = True
    """One that was missed is to be seen. Else the next one makes up for it."""
    leaves_data: bool = True
    """One that went wrong leaves what it worked with in its folder, to be looked into."""
    troubles: bool = True
    """One that went wrong, or takes too long, is the project's trouble. Else it answers a question of somebody's, for
    which it takes as long as that needs, and the project is as well without the answer."""
    alone: bool = False
    """Of one project one is under way at a time: a second would do the same work beside it and say the same."""
    memory: int | None = None
    """Bytes that one is planned with at most; None: what the manifest allows the project's steps."""


RETRAIN = Job(
    name="retrain",
    does="makes a version from the newest data and judges it",
    one="retrain",
    several="retrains",
    short="retrain",
    done="retrained",
    act="retrain",
    audited=True,
    retried=True,
)
LEARN = Job(
    name="learn",
    does="lets the live version's model learn the labels that came since and judges it beside the version as it was; "
    "due as often as `[learn] every` says",
    one="learning run",
    several="learning runs",
    short="learner",
    done="taught",
    act="let learners learn",
    needs_live=True,
    audited=True,
    alone=True,
)
HEALTH = Job(
    name="health",
    does="looks at the live version: is its data well, and does it still predict well",
    one="look at health",
    several="looks at health",
    short="look",
    done="looked at",
    act="look at a version's health",
    needs_live=True,
    listed=False,
    calls=False,
    leaves_data=False,
)
REPORT = Job(
    name="report",
    does="tells the people in `[report] to` about the week or the month that has ended; due on Monday at 7 unless said",
    one="report",
    several="reports",
    short="report",
    done="reported on",
    act="make reports",
    default_schedule=DefaultSchedule("report", "to", "0 7 * * mon"),
    memory=256 * 2**20,
)
BACKTEST = Job(
    name="backtest",
    does="replays policies of retraining on the project's past and says what each would have been worth",
    one="backtest",
    several="backtests",
    short="backtest",
    done="backtested",
    act="backtest retraining",
    scheduled=False,
    audited=True,
    leaves_data=False,
    troubles=False,
)
SCORE = Job(
    name="score",
    does="scores the files or the table that `[score]` names with the live version; each row that it writes names both",
    one="scoring",
    several="scorings",
    short="scoring",
    done="scored",
    act="score files",
    needs_live=True,
    audited=True,
    leaves_data=False,
    troubles=False,
    memory=1 << 30,
)
PLANNED_SWAP = Job(
    name="planned-swap",
    does="proves an approved version once more at the time that was said, and makes it live",
    one="planned swap",
    several="planned swaps",
    short="swap",
    done="swapped",
    act="plan swaps",
    scheduled=False,
    leaves_data=False,
    troubles=False,
)
# Done by the process of whoever asked for it, as an approval is, so that there is no work of a run's to attach; what
# came of it is kept as a run that has ended.
IMPORT = Job(
    name="import",
    does="takes in a version that another workspace made, once it is proven here",
    one="import",
    several="imports",
    short="import",
    done="taken in",
    act="import versions",
    scheduled=False,
    leaves_data=False,
    troubles=False,
)

REHEARSAL = Job(
    name="rehearsal",
    does="rebuilds the live version and the rollback points offline, from what is kept, and reproduces their golden "
    "rows; due on Sunday at 2 unless said",
    one="rehearsal",
    several="rehearsals",
    short="rehearsal",
    done="rehearsed",
    act="rehearse rollbacks",
    default_schedule=DefaultSchedule("project", "name", "0 2 * * sun"),
    needs_live=True,
    leaves_data=False,
    troubles=False,  # An alert says what is wrong with which version.
    alone=True,
)

SKEW = Job(
    name="skew",
    does="asks the live version's own environment for what the request log says was answered, once more, where "
    "`[serve] realtime` is true; due at 3:30 each night unless said",
    one="check of skew",
    several="checks of skew",
    short="skew check",
    done="checked for skew",
    act="check for skew",
    default_schedule=DefaultSchedule("serve", "realtime", "30 3 * * *"),
    needs_live=True,
    leaves_data=False,
    troubles=False,  # An alert says what differs.
    alone=True,
)

JOBS = (RETRAIN, LEARN, HEALTH, REPORT, REHEARSAL, SCORE, SKEW, BACKTEST, PLANNED_SWAP)
SCHEDULED = tuple(job.name for job in JOBS if job.scheduled)
UNLISTED = tuple(job for job in JOBS if not job.listed)
_BY_NAME = {job.name: job for job in (*JOBS, IMPORT)}


def of(name: str) -> Job:
    """The job called ``name``. A ledger may hold runs of jobs that another release knew: to all that asks they are
    ordinary ones."""
    return _BY_NAME.get(name) or Job(
        name, "", f"run of {name}", f"runs of {name}", name, "run", f"start a run of {name}", scheduled=False
    )


def telling_order(name: str) -> tuple[bool, int]:
    """A key to sort jobs by where some of them call somebody: those before the others, each in the order above."""
    job = of(name)
    return not job.calls, JOBS.index(job) if job in JOBS else len(JOBS)


def counted(runs: int, job: Job) -> str:
    """``1 look at health``, ``12 looks at health``."""
    return f"{runs:,} {job.one if runs == 1 else job.several}"
