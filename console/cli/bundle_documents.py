"""Bundles and whose are trusted as JSON documents with keys that scripts rely on. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from console.cli.documents import Document, time
from engine.json_records import write

if TYPE_CHECKING:
    from engine.bundles.registering import Arrival
    from engine.bundles.sending import Sent
    from engine.bundles.trusted import TrustedKey
    from engine.bundles.whereabouts import Stage
    from engine.bundles.writing import Bundle
    from engine.versions.origins import Origin


def bundle(made: Bundle) -> Document:
    absent = [{"what": part.what, "why": part.why, "files": len(part.files)} for part in made.absent]
    return {
        "version": made.label, "digest": made.version, "place": made.place, "bytes": made.size, "files": made.members,
        "bundle": made.digest, "key": made.fingerprint, "absent": absent,
    }  # fmt: skip


def arrival(found: Arrival) -> Document:
    return {
        "version": found.label, "sentence": found.sentence, "origin": origin(found.origin), "notes": list(found.notes),
        "waits": found.label is not None and found.waits,
    }  # fmt: skip


def origin(found: Origin | None) -> Document | None:
    if found is None:
        return None
    return {
        "source": found.source, "key": found.key, "at": time(found.at), "by": found.by,
        "same_ground": found.same_ground, "despite": found.despite, "approved_by": list(found.stations[-1].approved_by),
        "stations": [write(each) for each in found.stations],
    }  # fmt: skip


def trusted_key(found: TrustedKey) -> Document:
    return {
        "name": found.name, "key": found.fingerprint, "line": found.line, "at": time(found.at), "by": found.by,
        "reason": found.reason,
    }  # fmt: skip


def sent(found: Sent) -> Document:
    return {
        "version": found.label, "host": found.host, "there": found.there, "sentence": found.sentence,
        "bytes": found.size,
    }  # fmt: skip


def stage(found: Stage) -> Document:
    return {"name": found.name, "found": [write(each) for each in found.found], "why": found.why, "via": found.via}
