"""Every verb and each of its options stand in docs/verbs.md, and that page names none that there is not."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import click

from console.cli.root import VERBS, leverframe

PAGE = (Path(__file__).resolve().parents[2] / "docs/verbs.md").read_text("utf-8")
OPTION = re.compile(r"(?<!\w)(--[a-z][a-z-]+|-o\b)")
Path_ = tuple[str, str]  # a verb, and the command below it; "" for none


def commands() -> dict[Path_, click.Command]:
    context = click.Context(leverframe)
    found: dict[Path_, click.Command] = {("", ""): leverframe}
    for verb in VERBS:
        command = leverframe.get_command(context, verb)
        assert command is not None
        found[verb, ""] = command
        for name, below in command.commands.items() if isinstance(command, click.Group) else ():
            found[verb, name] = below
            if isinstance(below, click.Group):
                found |= {(verb, f"{name} {last}"): lowest for last, lowest in below.commands.items()}
    return found


def rows() -> Iterator[tuple[list[tuple[Path_, str]], str]]:
    """Each row of the page: the commands in its first cell with what is said of them there, and its other cell."""
    known = commands()
    for line in PAGE.splitlines():
        if not line.startswith("| `leverframe"):
            continue
        first, second = line.strip("| ").split(" | ", 1)
        named: list[tuple[Path_, str]] = []
        for said in re.findall(r"`([^`]+)`", first):
            begins, *rest = said.split(" ")
            verb = named[-1][0][0] if begins == "..." else rest.pop(0) if rest and rest[0] in VERBS else ""
            words = [" ".join(rest[:2]).replace("[", "").replace("]", ""), rest[0].strip("[]") if rest else ""]
            below = [word for word in words if (verb, word) in known and word][:1]
            if below and rest[-1] == "...":  # With what the one before it takes.
                said += named[-1][1]
            named += [((verb, name), said) for name in below]
            if not below or rest[0].startswith("["):
                named.append(((verb, ""), said))
        yield named, second


def options(command: click.Command) -> set[str]:
    """Each option as it is called most."""
    return {each.opts[0] for each in command.params if isinstance(each, click.Option) and "--help" not in each.opts}


# What the head of the page says of every verb; how many lines a list has is for the row of each list.
OF_ALL = set(OPTION.findall(PAGE.partition("\n| ")[0])) - {"--limit"}


def test_the_page_names_every_verb_and_every_command_of_one_and_no_other() -> None:
    named = {path for row, _ in rows() for path, _ in row}
    # 'schedules' alone lists them as 'schedules list' does; the page may name the shorter one only.
    assert {name for _, name in commands().keys() - named} <= {"list", "keys list"}
    assert set(re.findall(r"`leverframe ([a-z][a-z-]*)", PAGE.partition("\n| ")[2])) == set(VERBS)


def test_the_page_names_each_option_of_each_command() -> None:
    said: dict[Path_, set[str]] = defaultdict(set)
    for row, second in rows():
        for path, words in row:
            said[path] |= {*OPTION.findall(words), *OPTION.findall(second)}
    lacking = {
        " ".join(("leverframe", *path)): missing
        for path, command in commands().items()
        if (path in said or not path[1].endswith("list")) and (missing := options(command) - said[path] - OF_ALL)
    }
    assert lacking == {}


def test_the_page_names_no_option_that_there_is_not() -> None:
    known = {path: {name for each in command.params for name in each.opts} for path, command in commands().items()}
    for row, second in rows():
        assert set(OPTION.findall(second)) <= set().union(*(known[path] for path, _ in row)), second
        for path, words in row:
            assert set(OPTION.findall(words)) <= known[path], (path, words)
    assert set().union(*known.values(), {"--help"}) >= OF_ALL
