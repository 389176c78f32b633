"""routes and handover on the command line: a day with a pager, and documents whose keys hold."""

from __future__ import annotations

import re
import shutil
from pathlib import Path
from typing import Any

import pytest

from tests.cli.conftest import History
from tests.killing import let_go
from tests.people import open_engine

ROUTE = {
    "id", "kind", "who", "words", "sentence", "address", "starts", "ends", "days", "timezone", "lets", "after",
    "project", "since", "by", "until",
}  # fmt: skip
HANDOVER = {"id", "state", "former", "to", "by", "note", "offered_at", "taken_at", "withdrawn_at"}
MATTER = {"kind", "about", "says", "since", "until", "by", "note", "promised", "sentence"}
DUTY = {"operator", "since", "offered_to", "offered_by", "offered_at"}


@pytest.fixture
def people(history: History, tmp_path: Path) -> History:
    """A workspace of its own, for what each test leaves in it."""
    shutil.copytree(let_go(history.home), tmp_path / "home", ignore=shutil.ignore_patterns("environments", "live"))
    found = History(tmp_path / "home", history.project)
    assert found("operators", "add", "b.lee", "--role", "operator", "--reason", "a colleague").code == 0
    return found


def test_routes_are_added_listed_and_ended(people: History) -> None:
    assert "Nothing is routed: news goes at once to whom each project names." in people("routes").out
    words = "quiet b.lee 22:00-07:00 mon-fri Europe/Berlin except nothing"
    added = people("routes", "add", *words.split(), "--reason", "sleep", "--json").json
    assert set(added) == ROUTE and added["words"] == words and added["lets"] == "nothing"
    said = people("routes", "add", "escalate", "on-duty", "30m", "tiny", "--reason", "so")
    assert said.out == (
        "Route 2 is in force: on-duty: told what of tiny is failing and nobody has taken on for 30 min.\n"
    )
    assert [each["id"] for each in people("routes", "--json").json] == [1, 2]
    assert people("routes", "remove", "1", "--reason", "awake").code == 0
    assert people("routes", "remove", "1", "--reason", "awake").err.startswith("There is no route 1;")
    assert people("routes", "history", "--json").json == []


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("escalate eve 30m", "This workspace knows no operator 'eve'; 'leverframe operators' lists them.\n"),
        ("escalate ada 30m tides", "There is no project 'tides' here;"),
        ("quiet ada 7-22", "'quiet ada 7-22' cannot be read; write quiet WHO FROM-TO"),
    ],
)
def test_a_route_that_leads_nowhere_is_refused(people: History, words: str, said: str) -> None:
    told = people("routes", "add", *words.split(), "--reason", "so")
    assert told.code == 1 and told.err.startswith(said)
    assert people("routes", "--json").json == []


def test_an_operator_chooses_their_own_quiet_hours_and_nothing_else(people: History) -> None:
    told = people("routes", "quiet", "22:00-07:00", "--reason", "sleep", "--operator", "b.lee")
    assert told.out == "Route 1 is in force: b.lee: quiet from 22:00 to 07:00 (UTC); failing comes through.\n"
    for words in (("add", "quiet", "ada", "22:00-07:00"), ("remove", "1")):
        refused = people("routes", *words, "--reason", "so", "--operator", "b.lee")
        assert refused.err == "b.lee is an operator and may not change routes; ask somebody who is an admin.\n"
    told = people("routes", "quiet", "none", "--reason", "awake", "--operator", "b.lee")
    assert told.out == "You have no quiet hours any more.\n"


def test_a_day_with_the_pager(people: History) -> None:
    def ask(*words: str, by: str = "ada") -> Any:
        return people("handover", *words, "--operator", by)

    assert ask().out.startswith("On duty: nobody.\n") and people("status", "--json").json["duty"]["operator"] is None
    assert ask("take").out.endswith("ada is on duty now.\n")
    assert "On duty: ada" in people("status").out
    preview = ask("--preview", "--json").json
    assert [(each["kind"], each["about"]) for each in preview] == [("candidate", "tiny@3")]
    assert set(preview[0]) == MATTER and preview[0]["promised"] is False
    told = ask("--to", "b.lee", "--note", "look at tiny@3")
    assert "· tiny@3 waits for a decision until" in told.out and "“look at tiny@3”" in told.out
    assert told.out.splitlines()[-1].startswith("Offered to b.lee; ada stays on duty until they take it: leverframe")
    found = people("status", "--json").json["duty"]
    assert set(found) == DUTY and (found["operator"], found["offered_to"]) == ("ada", "b.lee")
    assert "ada offers it to you." in ask(by="b.lee").out
    taken = ask("take", "--json", by="b.lee").json
    assert set(taken) == HANDOVER | {"matters"} and (taken["state"], taken["former"]) == ("taken", "ada")
    listed = ask("--json").json
    assert set(listed) == {"on_duty", "handovers"} and [each["id"] for each in listed["handovers"]] == [2, 1]
    assert ask("show", "2").out.startswith("Hand-over 2: ada to b.lee\n")
    assert ask("take").code == 1 and ask("take", "--reason", "b.lee is ill").code == 0
    assert people("handover", "take", "--to", "b.lee").code == 2


def test_all_hand_overs_are_listed_and_limit_says_how_many(people: History) -> None:
    assert people("handover", "take").code == 0
    engine = open_engine(people.home, "ada")
    for _ in range(50):
        engine.hand_over("b.lee", "so")
    engine.close()
    everything = list(range(51, 0, -1))
    assert [each["id"] for each in people("handover", "--json").json["handovers"]] == everything
    assert [each["id"] for each in people("handover", "--limit", "2", "--json").json["handovers"]] == [51, 50]
    told = [people("handover", *words).out for words in ((), ("--limit", "2"), ("--limit", "51"))]
    assert [len(re.findall(r"^ *\d+  ", each, re.MULTILINE)) for each in told] == [50, 2, 51]


@pytest.mark.parametrize("words", ["--limit 2 take", "--limit 2 --preview", "--limit 2 --to b.lee"])
def test_how_many_is_asked_of_the_list_alone(people: History, words: str) -> None:
    told = people("handover", *words.split())
    assert told.code == 2 and "--limit" in told.err
    assert people("handover", "--json").json["on_duty"] == dict.fromkeys(DUTY)


def test_what_was_so_is_seen_so_and_nothing_can_be_changed_then(people: History) -> None:
    people("handover", "take")
    people("routes", "add", "escalate", "ada", "30m", "--reason", "so")
    at = people("audit", "--json").json[0]["at"]
    people("routes", "remove", "1", "--reason", "so")
    people("handover", "--to", "b.lee", "--note", "so")
    assert [each["words"] for each in people("routes", "--json", "--at", at).json] == ["escalate ada 30m"]
    then = people("handover", "--json", "--at", at).json
    assert (then["on_duty"]["operator"], then["on_duty"]["offered_to"]) == ("ada", None)
    assert people("status", "--json", "--at", at).json["duty"]["operator"] == "ada"
    assert "go back to now to act" in people("handover", "take", "--at", at).err
    assert "go back to now to act" in people("routes", "quiet", "none", "--reason", "so", "--at", at).err
