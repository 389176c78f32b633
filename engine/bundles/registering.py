"""The last step of an import: what was proven is moved to the store, and becomes a version in one transaction."""

from __future__ import annotations

import json
import sqlite3
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path

from engine import clock
from engine.access.caller import Caller
from engine.audit import trail
from engine.bundles import arrival, trusted
from engine.bundles.arrival import Known, Standing
from engine.bundles.reading import OpenBundle
from engine.bundles.staging import StagingPlace
from engine.clock import moment, stamp
from engine.environments import kept_files
from engine.environments.kept_files import KeptFiles
from engine.errors import Refusal
from engine.monitoring import measurements
from engine.projects import in_force, registry
from engine.projects.manifest.reader import Manifest
from engine.records import Version
from engine.release.proof import Steps
from engine.runs import done
from engine.versions import absent_data, catalog, origins
from engine.versions import judged_here as judgements
from engine.versions.ground import without_ground
from engine.versions.judged_here import JudgedHere
from engine.versions.origins import Origin
from engine.vocabulary.jobs import IMPORT

THIS = "this workspace"


@dataclass(frozen=True)
class Arrival:
    """What came of an import. ``label``: what the version is called here; None where it was here already. ``waits``:
    for a decision; it does not where it failed a gate against what is live here."""

    label: str | None
    sentence: str
    origin: Origin | None
    notes: tuple[str, ...] = ()
    waits: bool = True


@dataclass(frozen=True)
class Request:
    """Who takes a version in. ``vouches``: they may let its steps reach what its manifest asks for. ``despite``: the
    reason of an admin to take it in although something speaks against it. ``data``: the folder that holds its data,
    where that did not travel."""

    by: Caller
    vouches: bool
    despite: str | None = None
    data: Path | None = None


def _known(db: sqlite3.Connection, project: str) -> list[Known]:
    from_elsewhere = origins.of_project(db, project)
    return [Known(each, from_elsewhere.get(each.number)) for each in catalog.everything(db, project)]


def already(db: sqlite3.Connection, bundle: OpenBundle) -> str | None:
    return arrival.already(_known(db, bundle.document.project), bundle.manifest.version)


def stopped(db: sqlite3.Connection, bundle: OpenBundle) -> str | None:
    """What keeps everybody from taking it in, whatever they say; None where nothing does."""
    judged = bundle.document.metrics
    if judged.verdict not in ("pass", "warn"):
        return f"It did not pass its gates where it was made: {judged.sentence}"
    return arrival.barred_here(_known(db, bundle.document.project), bundle.manifest.version)


def against(db: sqlite3.Connection, bundle: OpenBundle) -> str | None:
    """What keeps all but an admin from it, who says why they take it in despite that; None where nothing does."""
    known = _known(db, bundle.document.project)
    return arrival.against_it(known, bundle.manifest.version, bundle.provenance.stations)


def check_against(db: sqlite3.Connection, bundle: OpenBundle, request: Request) -> str | None:
    """What speaks against it, where an admin takes it in despite that. Raises Refusal."""
    if (why := stopped(db, bundle)) is not None:
        raise Refusal(why)
    found = against(db, bundle)
    if found is not None and request.despite is None:
        raise Refusal(
            f"It is known, and not for good: {found.rstrip('.')}. An admin can take it in all the same, and says why: "
            "--despite '…'"
        )
    return found


def register(
    place: StagingPlace, bundle: OpenBundle, manifest: Manifest, request: Request, source: str, steps: Steps,
    began: datetime, kept: KeptFiles | None, judged: JudgedHere | None,
) -> Arrival:  # fmt: skip
    """The objects first, then everything else in one transaction."""
    place.move_in(place.staged.digests())
    without = absent_data.is_absent(place.store, bundle.document)
    if not without:
        absent_data.unmark(place.store, bundle.document)
    at, project, by = clock.now(), bundle.document.project, request.by
    with place.ledger.write() as db:
        if source != THIS and trusted.of_key(db, bundle.key.fingerprint) is None:
            raise Refusal(f"It is signed by {bundle.key.fingerprint}, which is not trusted here any more.")
        if (found := already(db, bundle)) is not None:
            return Arrival(None, f"{found} Nothing was changed.", None)
        against_it = check_against(db, bundle, request)
        _check_ground(db, bundle, judged)
        added = registry.there(db, project) is None
        if added:
            registry.take_in(db, manifest, place.workspace.live / project / "code", by, at, source)
        run, told = _run(db, bundle, request, steps, began, at), bundle.provenance
        number, standing, waits = _version(db, bundle, run, source, at, judged)
        label = f"{project}@{number}"
        if judged is not None:
            judgements.keep(db, label, judged)
        done.made(db, run, label)
        key, ground = bundle.key.fingerprint, standing.same_ground
        origin = Origin(project, number, at, by.name, source, key, told.stations, ground, against_it)
        origins.keep(db, origin)
        if kept is not None:
            kept_files.keep(db, kept)
        details = {
            "digest": bundle.manifest.version, "bundle": bundle.digest, "from": f"{source} {told.sender.label}",
            "key": bundle.key.fingerprint, "run": told.stations[0].run,
            "approved_by": ", ".join(told.sender.approved_by), "workspace": told.sender.workspace,
            "proof": [asdict(each) for each in steps.done], **({"despite": against_it} if against_it else {}),
            **({"judged_against": judged.against, "verdict": judged.answer.judgement.verdict} if judged else {}),
        }  # fmt: skip
        trail.append(
            db, at=at, actor=by, action=IMPORT.name, subject=label, reason=request.despite or "", details=details
        )
    notes = (
        *(_notes(project, source) if added else ()),
        *((f"It is here without {absent_data.sentence(bundle.document)}.",) if without else ()),
    )
    how = "waits for a decision here" if waits else "did not pass its gates here, so it is not offered"
    return Arrival(label, f"{label} is taken in and {how}. {standing.sentence}", origin, notes, waits)


def _notes(project: str, source: str) -> tuple[str, ...]:
    return (
        f"{project} was not here before and is now, with the code of this version; its retrains are paused: "
        f"'leverframe schedules resume {project} --job retrain --reason …' lets them begin, or add its checkout in its "
        "place.",
    )


def _run(
    db: sqlite3.Connection, bundle: OpenBundle, request: Request, steps: Steps, began: datetime, at: datetime
) -> int:
    document = bundle.document
    taken = [(each.what.partition(";")[0][:60], each.seconds) for each in steps.done]
    return done.keep(db, document.project, IMPORT, request.by, moment(document.lineage.as_of), began, at, taken)


def ground_here(db: sqlite3.Connection, bundle: OpenBundle) -> tuple[Version | None, bool]:
    """What is live here, and whether that is what the version was judged against where it was made."""
    document, against = bundle.document, bundle.provenance.stations[0].against
    live = catalog.live(db, document.project)
    same = against == (live.digest if live is not None else None) and (against is None) is (
        document.lineage.against is None
    )
    return live, same


def _check_ground(db: sqlite3.Connection, bundle: OpenBundle, judged: JudgedHere | None) -> None:
    """Raise Refusal where something else is live by now than it was judged against here."""
    live, same = ground_here(db, bundle)
    wanted = live.label if live is not None and not same else None
    if wanted != (judged.against if judged is not None else None):
        raise Refusal("What is live here changed while it was judged against that; take it in again.")


def _version(
    db: sqlite3.Connection, bundle: OpenBundle, run: int, source: str, at: datetime, here: JudgedHere | None
) -> tuple[int, Standing, bool]:
    """Register it, as it stands to what is live here; whether it is a candidate."""
    document, told = bundle.document, bundle.provenance
    live, same = ground_here(db, bundle)
    standing = arrival.standing(document.metrics, source, document.lineage.against, same, here)
    judged = here.answer.judgement if here is not None else document.metrics
    waits = judged.verdict != "fail"
    ground = judged if same or here is not None else without_ground(judged)
    key = ground.metrics.get(ground.key_metric)
    number = catalog.register(
        db,
        project=document.project,
        digest=bundle.manifest.version,
        made_at=at,
        as_of=moment(document.lineage.as_of),
        run=run,
        verdict=judged.verdict,
        comparison=standing.comparison,
        sentence=standing.sentence,
        against=live.number if live is not None else None,
        metric=key.called(ground.key_metric) if key is not None else None,
        data_until=moment(document.data.until) if document.data.until else None,
        expires_at=at + in_force.approval(db, document.project).expires,
        authors=json.dumps([asdict(each) for each in told.authors]),
        offered=waits,
    )
    rows = [(number, name, each.value, each.low, each.high, each.n) for name, each in judged.metrics.items()]
    if here is not None and live is not None:
        rows += [
            (live.number, name, each.live, each.live_low, each.live_high, each.n)
            for name, each in judged.metrics.items()
            if each.live is not None
        ]
    measurements.keep(db, document.project, run, stamp(moment(document.lineage.as_of)), rows, at)
    return number, standing, waits
