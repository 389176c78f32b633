"""The newest version of each of Python's packages that the registry has: asked for when somebody says so, and kept."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from engine.clock import moment, stamp
from engine.environments.python.interpreter import own_interpreter
from engine.environments.python.lock import packages_named
from engine.environments.python.uv_process import Uv, UvFailed
from engine.errors import Invalid, Refusal
from engine.packages.ecosystems import PYTHON
from engine.storage.atomic import read_file, write_file

_SECONDS = 300.0
_FILE = "newest-packages.json"


@dataclass(frozen=True)
class NewestVersions:
    """``versions`` by package, as the registry had them ``at`` that time for the engine's own Python."""

    at: datetime
    versions: Mapping[str, str]


def kept(cache: Path) -> NewestVersions | None:
    """What was asked for last; None before, or where that cannot be read."""
    try:
        told = json.loads(read_file(cache / _FILE))
        versions = {str(name): str(version) for name, version in told["versions"].items()}
        return NewestVersions(moment(str(told["at"])), versions)
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError, Invalid):
        return None


def ask(cache: Path, names: Collection[str], now: datetime) -> NewestVersions:
    """Ask the registry, and keep the answer. Raises Refusal where it cannot be reached, and nothing is kept then.

    A package that the registry does not know any more is left out, and what is no name of a package.
    """
    uv = Uv(cache / "uv")
    wanted = sorted(name for name in names if PYTHON.named.fullmatch(name))
    try:
        found = _newest(uv, wanted) if wanted else {}
    except UvFailed as failed:
        _refuse_unreached(failed)
        found = {}
        for name in wanted:  # One that is gone answers for all.
            try:
                found |= _newest(uv, [name])
            except UvFailed as alone:
                _refuse_unreached(alone)
    answer = NewestVersions(now, found)
    told = {"at": stamp(now), "versions": dict(found)}
    write_file(cache / _FILE, json.dumps(told, sort_keys=True).encode(), durable=False)
    return answer


def _refuse_unreached(failed: UvFailed) -> None:
    """Half an answer would say of the other half that there is nothing newer."""
    if "cannot be reached" in str(failed):
        raise Refusal(str(failed)) from None


def _newest(uv: Uv, names: Collection[str]) -> dict[str, str]:
    said = uv.run(
        "pip", "compile", "-", "--quiet", "--no-deps", "--no-header", "--no-annotate", "--no-emit-index-url",
        "--refresh", "--python", str(own_interpreter().path),
        doing="asking for the newest packages", seconds=_SECONDS, given="".join(f"{name}\n" for name in names),
    )  # fmt: skip
    return packages_named(said)
