"""What each job does. Each ends its run itself, in one transaction with what it made; else the process writes why not.

What a job needs is imported when it is its turn: one that only looks does not wait for what trains.
"""

from __future__ import annotations

from collections.abc import Callable

from engine import clock
from engine.access.caller import Requester
from engine.errors import Damage, Refusal
from engine.runs import history, queue
from engine.runs.leftovers import drop_copies
from engine.runs.own_work import measured
from engine.runs.run_context import RunContext
from engine.storage.ledger import Ledger
from engine.vocabulary import jobs
from engine.vocabulary.steps import PACKAGE


def _retrain(ledger: Ledger, context: RunContext) -> None:
    from engine.jobs.retrain.common_packages import held_to_common_list
    from engine.jobs.retrain.package import keep_packages, package, register
    from engine.jobs.retrain.retrain import retrain

    made = held_to_common_list(ledger, context.run.project, retrain(context), clock.now())
    with measured(PACKAGE, context.record):
        digest = package(context, made)
        keep_packages(ledger, context, made)
    # Before the end is written, so that it finds room on a disk that is nearly full; nobody waits for it either.
    drop_copies(context.folder)
    register(ledger, context, made, digest, Requester(context.run.requested_by), clock.now())


def _learn(ledger: Ledger, context: RunContext) -> None:
    from engine.feedback import book
    from engine.jobs.learn.by_itself import go_live
    from engine.jobs.learn.learn import learn
    from engine.jobs.learn.resets import learnt_well
    from engine.jobs.retrain.common_packages import held_to_common_list
    from engine.jobs.retrain.package import keep_packages, package, register

    taught = learn(ledger, context)
    made = held_to_common_list(ledger, context.run.project, taught.made, clock.now())
    with measured(PACKAGE, context.record):
        digest = package(context, made)
        keep_packages(ledger, context, made)
        book.keep_learnt(ledger, context.store, digest, context.run.project, taught.rows.words, clock.now())
    drop_copies(context.folder)
    label = register(ledger, context, made, digest, Requester(context.run.requested_by), clock.now(), ends=False)
    if not made.drifted:
        learnt_well(ledger, context.run.project, clock.now())
    # The candidate stands before anything moves; who is killed here leaves it waiting for a person.
    try:
        done = go_live(ledger, context, label, made)
    except (Refusal, Damage) as problem:
        done = f"It did not go live by itself: {problem}"
    with ledger.write() as db:
        queue.finish(db, context.run.id, "succeeded", clock.now(), version=label, why=done)


def _health(ledger: Ledger, context: RunContext) -> None:
    from engine.jobs.health.automatic_rollback import roll_back
    from engine.jobs.health.health_record import register, remember
    from engine.jobs.health.look import look
    from engine.jobs.health.requests import seen_with_requests

    seen = seen_with_requests(ledger, context, look(context, remember(ledger, context)))
    drop_copies(context.folder)
    counts = register(ledger, context, seen, clock.now())
    # The alert stands before anything moves; who is killed here leaves it proposing what was not done.
    try:
        done = roll_back(ledger, context, seen) if counts else None
    except (Refusal, Damage) as problem:
        done = f"It was not rolled back: {problem}"
    with ledger.write() as db:
        why = "; ".join(part for part in (seen.answer.why, done) if part)
        queue.finish(db, context.run.id, "succeeded", clock.now(), version=seen.label, why=why)


def _report(ledger: Ledger, context: RunContext) -> None:
    from engine.jobs.report import make

    make(ledger, context)


def _backtest(ledger: Ledger, context: RunContext) -> None:
    from engine.backtest import archive
    from engine.jobs.backtest.replay import replay

    with ledger.read() as db:
        options = history.options(db, context.run.id)
    document = replay(context, options)
    drop_copies(context.folder)
    at = clock.now()
    with ledger.write() as db:
        archive.keep(db, context.run.id, document, at)
        queue.finish(db, context.run.id, "succeeded", at)


def _score(ledger: Ledger, context: RunContext) -> None:
    from engine.jobs.score.score import score

    score(ledger, context)


def _planned_swap(ledger: Ledger, context: RunContext) -> None:
    from engine.jobs.planned_swap import carry_out

    carry_out(ledger, context)


def _rehearsal(ledger: Ledger, context: RunContext) -> None:
    from engine.jobs.rehearsal.rehearse import rehearse

    rehearse(ledger, context)


def _skew(ledger: Ledger, context: RunContext) -> None:
    from engine.jobs.skew import check

    check(ledger, context)


WORK: dict[str, Callable[[Ledger, RunContext], None]] = {
    jobs.RETRAIN.name: _retrain,
    jobs.LEARN.name: _learn,
    jobs.HEALTH.name: _health,
    jobs.REPORT.name: _report,
    jobs.REHEARSAL.name: _rehearsal,
    jobs.SCORE.name: _score,
    jobs.SKEW.name: _skew,
    jobs.BACKTEST.name: _backtest,
    jobs.PLANNED_SWAP.name: _planned_swap,
}
