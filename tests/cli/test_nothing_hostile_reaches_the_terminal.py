"""Escape sequences in commit messages, data, logs and reasons are not obeyed by the terminal that shows them."""

from __future__ import annotations

import re

import pytest

from tests.cli.conftest import HOSTILE, History

OBEYED = re.compile("[\x00-\x09\x0b-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]")


@pytest.mark.parametrize(
    "words",
    [
        "status", "status tiny", "candidates", "versions tiny", "show tiny@3", "show tiny@2", "diff tiny@1 tiny@3",
        "runs", "log 3", "at 2099-01-01", "audit", "doctor", "operators", "rollback tiny --to tiny@2 --preview",
    ],
)  # fmt: skip
def test_what_a_verb_prints_holds_nothing_that_a_terminal_obeys(history: History, words: str) -> None:
    told = history(*words.split())
    assert told.out
    assert not OBEYED.search(told.out)
    assert not OBEYED.search(told.err)


def test_the_words_of_hostile_texts_are_still_there(history: History) -> None:
    assert "red" in history("audit").out
    assert "red" in history("versions", "tiny").out
    assert "red" in history("show", "tiny@3").out
    assert "training red" in history("log", 3).out


def test_hostile_arguments_do_not_come_back_either(history: History) -> None:
    for words in ("show", "status", "at", "log", "add", ""):
        told = history(*words.split(), HOSTILE)
        assert told.code in (1, 2)
        assert told.err.count("\n") == 1
        assert not OBEYED.search(told.err)


def test_what_was_said_during_the_decisions_is_plain_too(history: History) -> None:
    assert not any(OBEYED.search(told.out) for told in history.said.values())
