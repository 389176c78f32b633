"""Kinds of environment are a closed table, and a version document of before means Python."""

from __future__ import annotations

import ast
from dataclasses import replace
from pathlib import Path

import pytest

import engine
from engine.environments.kind import KINDS, PYTHON, kind_in, kind_of
from engine.environments.python.lock import parse_lock
from engine.errors import Damage, Refusal
from engine.json_records import write
from engine.projects.manifest.records import EnvironmentSpec
from engine.storage.objects import ObjectStore
from engine.versions.environment import lock_of, section
from tests.version_documents import WHOLE

LOCK = parse_lock(f"pandas==2.2.3 --hash=sha256:{'a' * 64}\n", "3.11.7", "linux-x86_64")


def test_a_document_without_a_kind_is_python_and_one_with_an_unknown_kind_is_not_guessed_at() -> None:
    assert kind_in("python") is kind_of(LOCK) is KINDS[EnvironmentSpec().kind] is PYTHON
    with pytest.raises(Refusal, match="of the kind 'fortran', which this Leverframe cannot build"):
        kind_in("fortran")


def test_what_a_version_says_of_python_is_what_it_always_said(tmp_path: Path) -> None:
    store = ObjectStore(tmp_path)
    found = section(store, LOCK, PYTHON.place(LOCK, tmp_path / "environments"), tmp_path)
    said = write(found)
    assert sorted(said) == ["digest", "lock", "packages", "python"]
    assert (said["python"], said["packages"]) == ("3.11.7", [{"name": "pandas", "version": "2.2.3"}])
    assert lock_of(store, replace(WHOLE, environment=found)) == LOCK
    assert PYTHON.words(LOCK) == "Python 3.11.7"


def test_a_lock_that_was_changed_is_damage_whoever_reads_it() -> None:
    with pytest.raises(Damage):
        PYTHON.read_lock({**LOCK.to_json(), "python": "3.11.8"})


def test_nobody_outside_the_room_knows_which_kind_it_is_but_who_is_about_python() -> None:
    # The list of what a registry of Python's has, and the converters of Python's models.
    about_python = ("environments", "packages", "exports")
    root = Path(engine.__file__).parent
    wrong = [
        f"{path.relative_to(root)} imports {node.module}"
        for path in root.rglob("*.py")
        if path.relative_to(root).parts[0] not in about_python
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("engine.environments.python")
    ]
    assert wrong == []
