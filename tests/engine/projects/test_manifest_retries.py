"""[train] retries and retry_after: how often, and after how long, a run that failed is tried again."""

from __future__ import annotations

from datetime import timedelta

import pytest

from engine.projects.manifest.reader import parse_manifest
from tests.engine.projects.manifests import SMALL, mistakes, with_line

RUN = 'run = "steps:train"'


def asking(lines: str) -> str:
    return with_line(SMALL, "run", f"{RUN}\n{lines}")


@pytest.mark.parametrize(
    ("lines", "retries", "after"),
    [
        ("", 0, timedelta(minutes=1)),
        ("retries = 2", 2, timedelta(minutes=1)),
        ('retries = 20\nretry_after = "1d"', 20, timedelta(days=1)),
        ('retries = 0\nretry_after = "5m"', 0, timedelta(minutes=5)),
    ],
)
def test_what_is_asked_for_is_read(lines: str, retries: int, after: timedelta) -> None:
    train = parse_manifest(asking(lines)).train
    assert (train.retries, train.retry_after) == (retries, after)


@pytest.mark.parametrize(
    ("lines", "where", "said"),
    [
        ("retries = 21", "[train] retries", "is 21; it must be from 0 to 20."),
        ("retries = true", "[train] retries", "is true; it must be a whole number."),
        ('retries = "2"', "[train] retries", "is '2'; it must be a whole number."),
        ('retries = 2\nretry_after = "soon"', "[train] retry_after", "is 'soon'; it must be a number and one of"),
        ('retries = 2\nretry_after = "2d"', "[train] retry_after", "is '2d', which is too long or large."),
        ('retries = 2\nretry_after = "0s"', "[train] retry_after", "is '0s', which is too short or small."),
        ('retry_after = "5m"', "[train] retry_after", "retries does not say how often to try again."),
        ("retrys = 2", "[train] retrys", "is not a known key; did you mean 'retries'?"),
    ],
)
def test_a_mistake_is_told_with_its_place(lines: str, where: str, said: str) -> None:
    (found,) = mistakes(asking(lines))
    assert found.where == where
    assert said in found.message
    assert found.line is not None
