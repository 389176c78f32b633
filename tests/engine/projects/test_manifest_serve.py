"""[serve]: whether requests are answered, within what limits, who answers in need, and what is kept of them."""

from __future__ import annotations

from datetime import timedelta

import pytest

from engine.projects.manifest.reader import ServeSpec, parse_manifest
from engine.projects.manifest.serve import spec_of
from tests.engine.projects.manifests import SMALL, mistakes

WHOLE = """\
realtime = true
timeout = "2s"
rows = 500
unseen = "refuse"
fallback = { prediction = "no", p_no = 1.0, "p_not yet" = 0 }
log = 0.25
log_for = "7d"
log_size = "64MiB"
"""


def serving(lines: str) -> str:
    return f"{SMALL}\n[serve]\n{lines}\n"


def test_a_project_that_says_nothing_of_it_answers_no_requests() -> None:
    assert parse_manifest(SMALL).serve == parse_manifest(serving("")).serve == ServeSpec()
    assert not ServeSpec().realtime


def test_every_key_is_read() -> None:
    answer = {"prediction": "no", "p_no": 1.0, "p_not yet": 0}
    whole = ServeSpec(True, timedelta(seconds=2), 500, "refuse", answer, 0.25, timedelta(days=7), 64 * 2**20)
    checked = parse_manifest(serving(WHOLE))
    assert checked.serve == spec_of(checked.document) == whole


@pytest.mark.parametrize(("said", "share"), [('"all"', 1.0), ('"off"', 0.0), ("0", 0.0), ("1", 1.0), ("0.1", 0.1)])
def test_what_is_kept_of_requests_is_a_word_or_a_share(said: str, share: float) -> None:
    assert parse_manifest(serving(f"log = {said}")).serve.log == share


def test_the_version_before_answers_in_need_where_the_manifest_says_so() -> None:
    assert parse_manifest(serving('fallback = "previous"')).serve.fallback == "previous"


@pytest.mark.parametrize(
    ("line", "where", "said"),
    [
        ("realtme = true", "[serve] realtme", "did you mean 'realtime'"),
        ('timeout = "0s"', "[serve] timeout", "too short"),
        ("rows = 0", "[serve] rows", "from 1 to 1,000,000"),
        ('unseen = "refused"', "[serve] unseen", "did you mean 'refuse'"),
        ('log = "none"', "[serve] log", '"all", "off" or a share from 0 to 1'),
        ("log = 1.5", "[serve] log", "a share from 0 to 1"),
        ("log = nan", "[serve] log", "a share from 0 to 1"),
        ("log = true", "[serve] log", "a share from 0 to 1"),
        ('log_size = "1B"', "[serve] log_size", "KiB"),
        ('fallback = "last"', "[serve] fallback", 'must be "previous" or a table'),
        ("fallback = []", "[serve] fallback", 'must be "previous" or a table'),
        ("fallback = { p_0 = 1.0 }", "[serve] fallback", "names no prediction"),
        ("fallback = { prediction = 0, p0 = 1.0 }", "[serve] fallback.p0", "is no part of an answer"),
        ("fallback = { prediction = [0] }", "[serve] fallback.prediction", "a text, a number, true or false"),
        ("fallback = { prediction = inf }", "[serve] fallback.prediction", "finite"),
        ('fallback = { prediction = "a\\nb" }', "[serve] fallback.prediction", "cannot be shown"),
        ("fallback = { prediction = 9007199254740993 }", "[serve] fallback.prediction", "below 2^53"),
    ],
)
def test_a_mistake_is_told_with_what_is_allowed(line: str, where: str, said: str) -> None:
    found = [each for each in mistakes(serving(line)) if each.where == where and said in each.message]
    assert found, [str(each) for each in mistakes(serving(line))]


def test_what_another_leverframe_kept_is_read_with_defaults_in_place_of_what_is_not_known() -> None:
    assert spec_of({"serve": {"realtime": True, "shadow": 1, "rows": -1}}) == ServeSpec(realtime=True)
    assert spec_of({}) == ServeSpec()
