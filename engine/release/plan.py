"""What a release or a rollback would do, worked out without doing anything."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING, Protocol

from engine.access.approval import what_it_takes
from engine.errors import Conflict, Damage, NotFound, Refusal
from engine.projects import in_force, registry
from engine.records import Actor, Deployment, Gate, Version
from engine.release import history, planned_swaps, rehearsals, remarks
from engine.release.approvals import approval_of, expiry
from engine.release.policy import rolled_back_lately, why_not_from, why_not_later, why_not_release, why_not_rollback
from engine.release.records import MovePlan
from engine.release.wholeness import damaged_candidate, known_damage
from engine.storage.objects import ObjectStore
from engine.versions import absent_data, catalog, origins
from engine.versions import document as documents
from engine.versions.absent_data import is_absent
from engine.versions.code import revision_of
from engine.versions.judged_here import gates_of

if TYPE_CHECKING:
    from engine.access.approval import Approval
    from engine.versions.records import VersionDocument

TRIED_FIRST = "It is rebuilt and tried first; unless it predicts what it did when it was made, nothing changes."
PROVEN_AGAIN = "At its time it is tried once more; it is cancelled if anything it was approved on has changed by then."


def refusal_to_release(
    db: sqlite3.Connection, label: str, by: Actor, now: datetime, due: datetime | None = None
) -> str | None:
    """Why ``label`` may not be released now, or approved to go live when it is ``due``, from one view of the ledger."""
    row = catalog.find(db, label)
    live = history.live_deployment(db, row["project"])
    return refusal(db, row, live, approval_of(db, row, live["seq"] if live else 0, by, due or now), by, now, due)


def refusal(
    db: sqlite3.Connection, row: sqlite3.Row, live: sqlite3.Row | None, approval: Approval, by: Actor, now: datetime,
    due: datetime | None = None,
) -> str | None:  # fmt: skip
    """The same of the version in ``row``, where what its approval takes is known: that of ``due``, where that is."""
    version = catalog.record(row)
    if version.state == "candidate" and registry.there(db, version.project) is None:
        return f"{version.project} was removed; 'leverframe add' adds it again, then {version.label} can be approved."
    if version.state == "candidate" and (planned := planned_swaps.of_project(db, version.project)) is not None:
        return (
            f"{planned.label} is {planned.sentence}; 'leverframe cancel-swap {planned.label}' takes that back, and "
            f"then {version.label} can be approved."
        )
    expires_at, later = expiry(row, approval.policy), None
    if due is not None:
        later = why_not_later(version.label, due, expires_at, approval, now)
        approval = replace(approval, frozen_until=None)  # said already
    elsewhere = origins.of_version(db, version.label) is not None
    return why_not_release(version, _label(live), expires_at, approval, by, now, from_elsewhere=elsewhere) or later


def plan_release(
    db: sqlite3.Connection, store: ObjectStore, label: str, by: Actor, now: datetime, due: datetime | None = None
) -> MovePlan:
    """What approving ``label`` would do, at once or when it is ``due``."""
    row = catalog.find(db, label)
    version, live = catalog.record(row), history.live_deployment(db, row["project"])
    approval = approval_of(db, row, live["seq"] if live else 0, by, due or now)
    source = _label(live)
    at = f" at {due:%d %b %H:%M} UTC" if due else ""
    sentences = [
        f"Make {label} live{at}" + (f" instead of {source}." if source else "; nothing is live yet."),
        version.sentence,
        TRIED_FIRST,
    ]
    document = documents.of_version(store, label, version.digest)
    if due:
        sentences.append(PROVEN_AGAIN)
    sentences += _comes_into_force(db, version.project, document)
    waivers = waived(gates_of(db, label, document))
    sentences += [f"Waived by leverframe.toml: {each}." for each in waivers]
    sentences += what_it_takes(approval)
    more = approval.missing_after_one
    if more:
        sentences.append(f"{more} more approval{'s' if more > 1 else ''} will be needed after yours.")
    if source:
        sentences.append(f"{source} stays in the store and can be rolled back to at any time.")
    return MovePlan(
        project=version.project,
        kind="release",
        source=source,
        target=label,
        live_seq=live["seq"] if live else 0,
        sentences=tuple(sentences),
        restores=contents(document, data=not is_absent(store, document)),
        does_not_restore=_not_here(store, document),
        refused=refusal(db, row, live, approval, by, now, due),
        waivers=waivers,
        damaged=damaged_candidate(store, version),
        policy=in_force.approval(db, version.project),
        remarks=remarks.of_version(db, row),
        due=due,
    )


class Swaps(Protocol):
    """The engine that would make a planned swap; ``here``: it is the console in which that is planned."""

    @property
    def running(self) -> bool: ...
    @property
    def here(self) -> bool: ...


def who_swaps(engine: Swaps) -> tuple[str, ...]:
    """What a planned swap needs beside its time."""
    if not engine.running:
        return ("No engine runs now, and without one it does not go live: start 'leverframe engine' by then.",)
    if engine.here:
        return ("This console is the engine now: leave it open until then, or start 'leverframe engine'.",)
    return ()


def plan_rollback(
    db: sqlite3.Connection,
    store: ObjectStore,
    project: str,
    to: str | None,
    by: Actor,
    now: datetime,
    *,
    lift: bool = False,
    meant: str | None = None,
    seen: bool = True,
) -> MovePlan:
    """What rolling ``project`` back would do; without ``to`` it goes to the version that was live last.

    With ``lift`` a bar on the target is lifted on the way: how a rollback itself is taken back. ``meant`` is the
    version that it is meant to leave; who has not ``seen`` what is live, nor names that version or a target, is asked
    to where somebody else has only just rolled back. Raises Conflict where another version is meant than is live,
    and Damage where the target's document cannot be read.

    What is known to be damaged is said and not passed over: which version comes instead is a person's to choose.
    """
    live = history.live_deployment(db, project)
    source = _label(live)
    blind = not seen and meant is None and to is None
    last = history.record(live) if live is not None else None
    if (meant is not None or blind) and (other := why_not_from(meant, source, last, now)):
        raise Conflict(other)
    target = _where_to(db, project, to)
    lifts = lift and target.state == "barred"
    from engine.versions.environment import left_out  # It knows every kind of environment; a first screen needs none.

    refused = why_not_rollback(target, source, lifts=lifts)
    away = catalog.record(catalog.find(db, source)) if source else None
    damaged, whole = known_damage(db, store, target)
    try:
        document = documents.of_version(store, target.label, target.digest)
    except Damage as damage:  # What it would bring cannot be told, and it cannot be rebuilt.
        raise Damage(f"{str(damage).rstrip('.')}, such as {whole}." if whole else str(damage)) from None
    sentences = rollback_sentences(away, target, now, lifts=lifts)
    rehearsal = rehearsals.last(db, [target.label]).get(target.label)
    return MovePlan(
        project=project,
        kind="rollback",
        source=source,
        target=target.label,
        live_seq=live["seq"] if live else 0,
        sentences=(*sentences, *_comes_into_force(db, project, document)),
        restores=contents(document, data=not is_absent(store, document)),
        does_not_restore=(
            *_left_behind(away, now), *_not_here(store, document), *left_out(document.environment)
        ),
        refused=refused,
        lifts=lifts,
        damaged=damaged,
        whole=whole,
        lately=None if lifts else _lately(last, now),
        rehearsal=rehearsal,
        rehearsed=rehearsals.sentence(rehearsal, now),
    )


def _lately(last: Deployment | None, now: datetime) -> str | None:
    done = rolled_back_lately(last, now)
    return f"{done}." if done else None


def _where_to(db: sqlite3.Connection, project: str, to: str | None) -> Version:
    """The version called ``to``; without a name the one that was live last."""
    if to is None:
        before = catalog.were_live(db, project)
        if not before:
            none = f"{project} has no earlier live version to go back to"
            barred = catalog.barred(db, project)
            if barred is None:
                raise NotFound(f"{none}.")
            raise NotFound(
                f"{none} that is not barred; 'leverframe rollback {project} --to {barred} --lift' goes to {barred}."
            )
        to = before[0].label
    target = catalog.record(catalog.find(db, to))
    if target.project != project:
        raise Refusal(f"{to} is not a version of {project}.")
    return target


def _comes_into_force(db: sqlite3.Connection, project: str, document: VersionDocument) -> list[str]:
    return [f"In force with it: {each}." for each in in_force.differences(db, project, document.settings)]


def _label(live: sqlite3.Row | None) -> str | None:
    return f"{live['project']}@{live['number']}" if live else None


def rollback_sentences(away: Version | None, target: Version, now: datetime, *, lifts: bool) -> tuple[str, ...]:
    """Where it goes from and to, in plain words, and what becomes of the one that was live."""
    lines = []
    if away is not None and away.live_from is not None:
        lines.append(f"From {away.label}, live for {how_long(away.live_from, now)} (since {_when(away.live_from)})")
    if target.live_from is not None and target.live_until is not None:
        metric = ""
        if target.metric is not None and target.metric.value is not None:
            metric = f", {target.metric.name} {target.metric.value:.3g} when it was made"
        ran = how_long(target.live_from, target.live_until)
        lines.append(f"to {target.label}, which ran {ran} (until {_when(target.live_until)}){metric}.")
    lines.append(TRIED_FIRST)
    if lifts:
        lines.append(f"{target.label} is barred ({target.reason}); its bar is lifted, with your reason.")
    if away is not None:
        lines.append(f"{away.label} is barred afterwards: nobody makes it live again by accident.")
    return tuple(lines)


def waived(gates: Iterable[Gate]) -> tuple[str, ...]:
    """Those of ``gates`` that found something and were waived, each with the reason that the manifest gives."""
    waived = [gate for gate in gates if "waived" in gate.numbers]
    return tuple(f'{gate.name} ("{gate.numbers["waived"]}")' for gate in waived)


def contents(document: VersionDocument, *, data: bool = True) -> tuple[str, ...]:
    """What a version brings back, part by part; ``data``: whether that is here."""
    code, made_from, environment = document.code, document.data, document.environment
    dirty = " with uncommitted changes" if code.dirty else ""
    until = f" up to {made_from.until[:10]}" if made_from.until else ""
    files = len(document.model.files)
    runs = environment.words if environment.python else f"for {environment.words}"
    held = len(environment.packages)
    packages = f"packages, {held} at their locked versions, {runs}" if held else f"no packages, {runs}"
    return (
        f"model, {files} file{'' if files == 1 else 's'}",
        f"code {revision_of(code)}{dirty}" if code.revision else "code that no commit holds",
        *([f"data, {made_from.rows:,} rows{until}"] if data else []),
        f"data schema, {len(document.schema['columns'])} columns",
        *([packages] if environment.python or environment.files else []),
        "settings, schedule",
    )


def _not_here(store: ObjectStore, document: VersionDocument) -> tuple[str, ...]:
    return (absent_data.sentence(document),) if is_absent(store, document) else ()


def _left_behind(away: Version | None, now: datetime) -> tuple[str, ...]:
    since = f" since {_when(away.live_from)}" if away is not None and away.live_from is not None else ""
    return (
        f"predictions already used{since}",
        "the code in the project's folder: the next retrain takes it as it stands there",
    )


def _when(at: datetime) -> str:
    return f"{at:%d %b %Y %H:%M} UTC"


def how_long(start: datetime, end: datetime) -> str:
    """The time between two moments, in the largest unit of which there are two."""
    seconds = (end - start).total_seconds()
    for size, word in ((86400, "days"), (3600, "hours"), (60, "minutes")):
        if seconds >= 2 * size:
            return f"{seconds / size:.0f} {word}"
    return "1 second" if round(seconds) == 1 else f"{seconds:.0f} seconds"
