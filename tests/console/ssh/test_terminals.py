"""What a session's process knows of the client's terminal, and that nothing else of the client reaches it."""

from __future__ import annotations

import pytest

from console import themes
from console.ssh import terminal


@pytest.mark.parametrize(
    ("said", "found"),
    [
        ((140, 42), (140, 42)),
        ((1, 1), (1, 1)),
        ((0, 0), (80, 24)),
        ((10_000, 10_000), (500, 200)),
        ((2**32 - 1, 2**32 - 1), (500, 200)),
        ((0, 50), (80, 50)),
    ],
)
def test_a_size_is_drawn_within_bounds(said: tuple[int, int], found: tuple[int, int]) -> None:
    assert terminal.size(*said) == found


@pytest.mark.parametrize(
    "term",
    [
        "",
        "\x1b]0;owned\x07",
        "xterm\nLD_PRELOAD=/x",
        "../../etc/passwd",
        "x" * 65,
        "-n",
        "xterm;id",
        "ünï",
        "a=b",
        "a b",
    ],
)
def test_what_cannot_be_a_terminals_name_is_a_plain_one(term: str) -> None:
    assert terminal.environment({}, term) == {"LANG": "C.UTF-8", "TERM": "xterm"}


@pytest.mark.parametrize(
    ("term", "direct", "theme"),
    [
        ("xterm-256color", False, themes.DARK),
        ("screen.xterm-256color", False, themes.DARK),
        ("tmux-256color", False, themes.DARK),
        ("xterm-direct", True, themes.DARK),
        ("xterm-kitty", True, themes.DARK),
        ("alacritty", True, themes.DARK),
        ("foot", True, themes.DARK),
        ("xterm", False, themes.SIXTEEN),
        ("xterm-16color", False, themes.SIXTEEN),
        ("linux", False, themes.SIXTEEN),
        ("vt220", False, themes.SIXTEEN),
    ],
)
def test_colours_follow_from_the_terminals_name(term: str, direct: bool, theme: str) -> None:
    found = terminal.environment({}, term)
    assert found["TERM"] == term
    assert found.get("COLORTERM") == ("truecolor" if direct else None)
    assert themes.fitting(found) == theme


def test_without_a_terminal_nothing_of_one_is_told() -> None:
    assert terminal.environment({"TERM": "xterm", "COLORTERM": "truecolor"}, None) == {
        "LANG": "C.UTF-8", "TERM": "dumb",
    }  # fmt: skip


def test_the_environment_is_the_doors_own_without_what_is_of_its_terminal() -> None:
    own = {
        "PATH": "/usr/bin", "HOME": "/srv/leverframe", "TZ": "UTC", "DATABASE": "postgres://x", "LANG": "de",
        "LC_ALL": "C", "SSH_CONNECTION": "x",
        "SSH_AUTH_SOCK": "x", "NO_COLOR": "1", "LINES": "3", "PAGER": "less", "EDITOR": "vi",
        "LEVERFRAME_OPERATOR": "ada", "LEVERFRAME_HOME": "/other", "LEVERFRAME_SMTP_HOST": "mail",
        "_LEVERFRAME_COMPLETE": "bash_source", "TEXTUAL_LOG": "/tmp/x", "PYTHONSTARTUP": "/tmp/x", "TMUX": "x",
    }  # fmt: skip
    assert terminal.environment(own, "xterm") == {
        "PATH": "/usr/bin", "HOME": "/srv/leverframe", "TZ": "UTC", "DATABASE": "postgres://x",
        "LEVERFRAME_SMTP_HOST": "mail", "LANG": "C.UTF-8", "TERM": "xterm",
    }  # fmt: skip
