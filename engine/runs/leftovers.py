"""What a run leaves in its folder: its logs, which are kept, and the copies that it worked with, which need not be."""

from __future__ import annotations

import errno
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from engine.storage.disk import delete_tree

TEMPORARY = "tmp"
DEEPEST = 100  # folders in each other; the engine and everybody's tools go through them by their paths
KEPT = ("lock",)  # It says whether the run is alive.
LOGS = (".log", ".log.zst")


@contextmanager
def temporary(folder: Path) -> Iterator[None]:
    """Have everything that this process and those it starts keep for a while lie in the run's folder, and go with the
    block. What a killed run leaves there goes when it is settled (``drop_temporary``)."""
    place, before, cached = folder / TEMPORARY, os.environ.get("TMPDIR"), tempfile.tempdir
    place.mkdir(mode=0o700, exist_ok=True)
    os.environ["TMPDIR"] = tempfile.tempdir = str(place)
    try:
        yield
    finally:
        tempfile.tempdir = cached
        del os.environ["TMPDIR"]
        if before is not None:
            os.environ["TMPDIR"] = before
        drop_temporary(folder)


def drop_temporary(folder: Path) -> None:
    """Delete what a run kept for a while; what cannot be deleted now goes with the run's folder."""
    with suppress(OSError):
        delete_tree(folder / TEMPORARY)


def tidy(step: Path) -> bool:
    """Delete what a step that has ended kept for a while, and what it left that nobody could go through. Returns
    whether its output was that."""
    unbearable = [name for name in ("code", "output") if _too_deep(step / name)]
    for name in (TEMPORARY, *unbearable):
        with suppress(OSError):
            delete_tree(step / name)
    return "output" in unbearable


def _too_deep(folder: Path) -> bool:
    left = [(str(folder), 0)]
    while left:
        place, depth = left.pop()
        if depth > DEEPEST:
            return True
        try:
            with os.scandir(place) as entries:
                left += [(each.path, depth + 1) for each in entries if each.is_dir(follow_symlinks=False)]
        except PermissionError:
            continue  # Of a step that must not look into it itself; whoever needs it says so.
        except OSError as error:
            if error.errno == errno.ENAMETOOLONG:
                return True
    return False


def is_log(name: str) -> bool:
    return name.endswith(LOGS)


def copies(folder: Path) -> list[Path]:
    """Everything in the run's folder but its logs; a folder without logs in it stands for all that it holds."""
    found = []
    for path in _listed(folder):
        if is_log(path.name) or path.name in KEPT:
            continue
        if path.name == "steps" and path.is_dir() and not path.is_symlink():
            for step in _listed(path):
                inner = _listed(step) if step.is_dir() and not step.is_symlink() else []
                copied = [each for each in inner if not is_log(each.name)]
                found += copied if len(copied) < len(inner) else [step]
        else:
            found.append(path)
    return found


def logs(folder: Path) -> list[Path]:
    """The logs of the run and of its steps."""
    found = [path for path in _listed(folder) if is_log(path.name)]
    for step in _listed(folder / "steps"):
        found += [path for path in _listed(step) if is_log(path.name)]
    return found


def drop_copies(folder: Path) -> None:
    """Delete what a run worked with: of one that succeeded all that matters is in the store. A look at health leaves
    none however it ends: one that fails every quarter of an hour would keep the training data 96 times a day."""
    for path in copies(folder):
        if path.is_dir() and not path.is_symlink():
            with suppress(OSError):
                delete_tree(path)
        else:
            path.unlink(missing_ok=True)


def _listed(folder: Path) -> list[Path]:
    try:
        return sorted(Path(entry.path) for entry in os.scandir(folder))
    except (FileNotFoundError, NotADirectoryError):
        return []
