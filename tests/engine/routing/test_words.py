"""A route in words: what is read, what is written again, and what is said of what cannot be read."""

from __future__ import annotations

import pytest

from engine.errors import Invalid
from engine.routing.records import RouteTerms
from engine.routing.words import read, written
from engine.vocabulary.hours import days_in_words, days_of

WORDS = {
    "reach ada ada@example.org": RouteTerms("reach", "ada", address="ada@example.org"),
    "reach ada webhook slack-3fa2b1c9": RouteTerms("reach", "ada", address="webhook slack-3fa2b1c9"),
    "quiet ada 22:00-07:00 UTC except failing": RouteTerms("quiet", "ada", starts="22:00", ends="07:00"),
    "quiet ops@example.org 22:00-07:00 mon-fri Europe/Berlin except nothing": RouteTerms(
        "quiet", "ops@example.org", starts="22:00", ends="07:00", days=(0, 1, 2, 3, 4), zone="Europe/Berlin",
        lets="nothing",
    ),
    "quiet webhook slack-3fa2b1c9 00:00-24:00 sat,sun UTC except failing": RouteTerms(
        "quiet", "webhook slack-3fa2b1c9", starts="00:00", ends="24:00", days=(5, 6)
    ),
    "digest on-duty 08:00 UTC": RouteTerms("digest", "on-duty", starts="08:00"),
    "digest ada 08:00 mon Europe/Berlin flights": RouteTerms(
        "digest", "ada", starts="08:00", days=(0,), zone="Europe/Berlin", project="flights"
    ),
    "escalate on-duty 0m": RouteTerms("escalate", "on-duty"),
    "escalate b.lee 90m flights": RouteTerms("escalate", "b.lee", after=5400, project="flights"),
}  # fmt: skip


@pytest.mark.parametrize(("text", "terms"), WORDS.items())
def test_what_is_written_is_read_and_written_again(text: str, terms: RouteTerms) -> None:
    assert read(text) == terms
    assert written(terms) == text


@pytest.mark.parametrize(
    ("short", "whole"),
    [
        ("quiet ada 22:00-07:00", "quiet ada 22:00-07:00 UTC except failing"),
        ("digest  ada  08:00   flights ", "digest ada 08:00 UTC flights"),
        ("quiet ada 22:00-07:00 fri-mon", "quiet ada 22:00-07:00 mon,fri-sun UTC except failing"),
        ("escalate ada 60m", "escalate ada 1h"),
    ],
)
def test_what_is_left_out_is_written_out(short: str, whole: str) -> None:
    assert written(read(short)) == whole


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "'' is no route; write one of reach, quiet, digest, escalate, then whom it is for."),
        ("page ada 30m", "'page' is no route; write one of"),
        ("quiet", "Whom it is for is missing; write quiet WHO FROM-TO"),
        ("quiet ada", "'quiet ada' cannot be read; write quiet WHO FROM-TO"),
        ("quiet ada 22:00", "cannot be read; write quiet WHO FROM-TO"),
        ("quiet ada 22:00-25:00", "cannot be read; write quiet WHO FROM-TO"),
        ("quiet ada 24:00-07:00", "cannot be read; write quiet WHO FROM-TO"),
        ("quiet ada 22:00-22:00", "Quiet hours from 22:00 to 22:00 have no length; a whole day is 00:00-24:00."),
        ("quiet ada 22:00-07:00 monday", "cannot be read; write quiet WHO FROM-TO"),
        ("quiet ada 22:00-07:00 Europe/Berln", "The time zone is 'Europe/Berln', which is no known time zone; did you"),
        ("quiet ada 22:00-07:00 except watch", "Quiet hours let failing or nothing come through, not 'watch'."),
        ("quiet ada 22:00-07:00 except", "cannot be read; write quiet WHO FROM-TO"),
        ("quiet on-duty 22:00-07:00", "Addresses and quiet hours are those of people: name an operator, not on-duty."),
        ("quiet @here 22:00-07:00", "'@here' is no mail address; write it like ops@example.org."),
        ("digest ada", "cannot be read; write digest WHO TIME"),
        ("digest ada 8:00", "cannot be read; write digest WHO TIME"),
        ("digest ada 08:00 flights diamonds", "cannot be read; write digest WHO TIME"),
        ("escalate ada", "cannot be read; write escalate WHO SPAN"),
        ("escalate ada soon", "cannot be read; write escalate WHO SPAN"),
        ("escalate ada 8d", "An escalation waits for at most 7d, not 8d."),
        ("reach ada nowhere", "cannot be read; write reach OPERATOR ADDRESS"),
        ("reach ada@example.org ada@example.org", "ada@example.org is an address already; write reach OPERATOR"),
        ("quiet \x1b[31mada 22:00", "'quiet ada 22:00' cannot be read"),
    ],
)
def test_what_cannot_be_read_is_said_with_the_way_to_write_it(text: str, said: str) -> None:
    with pytest.raises(Invalid) as refused:
        read(text)
    assert said in str(refused.value) and "\x1b" not in str(refused.value)


@pytest.mark.parametrize("text", ["mon", "mon-fri", "sat,sun", "mon,fri-sun", "tue,thu", "mon-sun", "mon,wed-fri,sun"])
def test_days_are_written_as_they_are_read(text: str) -> None:
    found = days_of(text)
    assert found is not None and days_in_words(found) == text


@pytest.mark.parametrize("text", ["", "mo", "mon-", "-fri", "mon,,tue", "mon-fri-sun", "MON"])
def test_what_names_no_days_names_none(text: str) -> None:
    assert days_of(text) is None


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("reach ada ada@example.org", "reached at ada@example.org"),
        ("quiet ada 22:00-07:00 mon-fri", "quiet from 22:00 to 07:00 mon-fri (UTC); failing comes through"),
        ("digest ada 08:00 flights", "news of flights in one message at 08:00 (UTC), what is failing at once"),
        ("escalate ada 0m", "told at once what is failing"),
        ("escalate ada 30m flights", "told what of flights is failing and nobody has taken on for 30 min"),
    ],
)
def test_what_a_route_does_is_a_sentence(text: str, sentence: str) -> None:
    assert read(text).sentence == sentence
