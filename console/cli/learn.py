"""learn, freeze, unfreeze: how a live version goes on learning from feedback."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from console.cli import documents
from console.cli.printing import document, lines, room, say
from console.cli.runs import watched
from console.cli.session import Session, Verb, reason_option
from console.text.learn_lines import learner_lines, lesson_lines
from engine import clock
from engine.clock import stamp
from engine.json_records import write

if TYPE_CHECKING:
    from engine.api import Engine
    from engine.feedback.records import Freeze
    from engine.jobs.learn.lessons import Learner, LearnerReset


@click.command(cls=Verb)
@click.argument("project")
@click.option("--as-of", metavar="TIME", help="Learn what was known then, such as 2026-11-03 or 2026-11-03T06:00Z.")
@click.option("--wait", is_flag=True, help="Stay until it has ended; exit code 1 unless it went well.")
@click.option("--last", is_flag=True, help="Show what was learnt so far, and learn nothing.")
@click.pass_obj
def learn(session: Session, project: str, as_of: str | None, wait: bool, last: bool) -> int:
    """Let PROJECT's live version learn the labels that came since; what comes of it waits as a candidate.

    It goes live by itself only where [learn] of the live version says so, within its guard rails.
    """
    if last and (wait or as_of):
        raise click.UsageError("--last shows what was learnt; leave --wait and --as-of away.")
    moment = clock.moment(as_of) if as_of else None
    with session.engine() as engine:
        if last:
            return _told(session, engine, project)
        run = engine.learn(project, as_of=moment)
        if wait:
            return watched(session, engine, run)
    if session.json:
        document(documents.run(run))
    else:
        say(f"Run {run.id} is queued: {run.project} learns.")
        say(f"What it learnt: {session.command(f'learn {project} --last')}", indent=2)
    return 0


def _told(session: Session, engine: Engine, project: str) -> int:
    found = engine.learner(project)
    if session.json:
        document(learner_document(found))
        return 0
    lines([*learner_lines(found, session.now(), room(), strip=True), *lesson_lines(found, session.now(), room())])
    return 0


def learner_document(found: Learner) -> dict[str, object]:
    """As scripts rely on it."""
    return {
        "project": found.project,
        "live": found.live,
        "rule": found.rule,
        "frozen": freeze_document(found.frozen) if found.frozen is not None else None,
        "batches": found.batches,
        "quarantined": found.quarantined,
        "run": found.run,
        "begins": found.begins,
        "resets": [_reset_document(each) for each in found.resets],
        "lessons": [
            {
                "version": each.version.label,
                "state": each.version.state,
                "parent": each.parent,
                "made_at": stamp(each.version.made_at),
                **{name: value for name, value in write(each.learnt).items() if name != "parent"},
            }
            for each in found.lessons
        ],
    }


def _reset_document(found: LearnerReset) -> dict[str, object]:
    reset = found.reset
    return {
        "at": stamp(reset.at), "by": reset.by, "run": reset.run, "checkpoint": found.checkpoint,
        "since": stamp(reset.since), "before": reset.before, "after": reset.after, "rows": reset.rows,
        "metric": reset.metric, "curve": [write(each) for each in reset.curve], "reason": reset.reason,
    }  # fmt: skip


@click.command(cls=Verb)
@click.argument("project")
@reason_option
@click.pass_obj
def freeze(session: Session, project: str, reason: str) -> None:
    """Freeze PROJECT's learner: nothing is learnt, and nothing that was learnt goes live by itself."""
    with session.engine() as engine:
        found = engine.freeze_learner(project, reason)
    _decided(session, found)


@click.command(cls=Verb)
@click.argument("project")
@reason_option
@click.pass_obj
def unfreeze(session: Session, project: str, reason: str) -> None:
    """Set PROJECT's learner free again."""
    with session.engine() as engine:
        found = engine.unfreeze_learner(project, reason)
    _decided(session, found)


def _decided(session: Session, found: Freeze) -> None:
    if session.json:
        document(freeze_document(found))
    elif found.frozen:
        say(f"The learner of {found.project} is frozen; what is live stays as it is.")
    else:
        say(f"The learner of {found.project} is free again.")


def freeze_document(found: Freeze) -> dict[str, object]:
    """As scripts rely on it."""
    return {
        "project": found.project, "at": stamp(found.at), "by": found.by, "frozen": found.frozen, "reason": found.reason,
    }  # fmt: skip
