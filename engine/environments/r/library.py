"""Where R's packages come from on this machine: its libraries, and what was restored for a renv.lock before."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
from collections.abc import Mapping
from pathlib import Path

from engine.environments.folder import BUILDING_SECONDS, held, in_plain_words
from engine.environments.held import holding, workspace_around
from engine.environments.programs import said_by
from engine.environments.r import description
from engine.environments.r.description import Installed
from engine.errors import Refusal
from engine.storage import temporary
from engine.text import plain

_SCRIPT = Path(__file__).resolve().with_name("restore.R")
_TOLD = "::library "
_ASK = f'cat(paste0("{_TOLD}", .libPaths(), "\\n"), sep = "")'
_SECONDS = 60.0
# What a compiler and R itself look for; R's own variables could lead it to other packages.
_PASSED = ("PATH", "HOME", "LANG", "TZ", "http_proxy", "https_proxy", "no_proxy", "SSL_CERT_FILE")


def program() -> str:
    """The path of R's program for scripts. Raises Refusal where R is missing."""
    found = shutil.which("Rscript")
    if found is None:
        raise Refusal("R is not on this machine; on Debian and its kin 'apt-get install r-base-core' brings it.")
    return found


def machine() -> dict[str, Installed]:
    """The packages of this machine's libraries by name, those of this account first."""
    with temporary.kept(temporary.R) as folder:
        command = [*holding([folder], None, network=False), program(), "--vanilla", "-e", _ASK]
        # The account's home, since its own library lies there.
        said = said_by(command, _SECONDS, {"HOME": os.environ.get("HOME", "/nonexistent"), "TMPDIR": str(folder)})
    lines = said.decode("utf-8", "replace").splitlines()
    return description.in_libraries(Path(line.removeprefix(_TOLD)) for line in lines if line.startswith(_TOLD))


def restored(cache: Path, r: str) -> dict[tuple[str, str], Installed]:
    """What was restored for this version of R, by name and version."""
    found = {}
    for folder in sorted((cache / "r" / r).glob("*/*")):
        package = description.read(folder)
        if package is not None and package.folder.parent.name == f"{package.name}_{package.version}":
            found[package.name, package.version] = package
    return found


def restore(wanted: Mapping[str, str], repositories: tuple[str, ...], cache: Path, r: str, there: list[Path]) -> None:
    """Have R build the packages ``wanted`` (versions by name) and keep them in ``cache``; ``there``: the libraries that
    hold what they need beside each other. Raises Refusal with what could not be had."""
    place = cache / "r" / r
    with in_plain_words(place), held(place, "restore"), temporary.kept(temporary.R) as folder:
        library = folder / "library"
        library.mkdir()
        asked = [f"{name}={version}" for name, version in sorted(wanted.items())]
        given = [str(library), str(folder / "sources"), "|".join(repositories), *asked]
        command = [*holding([folder], workspace_around(cache), network=True, modes=True), program(), "--vanilla"]
        said, code = _run([*command, str(_SCRIPT), *given], folder, there)
        if code != 0:
            raise Refusal(_explained(said, repositories))
        for name, version in wanted.items():
            keep(library, name, version, place)


def keep(library: Path, name: str, version: str, place: Path) -> None:
    """Keep the package that lies in ``library`` in the folder ``place``, whole or not at all: what lies there is taken
    for what the repository has. Raises Refusal where it calls itself otherwise than it was asked for."""
    built = description.read(library / name)
    if built is None or (built.name, built.version) != (name, version):
        said = f"{built.name} {built.version}" if built is not None else "no package"
        asked = f"{name} {version}"
        raise Refusal(f"What the repositories of renv.lock have as {asked} calls itself {said}; ask who runs them.")
    target, unfinished = place / f"{name}_{version}", place / f".{name}.{os.urandom(6).hex()}.tmp"
    try:
        shutil.copytree(library / name, unfinished / name)
        shutil.rmtree(target, ignore_errors=True)
        os.rename(unfinished, target)
    finally:
        shutil.rmtree(unfinished, ignore_errors=True)


def _run(command: list[str], folder: Path, there: list[Path]) -> tuple[str, int]:
    given = {name: os.environ[name] for name in _PASSED if name in os.environ}
    libraries = os.pathsep.join([str(folder / "library"), *map(str, there)])
    given |= {"TMPDIR": str(folder), "R_LIBS": libraries, "R_LIBS_USER": "NULL"}
    with (folder / "said").open("w+b") as said:
        process = subprocess.Popen(
            command, cwd=folder, env=given, stdin=subprocess.DEVNULL, stdout=said, stderr=said, start_new_session=True
        )
        try:
            code = process.wait(BUILDING_SECONDS)
        except BaseException as error:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()
            if isinstance(error, subprocess.TimeoutExpired):
                raise Refusal(
                    "R took longer than half an hour to build the packages of renv.lock; look at what hangs."
                ) from None
            raise
        said.seek(max(0, said.tell() - 65536))
        return said.read().decode("utf-8", "replace"), code


def _explained(said: str, repositories: tuple[str, ...]) -> str:
    for line in said.splitlines():
        _, marked, what = line.partition("::absent ")
        if marked:
            where = plain(", ".join(repositories) or "no repository", 200)
            return f"The R package {plain(what, 100)} is in none of the repositories of renv.lock ({where})."
        _, marked, what = line.partition("::unbuilt ")
        if marked:
            why = next((each for each in said.splitlines() if each.startswith("ERROR")), "")
            return f"The R package {plain(what, 100)} could not be built ({plain(why, 200) or 'R does not say why'})."
    last = next((line for line in reversed(said.splitlines()) if line.strip()), "R ended without a word")
    return f"The packages of renv.lock could not be restored: {plain(last, 200)}."
