"""A route in words, as people write it: one word for what it does, whom it is for, then when. Pure.

reach ada ada@example.org
quiet ada 22:00-07:00 mon-fri Europe/Berlin except failing
digest ops@example.org 08:00 Europe/Berlin
escalate on-duty 30m flights
"""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import replace
from typing import cast, get_args

from engine.errors import Invalid
from engine.projects.manifest.durations import parse_duration
from engine.projects.manifest.report import is_address
from engine.projects.manifest.schedule import timezone_problem
from engine.routing.records import KINDS, ON_DUTY, Kind, Lets, RouteTerms
from engine.text import plain
from engine.vocabulary.hours import TIME, days_in_words, days_of, span_of

LONGEST = 7 * 86_400
FORMS: dict[Kind, str] = {
    "reach": "reach OPERATOR ADDRESS, such as reach ada ada@example.org",
    "quiet": "quiet WHO FROM-TO [DAYS] [ZONE] [except failing or nothing], such as "
    "quiet ada 22:00-07:00 mon-fri Europe/Berlin",
    "digest": "digest WHO TIME [DAYS] [ZONE] [PROJECT], such as digest ada 08:00 Europe/Berlin",
    "escalate": "escalate WHO SPAN [PROJECT], such as escalate on-duty 30m; 0m tells at once",
}
_PROJECT = re.compile(r"[a-z0-9][a-z0-9-]*")


def read(text: str, channels: Collection[str] = ("webhook",)) -> RouteTerms:
    """What ``text`` says. ``channels``: words that begin an address of two words. Raises Invalid."""
    words = text.split()
    kind = words[0] if words else ""
    if kind not in KINDS:
        raise Invalid(f"'{plain(kind, 40)}' is no route; write one of {', '.join(KINDS)}, then whom it is for.")
    rest = words[1:]
    who = _taken(rest, channels)
    if not who:
        raise Invalid(f"Whom it is for is missing; write {FORMS[kind]}.")
    terms = RouteTerms(kind, who)
    found = _READERS[kind](terms, rest, channels)
    if found is None:
        raise Invalid(f"'{plain(text, 120)}' cannot be read; write {FORMS[kind]}.")
    return _checked(found)


def written(terms: RouteTerms) -> str:
    """The words that ``read`` makes ``terms`` of."""
    return f"{terms.kind} {terms.who} {how(terms)}"


def how(terms: RouteTerms) -> str:
    """The same without what it does and for whom."""
    words = []
    if terms.kind == "reach":
        words.append(terms.address)
    elif terms.kind == "escalate":
        words.append(_span(terms.after))
    else:
        words.append(f"{terms.starts}-{terms.ends}" if terms.kind == "quiet" else terms.starts)
        words += [days_in_words(terms.days)] if terms.days else []
        words.append(terms.zone)
        words += ["except", terms.lets] if terms.kind == "quiet" else []
    return " ".join([*words, *([terms.project] if terms.project else [])])


def _span(seconds: int) -> str:
    size, unit = next((size, unit) for size, unit in ((3600, "h"), (60, "m"), (1, "s")) if seconds % size == 0)
    return f"{seconds // size}{unit}" if seconds else "0m"


def _taken(words: list[str], channels: Collection[str]) -> str:
    """The address or the name that ``words`` begin with, which is taken from them."""
    length = 2 if words and words[0] in channels and len(words) > 1 else 1
    found = " ".join(words[:length])
    del words[:length]
    return found


def _reach(terms: RouteTerms, words: list[str], channels: Collection[str]) -> RouteTerms | None:
    address = _taken(words, channels)
    if words or not (is_address(address) or address.partition(" ")[0] in channels):
        return None
    return replace(terms, address=address)


def _quiet(terms: RouteTerms, words: list[str], channels: Collection[str]) -> RouteTerms | None:
    found = span_of(words.pop(0) if words else "")
    if found is None:
        return None
    starts, ends = found
    if starts == ends:
        raise Invalid(f"Quiet hours from {starts} to {ends} have no length; a whole day is 00:00-24:00.")
    terms = _when(replace(terms, starts=starts, ends=ends), words)
    if words[:1] == ["except"] and len(words) == 2:
        if words[1] not in get_args(Lets):
            raise Invalid(f"Quiet hours let failing or nothing come through, not '{plain(words[1], 40)}'.")
        return replace(terms, lets=cast(Lets, words[1]))
    return None if words else terms


def _digest(terms: RouteTerms, words: list[str], channels: Collection[str]) -> RouteTerms | None:
    if not words or not TIME.fullmatch(words[0]):
        return None
    return _of_project(_when(replace(terms, starts=words.pop(0)), words), words)


def _escalate(terms: RouteTerms, words: list[str], channels: Collection[str]) -> RouteTerms | None:
    span = parse_duration(words[0]) if words else None
    if span is None:
        return None
    if span.total_seconds() > LONGEST:
        raise Invalid(f"An escalation waits for at most 7d, not {plain(words[0], 20)}.")
    return _of_project(replace(terms, after=int(span.total_seconds())), words[1:])


_READERS = {"reach": _reach, "quiet": _quiet, "digest": _digest, "escalate": _escalate}


def _of_project(terms: RouteTerms, words: list[str]) -> RouteTerms | None:
    if not words:
        return terms
    return replace(terms, project=words[0]) if len(words) == 1 and _PROJECT.fullmatch(words[0]) else None


def _when(terms: RouteTerms, words: list[str]) -> RouteTerms:
    """Days and zone, in this order, either of them left out; what was read is taken from ``words``."""
    if words and (found := days_of(words[0])) is not None:
        terms = replace(terms, days=found)
        words.pop(0)
    if words and words[0][:1].isupper():  # a zone: projects are called in small letters
        if problem := timezone_problem(words[0]):
            raise Invalid(f"The time zone is '{plain(words[0], 40)}', {problem}")
        terms = replace(terms, zone=words.pop(0))
    return terms


def _checked(terms: RouteTerms) -> RouteTerms:
    if terms.who == ON_DUTY and terms.kind in ("reach", "quiet"):
        raise Invalid(f"Addresses and quiet hours are those of people: name an operator, not {ON_DUTY}.")
    if "@" in terms.who and not is_address(terms.who):
        raise Invalid(f"'{plain(terms.who, 80)}' is no mail address; write it like ops@example.org.")
    if terms.kind == "reach" and "@" in terms.who:
        raise Invalid(f"{plain(terms.who, 80)} is an address already; write {FORMS['reach']}.")
    return terms
