"""Weeks and months end at midnight where the project lives."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from engine.errors import Invalid
from engine.reports.period import Kind, between, ended, last_days


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("kind", "moment", "zone", "since", "until", "name"),
    [
        ("week", "2026-11-23T12:00", "UTC", "2026-11-16", "2026-11-23", "Week of 16 to 22 November 2026"),
        ("week", "2026-11-23T00:00", "UTC", "2026-11-16", "2026-11-23", "Week of 16 to 22 November 2026"),
        ("week", "2026-11-22T23:59", "UTC", "2026-11-09", "2026-11-16", "Week of 9 to 15 November 2026"),
        ("week", "2026-11-23T04:59", "America/New_York", "2026-11-09T05:00", "2026-11-16T05:00",
         "Week of 9 to 15 November 2026"),
        ("week", "2026-11-04T00:00", "America/New_York", "2026-10-26T04:00", "2026-11-02T05:00",
         "Week of 26 October to 1 November 2026"),
        ("month", "2026-01-01T00:00", "UTC", "2025-12-01", "2026-01-01", "December 2025"),
        ("month", "2026-03-31T22:30", "Europe/Berlin", "2026-02-28T23:00", "2026-03-31T22:00", "March 2026"),
    ],
)  # fmt: skip
def test_the_period_that_has_ended(kind: Kind, moment: str, zone: str, since: str, until: str, name: str) -> None:
    found = ended(kind, at(moment), zone)
    assert (found.since, found.until, found.name) == (at(since), at(until), name)


def test_any_stretch_is_told_in_the_projects_zone_and_an_empty_one_is_refused() -> None:
    found = between(at("2026-11-01"), at("2026-11-03T12:30"), "Europe/Berlin")
    assert found.name == "1 November 2026 01:00 to 3 November 2026 13:30"
    assert last_days(at("2026-11-08")).name == "1 November 2026 to 8 November 2026"
    with pytest.raises(Invalid, match="before it begins"):
        between(at("2026-11-03"), at("2026-11-01"))
