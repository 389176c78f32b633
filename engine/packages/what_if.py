"""What would come of another constraint: every project's requirements resolved with it, and nothing installed.

The versions that a project is locked to now are preferred, so what changes is what has to.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from engine.environments.python.interpreter import find_interpreter
from engine.environments.python.lock import KIND, RESOLVING_SECONDS, packages_named, pinned
from engine.environments.python.names import named
from engine.environments.python.requirements import logical_lines, plain_requirements, requirements_text
from engine.environments.python.uv_process import Uv, UvFailed
from engine.errors import Damage, Invalid, Refusal
from engine.packages.ecosystems import PYTHON, of
from engine.packages.rules import written
from engine.projects import registry
from engine.storage import temporary
from engine.storage.objects import ObjectStore
from engine.versions import catalog
from engine.versions import document as documents


@dataclass(frozen=True)
class Change:
    """One package: ``before`` or ``after`` is None where it is not there."""

    package: str
    before: str | None
    after: str | None


@dataclass(frozen=True)
class Outcome:
    """What would come of it for one project. ``resolves`` is None where that is not known; ``why``: why not, or why it
    does not, in words. ``changes``: against what the version called ``label`` is locked to."""

    project: str
    label: str | None
    resolves: bool | None
    why: str = ""
    changes: tuple[Change, ...] = ()


@dataclass(frozen=True)
class Requirements:
    """What a version asks for: the lines of its requirements file ``source``, its Python, what it is locked to."""

    project: str
    label: str
    source: str
    text: str
    python: str
    locked: Mapping[str, str]


def requirements(db: sqlite3.Connection, store: ObjectStore) -> list[Requirements | Outcome]:
    """Of each project what its newest version asks for, live or waiting; or why that is not known."""
    return [_of_project(db, store, project) for project in registry.names(db)]


def _of_project(db: sqlite3.Connection, store: ObjectStore, project: str) -> Requirements | Outcome:
    version = next(iter(catalog.candidates(db, project)), None) or catalog.live(db, project)
    if version is None:
        return Outcome(project, None, None, "nothing of it is live or waits")
    label = version.label
    try:
        document = documents.load(store, version.digest)
        kind = document.environment.kind
        if kind != KIND:
            return Outcome(project, label, None, f"what it needs is not resolved by Python's registry ({kind})")
        name = document.settings.get("environment", {}).get("requirements")
        # They stand in a file of requirements: what is no name there would be an option.
        locked = {each.name: each.version for each in document.environment.packages if pinned(each.name, each.version)}
        if not name:
            return Outcome(project, label, True)
        file = next((each for each in document.code.files if each.path == str(Path(name))), None)
        if file is None:
            return Outcome(project, label, None, f"{label} has no {name}")
        text = requirements_text(store.read(file), name)
        plain_requirements(text, name)
    except (Damage, Refusal) as problem:
        return Outcome(project, label, None, str(problem).rstrip("."))
    return Requirements(project, label, name, text, document.environment.python, locked)


def resolve(asked: Requirements, constraints: Mapping[str, str], cache: Path) -> Outcome:
    """What would come of ``constraints`` for one project: out of uv's cache where that has it, else of the registry."""
    uv = Uv(cache / "uv")
    lines = logical_lines(asked.text)
    try:
        python = find_interpreter(asked.python, uv)
    except Refusal as refused:
        return Outcome(asked.project, asked.label, None, str(refused).rstrip("."))
    # Not in the workspace, of which uv sees its cache only.
    with temporary.kept(temporary.UV) as folder:
        limits, out = folder / "constraints.txt", folder / "locked.txt"
        limits.write_text(written(constraints), "utf-8")
        command = (
            "pip", "compile", "-", "--quiet", "--no-header", "--no-annotate", "--no-emit-index-url",
            "--python", str(python.path), "--constraint", str(limits), "--output-file", str(out),
        )  # fmt: skip
        failed: UvFailed | None = None
        for options in (("--offline",), ()):
            out.write_text("".join(f"{name}=={version}\n" for name, version in asked.locked.items()), "utf-8")
            try:
                uv.run(
                    *command, *options, doing="resolving the requirements", seconds=RESOLVING_SECONDS,
                    given="".join(f"{line}\n" for _, line in lines), into=folder,
                )  # fmt: skip
                after = packages_named(out.read_text("utf-8"))
                return Outcome(asked.project, asked.label, True, changes=differences(asked.locked, after))
            except UvFailed as error:
                failed = error
            except Refusal as refused:
                return Outcome(asked.project, asked.label, None, str(refused).rstrip("."))
    assert failed is not None
    said = named(str(failed), failed.stderr, asked.source, lines).rstrip(".")
    known = not ("cannot be reached" in said or "disk is full" in said)
    return Outcome(asked.project, asked.label, False if known else None, said)


def pythons(constraints: Mapping[str, str]) -> dict[str, str]:
    """Those of ``constraints`` that are about Python's packages."""
    return {name: versions for name, versions in constraints.items() if of(name) is PYTHON}


def refuse_others(constraints: Mapping[str, str]) -> None:
    """Raises Invalid where one of ``constraints`` is about what cannot be resolved without installing it."""
    others = [name for name in constraints if of(name) is not PYTHON]
    if others:
        raise Invalid(
            f"What would come of another {others[0]} cannot be told: {of(others[0]).whose} have no registry here that "
            "says what needs what; 'leverframe packages' shows who has it, and a retrain tries it."
        )


def differences(before: Mapping[str, str], after: Mapping[str, str]) -> tuple[Change, ...]:
    """What is another version in ``after``, is new in it, or is gone, by name. Pure."""
    return tuple(
        Change(name, before.get(name), after.get(name))
        for name in sorted(before.keys() | after.keys())
        if before.get(name) != after.get(name)
    )
