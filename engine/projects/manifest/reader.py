"""``leverframe.toml``: what a project is, read from its folder and validated as a whole."""

from __future__ import annotations

import os
import re
import stat
import tomllib
from functools import lru_cache
from pathlib import Path
from typing import Any

from engine.errors import Invalid, Mistake
from engine.projects.manifest import sections
from engine.projects.manifest.approval import approval
from engine.projects.manifest.compute import compute
from engine.projects.manifest.environment import environment
from engine.projects.manifest.fields import Mistakes, Table, shown
from engine.projects.manifest.gates import gates
from engine.projects.manifest.health import health, triggers
from engine.projects.manifest.learn import learn
from engine.projects.manifest.lines import lines_of
from engine.projects.manifest.records import (
    ComputeSpec,
    DataSpec,
    EnvironmentSpec,
    Manifest,
    Program,
    SandboxSpec,
    ScheduleSpec,
    ServeSpec,
    TrainSpec,
    ValidationSpec,
)
from engine.projects.manifest.report import report
from engine.projects.manifest.rules import check_columns, check_kind, check_learn, cross_check, features_of
from engine.projects.manifest.sandbox import sandbox
from engine.projects.manifest.schedule import schedule, zone_in
from engine.projects.manifest.score import score
from engine.projects.manifest.serve import serve
from engine.projects.manifest.waivers import waivers
from engine.text import plain
from engine.vocabulary.gates import GateRule

__all__ = [
    "FILE", "LIMIT", "ComputeSpec", "DataSpec", "EnvironmentSpec", "GateRule", "Manifest", "Program",
    "SandboxSpec", "ScheduleSpec", "ServeSpec", "TrainSpec", "ValidationSpec", "check_columns", "features_of",
    "load_manifest", "parse_manifest",
]  # fmt: skip

FILE = "leverframe.toml"
LIMIT = 256 * 1024
SECTIONS = (
    "project", "environment", "data", "train", "validation", "gates", "waivers", "schedule", "health", "triggers",
    "approval", "report", "compute", "sandbox", "serve", "score", "learn",
)  # fmt: skip
# Before anything was served, what stood in it was read by nobody: a version that holds a mistake there is still read.
_READ_BY_NOBODY_ONCE = "[serve]"
_LISTS = ("gates", "waivers", "triggers")
# tomllib takes time that grows with the square of the dots in a key: 55 s for a key of 120 KB.
_ENDLESS_KEY = re.compile(r"""(?<![\w"'-])(?:(?:[\w-]++|"[^"\n]*+"|'[^'\n]*+')[ \t]*+\.[ \t]*+){32}""")


def load_manifest(folder: Path, *, of_version: bool = False) -> Manifest:
    """The manifest of the project in ``folder``; ``of_version``: as a version holds it. Raises Invalid with every
    mistake at once."""
    path = folder / FILE
    try:
        if not path.resolve(strict=True).is_relative_to(folder.resolve()):
            raise Invalid(f"{FILE} in {folder} is a link that leads out of the folder; put the file itself there.")
        content = _read(path)
    except FileNotFoundError:
        raise Invalid(f"There is no {FILE} in {folder}; a project is a folder that holds one.") from None
    except NotADirectoryError:
        raise Invalid(f"{folder} is not a folder; name the folder that holds {FILE}.") from None
    except (OSError, RuntimeError) as error:  # RuntimeError: a link that leads to itself, before Python 3.13
        reason = getattr(error, "strerror", None) or "it is a link that leads to itself"
        raise Invalid(f"{FILE} in {folder} cannot be read ({reason}); look at its permissions.") from None
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        mistake = Mistake(line, FILE, "is not UTF-8 text from here on; save the file as UTF-8.")
        raise _invalid(FILE, (mistake,)) from None
    return parse_manifest(text, FILE, of_version=of_version)


def _read(path: Path) -> bytes:
    # Without O_NONBLOCK, opening a named pipe would wait for a writer for ever.
    with open(os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC), "rb") as file:
        if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
            raise Invalid(f"{path} is not a file; a project's manifest is a text file of that name.")
        content = file.read(LIMIT + 1)
    if len(content) > LIMIT:
        raise Invalid(f"{path} is larger than {LIMIT // 1024} KiB; a manifest is a page or two.")
    return content


def parse_manifest(text: str, source: str = FILE, *, of_version: bool = False) -> Manifest:
    """The manifest that ``text`` writes down. Pure. Raises Invalid, and nothing else, with every mistake at once."""
    return _parsed(text, source, of_version)


@lru_cache(maxsize=64)  # By what each stands for: the same call written in two ways would be two to it.
def _parsed(text: str, source: str, of_version: bool) -> Manifest:
    document = _document(text, source)
    page = Mistakes(lines_of(text))
    Table(page, (), document).only(*SECTIONS)
    manifest = _manifest(page, document)
    old = _READ_BY_NOBODY_ONCE if of_version else "\0"
    mistakes = tuple(each for each in page.mistakes if not each.where.startswith(old))
    if mistakes:
        raise _invalid(source, mistakes)
    return manifest


def manifest_of(document: dict[str, Any]) -> Manifest:
    """The manifest that was checked when ``document`` was kept. Pure; raises nothing.

    An older or a newer Leverframe may have checked it: a key that is not known is passed over, and where one is missing
    or says what would be a mistake today, its default holds.
    """
    return _manifest(Mistakes({}), document)


def _manifest(page: Mistakes, document: dict[str, Any]) -> Manifest:
    tables = {key: Table(page, (key,), document.get(key, {})) for key in SECTIONS if key not in _LISTS}
    name, title, owner = sections.project(tables["project"])
    data = sections.data(tables["data"])
    train = sections.train(tables["train"])
    validation = sections.validation(tables["validation"])
    away = compute(tables["compute"])
    around = environment(tables["environment"])
    learner = learn(tables["learn"])
    cross_check(page, data, train, validation, away)
    check_learn(page, data, train, learner)
    check_kind(page, around, data, train, learner, away)
    return Manifest(
        name=name,
        title=title,
        owner=owner,
        environment=around,
        data=data,
        train=train,
        validation=validation,
        gates=gates(page, document.get("gates", []), validation),
        waivers=waivers(page, document.get("waivers", [])),
        schedule=schedule(tables["schedule"]),
        health=health(tables["health"]),
        triggers=triggers(page, document.get("triggers", [])),
        approval=approval(tables["approval"]),
        report=report(tables["report"], validation.task),
        compute=away,
        sandbox=sandbox(tables["sandbox"]),
        serve=serve(tables["serve"]),
        score=score(tables["score"], tables["schedule"], tables["compute"]),
        learn=learner,
        zone=zone_in(document),
        document=document,
    )


def _document(text: str, source: str) -> dict[str, Any]:
    if len(text) > LIMIT:
        raise Invalid(f"{plain(source, 200)} is larger than {LIMIT // 1024} KiB; a manifest is a page or two.")
    endless = _ENDLESS_KEY.search(text)
    if endless:
        line = text.count("\n", 0, endless.start()) + 1
        raise _invalid(source, (Mistake(line, "TOML", "a key has more than 32 parts."),))
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        mistake = _syntax(str(error), text)
    except RecursionError:
        mistake = Mistake(None, "TOML", "lists or tables are nested too deeply; a manifest needs three levels.")
    except ValueError:  # int() of thousands of digits, a date that no calendar has
        mistake = Mistake(None, "TOML", "a number or a date is out of every range.")
    raise _invalid(source, (mistake,))


def _syntax(said: str, text: str) -> Mistake:
    match = re.search(r" \(at (?:line (\d+), column (\d+)|end of document)\)$", said)
    line = int(match[1]) if match and match[1] else text.count("\n") + 1
    what = plain(said[: match.start()] if match else said, 200)
    return Mistake(line, "TOML", f"{what[:1].lower()}{what[1:]}; the rest is looked at when this can be read.")


def _invalid(source: str, mistakes: tuple[Mistake, ...]) -> Invalid:
    name = shown(source)[1:-1]
    if len(mistakes) == 1:
        return Invalid(f"{name} has a mistake: {mistakes[0]}", mistakes)
    return Invalid(f"{name} has {len(mistakes)} mistakes; the first: {mistakes[0]}", mistakes)
