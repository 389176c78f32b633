"""Whether an environment of Python still is what uv built from its lock, and the Python that it leads to the same."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

from engine.environments import comparing, programs
from engine.environments.python.interpreter import fingerprint
from engine.environments.python.lock import Lock
from engine.environments.records import Environment
from engine.text import plain


def site_packages(environment: Path) -> Path:
    """The folder of an environment that holds its packages."""
    return next(iter(sorted(environment.glob("lib/python3*/site-packages"))), environment / "lib" / "site-packages")


def marker(lock: Lock, picture: str) -> bytes:
    """What stands in the marker of a whole environment: which lock it was built from and which picture it has."""
    told = {"digest": lock.digest, "picture": picture, "platform": lock.platform, "python": lock.python}
    return (json.dumps(told, indent=2, sort_keys=True) + "\n").encode()


def compare(environment: Environment, lock: Lock, *, content: bool = False) -> tuple[str, ...]:
    """What differs between an environment and its picture, each difference in words; () when nothing does.

    This is what a run, a proof, ``check`` and ``doctor`` ask. ``content``: read every file in any case.
    """
    shown_from = f"{site_packages(environment.path).relative_to(environment.path)}/"

    def outside(interpreter: Mapping[str, str]) -> tuple[str, ...]:
        return _python_differences(interpreter, environment)

    found = comparing.compare(
        environment,
        lock.digest,
        lambda picture: marker(lock, picture),
        outside,
        shown_from=shown_from,
        content=content,
    )
    return found + programs.differences(lock.programs)


def _python_differences(interpreter: Mapping[str, str], environment: Environment) -> tuple[str, ...]:
    """Whether the program outside the environment that its Python leads to is still the same."""
    program = plain(interpreter["path"], 120)
    assert environment.python is not None
    try:
        if fingerprint(environment.python) == interpreter["fingerprint"]:
            return ()
    except OSError:
        return (f"its Python program {program} is missing",)
    return (f"its Python program {program} was replaced after the environment was built",)
