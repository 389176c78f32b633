"""versions, show, diff, at: what was made, what is in it, what was live."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import click

from console.cli import bundle_documents, documents, shadow_documents
from console.cli.card import print_actions, print_card, print_changes, print_contents
from console.cli.paging import newest_of, rest_of
from console.cli.printing import Cell, document, say, table
from console.cli.session import Session, Verb, limit_option, matching_option
from console.text import cells
from console.text.lines import Span, Tone
from engine import clock
from engine.records import Deployment, Version

BUNDLE = ".zip"
HEADINGS = ("version", "state", "made", "key metric", "against live", "was live", "rehearsed", "judgement")
TONES: dict[str, Tone] = {"live": "ok", "candidate": "watch", "barred": "failing", "failed": "dim", "retired": "dim"}


@click.command(cls=Verb)
@click.argument("project")
@limit_option
@matching_option
@click.pass_obj
def versions(session: Session, project: str, limit: int | None, matching: str) -> None:
    """The versions of PROJECT, the newest first."""
    with session.engine() as engine:
        total = engine.count_versions(project)
        if not total:
            engine.candidates(project)  # Refuses a project that there is not.
        shown = newest_of(
            session,
            lambda offset, count: engine.versions(project, offset=offset, limit=count, matching=matching),
            lambda version: version.number,
            limit,
            documents.version,
        )
        if shown is None:
            return
        now = session.now()
        if not shown:
            say(f"No version of {project} holds {matching}." if matching else f"{project} has no version yet.")
            return
        table([_row(version, now) for version in shown], HEADINGS, give_way=["was live", "made", "rehearsed"])
        rest_of(len(shown), None if matching else total)


def _row(version: Version, now: datetime) -> tuple[Cell, ...]:
    return (
        version.label,
        Span(cells.version_state(version.state), TONES.get(version.state, "")),
        cells.ago(version.made_at, now),
        cells.metric(version.metric, interval=False),
        cells.comparison(version),
        _lived(version, now),
        Span(cells.rehearsed(version, now), "failing" if _unrebuilt(version) else ""),
        _said_of(version),
    )


def _unrebuilt(version: Version) -> bool:
    return version.rehearsed is not None and version.rehearsed.outcome == "failed"


def _said_of(version: Version) -> Cell:
    if version.damage:
        return Span(cells.damage(version.damage), "failing")
    if version.held:
        return f"on hold by {version.held}"
    return version.reason if version.reason and version.state in ("barred", "rejected", "expired") else version.sentence


def _lived(version: Version, now: datetime) -> str:
    """For how long it was live the last time, or has been until now."""
    if version.live_from is None:
        return cells.NOTHING
    return cells.age(version.live_from, version.live_until or now)


@click.command(cls=Verb)
@click.argument("version")
@click.pass_obj
def show(session: Session, version: str) -> None:
    """One version: how it was judged, on what evidence, and all that it holds. For example: show flights@12"""
    from engine.release.rehearsals import sentence
    from engine.scoring.here import said_here
    from engine.versions.document import written

    now = session.now()
    with session.engine() as engine:
        content = engine.show(version)
        if session.json:
            said = documents.said_of(engine.remarks(version))
            came = {"origin": bundle_documents.origin(engine.origin(version))}
            made = {**written(content), "scored_by": said_here(content.scorer)}
            beside = {"shadow": shadow_documents.shadow(engine.shadow_of(version, now))}
            document({**documents.version(engine.version(version)), **made, **said, **came, **beside})
            return
        card, rehearsed = engine.card(version, now), engine.version(version).rehearsed
    print_card(card, now)
    print_contents(content, card.version.digest, sentence(rehearsed, now))
    print_actions(session, card)


def as_bundle(said: str) -> Path | str:
    """``said`` as the file of a bundle, where it is called like one; else the label of a version."""
    return Path(said) if Path(said).suffix == BUNDLE else said


@click.command(cls=Verb)
@click.argument("old")
@click.argument("new")
@click.pass_obj
def diff(session: Session, old: str, new: str) -> None:
    """What differs from version OLD to version NEW. For example: diff flights@11 flights@12

    Each may be a bundle, a file whose name ends with .zip: before it is taken in, or beside the one before it.
    """
    with session.engine() as engine:
        if BUNDLE in (Path(old).suffix, Path(new).suffix):
            changes = engine.compare(as_bundle(old), as_bundle(new))
        else:
            changes = engine.diff(old, new)
    if session.json:
        document({"from": old, "to": new, "changes": [documents.change(change) for change in changes]})
        return
    say(Span(f"From {old} to {new}", "strong"))
    print_changes(changes)


@click.command(cls=Verb)
@click.argument("time")
@click.argument("project", required=False)
@click.pass_obj
def at(session: Session, time: str, project: str | None) -> None:
    """What was live at TIME, since when, and who decided it. For example: at 2026-11-03T12:00Z flights"""
    moment = clock.moment(time)
    with session.engine() as engine:
        found = engine.at(moment, project)
    if session.json:
        document([documents.deployment(each) for each in found])
        return
    when = f"At {cells.day(moment)} {moment:%H:%M:%S} UTC"
    if moment > session.now():
        when += ", which is still to come, as things stand now"
    if not found:
        say(f"{when} nothing{' of ' + project if project else ''} was live.")
        return
    say(f"{when}:")
    table([_deployed(each) for each in found], ("project", "version", "since (UTC)", "by", "how", "reason"), indent=2)


def _deployed(found: Deployment) -> tuple[Cell, ...]:
    since = f"{cells.day(found.at)} {found.at:%H:%M:%S}"
    return (found.project, found.label, since, found.actor, found.kind, found.reason)
