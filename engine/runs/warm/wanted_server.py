"""What a step server is to be like, so that a step which it forks is what one that is started afresh would be.

A step server has loaded exactly what the step, with this code, loaded when it was last started afresh; of the same
build of the environment, with the same variables, and held in the same way. All of that is in its name.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import os
import re
import stat
import sys
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from engine.environments.records import Environment, Lock
from engine.projects.manifest.reader import Manifest
from engine.runs.steps.sandbox import RUNNER
from engine.runs.steps.step import clean_environment, within
from engine.runs.warm import place

SECRET = "secret"
MOST_MODULES, MOST_BYTES = 5000, 1 << 17
# They read the environment of the process that loads them, or keep a folder of its own: forks would share the first's.
UNFIT = frozenset({"numba", "matplotlib", "pyspark", "ray"})
OURS = ("server_warden.py", "warden.py", "step_output.py", "containment.py", "step_server.py", "python_runner.py",
        "column_types.py", "onnx_model.py", "online_learner.py", "warm_scorer.py",
        "compile_model.py", "compile_columns.py", "compile_answers.py", "compile_trees.py",
        "compile_boosters.py", "compile_behind.py", "first_steps.py", "onnx_process.py")  # fmt: skip
_MODULE = re.compile(r"[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)*")


@dataclass(frozen=True)
class Wanted:
    """``lock``: as a version keeps it; ``built``: which build of its environment; ``memory``: of a step, and what it
    may put into shared memory; ``passed``: names of variables of the engine's; ``read`` and ``network``: of the
    manifest's [sandbox]."""

    kind: str
    lock: dict[str, str]
    environment: str
    python: str
    built: str
    modules: tuple[str, ...]
    threads: int
    memory: int
    passed: tuple[str, ...]
    read: tuple[str, ...]
    network: bool

    def variables(self) -> dict[str, str]:
        """What its process is given; a step's own variables come when it is forked, its folders among them."""
        given = within(Path(self.environment), clean_environment(self.passed, {}, self.threads))
        return {name: value for name, value in given.items() if name not in ("HOME", "TMPDIR")}

    def name(self, secret: bytes) -> str:
        """The same for all that are alike. With ``secret``, as what is passed on may be secrets."""
        told = json.dumps([vars(self), self.variables()], sort_keys=True)
        return hmac.new(secret, told.encode("utf-8", "surrogatepass"), hashlib.sha256).hexdigest()[:32]


def folder_of(root: Path) -> Path:
    """Where the step servers of the workspace ``root`` are asked; shut to every step."""
    return root / "locks" / "steps"


def read_secret(root: Path) -> bytes | None:
    """None where no engine keeps step servers."""
    with suppress(OSError), place.opened(folder_of(root)) as folder:
        file = os.open(SECRET, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=folder)
        try:
            return os.read(file, place.KEY_BYTES)
        finally:
            os.close(file)
    return None


def wanted(manifest: Manifest, environment: Environment, lock: Lock, modules: Sequence[str]) -> Wanted | None:
    """The server for a step that loads ``modules``; None where there can be none."""
    sandbox = manifest.sandbox
    if not modules or sandbox.off is not None or UNFIT & {name.partition(".")[0] for name in modules}:
        return None
    return Wanted(
        kind=lock.kind,
        lock=lock.to_json(),
        environment=str(environment.path),
        python=str(environment.python),
        built=_built(environment.path),
        modules=tuple(modules),
        threads=manifest.train.threads,
        memory=manifest.train.memory,
        passed=manifest.environment.variables,
        read=sandbox.read,
        network=sandbox.network,
    )


def _built(environment: Path) -> str:
    """Which build stands there, as building one anew makes its folder anew; and which code of ours serves it."""
    found = environment.stat()
    ours = [os.stat(RUNNER.with_name(name)) for name in OURS]
    return f"{found.st_dev} {found.st_ino} {[(each.st_mtime_ns, each.st_size) for each in ours]}"


def shadows(code: Path) -> bool:
    """Whether a module of the project's own has the name of one of Python's: libraries would load it in its place, and
    a server has loaded Python's."""
    modules = [each for each in code.iterdir() if each.is_dir() or each.suffix in (".py", ".so", ".pyc")]
    return any(each.name.partition(".")[0] in sys.stdlib_module_names for each in modules)


def on_one_disk(*folders: Path) -> bool:
    """Whether what lies in one of them can be moved to another. Also False where one is not there."""
    try:
        return len({folder.stat().st_dev for folder in folders}) == 1
    except OSError:
        return False


# What a step loaded when it was last started afresh


def loaded_by(root: Path, step: Sequence[str], lock: str, code: Path) -> Path:
    """Where it is kept what ``step`` loads, with this lock and the ``code`` in this folder."""
    seen = hashlib.sha256(json.dumps([list(step), lock]).encode())
    for path in sorted(each for each in code.rglob("*") if each.is_file() and not each.is_symlink()):
        seen.update(json.dumps([str(path.relative_to(code)), path.stat().st_size]).encode("utf-8", "surrogatepass"))
        seen.update(path.read_bytes())
    return cache_of(root) / "loaded" / seen.hexdigest()


def cache_of(root: Path) -> Path:
    """What may be thrown away of step servers: what steps load, and where they work."""
    return root / "cache" / "steps"


def read_loaded(file: Path) -> tuple[str, ...]:
    """The modules in the order in which they were loaded; () where it is not known, or is nothing to go by.

    A step may leave anything under that name: a link to elsewhere, a pipe that nobody writes into.
    """
    try:
        with open(os.open(file, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC), "rb") as content:
            text = content.read(MOST_BYTES + 1) if stat.S_ISREG(os.fstat(content.fileno()).st_mode) else b""
    except OSError:
        return ()
    names = text.decode("ascii", "replace").split()
    fits = len(text) <= MOST_BYTES and len(names) <= MOST_MODULES and all(map(_MODULE.fullmatch, names))
    return tuple(names) if fits else ()


def keep_loaded(said: Path, file: Path) -> None:
    """Keep what a step ``said`` it has loaded. What cannot be kept is asked again the next time."""
    names = read_loaded(said)
    if names:
        with suppress(OSError):
            file.parent.mkdir(parents=True, exist_ok=True)
            new = file.with_suffix(f".{os.getpid()}")
            new.write_text("\n".join(names) + "\n", "ascii")
            new.replace(file)
