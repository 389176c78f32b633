"""Whose the bytes are, and how fast they grow: pure rules on small numbers."""

from __future__ import annotations

import pytest

from engine.housekeeping.growth import DAY, days_until, per_day
from engine.housekeeping.usage import Owners, preference, shares

TREE = {
    "": (5000, 3),
    "objects": (300, 0),
    "objects/ab": (1200, 4),
    "runs/0000001": (100, 2),
    "runs/0000002": (50, 1),
    "runs": (7, 0),
    "releases/flights": (500, 9),
    "environments/e1": (1000, 10),
    "cache/uv": (700, 7),
    "bin/0000001": (30, 1),
    "something/else": (1, 1),
}
OWNERS = Owners(
    runs={1: "flights", 2: "diamonds"},
    environments={"e1": ("diamonds", "flights")},
    objects={("flights", "data"): (600, 2), ("diamonds", "models"): (400, 1)},
)


def test_both_lists_add_up_to_the_same_and_each_byte_has_an_owner() -> None:
    projects, kinds = shares(TREE, OWNERS, {}, 0.0)
    assert sum(share.bytes for share in projects) == sum(share.bytes for share in kinds) == 8888
    assert {share.name: share.bytes for share in projects} == {
        "(shared)": 5000 + 7 + 700 + 30 + 1 + 500,
        "flights": 100 + 500 + 500 + 600,
        "diamonds": 50 + 500 + 400,
    }
    assert {share.name: share.bytes for share in kinds} == {
        "database": 5000, "environments": 1000, "caches": 700, "data": 600, "releases": 500, "models": 400,
        "objects of no version": 500, "runs and logs": 157, "bin": 30, "other": 1,
    }  # fmt: skip
    assert [share.bytes for share in kinds] == sorted((share.bytes for share in kinds), reverse=True)


def test_a_file_with_several_names_belongs_to_the_environment_rather_than_to_the_cache() -> None:
    assert sorted(["cache/uv", "console", "objects/ab", "environments/e1"], key=preference)[0] == "environments/e1"


def test_growth_is_read_from_the_history_and_one_clean_up_does_not_pass_for_a_trend() -> None:
    history = {"kind:data": [(day * DAY, 100.0 * day) for day in range(10)]}
    kinds = shares({"objects/ab": (1000, 1)}, Owners(objects={("a", "data"): (1000, 1)}), history, 10 * DAY)[1]
    assert kinds[0].growth_per_day == pytest.approx(100)
    dropped = [(day * DAY, 100.0 * day - (5000 if day > 7 else 0)) for day in range(10)]
    assert per_day(dropped) == pytest.approx(100)


def test_nothing_is_said_from_too_little_history() -> None:
    assert per_day([]) is None
    assert per_day([(0.0, 1.0)]) is None
    assert per_day([(0.0, 1.0), (600.0, 99.0)]) is None
    assert per_day([(0.0, 1.0), (43200.0, 2.0)]) == pytest.approx(2)


def test_a_long_history_is_thinned_and_keeps_its_ends() -> None:
    assert per_day([(hour * 3600.0, float(hour)) for hour in range(5000)]) == pytest.approx(24)


def test_days_until_full_is_known_only_when_it_is_getting_less() -> None:
    assert days_until(1000, -100.0) == 10
    assert days_until(1000, 0.0) is None and days_until(1000, 5.0) is None and days_until(1000, None) is None
