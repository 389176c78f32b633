"""Tokens on the command line: shown once, listed, rotated, revoked; the keys of their JSON, which scripts rely on."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest

from engine import clock
from engine.access.tokens import Allowed, TokenBook
from engine.storage.ledger import Ledger
from tests import tiny
from tests.cli.calling import Told, call
from tests.cli.test_documents_keep_their_keys import keys_of

KEYS = {
    "name", "mark", "standing", "scopes", "projects", "made_at", "made_by", "reason", "ends_at", "until",
    "replaced_at", "replaced_by", "revoked_at", "revoked_by", "used",
}  # fmt: skip
SOON = f"{clock.now() + timedelta(days=60):%Y-%m-%d}"


@pytest.fixture
def verb(tmp_path: Path) -> Callable[..., Told]:
    home = tmp_path / "home"
    assert call("--home", home, "--operator", "ada", "init").code == 0
    assert call("--home", home, "--operator", "ada", "add", tiny.make(tmp_path / "tiny")).code == 0
    return lambda *words: call("--home", home, "--operator", "ada", *words)


def made(verb: Callable[..., Told], *more: str) -> Told:
    words = ("--scope", "score", "--project", "tiny", "--until", SOON, "--reason", "x")
    return verb("tokens", "make", "shop", *words, *more)


def test_a_token_is_shown_once_and_opens_what_it_says_until_it_is_revoked(
    verb: Callable[..., Told], tmp_path: Path
) -> None:
    first = made(verb, "--json").json
    assert keys_of(first) == KEYS | {"token"} and (first["standing"], first["projects"]) == ("in force", ["tiny"])
    told = verb("tokens", "rotate", "shop", "--overlap", "7d", "--reason", "a year on")
    second = told.out.split()[0]
    assert (told.code, told.err) == (0, "") and f"The old one, {first['mark']}, goes on until" in told.out
    (tmp_path / "home" / "locks").mkdir(exist_ok=True)
    ledger = Ledger(tmp_path / "home" / "ledger.db", locks=tmp_path / "home" / "locks")
    book = TokenBook(ledger)
    for text in (first["token"], second):
        assert isinstance(book.allows(text, "tiny", "score", clock.now()), Allowed)
    said = verb("tokens").out + verb("tokens", "list", "--json").out + verb("audit").out + verb("audit", "--json").out
    assert first["mark"] in said and "make-token" in said
    assert first["token"][13:] not in said and second[13:] not in said
    (revoked,) = verb("tokens", "revoke", first["mark"], "--reason", "leaked", "--json").json
    assert (keys_of(revoked), revoked["standing"], revoked["revoked_by"]) == (KEYS, "revoked", "ada")
    assert not isinstance(book.allows(first["token"], "tiny", "score", clock.now()), Allowed)
    assert isinstance(book.allows(second, "tiny", "score", clock.now()), Allowed)
    ledger.close()


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        ("make b --scope score --until 2100-01-01 --reason x", 2, "needs --project NAME, or --all-projects"),
        ("make b --scope score --project tiny --all-projects --until 2100-01-01 --reason x", 2, "and not both"),
        ("make b --scope score --project tiny --reason x", 2, "--until"),
        ("make b --scope all --project tiny --until 2100-01-01 --reason x", 2, "'all' is not one of"),
        ("make b --scope score --project tiny --until 2100-01-01 --reason x", 1, "no token holds longer"),
        ("make b --scope score --project nothing --until 2100-01-01 --reason x", 1, "nothing"),
        ("make b --scope score --project tiny --until soon --reason x", 1, "'soon' is not a time"),
        ("rotate b --overlap long --reason x", 2, "no length of time"),
        ("rotate b --overlap 7d --reason x", 1, "No token 'b' holds here"),
        ("revoke b --reason x", 1, "No token 'b' holds here"),
    ],
)
def test_what_cannot_be_is_refused_in_a_sentence(
    verb: Callable[..., Told], words: str, code: int, said: str
) -> None:
    told = verb("tokens", *words.split())
    assert (told.code, told.out, "Traceback" in told.err) == (code, "", False)
    assert said in told.err


def test_the_list_says_how_each_stands(verb: Callable[..., Told]) -> None:
    assert "There is no token" in verb("tokens").out
    made(verb)
    assert made(verb).code == 1
    for words in ("tiny", "in force", "score", "never", "ada"):
        assert words in verb("tokens", "list").out
