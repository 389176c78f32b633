"""A file that the project's code asks for and its run does not have, though it lies in the project's folder.

A run gets what is committed. Where a step fails for want of a file, its own words name a path inside the run's folder,
which says nothing to whoever sees the file right there.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Sequence
from pathlib import Path

from engine.errors import Refusal
from engine.projects.source.code import holder, standing_of
from engine.text import plain
from engine.vocabulary.systems import NAMES

# What programs say when a file is not there; of a line without it nothing is concluded.
_WANTING = re.compile(
    r"no such file|not found|cannot (?:be )?open|could ?n.t open|unable to open|does ?n.t exist|does not exist|"
    r"no module named|there is no module|imports '|cannot find|missing file|FileNotFound|no files found|errno 2\b|"
    r"os error 2\b|no objects to concatenate",
    re.IGNORECASE,
)
# In quotes of whatever kind, a whole path, or what may be a file's name where nothing marks it.
_QUOTED = re.compile(
    r"'([^'\n]{1,300})'|\"([^\"\n]{1,300})\"|[‘“`]([^’”`\n]{1,300})[’”`]|(/[^\s'\",;]{1,300})"
    r"|(?<![\w./])([\w.-]{1,100}(?:/[\w.-]{1,100}){1,20}|[\w-]{1,100}\.[\w.]{1,20})"
)
_MOST_UP = 3


def explained(said: Sequence[str], code: Path, project: Path) -> str | None:
    """Why a file is not there, as a sentence without its stop; None where nothing of that is known.

    ``said``: the last lines of the step, whose own code was in ``code``. ``project``: where that was taken from.
    """
    if not said or not _WANTING.search(said[-1]):
        return None
    for name in _named(said, code):
        wanted = _wanted(name, code, project)
        if wanted is not None:
            return why_absent(wanted, project)
    return None


def why_absent(name: str, project: Path) -> str:
    """Why a run has no ``name``, which lies in the folder of the project, or beside it."""
    shown = plain(name, 200)
    if name.startswith(".."):
        return (
            f"{shown} lies outside of the project's folder: a run gets what is committed in it; put the file there and "
            "commit it, or name it by its whole path"
        )
    try:
        standing, system = standing_of(project, name), NAMES[holder(project)]
    except Refusal:
        standing, system = "unknown", ""
    how = {"ignored": f"{system} ignores it", "untracked": "it is not committed"}.get(standing, "no commit holds it")
    return (
        f"{shown} is in the folder, but {how}: a run gets what is committed; commit it, or have the code fetch it from "
        "where it is kept"
    )


def refuse_absent(name: str, code: Path, project: Path) -> None:
    """Raise Refusal where ``name`` lies in the project's folder and not in the code that was taken from it."""
    if not os.path.lexists(code / name) and os.path.lexists(project / name):
        raise Refusal(f"{why_absent(name, project)}.")


def without_places(text: str, folder: Path) -> str:
    """``text`` without the places in the run's ``folder``, which is gone when somebody looks: code by its own names."""
    for place in dict.fromkeys((str(folder), str(folder.resolve()))):
        text = text.replace(f"{place}/code/", "").replace(f"{place}/code", ".")
        text = text.replace(f"{place}/input", "$LEVERFRAME_INPUT").replace(f"{place}/output", "$LEVERFRAME_OUTPUT")
        text = text.replace(f"{place}/", "../")
    return text


def _named(said: Sequence[str], code: Path) -> Iterator[str]:
    """What could be a file's name or a module's, from the last line on; names relative to the code."""
    for line in reversed(said):
        for groups in _QUOTED.findall(line):
            name = next(filter(None, groups)).rstrip(":.")
            for place in (code, code.resolve()) if os.path.isabs(name) else ():
                relative = os.path.relpath(name, place)
                if relative.count("..") <= _MOST_UP:
                    yield relative
            if not os.path.isabs(name):
                yield os.path.normpath(name)


def _wanted(name: str, code: Path, project: Path) -> str | None:
    """The file that is meant, where it is in the project's folder and not in the code."""
    if "*" in name and "**" not in name and not name.startswith(".."):
        found = next(iter(sorted(project.glob(name))), None)
        return None if found is None or any(code.glob(name)) else found.relative_to(project).as_posix()
    module = name.replace(".", "/")
    for each in (name, f"{module}.py", f"{module}/__init__.py"):
        try:
            if not os.path.lexists(code / each) and (project / each).exists() and each not in (".", ".."):
                return each
        except (OSError, ValueError):  # Too long for a name, or none at all.
            continue
    return None
