"""Routes, duty and hand-overs as JSON documents. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict

from console.cli.documents import Document, time
from engine.duty.matters import Matter
from engine.routing.duty_records import Duty, Handover
from engine.routing.records import Route, Routed
from engine.routing.words import written
from engine.vocabulary.hours import days_in_words


def route(found: Route) -> Document:
    """``words``: what ``routes add`` takes to make it again; ``after`` is in seconds."""
    return {
        "id": found.id,
        "kind": found.kind,
        "who": found.who,
        "words": written(found),
        "sentence": found.sentence,
        "address": found.address or None,
        "starts": found.starts or None,
        "ends": found.ends or None,
        "days": days_in_words(found.days) or None,
        "timezone": found.zone,
        "lets": found.lets if found.kind == "quiet" else None,
        "after": found.after if found.kind == "escalate" else None,
        "project": found.project,
        "since": time(found.at),
        "by": found.by,
        "until": time(found.until),
    }


def routed(found: Routed) -> Document:
    return {**asdict(found), "due": time(found.due), "at": time(found.at), "why": found.why or None}


def on_duty(found: Duty) -> Document:
    """``operator`` is None while nobody is on duty."""
    return {**asdict(found), "since": time(found.since), "offered_at": time(found.offered_at)}


def handover(found: Handover) -> Document:
    return {
        "id": found.id,
        "state": found.state,
        "former": found.former,
        "to": found.to,
        "by": found.by,
        "note": found.note,
        "offered_at": time(found.offered_at),
        "taken_at": time(found.taken_at),
        "withdrawn_at": time(found.withdrawn_at),
    }


def matters(found: Sequence[Matter]) -> list[Document]:
    """``promised``: somebody has said what becomes of it."""
    return [{**asdict(each), "promised": each.promised, "sentence": each.sentence} for each in found]
