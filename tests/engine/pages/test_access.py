"""Who is let in: a table of cases, without a server."""

from __future__ import annotations

from pathlib import Path

import pytest

from engine.errors import Invalid, LeverframeError, Refusal
from engine.pages.access import Door, Request, door, is_here, read_token
from tests.engine.pages.places import TOKEN

OPEN, GUARDED = Door(), Door(TOKEN)


@pytest.mark.parametrize("host", ["127.0.0.1", "127.0.0.1:8484", "localhost", "LOCALHOST:9000", "[::1]", "[::1]:8484"])
def test_the_loopback_answers_under_its_own_names_through_any_tunnel(host: str) -> None:
    assert OPEN.answer(Request("GET", "/", host=host)) == "in"


@pytest.mark.parametrize(
    "host", ["evil.example", "evil.example:8484", "", "localhost.evil.example", "127.0.0.1.nip.io"]
)
def test_a_name_that_another_site_has_pointed_here_is_turned_away(host: str) -> None:
    assert OPEN.answer(Request("GET", "/", host=host)) == "wrong name"


def test_a_token_lets_in_by_header_by_cookie_and_once_by_address_under_any_name() -> None:
    for host in ("models.example", "10.0.0.7:8484"):
        assert GUARDED.answer(Request("GET", "/", host=host, bearer=TOKEN)) == "in"
        assert GUARDED.answer(Request("GET", "/", host=host, cookies={"leverframe": GUARDED.cookie_value()})) == "in"
        assert GUARDED.answer(Request("GET", "/", host=host, given=TOKEN)) == "let in now"


@pytest.mark.parametrize(
    "asked",
    [
        Request("GET", "/", host="localhost"),
        Request("GET", "/", bearer=TOKEN[:-1]),
        Request("GET", "/", bearer=TOKEN + "x"),
        Request("GET", "/", given="ü" * 20),
        Request("GET", "/", cookies={"leverframe": TOKEN}),
        Request("GET", "/", cookies={"other": GUARDED.cookie_value()}),
    ],
)
def test_nothing_else_lets_in_where_there_is_a_token(asked: Request) -> None:
    assert GUARDED.answer(asked) == "no token"


def test_what_a_browser_keeps_is_not_the_token_and_no_other_tokens() -> None:
    assert TOKEN not in GUARDED.cookie_value()
    assert GUARDED.cookie_value() != Door(TOKEN + "x").cookie_value()
    assert TOKEN not in repr(GUARDED)


@pytest.mark.parametrize(
    ("host", "token", "kind", "said"),
    [
        ("0.0.0.0", None, Refusal, "0.0.0.0 can be reached from other machines, so a token is needed"),
        ("192.168.1.4", None, Refusal, "so a token is needed: set LEVERFRAME_PAGES_TOKEN or --token-file"),
        ("::", None, Refusal, "can be reached from other machines"),
        ("127.0.0.1", "short", Invalid, "The token has 5 characters; at least 16 are needed"),
        ("127.0.0.1", "with a space in its middle", Invalid, "no space"),
        ("127.0.0.1", "ümläut-ümläut-ümläut", Invalid, "ASCII only"),
        ("models.example", TOKEN, Invalid, "'models.example' is no address"),
    ],
)
def test_it_does_not_start_where_that_would_not_be_safe(
    host: str, token: str | None, kind: type[LeverframeError], said: str
) -> None:
    from engine.pages import access

    with pytest.raises(kind, match=said.replace("(", r"\(")):
        door(access.address(host), 8484, token)


def test_this_machine_alone_is_the_loopback() -> None:
    assert is_here("localhost") and is_here("127.0.0.9") and is_here("::1")
    assert not is_here("0.0.0.0") and not is_here("::")


def test_a_token_comes_from_a_file_or_the_environment_and_a_file_without_one_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "token"
    assert read_token({}, None) is None
    assert read_token({"LEVERFRAME_PAGES_TOKEN": " "}, None) is None
    assert read_token({"LEVERFRAME_PAGES_TOKEN": TOKEN}, None) == TOKEN
    with pytest.raises(Invalid, match="cannot be read"):
        read_token({"LEVERFRAME_PAGES_TOKEN": TOKEN}, file)
    file.write_text("\n")
    with pytest.raises(Invalid, match="is empty"):
        read_token({}, file)
    file.write_text(f"{TOKEN}\n")
    assert read_token({"LEVERFRAME_PAGES_TOKEN": "another"}, file) == TOKEN


def test_the_tokens_former_name_is_read_where_the_new_one_is_not_set() -> None:
    assert read_token({"LEVERFRAME_SERVE_TOKEN": TOKEN}, None) == TOKEN
    assert read_token({"LEVERFRAME_SERVE_TOKEN": "another", "LEVERFRAME_PAGES_TOKEN": TOKEN}, None) == TOKEN
