"""What a run is to score: what somebody asked for, or what ``[score]`` of the live version names."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

from engine.errors import Refusal
from engine.jobs.score.places import place_of
from engine.jobs.score.records import Place
from engine.projects.manifest.records import ScoreSpec
from engine.storage.disk import refused


@dataclass(frozen=True)
class Wish:
    """One input and where what is said of it goes. ``ours``: it is written again and again, over what an earlier
    scoring wrote there, and not where nothing has changed. ``workers``: it is scored by those of ``[compute]``."""

    source: Place
    output: Place
    replace: bool
    ours: bool = False
    workers: bool = False


def asked(options: Mapping[str, Any]) -> Wish:
    """What somebody asked for."""
    root, variable = Path("/"), options.get("database")
    source = place_of(str(options["input"]), variable, output=False, base=root)
    output = place_of(str(options["output"]), variable, output=True, base=root)
    return Wish(source, output, bool(options["replace"]), workers=bool(options.get("workers")))


def scheduled(spec: ScoreSpec, project: Path, code: Path) -> list[Wish]:
    """What ``[score]`` names as it is now. ``project``: the folder of the project, from which paths count; ``code``:
    that of the version, which has its queries. Raises Refusal where there is no such folder."""
    return [replace(wish, workers=spec.workers) for wish in _scheduled(spec, project, code)]


def _scheduled(spec: ScoreSpec, project: Path, code: Path) -> list[Wish]:
    if spec.output.startswith("table:"):
        output = place_of(spec.output, spec.database, output=True, base=project)
        return [Wish(_one(spec, project, code), output, replace=True)]
    folder = Path(os.path.normpath(project / spec.output))
    if not folder.is_dir():
        raise Refusal(f"{folder}, the output of [score], is no folder; make it.")
    if spec.database is not None and not spec.source.endswith((".parquet", ".pq", ".csv")):
        source = _one(spec, project, code)
        name = Path(source.shown).stem or source.name
        output = place_of(f"{name}.{spec.form}", None, output=True, base=folder)
        return [Wish(source, output, replace=False, ours=True)]
    return _files(spec, project, folder)


def _one(spec: ScoreSpec, project: Path, code: Path) -> Place:
    if not spec.source.endswith(".sql"):
        return place_of(spec.source, spec.database, output=False, base=project)
    path = code / spec.source
    if not os.path.realpath(path).startswith(f"{os.path.realpath(code)}/"):
        raise Refusal(f"{spec.source}, the source of [score], leads out of the project; put the query itself there.")
    return Place("query", str(path), str(spec.database), spec.source)


def _files(spec: ScoreSpec, project: Path, folder: Path) -> list[Wish]:
    pattern = Path(os.path.normpath(project / spec.source))
    with refused(f"{pattern.parent}, the folder of the files in [score], cannot be looked into"):
        names = sorted(
            each.name for each in os.scandir(pattern.parent) if each.is_file() and fnmatchcase(each.name, pattern.name)
        )
    found = dict[str, str]()
    for name in names:
        output = f"{Path(name).stem}.{spec.form}"
        if output in found:
            raise Refusal(f"{found[output]} and {name} would both be written to {output}; give one another name.")
        found[output] = name
    return [
        Wish(
            place_of(name, None, output=False, base=pattern.parent),
            place_of(output, None, output=True, base=folder),
            replace=False,
            ours=True,
        )
        for output, name in found.items()
    ]
