"""R itself: a library of its own per lock, from the machine's libraries or a renv.lock, kept with the version."""

from __future__ import annotations

import io
import json
import shutil
import subprocess
import tarfile
from dataclasses import replace
from pathlib import Path

import pytest

from engine.environments.kind import KINDS
from engine.environments.parts_lock import PartsLock
from engine.environments.programs import version_of
from engine.environments.records import Environment
from engine.errors import Refusal
from engine.projects.manifest.records import EnvironmentSpec
from engine.storage.objects import ObjectStore
from engine.versions.environment import lock_of, section, supply_of
from tests.people import open_engine
from tests.version_documents import WHOLE

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(shutil.which("Rscript") is None, reason="wants R (make system-packages)"),
]
R = KINDS["r"]
SPEC = EnvironmentSpec(kind="r", packages=("palmerpenguins", "rpart"))
LOCKED = EnvironmentSpec(kind="r", lock="renv.lock")


@pytest.fixture
def root(tmp_path: Path) -> Path:
    open_engine(tmp_path / "workspace", create=True).close()
    return tmp_path / "workspace"


def says(environment: Environment, script: str) -> str:
    """What R says in the environment, started as a step is."""
    variables = {"PATH": "/usr/bin:/bin", **environment.variables}
    command = ["Rscript", "--no-environ", "--no-site-file", "-e", script]
    return subprocess.run(command, env=variables, capture_output=True, text=True, check=True).stdout


def source(repository: Path, name: str, version: str, *, imports: str = "", code: str = "f <- function() 42") -> None:
    """A source package, in the archive where a newer one is."""
    place = repository / "src" / "contrib"
    place.mkdir(parents=True, exist_ok=True)
    people = "Author: A\nMaintainer: A <a@example.org>\n"
    said = f"Package: {name}\nVersion: {version}\nTitle: T\nDescription: D.\nLicense: CC0\n{people}"
    files = {"DESCRIPTION": said + (f"Imports: {imports}\n" if imports else ""), "R/f.R": f"{code}\n"}
    files["NAMESPACE"] = "export(f)\n" + (f"import({imports})\n" if imports else "")
    with tarfile.open(place / f"{name}_{version}.tar.gz", "w:gz") as made:
        for path, text in files.items():
            about = tarfile.TarInfo(f"{name}/{path}")
            about.size = len(text)
            made.addfile(about, io.BytesIO(text.encode()))


def renv(code: Path, repository: Path, **packages: str) -> None:
    locked = {name: {"Package": name, "Version": version, "Source": "Repository"} for name, version in packages.items()}
    minor = str(version_of("R"))
    about = {"Version": minor, "Repositories": [{"Name": "CRAN", "URL": repository.as_uri()}]}
    code.mkdir(exist_ok=True)
    (code / "renv.lock").write_text(json.dumps({"R": about, "Packages": locked}))


def test_its_library_holds_what_was_asked_for_and_is_the_only_one_beside_rs_own(root: Path, tmp_path: Path) -> None:
    lock: PartsLock = R.lock(SPEC, tmp_path, root / "cache")
    assert [part.name for part in lock.parts] == ["palmerpenguins", "rpart"]
    assert [program.name for program in lock.programs] == ["R"]
    environment = R.build(lock, root / "environments")
    found = says(environment, 'cat(.libPaths(), "\\n", nrow(palmerpenguins::penguins), find.package("rpart"))').split()
    library = environment.path / "library"
    assert found == [str(library), "/usr/lib/R/library", "344", str(library / "rpart")]
    assert R.compare(environment, lock) == ()
    assert R.words(lock) == f"R {version_of('R')}"


def test_what_is_missing_is_named_with_what_brings_it(root: Path, tmp_path: Path) -> None:
    said = r"R packages nobody\.has, nor\.this are not in .*apt-get install r-cran-nobody\.has"
    with pytest.raises(Refusal, match=said):
        R.lock(EnvironmentSpec(kind="r", packages=("nobody.has", "nor.this")), tmp_path, root / "cache")
    with pytest.raises(Refusal, match=r"R is 4\.[0-9.]+ on this machine, and the project asks for 3\.6"):
        R.lock(EnvironmentSpec(kind="r", r="3.6"), tmp_path, root / "cache")


def test_a_version_keeps_its_packages_and_is_rebuilt_from_them_alone(root: Path, tmp_path: Path) -> None:
    renv(tmp_path / "code", tmp_path / "repository", needed="1.0", model="2.1")
    source(tmp_path / "repository", "needed", "1.0", code="f <- function() 'needed 1.0'")
    source(tmp_path / "repository", "model", "2.1", imports="needed", code="f <- function() needed::f()")
    lock = R.lock(LOCKED, tmp_path / "code", root / "cache")
    assert [(part.name, part.version) for part in lock.parts] == [("model", "2.1"), ("needed", "1.0")]
    environment = R.build(lock, root / "environments")
    assert says(environment, "cat(model::f())") == "needed 1.0"
    store = ObjectStore(root / "objects")
    kept = replace(WHOLE, environment=section(store, lock, environment, tmp_path))
    assert [file.path for file in kept.environment.files] == ["model_2.1.tar", "needed_1.0.tar"]
    for gone in (environment.path, root / "cache", tmp_path / "repository", tmp_path / "code"):
        shutil.rmtree(gone)
    with pytest.raises(Refusal, match=r"The R package model 2\.1 is not on this machine as it was locked"):
        R.build(lock, root / "environments")
    again = R.build(lock_of(store, kept), root / "environments", supply_of(store, kept))
    assert says(again, "cat(model::f())") == "needed 1.0"


def test_a_renv_lock_is_restored_once_and_its_lock_is_the_same_after(root: Path, tmp_path: Path) -> None:
    renv(tmp_path / "code", tmp_path / "repository", needed="1.0", renv="0.17.0")
    source(tmp_path / "repository" / "old", "unused", "1.0")
    source(tmp_path / "repository", "needed", "1.0")
    archived = tmp_path / "repository" / "src" / "contrib" / "Archive" / "needed"
    archived.mkdir(parents=True)
    (archived.parents[1] / "needed_1.0.tar.gz").rename(archived / "needed_1.0.tar.gz")
    lock = R.lock(LOCKED, tmp_path / "code", root / "cache")
    shutil.rmtree(tmp_path / "repository")
    assert R.lock(LOCKED, tmp_path / "code", root / "cache") == lock

    (built,) = (root / "cache" / "r").glob("*/needed_1.0/needed/DESCRIPTION")
    built.write_text(built.read_text() + "Note: forged\n")
    with pytest.raises(Refusal, match=r"needed 1\.0 is not on this machine as it was locked"):
        R.build(lock, root / "environments")


@pytest.mark.parametrize(("packages", "code", "said"), [
    ({"gone": "1.0"}, "", r"The R package gone 1\.0 is in none of the repositories of renv\.lock"),
    ({"broken": "1.0"}, "f <- function( {", r"The R package broken 1\.0 could not be built \(ERROR"),
    ({"lacking": "1.0"}, "f <- function() 1", r"renv\.lock lacks rpart"),
])  # fmt: skip
def test_what_a_repository_has_not_or_cannot_be_built_is_told_in_a_sentence(
    root: Path, tmp_path: Path, packages: dict[str, str], code: str, said: str
) -> None:
    renv(tmp_path / "code", tmp_path / "repository", **packages)
    for name in packages:
        if name != "gone":
            source(tmp_path / "repository", name, "1.0", imports="rpart" if name == "lacking" else "", code=code)
    with pytest.raises(Refusal, match=said):
        R.lock(LOCKED, tmp_path / "code", root / "cache")
    assert not (root / "environments").exists() or not list((root / "environments").iterdir())
