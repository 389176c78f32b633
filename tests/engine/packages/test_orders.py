"""Versions of R and of Maven compare as R and Maven compare them."""

from __future__ import annotations

from itertools import combinations

import pytest

from engine.packages import orders


@pytest.mark.parametrize(
    "versions",
    [
        ("1.2", "1.2.0", "1.2-3", "1.2.10", "1.10"),
        ("0.9-9", "1", "4.1.16", "4.1-23", "10.0"),
        ("2024-1-15", "2024.2"),
    ],
)
def test_rs_versions_are_whole_numbers_whatever_stands_between(versions: tuple[str, ...]) -> None:
    assert all(orders.r(one) < orders.r(other) for one, other in combinations(versions, 2))
    assert orders.r("1.2-3") == orders.r("1.2.3")


@pytest.mark.parametrize(
    "versions",
    [
        ("1-alpha-1", "1-alpha2", "1-beta", "1-m3", "1-rc1", "1-snapshot", "1", "1-sp", "1-foo2", "1-foo10", "1-1",
         "1.1"),
        ("2.0-rc1", "2.0", "2.0.1", "2.1", "2.10", "10"),
        ("31.0-android", "31.1-jre"),
        ("2.9.10", "2.9.10.1", "2.9.10.8", "2.10.0", "2.10.0.pr1"),
        ("4.1.100.Final", "4.1.118.Final"),
        ("1-sp-1", "1-ga-1"),
        ("1.0-SNAPSHOT", "1.0", "1.0.0.1"),
    ],
)  # fmt: skip
def test_mavens_versions_are_in_the_order_that_maven_documents(versions: tuple[str, ...]) -> None:
    keys = [orders.maven(each) for each in versions]
    assert all(one < other and other > one and one != other for one, other in combinations(keys, 2))


@pytest.mark.parametrize(
    "versions",
    [
        ("1", "1.0", "1.0.0", "1-0", "1.ga", "1-ga", "1-final", "1.0-release", "1.", "1-"),
        ("1-a1", "1-alpha-1"),
        ("1-CR2", "1-rc2", "1-rc-2"),
        ("1.foo", "1-foo", "1.0.0-foo.0.0"),
        ("1-1.foo-bar1baz-.1", "1-1.foo-bar-1-baz-0.1"),
        ("1-ga-1", "1-1"),
    ],
)
def test_what_says_nothing_makes_no_other_version(versions: tuple[str, ...]) -> None:
    assert len({orders.maven(each) for each in versions}) == 1


@pytest.mark.parametrize("version", ["", "x", "1..2", "1.", "-1", "1.2a", "٣", "1" * 5000, "1\n", "1 2"])
def test_what_is_no_version_of_rs_is_told_so(version: str) -> None:
    with pytest.raises(ValueError, match="no version of R's"):
        orders.r(version)


@pytest.mark.parametrize("version", ["", "content-12", "v1", "٣", "1" * 5000, "1\n", "1 2", "1:2"])
def test_what_is_no_version_of_mavens_is_told_so(version: str) -> None:
    with pytest.raises(ValueError, match="no version of Maven's"):
        orders.maven(version)
