"""Git as a process: no shell, no prompt, no configuration but the private one, a time limit, bounded output."""

from __future__ import annotations

import os
import subprocess
import tempfile
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from engine.errors import Refusal
from engine.text import plain

SECONDS = 120.0
LARGEST = 200_000_000
# The private directory names neither, but a command line wins over any configuration that might still be found.
_GIT = ("git", "--no-pager", "-c", "core.fsmonitor=", "-c", "core.hooksPath=/dev/null")
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


def output(args: Sequence[str], cwd: Path, env: Mapping[str, str], limit: int) -> bytes:
    """What the command prints. Raises Refusal when it fails, takes too long or prints more than ``limit`` bytes."""
    with tempfile.TemporaryFile() as errors, _started(args, cwd, env, errors, piped=False) as process:
        assert process.stdout is not None
        said = process.stdout.read(limit + 1)
        if len(said) > limit:
            raise TooLong(f"'git {args[0]}' in {plain(str(cwd), 200)} prints more than {limit // 1_000_000} MB.")
        if process.wait() != 0:
            errors.seek(0)
            raise Refusal(_reason(args[0], cwd, process.returncode, errors.read(4000)))
        return said


class TooLong(Refusal):
    """A git command printed more than it was allowed to."""


@contextmanager
def _started(
    args: Sequence[str], cwd: Path, env: Mapping[str, str], errors: IO[bytes] | int, *, piped: bool
) -> Iterator[subprocess.Popen[bytes]]:
    try:
        process = subprocess.Popen(
            (*_GIT, *args),
            cwd=cwd,
            env=env,
            stdin=subprocess.PIPE if piped else subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=errors,
        )
    except FileNotFoundError:
        if not cwd.is_dir():
            raise Refusal(f"The folder {plain(str(cwd), 200)} is not there any more.") from None
        raise Refusal("git is not on the PATH; install it, no project can be read without it.") from None
    clock = threading.Timer(SECONDS, process.kill)
    clock.daemon = True
    clock.start()
    try:
        yield process
    finally:
        clock.cancel()
        if process.poll() is None:
            process.kill()
        for stream in (process.stdin, process.stdout):
            if stream is not None:
                stream.close()
        process.wait()


def _reason(verb: str, cwd: Path, code: int, errors: bytes) -> str:
    where = plain(str(cwd), 200)
    if code < 0:
        return (
            f"'git {verb}' in {where} did not end within {SECONDS:.0f} seconds and was stopped; try it by hand there."
        )
    said = plain(errors.decode("utf-8", "replace"), 300) or f"exit code {code}"
    return f"'git {verb}' failed in {where}: {said.rstrip('.')}; 'git status' there may say more."


class Objects:
    """Objects by name, raw: no filter, no conversion of line ends, no textconv."""

    def __init__(self, process: subprocess.Popen[bytes], folder: Path) -> None:
        self._process, self._folder = process, folder

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
    with _started(("cat-file", "--batch"), cwd, env, subprocess.DEVNULL, piped=True) as process:
        yield Objects(process, cwd)
