"""systemd units of Leverframe on this machine: which workspace each one names. Reads files, asks no daemon."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

FOLDERS = (Path("/etc/systemd/system"), Path("~/.config/systemd/user"))
VERBS = {"engine", "ssh"}  # whoever has the door has an engine in it


@dataclass(frozen=True)
class Unit:
    """An installed unit that starts an engine, and the workspace it names."""

    path: Path
    home: Path


def installed(folders: Sequence[Path] = FOLDERS, account: Path | None = None) -> tuple[Unit, ...]:
    """The units in ``folders`` that start ``leverframe … engine`` or ``ssh``; ``%h``, ``~``: ``account``'s home."""
    user = account or Path.home()
    found = []
    for folder in folders:
        for path in sorted(_in(folder.expanduser())):
            home = _home_of(path, user)
            if home is not None:
                found.append(Unit(path, home))
    return tuple(found)


def _in(folder: Path) -> Iterator[Path]:
    try:
        yield from folder.glob("*.service")
    except OSError:
        return


def _home_of(path: Path, user: Path) -> Path | None:
    """The workspace that a unit's command names; None when the unit starts no engine of ours."""
    try:
        lines = path.read_text("utf-8", "replace").splitlines()
    except OSError:
        return None
    environment: dict[str, str] = {}
    words: list[str] = []
    for line in lines:
        key, _, value = line.strip().partition("=")
        if key == "Environment":
            environment.update((name, said) for name, _, said in (each.partition("=") for each in _split(value)))
        elif key == "ExecStart":
            words = _split(value)
    if not words or not VERBS & {*words} or not any(Path(word).name == "leverframe" for word in words):
        return None
    named = environment.get("LEVERFRAME_HOME", "%h/.leverframe")
    for number, word in enumerate(words):
        if word.startswith("--home="):
            named = word.partition("=")[2]
        elif word == "--home" and number + 1 < len(words):
            named = words[number + 1]
    return Path(named.replace("%h", str(user)).replace("~", str(user), 1) if named[:1] in "%~" else named)


def _split(text: str) -> list[str]:
    try:
        return shlex.split(text)
    except ValueError:
        return []
