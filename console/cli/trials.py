"""shadow, canary, trial, end-trial: a candidate that runs beside what is live."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING

import click

from console.cli import documents, shadow_documents
from console.cli.printing import complain, document, lines, room, say
from console.cli.session import Session, Verb, reason_option
from console.text.lines import Span
from console.text.shadow_lines import shadow_lines
from console.text.trial_lines import health_lines, history_lines, share, standing
from engine.release.trial_rules import share_of

if TYPE_CHECKING:
    from engine.api import Engine
    from engine.canary.records import CanaryHealth, Measured, Side
    from engine.release.records import ProofStep
    from engine.scoring.trials import Kind, Trial, TrialRow

SHOWN = 12


@click.command(cls=Verb)
@click.argument("version")
@click.option("--share", "words", metavar="SHARE", default="100%", help="Of the requests: 100% unless said.")
@reason_option
@click.pass_obj
def shadow(session: Session, version: str, words: str, reason: str) -> int:
    """Let VERSION score live requests beside what is live, and answer nobody; or change its share."""
    return _try(session, version, "shadow", share_of(words), reason)


@click.command(cls=Verb)
@click.argument("version")
@click.option("--share", "words", metavar="SHARE", required=True, help="Of the keys, such as 5%.")
@reason_option
@click.pass_obj
def canary(session: Session, version: str, words: str, reason: str) -> int:
    """Let VERSION answer a share of the keys, always the same ones; or raise or cut its share."""
    return _try(session, version, "canary", share_of(words), reason)


def _try(session: Session, version: str, kind: Kind, value: float, reason: str) -> int:
    def show(step: ProofStep) -> None:
        if not session.json:
            say(f"{step.seconds:6.1f} s  {step.what}")

    with session.engine() as engine:
        plan = engine.plan_trial(version, kind, value)
        if plan.refused:
            complain(plan.refused)
            return 1
        if not session.json:
            for sentence in plan.sentences:
                say(sentence)
            say()
        found = engine.put_on_trial(plan, reason, show)
    if session.json:
        document(trial_document(found))
        return 0
    said = f"answers {share(found.share)} of the keys" if kind == "canary" else "runs as a shadow"
    say(f"{found.label} {said}.")
    say(f"How it does: {session.command(f'trial {found.project}')}", indent=2)
    say(f"End it: {session.decision(f'end-trial {found.project}')}", indent=2)
    return 0


@click.command(cls=Verb)
@click.argument("project")
@click.pass_obj
def trial(session: Session, project: str) -> None:
    """What runs beside PROJECT's live version: how both do, and what became of earlier trials."""
    now = session.now()
    with session.engine() as engine:
        found, rows = engine.trial(project), engine.trial_history(project, SHOWN)
        health = _health(engine, session, found)
        beside = engine.shadow_of(found.label, now) if found is not None and found.kind == "shadow" else None
    if session.json:
        document({
            "project": project,
            "trial": trial_document(found) if found is not None else None,
            "canary": health_document(health) if health is not None else None,
            "shadow": shadow_documents.shadow(beside),
            "history": [row_document(each) for each in rows],
        })  # fmt: skip
        return
    width = room()
    if found is None:
        say(f"Nothing runs beside the live version of {project}.")
    else:
        lines(standing(found, now, width))
        if health is not None:
            say()
            lines(health_lines(health, width))
        if beside is not None:
            say()
            lines(shadow_lines(beside, now, width, whole=True))
    if rows:
        say()
        say(Span("Earlier", "strong"))
        lines(history_lines(rows, now, width))


def _health(engine: Engine, session: Session, found: Trial | None) -> CanaryHealth | None:
    if found is None or found.kind != "canary":
        return None
    return engine.canary_health(found.project, session.now())


@click.command("end-trial", cls=Verb)
@click.argument("project")
@reason_option
@click.pass_obj
def end_trial(session: Session, project: str, reason: str) -> None:
    """End what runs beside PROJECT's live version: from the next request on that answers everybody."""
    with session.engine() as engine:
        ended = engine.end_trial(project, reason)
    if session.json:
        document(trial_document(ended))
        return
    say(f"The trial of {ended.label} has ended; what is live answers everybody. It waits for a decision as before.")


def trial_document(found: Trial) -> documents.Document:
    """As scripts rely on it."""
    return {
        "project": found.project, "version": found.label, "digest": found.digest, "kind": found.kind,
        "share": found.share, "since": documents.time(found.since), "share_since": documents.time(found.share_since),
        "by": found.by, "reason": found.reason,
    }  # fmt: skip


def row_document(found: TrialRow) -> documents.Document:
    """As scripts rely on it."""
    return {
        "version": found.label, "kind": found.kind, "act": found.act, "share": found.share,
        "at": documents.time(found.at), "by": found.by, "reason": found.reason, "how": found.how,
    }  # fmt: skip


def health_document(found: CanaryHealth) -> documents.Document:
    """As scripts rely on it."""
    return {
        "since": documents.time(found.since), "until": documents.time(found.until), "ends_by_itself": found.ends,
        "loss": found.loss, "last_error": found.last_error or None, "live": _side(found.live),
        "canary": _side(found.canary), "measured": [_measured(each) for each in found.measured],
    }  # fmt: skip


def _measured(found: Measured) -> documents.Document:
    return asdict(found)


def _side(found: Side) -> documents.Document:
    predicted, losses = found.predictions, found.losses
    return {
        "version": found.label, "requests": found.requests, "errors": found.errors, "answered": found.answered,
        "slow": found.slow, "refused": found.refused, "p50": found.p50, "p95": found.p95, "p99": found.p99,
        "predictions": {
            "rows": predicted.rows, "shares": dict(predicted.shares), "quantiles": predicted.quantiles,
        },
        "labelled": {"keys": losses.keys, "loss": losses.mean if losses.keys else None},
    }  # fmt: skip
