"""remove and bin empty: what cannot be undone is done once its name was typed, by option or on a terminal."""

from __future__ import annotations

import io
import shlex
import sys
from pathlib import Path

import pytest

from tests.cli.conftest import History
from tests.killing import let_go
from tests.workspaces import copied


@pytest.fixture
def copy(history: History, tmp_path: Path) -> History:
    return History(copied(let_go(history.home), tmp_path / "Our prod"), history.project)


@pytest.fixture
def person(monkeypatch: pytest.MonkeyPatch) -> io.StringIO:
    """Somebody at a terminal, who will have typed what is written here."""
    typed = io.StringIO()
    monkeypatch.setattr("console.cli.confirming.at_a_terminal", lambda: True)
    monkeypatch.setattr(sys, "stdin", typed)
    return typed


REMOVE = ("remove", "tiny", "--reason", "over")
EMPTY = ("bin", "empty", "--all", "--reason", "full")
ASKS = {
    REMOVE: "To remove tiny, type the project's name, tiny",
    EMPTY: "To empty the bin, type the name of this workspace's folder, Our prod",
}
WORDS = {REMOVE: "tiny", EMPTY: "Our prod"}


def acts(copy: History) -> list[str]:
    return [row["action"] for row in copy("audit", "--json").json]


@pytest.mark.parametrize("verb", [REMOVE, EMPTY])
def test_where_there_is_no_terminal_it_is_refused_with_what_would_confirm_it(
    copy: History, verb: tuple[str, ...]
) -> None:
    before, script = acts(copy), f"In a script: --confirm {shlex.quote(WORDS[verb])}"
    for given, instead in (((), ""), (("--confirm", ""), ""), (("--confirm", "TINY"), "'TINY' was typed, and ")):
        told = copy(*verb, *given)
        assert (told.code, told.out) == (1, "")
        assert told.err == f"{ASKS[verb]}; {instead}nothing was done. {script}\n"
    assert acts(copy) == before
    assert "tiny" in copy("status").out


@pytest.mark.parametrize("verb", [REMOVE, EMPTY])
def test_on_a_terminal_it_is_asked_for_beside_what_is_printed(
    copy: History, verb: tuple[str, ...], person: io.StringIO
) -> None:
    person.write(f" {WORDS[verb]} \n")
    person.seek(0)
    told = copy(*verb, "--json")
    assert (told.code, told.err) == (0, f"{ASKS[verb]}: ")
    assert told.json


@pytest.mark.parametrize("answer", ["tin\n", "y\n", "yes\n", "\n", ""])
def test_who_types_something_else_or_nothing_is_refused_and_not_asked_again(
    copy: History, person: io.StringIO, answer: str
) -> None:
    before = acts(copy)
    person.write(f"{answer}tiny\n" if answer else "")
    person.seek(0)
    told = copy(*REMOVE)
    assert (told.code, told.out) == (1, "")
    assert told.err.count("To remove tiny, type the project's name, tiny") == 2
    assert "nothing was done." in told.err
    assert acts(copy) == before


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("remove", "tinny", "--reason", "x"), "There is no project 'tinny' here"),
        (("remove", "tiny", "--reason", " "), "A reason is needed"),
        (("--at", "2026-11-18", "remove", "tiny", "--reason", "x"), "The workspace was made on"),
    ],
)
def test_nobody_is_asked_for_what_would_be_refused_anyway(
    copy: History, person: io.StringIO, words: tuple[str, ...], said: str
) -> None:
    person.write("tiny\n")
    person.seek(0)
    told = copy(*words)
    assert told.code == 1
    assert told.err.startswith(said)
    assert person.read() == "tiny\n"


def test_a_viewer_is_not_asked_either(copy: History, person: io.StringIO) -> None:
    copy("operators", "add", "vera", "--role", "viewer", "--reason", "on call")
    told = copy("--operator", "vera", *REMOVE)
    assert (told.code, told.err) == (1, "vera is a viewer and may not remove projects; ask somebody who is an admin.\n")
