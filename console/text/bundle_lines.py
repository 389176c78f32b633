"""Versions that travel, in words: what came of a bundle, what one says of itself, where a version is. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from console.text import cells
from console.text.lines import EMPTY, SENTENCE, Column, Line, Span, Tone, line, pad, wrapped
from engine.clock import moment
from engine.text import plain

if TYPE_CHECKING:
    from engine.bundles.looking import BundleLook
    from engine.bundles.manifest import AbsentPart
    from engine.bundles.trusted import TrustedKey
    from engine.bundles.whereabouts import Arrived, Stage, Whereabouts
    from engine.bundles.writing import Bundle

WIDE = 12


def written(made: Bundle) -> str:
    """``flights@12 is written to /srv/flights-12.zip: 41 files, 4.8 MiB, signed by SHA256:…``."""
    files = cells.counted(made.members, "file")
    place = plain(str(made.place), SENTENCE)
    return f"{made.label} is written to {place}: {files}, {cells.size(made.size)}, signed by {made.fingerprint}."


def absences(absent: Sequence[AbsentPart]) -> tuple[str, ...]:
    """What did not travel, each with why."""
    return tuple(f"without {plain(part.what, 80)}: {plain(part.why, SENTENCE)}" for part in absent)


def look_lines(look: BundleLook, now: datetime, width: int) -> list[Line]:
    """What is in a bundle's way, and what it says of itself."""
    made = moment(look.made_at)
    by = f", approved there by {' and '.join(look.approved_by)}" if look.approved_by else ", not approved there"
    way = f", by way of {cells.counted(look.stations - 1, 'more workspace')}" if look.stations > 1 else ""
    data = "with its data" if look.brings_data else (
        "its data by reference" if look.by_reference else "without its data"
    )
    holds = f"{cells.counted(look.members, 'file')}, {cells.size(look.size)}, {data}"
    said = (
        ("version", f"{look.label}{by}{way}"),
        ("made", f"{made.day} {made:%b %Y %H:%M} UTC ({cells.ago(made, now)}), run {look.run} for {look.made_for}"),
        ("judged", look.judged),
        ("signed by", f"{look.source} {look.fingerprint}" if look.source else look.fingerprint),
        ("holds", holds + (", its packages" if look.wheels else "")),
        *(("without", f"{what}: {why}") for what, why in look.absent),
    )
    return [*_verdict(look, width), EMPTY, *(each for name, text in said for each in _entry(name, text, width))]


def _verdict(look: BundleLook, width: int) -> list[Line]:
    if look.already is not None and (not look.lacking or look.refused is not None):
        return wrapped(f"= {plain(look.already, SENTENCE)}", width, tone="watch")
    if look.already is not None:
        here = f"▲ {plain(look.already, SENTENCE)} It is here without its data, and gets it when this is taken in."
        return wrapped(here, width, tone="watch")
    if look.source is None:
        said = f"■ {plain(str(look.refused), SENTENCE)} An admin trusts it on the screen Trusted keys, with the line:"
        return [*wrapped(said, width, tone="failing"), *wrapped(look.line, width)]
    if look.refused is not None:
        return wrapped(f"■ {plain(look.refused, SENTENCE)}", width, tone="failing")
    if look.despite is not None:
        only = "Only an admin takes it in, and says below why."
        return wrapped(f"▲ {plain(look.despite, SENTENCE)} {only}", width, tone="watch")
    said = "✓ A trusted key signed it, and nothing here speaks against it. Each file is verified when it is taken in."
    return wrapped(said, width, tone="ok")


def _entry(name: str, text: str, width: int) -> list[Line]:
    first, *rest = wrapped(plain(text, SENTENCE), width - WIDE) or [EMPTY]
    return [line(Span(pad(name, WIDE), "dim"), *first), *(line(" " * WIDE, *each) for each in rest)]


# Whose bundles are taken in

TRUSTED: tuple[Column[TrustedKey], ...] = (
    Column("WORKSPACE", 16, lambda k, now: Span(plain(k.name), "strong")),
    Column("SINCE", 8, lambda k, now: Span(cells.age(k.at, now)), right=True),
    Column("BY", 8, lambda k, now: Span(plain(k.by))),
    Column("KEY", 24, lambda k, now: Span(plain(k.fingerprint), "dim"), grows=True),
    Column("BECAUSE", 14, lambda k, now: Span(plain(k.reason), "dim"), yields=1, grows=True),
)  # fmt: skip


def trusted_lines(key: TrustedKey, width: int) -> list[Line]:
    """A key that is trusted, whole."""
    said = (
        ("workspace", key.name), ("key", key.fingerprint), ("line", key.line),
        ("since", f"{key.at.day} {key.at:%b %Y %H:%M} UTC"), ("by", key.by), ("because", key.reason),
    )  # fmt: skip
    head = line(Span(plain(key.name), "strong"))
    return [head, EMPTY, *(each for name, text in said for each in _entry(name, text, width))]


def own_key_lines(fingerprint: str, key: str, width: int) -> list[Line]:
    """This workspace's own key, as another one takes it in."""
    return [
        line(Span("The key that bundles of this workspace are signed with", "strong")),
        EMPTY,
        *_entry("key", fingerprint, width),
        *_entry("line", key, width),
        EMPTY,
        *wrapped("Another workspace takes its bundles in once an admin there trusts the line: with + on the screen "
                 "Trusted keys, or with the verb trust add. Have the key compared on another way than the bundle came. "
                 "'leverframe trust key' prints the line in one piece, to be copied.", width, tone="dim"),
    ]  # fmt: skip


# What came in

ARRIVALS: tuple[Column[Arrived], ...] = (
    Column("VERSION", 14, lambda a, now: Span(a.origin.label, "strong"), most=22, front=True),
    Column("STATE", 11, lambda a, now: Span(cells.version_state(a.state), _tone(a.state))),
    Column("CAME IN", 8, lambda a, now: Span(cells.age(a.origin.at, now)), right=True),
    Column("BY", 8, lambda a, now: Span(plain(a.origin.by)), yields=1),
    Column("FROM", 28, lambda a, now: Span(plain(a.origin.sentence, 1000)), grows=True),
    Column("DESPITE", 16, lambda a, now: Span(plain(a.origin.despite or ""), "watch"), yields=2, grows=True),
)


# Where a version is


@dataclass(frozen=True)
class Place:
    """A version as one workspace has it, or that it has not, or why it did not say. ``workspace``: None is this one;
    ``via``: the host that told of it."""

    workspace: str | None
    found: Whereabouts | None
    why: str | None
    via: str | None = None


def places(stages: Sequence[Stage]) -> tuple[Place, ...]:
    """A line for each thing that was said."""
    return tuple(
        each
        for stage in stages
        for each in (
            [Place(stage.name, one, None, stage.via) for one in stage.found]
            or [Place(stage.name, None, stage.why, stage.via)]
        )
    )


WHERE: tuple[Column[Place], ...] = (
    Column("WORKSPACE", 18, lambda p, now: Span(_workspace(p), "strong")),
    Column("CALLED", 12, lambda p, now: Span(plain(p.found.version) if p.found else cells.NOTHING),
           most=22, front=True),
    Column("STATE", 11, lambda p, now: _there(p)),
    Column("LIFE", 26, lambda p, now: Span(_life(p.found, now) if p.found else cells.NOTHING), yields=1),
    Column("FROM", 24, lambda p, now: _from(p), grows=True),
)


def place_lines(place: Place, now: datetime, width: int) -> list[Line]:
    """One of the lines, whole."""
    head, found = line(Span(_workspace(place), "strong")), place.found
    if found is None:
        return [head, EMPTY, *wrapped(plain(_from(place).text, SENTENCE), width, tone=_from(place).tone)]
    said = (
        ("called", found.version), ("state", cells.version_state(found.state)), ("made", found.made_at),
        ("live from", found.live_from or cells.NOTHING), ("until", found.live_until or cells.NOTHING),
        ("from", _from(place).text), *((("why", found.why),) if found.why else ()),
    )  # fmt: skip
    return [head, EMPTY, *(each for name, text in said for each in _entry(name, text, width))]


def _workspace(place: Place) -> str:
    return plain(place.workspace, 200) if place.workspace is not None else "here"


def _there(place: Place) -> Span:
    if place.found is None:
        return Span("? not known", "unknown") if place.why else Span("– not there", "dim")
    return Span(cells.version_state(place.found.state), _tone(place.found.state))


def _life(found: Whereabouts, now: datetime) -> str:
    if found.live_from is None:
        return cells.NOTHING
    since = moment(found.live_from)
    if found.live_until is None:
        return f"live for {cells.age(since, now)}"
    until = moment(found.live_until)
    return f"ran {cells.span((until - since).total_seconds())}, until {cells.ago(until, now)}"


def _from(place: Place) -> Span:
    said = _said_from(place)
    return Span(f"told of by {plain(place.via, 200)}: {said.text}", said.tone) if place.via else said


def _said_from(place: Place) -> Span:
    if place.found is None:
        return Span(plain(place.why, SENTENCE), "watch") if place.why else Span("It has not got this version.", "dim")
    made = "made there" if place.workspace is not None else "made here"
    return Span(plain(place.found.origin, 1000) if place.found.origin else made, "dim")


def _tone(state: str) -> Tone:
    from console.text.tables import STATE_TONES

    return STATE_TONES.get(state, "")  # type: ignore[call-overload, no-any-return]
