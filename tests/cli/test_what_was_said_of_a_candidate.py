"""comment, and what candidates, show and approve say of those who spoke first."""

from __future__ import annotations

import io
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.cli.calling import Told, call
from tests.cli.conftest import HOSTILE, History
from tests.cli.test_nothing_hostile_reaches_the_terminal import OBEYED
from tests.killing import let_go
from tests.workspaces import copied


@pytest.fixture
def copy(history: History, tmp_path: Path) -> History:
    made = History(copied(let_go(history.home), tmp_path / "home"), history.project)
    made("operators", "add", "bob", "--role", "operator", "--reason", "a colleague")
    made("operators", "add", "vera", "--role", "viewer", "--reason", "the business")
    return made


@pytest.fixture
def by(copy: History) -> Callable[..., Told]:
    return lambda name, *words: call("--home", copy.home, "--operator", name, *words)


def test_a_viewers_comment_is_shown_wherever_the_candidate_is(copy: History, by: Callable[..., Told]) -> None:
    told = by("vera", "comment", "tiny@3", "odd on Mondays", "--json")
    assert {**told.json, "at": None} == {"version": "tiny@3", "at": None, "by": "vera", "text": "odd on Mondays"}
    assert by("vera", "comment", "tiny@3", "and Tuesdays").out == "It stands on the card of tiny@3.\n"
    for words in ("candidates", "show tiny@3"):
        said = copy(*words.split()).out
        assert "· vera, " in said
        assert said.index(" UTC: odd on Mondays") < said.index(" UTC: and Tuesdays"), "the newest last"
    for found in (copy("candidates", "--json").json[0], copy("show", "tiny@3", "--json").json):
        assert [(each["by"], each["text"]) for each in found["comments"]] == [
            ("vera", "odd on Mondays"), ("vera", "and Tuesdays"),
        ]  # fmt: skip
        assert (found["approvals"], found["approvals_needed"]) == ([], 1)
    (row,) = copy("audit", "--matching", "odd on Mondays", "--json").json
    assert (row["actor"], row["action"], row["subject"]) == ("vera", "comment", "tiny@3")
    assert row["reason"] == "odd on Mondays"
    assert copy("audit", "--verify").code == 0


def test_a_comment_comes_from_standard_input_whatever_bytes_it_has(
    copy: History, monkeypatch: pytest.MonkeyPatch
) -> None:
    typed = io.TextIOWrapper(io.BytesIO(b"first line\nsecond \xff line\n"), "utf-8")
    monkeypatch.setattr(sys, "stdin", typed)
    assert copy("comment", "tiny@3", "-").code == 0
    assert copy("show", "tiny@3", "--json").json["comments"][-1]["text"] == "first line\nsecond \ufffd line"
    assert "first line second \ufffd line" in copy("show", "tiny@3").out


@pytest.mark.parametrize("sent", [b"", b"   \n", b"x" * 1001, b"y" * 1_000_000])
def test_too_little_or_too_much_of_standard_input_is_refused(
    copy: History, monkeypatch: pytest.MonkeyPatch, sent: bytes
) -> None:
    before = copy("audit", "--json").json
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(sent), "utf-8"))
    told = copy("comment", "tiny@3", "-")
    assert (told.code, told.out) == (1, "")
    assert "There is nothing in the comment" in told.err or "keep it to 1,000" in told.err
    assert copy("audit", "--json").json == before


def test_a_hostile_comment_is_shown_and_never_obeyed(copy: History) -> None:
    copy("comment", "tiny@3", HOSTILE)
    for words in ("candidates", "show tiny@3", "audit", "approve tiny@3 --reason x"):
        said = copy(*words.split()).out
        assert "gone" in said, words
        assert not OBEYED.search(said), words


def test_the_second_approver_reads_what_the_first_wrote_before_anything_moves(
    copy: History, by: Callable[..., Told]
) -> None:
    copy("policy", "set", "approvals", "2", "--reason", "four eyes are better")
    assert copy("approve", "tiny@3", "--reason", "steady on every carrier").code == 0
    for words in ("candidates", "show tiny@3"):
        said = by("bob", *words.split()).out
        assert "✓ ada approved it on " in said and ' UTC: "steady on every carrier"' in said, words
    assert "tiny@3: 1 more approval needed" in by("bob", "candidates").out
    assert "1 of 2 approvals given." in by("bob", "show", "tiny@3").out
    found = by("bob", "candidates", "--json").json[0]
    assert [(each["by"], each["text"]) for each in found["approvals"]] == [("ada", "steady on every carrier")]
    assert found["approvals_needed"] == 2
    told = by("bob", "approve", "tiny@3", "--reason", "agreed")
    assert told.code == 0
    assert told.out.index('"steady on every carrier"') < told.out.index("Make tiny@3 live")
    assert told.out.index("Make tiny@3 live") < told.out.index("tiny@3 is live.")


def test_an_endless_list_of_comments_is_cut_where_many_are_shown_and_whole_where_one_is(copy: History) -> None:
    for number in range(6):
        copy("comment", "tiny@3", f"number {number}")
    said = copy("candidates").out
    assert "3 earlier comments" in said and "number 5" in said and "number 2" not in said
    assert all(f"number {number}" in copy("show", "tiny@3").out for number in range(6))
