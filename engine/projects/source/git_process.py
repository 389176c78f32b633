"""Git as a process: no shell, no prompt, no configuration but the private one, a time limit, bounded output."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from engine.errors import Refusal
from engine.projects.source import process
from engine.projects.source.process import TooLong
from engine.text import plain

SECONDS = 120.0
LARGEST = 200_000_000
# The private directory names neither, but a command line wins over any configuration that might still be found.
_COMMAND = ("git", "--no-pager", "-c", "core.fsmonitor=", "-c", "core.hooksPath=/dev/null")
GIT = process.Program(_COMMAND, "install it, no project can be read without it", SECONDS)
_INHERITED = ("PATH", "HOME", "XDG_CONFIG_HOME", "TMPDIR")


def environment(**extra: str) -> dict[str, str]:
    """The environment of every git process. Whatever GIT_* the engine itself was started with stays out."""
    return {
        **{name: os.environ[name] for name in _INHERITED if name in os.environ},
        "LC_ALL": "C",
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_CONFIG_GLOBAL": os.devnull,
        "GIT_ATTR_NOSYSTEM": "1",
        "GIT_TERMINAL_PROMPT": "0",
        "GIT_OPTIONAL_LOCKS": "0",
        "GIT_NO_REPLACE_OBJECTS": "1",
        "GIT_NO_LAZY_FETCH": "1",
        **extra,
    }


def output(
    args: Sequence[str], cwd: Path, env: Mapping[str, str], limit: int, *, differs: bool = False
) -> bytes:
    """What the git command prints; see ``process.output``."""
    return process.output(GIT, args, cwd, env, limit, differs=differs)


class Objects:
    """Objects by name, raw: no filter, no conversion of line ends, no textconv."""

    def __init__(self, reader: subprocess.Popen[bytes], folder: Path) -> None:
        self._process, self._folder = reader, folder

    def read(self, name: str) -> bytes | None:
        """The content of the object that ``name`` names; None when there is none.

        Raises Refusal for a larger one than any code has: in a few kilobytes of a repository it may say any size.
        """
        asked, answers = self._process.stdin, self._process.stdout
        assert asked is not None and answers is not None
        try:
            asked.write(os.fsencode(name) + b"\n")
            asked.flush()
            head = answers.readline()
            if head.endswith((b" missing\n", b" ambiguous\n")):
                return None
            size = int(head.split(b" ")[-1])
            if size > LARGEST:
                raise TooLong(
                    f"The Git repository of {plain(str(self._folder), 200)} holds an object of more than "
                    f"{LARGEST // 1_000_000} MB; take it out, a version keeps code."
                )
            content = answers.read(size)
            if len(content) != size or answers.read(1) != b"\n":
                raise ValueError
        except (OSError, ValueError):
            raise Refusal(
                f"The Git repository of {plain(str(self._folder), 200)} is damaged or incomplete; run 'git fsck' there."
            ) from None
        return content


@contextmanager
def objects(cwd: Path, env: Mapping[str, str]) -> Iterator[Objects]:
    """One process that gives objects, as many as are asked for."""
    with process.started(GIT, ("cat-file", "--batch"), cwd, env, subprocess.DEVNULL, piped=True) as reader:
        yield Objects(reader, cwd)
