"""Whatever a sentence tells people to write or to run, there is: keys of the manifest, verbs of the command line and
their options. What gates advise is gone in tests/engine/validation/gates/test_ways.py."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import click
import pytest

from console.cli.root import leverframe
from engine.errors import Invalid
from engine.projects.manifest.reader import parse_manifest
from tests.engine.projects.manifests import SMALL

ROOT = Path(__file__).resolve().parents[1]
# Words that follow the name of a section where something is said of all of it, and ``[open] summary`` of a style sheet.
PROSE = {"asks", "needs", "out", "says", "sends", "leaves", "forbids", "in", "of", "does", "summary", "that"}
# A command in quotes, as people are told to run it; a word in capitals or dots stands for one of theirs.
COMMAND = re.compile(r"'leverframe ([a-z][^'…]*)")


@cache
def sentences() -> tuple[tuple[str, str], ...]:
    """Each text in the code but those that only document it, with the file that it is in."""
    return tuple(
        (str(path.relative_to(ROOT)), text)
        for room in ("engine", "console")
        for path in sorted((ROOT / room).rglob("*.py"))
        for text in _texts(ast.parse(path.read_text()))
    )


def _texts(tree: ast.Module) -> Iterator[str]:
    documented = {
        id(node.body[0].value)
        for node in ast.walk(tree)
        if isinstance(node, ast.Module | ast.FunctionDef | ast.ClassDef)
        and node.body and isinstance(node.body[0], ast.Expr)
    }  # fmt: skip
    for node in ast.walk(tree):
        if isinstance(node, ast.JoinedStr):
            yield "".join(part.value if isinstance(part, ast.Constant) else "…" for part in node.values)  # type: ignore[misc]
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in documented:
            yield node.value


def keys_named() -> set[tuple[str, str]]:
    found = {pair for _, text in sentences() for pair in re.findall(r"\[([a-z]+)\] ([a-z_]+)", text)}
    return {(section, key) for section, key in found if key not in PROSE}


def test_there_is_advice_to_look_at() -> None:
    assert {("validation", "holdout"), ("data", "exclude"), ("environment", "pass")} <= keys_named()
    assert len(list(commands())) > 30


def test_a_key_that_a_sentence_names_is_one_that_a_manifest_may_have(subtests: pytest.Subtests) -> None:
    """One test for all: with one each, every worker would read the whole code before it has a test at all."""
    for section, key in sorted(keys_named()):
        head = f"[{section}]\n"
        text = SMALL.replace(head, f"{head}{key} = 1\n") if head in SMALL else f"{SMALL}\n{head}{key} = 1\n"
        text = re.sub(rf"(?m)(?<!\A)^{key} = (?!1$).*\n", "", text) if head in SMALL else text
        with subtests.test(section=section, key=key):
            try:
                parse_manifest(text)
            except Invalid as mistake:
                assert not [each for each in mistake.mistakes if "is not a known key" in str(each)], mistake


def commands() -> Iterator[tuple[str, str]]:
    for where, text in sentences():
        for said in COMMAND.findall(text):
            yield where, said


def _command(words: list[str]) -> tuple[click.Command, list[str]]:
    """The command that the first of ``words`` name, and the other words."""
    found: click.Command = leverframe
    while isinstance(found, click.Group) and words:
        inner = found.get_command(click.Context(found), words[0])
        if inner is None:
            assert words[0].isupper() or words[0].startswith("-"), f"there is no {words[0]}"
            break
        found, words = inner, words[1:]
    return found, words


def commands_of_pages() -> set[str]:
    """Between backticks, or a line of a block; without what is quoted in them, and without a comment or a pipe."""
    pages = [ROOT / "README.md", *(ROOT / "docs").glob("*.md")]
    text = "\n".join(page.read_text("utf-8") for page in pages)
    said = re.findall(r"`leverframe ([a-z][^`…]*)`|^leverframe ([a-z][^#|\n]*)", text, re.M)
    return {" ".join(re.sub(r"'[^']*'|\"[^\"]*\"|[][,]", " ", "".join(each)).split()) for each in said}


def test_a_command_that_a_sentence_or_a_page_names_can_be_run(subtests: pytest.Subtests) -> None:
    for said in sorted({said for _, said in commands()} | commands_of_pages()):
        with subtests.test(said=said):
            words = said.split()
            found, rest = _command(words)
            assert len(rest) < len(words), f"there is no verb {words[0]}"
            known = {option for parameter in found.params for option in (*parameter.opts, *parameter.secondary_opts)}
            assert {word.partition("=")[0] for word in rest if word.startswith("--")} <= known | {"--help"}
