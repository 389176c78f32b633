"""Every verb and every word that it takes is decided on for those who come over SSH, and what is new is refused."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from console.cli.root import VERBS, leverframe
from console.cli.session import Verb, VerbGroup, word_of
from console.ssh import verbs
from console.ssh.carry_out import split
from engine.access.acts import declared
from engine.api import Engine

CONTEXT = click.Context(leverframe)


def commands() -> Iterator[tuple[str, click.Command]]:
    for verb in VERBS:
        found = leverframe.get_command(CONTEXT, verb)
        assert found is not None
        yield from below(verb, found)


def below(path: str, command: click.Command) -> Iterator[tuple[str, click.Command]]:
    yield path, command
    if isinstance(command, click.Group):
        for name in command.list_commands(CONTEXT):
            found = command.get_command(CONTEXT, name)
            assert found is not None
            yield from below(f"{path} {name}", found)


EVERY = dict(commands())
OFFERED = [path for path in EVERY if path not in verbs.REFUSED]


def allowed(verb: str) -> dict[str, str]:
    return dict(each.partition("=")[::2] for each in verbs.ALLOWED[verb].split())


def words(verb: str) -> dict[str, click.Parameter]:
    common = {*verbs.COMMON, *verbs.REFUSED_COMMON}
    return {word_of(each): each for each in EVERY[verb].params if word_of(each) not in common}


def test_every_verb_is_decided_on_and_nothing_else_is() -> None:
    assert {*verbs.REFUSED, *verbs.ALLOWED} == {*EVERY}
    assert not {*verbs.REFUSED} & {*verbs.ALLOWED}


@pytest.mark.parametrize("verb", OFFERED)
def test_every_word_of_a_verb_is_decided_on(verb: str) -> None:
    refused = {word for of, word in verbs.REFUSED_WORDS if of == verb}
    assert {*allowed(verb), *refused} == {*words(verb)}
    assert not {*allowed(verb)} & refused


@pytest.mark.parametrize("verb", OFFERED)
def test_what_names_a_file_is_a_stream_or_the_folder_of_a_project(verb: str) -> None:
    for word, parameter in words(verb).items():
        if word in allowed(verb) and isinstance(parameter.type, click.Path | click.File):
            assert allowed(verb)[word] == verbs.STREAM or word == "path", f"{verb} {word}"
            assert allowed(verb)[word] != verbs.STREAM or getattr(parameter.type, "allow_dash", False)


@pytest.mark.parametrize("verb", OFFERED)
def test_a_verb_that_is_offered_asks_before_it_does_anything(verb: str) -> None:
    assert isinstance(EVERY[verb], Verb | VerbGroup)


def test_what_nobody_decided_on_is_refused() -> None:
    assert "not decided on" in str(verbs.why_not("teleport", []))
    assert "your key says who you are" in str(verbs.why_not("status", [("--operator", "ada")]))
    assert "nobody decided on it" in str(verbs.why_not("status", [("--pager", True)]))
    assert verbs.why_not("status", [("project", "flights"), ("--json", True), ("--at", "2026-11-03")]) is None


@pytest.mark.parametrize(
    ("verb", "given"),
    [
        ("", ("--home", "/tmp")),
        ("status", ("--home", "/tmp")),
        ("status", ("--operator", "ada")),
        ("report", ("--output", "x.html")),
        ("report", ("--output", "/dev/stdout")),
        ("report", ("--dry-run", "mails")),
        ("audit", ("--export", "trail.jsonl")),
        ("backup", ("folder", "/mnt")),
        ("backup", ("--key", "-")),
        ("operators add", ("--key", (Path("-"), Path("/etc/shadow")))),
        ("operators keys add", ("file", "~/.ssh/id_ed25519")),
        ("places add", ("path", "/var/log")),
        ("restore", ("folder", "/mnt")),
        ("operators recover", ("name", "ada")),
    ],
)
def test_a_file_of_the_machine_is_refused_with_the_reason(verb: str, given: tuple[str, object]) -> None:
    told = verbs.why_not(verb, [given])
    assert told is not None and re.match(r"Over SSH .*[:;].+\.$", told)


@pytest.mark.parametrize(
    ("verb", "given"),
    [
        ("report", ("--output", Path("-"))),
        ("audit", ("--export", Path("-"))),
        ("operators add", ("--key", (Path("-"),))),
        ("operators keys add", ("file", Path("-"))),
        ("add", ("path", Path("flights"))),
    ],
)
def test_what_the_client_sends_and_gets_is_allowed(verb: str, given: tuple[str, object]) -> None:
    assert verbs.why_not(verb, [given]) is None


def test_the_engine_can_tell_every_file_among_the_arguments_of_an_act() -> None:
    """It refuses values that are a ``Path`` (engine/access/files.py); a list of them, or a text, it would not see."""
    odd = []
    for name in declared(Engine):
        for parameter in inspect.signature(getattr(Engine, name)).parameters.values():
            parts = [part.strip() for part in str(parameter.annotation).split("|")]
            hidden = any("Path" in part and part != "Path" for part in parts)
            named = parameter.name in ("folder", "file", "path", "target") and "Path" not in parts
            if hidden or named:
                odd.append(f"{name}({parameter})")
    assert odd == []


@pytest.mark.parametrize(
    ("command", "found"),
    [
        (None, []),
        ("", []),
        ("leverframe", []),
        ("status --json", ["status", "--json"]),
        ("leverframe status", ["status"]),
        ("approve flights@12 --reason 'better; `id`'", ["approve", "flights@12", "--reason", "better; `id`"]),
        ("status; id", ["status;", "id"]),
        ("status | sh", ["status", "|", "sh"]),
        ("status $(id) `id` && id > x", ["status", "$(id)", "`id`", "&&", "id", ">", "x"]),
        ("status # no comment", ["status", "#", "no", "comment"]),
        ("status\nid", ["status", "id"]),
    ],
)
def test_a_command_is_split_into_words_and_no_sign_of_a_shell_means_anything(
    command: str | None, found: list[str]
) -> None:
    assert split(command) == found
