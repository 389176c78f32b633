"""``--at``: every verb that looks shows that moment, and every verb that acts refuses it in one sentence."""

from __future__ import annotations

import re
import shlex

import pytest

from engine.access.acts import declared
from engine.api import Engine
from tests.cli.calling import call
from tests.cli.conftest import History
from tests.cli.test_both_fronts_call_the_engine import REACHES

READINGS = {name for name, act in declared(Engine).items() if act.in_past}
REFUSED = re.compile(r"This is how things stood on \d\d \w{3} \d{4} at \d\d:\d\d UTC; go back to now to act\.\n")
HINT = re.compile(r": leverframe (.+?)(?= --reason|[.,]?$)", re.MULTILINE)
# A kept report and a slice are of a day on which there was none yet; nothing was scored on any.
NOT_THERE = {
    "report tiny --kept 1", "report tiny --kept 1 -o a.html", "disk --last", "handover show 1", "trace --run 1",
    "trace somewhere",
}  # fmt: skip


@pytest.fixture
def first_release(history: History) -> str:
    """The moment at which tiny@1 went live."""
    rows = history("audit", "--json").json
    return str(next(row["at"] for row in rows if row["action"] == "release" and row["subject"] == "tiny@1"))


def test_status_is_that_of_then(history: History, first_release: str) -> None:
    assert history("status", "--json").json["projects"][0]["candidates"] == ["tiny@3"]
    then = history("--at", first_release, "status", "--json").json
    assert then["as_of"] == first_release
    assert (then["projects"][0]["live"], then["projects"][0]["candidates"]) == ("tiny@1", [])
    assert then["disk"] == {"free": None, "total": None}
    assert then["engine"]["running"] is None
    assert [each["version"] for each in history("versions", "tiny", "--at", first_release, "--json").json] == ["tiny@1"]


def test_a_person_is_told_first_of_all_that_it_is_not_now(history: History, first_release: str) -> None:
    said = history("status", "--at", first_release).out.splitlines()
    assert re.fullmatch(r"AS OF \w{3} \d+ \w{3} \d{4} \d\d:\d\d UTC, nothing can be changed here", said[0])


def test_what_is_live_at_a_moment_to_come_is_told_as_what_is_live_now(history: History, first_release: str) -> None:
    assert "UTC, which is still to come, as things stand now:" in history("at", "2099-01-01").out
    assert "to come" not in history("at", first_release).out


@pytest.mark.parametrize(("words", "method"), [each for each in REACHES.items() if each[1] in READINGS])
def test_a_verb_that_looks_looks_at_then(history: History, first_release: str, words: str, method: str) -> None:
    asked = words.replace("tiny@2", "tiny@1").replace("somewhere", str(history.home.parent / "trail"))
    told = history(*asked.split(), "--at", first_release)
    assert told.code == (words in NOT_THERE), told


ACTING = [each for each in REACHES.items() if each[1] not in {*READINGS, "start_scheduler"}]


@pytest.mark.parametrize(("words", "method"), ACTING)
def test_a_verb_that_acts_refuses_it(history: History, first_release: str, words: str, method: str) -> None:
    before = history("audit", "--json").json
    told = history(*words.split(), "--at", first_release)
    assert told.code == 1 and REFUSED.fullmatch(told.err), told
    assert history("audit", "--json").json == before


@pytest.mark.parametrize("verb", ["init", "demo", "pages", "serve", "engine", "ssh"])
def test_what_does_not_open_the_workspace_by_that_door_refuses_it_too(history: History, verb: str) -> None:
    told = history(verb, "--at", "2026-01-01")
    assert (told.code, told.err) == (1, f"{verb} acts on the present and --at shows what is past; leave --at away.\n")


def test_what_a_verb_says_to_do_is_done_now_and_where_to_look_is_then(history: History, first_release: str) -> None:
    begun = history("audit", "--json").json[-1]["at"]
    waited = history("runs", "--json").json[-1]["ended_at"]
    words = [each for each, method in REACHES.items() if method in READINGS and "somewhere" not in each]
    asked = [(begun, "status"), (waited, "candidates"), *((first_release, each) for each in words)]
    said = [history(*each.split(), "--at", moment) for moment, each in asked]
    hints = {hint for told in said for hint in HINT.findall(told.out + told.err)}
    looks = {hint for hint in hints if "--at " in hint}
    acts = {hint.removeprefix(f"--home {history.home} ") for hint in hints - looks}
    assert acts >= {"add PATH", "disk", "handover take", "health tiny --look"}
    assert {hint.partition("Z ")[2] for hint in looks} == {"show tiny@1"}, "it is looked at as it was then"
    for hint in looks:
        told = call("--operator", "ada", *shlex.split(hint))
        assert told.code == 0, (hint, told)


def test_a_time_that_is_none_and_one_that_is_to_come_are_refused(history: History) -> None:
    assert "is not a time" in history("status", "--at", "yesterday").err
    assert "is still to come" in history("status", "--at", "2126-01-01").err
    assert "was made on" in history("status", "--at", "2020-01-01").err


def test_the_console_of_then_needs_a_terminal_like_any_other(history: History, first_release: str) -> None:
    told = call("--home", history.home, "--operator", "ada", "--at", first_release)
    assert told.code == 1 and told.err.startswith("The console needs a terminal")
