"""Programs that read a repository: no shell, no prompt, an environment of their own, a time limit, bounded output."""

from __future__ import annotations

import subprocess
import tempfile
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from engine.errors import Refusal
from engine.text import plain


@dataclass(frozen=True)
class Program:
    """``command``: how every process of it begins. ``absent``: what to do where it is not on the PATH."""

    command: tuple[str, ...]
    absent: str
    seconds: float

    @property
    def name(self) -> str:
        return self.command[0]


class TooLong(Refusal):
    """A program printed more than it was allowed to."""


def output(
    program: Program, args: Sequence[str], cwd: Path, env: Mapping[str, str], limit: int, *, differs: bool = False
) -> bytes:
    """What the command prints. Raises Refusal when it fails, takes too long or prints more than ``limit`` bytes.

    ``differs``: that it ends with 1 says only that it found a difference.
    """
    with (
        tempfile.TemporaryFile() as errors,
        started(program, args, cwd, env, errors, piped=False) as process,
    ):
        assert process.stdout is not None
        said = process.stdout.read(limit + 1)
        if len(said) > limit:
            raise TooLong(
                f"'{program.name} {args[0]}' in {plain(str(cwd), 200)} prints more than {limit // 1_000_000} MB."
            )
        if process.wait() not in ((0, 1) if differs else (0,)):
            errors.seek(0)
            raise Refusal(_reason(program, args[0], cwd, process.returncode, errors.read(4000)))
        return said


@contextmanager
def started(
    program: Program, args: Sequence[str], cwd: Path, env: Mapping[str, str], errors: IO[bytes] | int, *, piped: bool
) -> Iterator[subprocess.Popen[bytes]]:
    """The program at work, killed when the block ends or its time is over. Raises Refusal where it is not there."""
    try:
        process = subprocess.Popen(
            (*program.command, *args),
            cwd=cwd,
            env=env,
            stdin=subprocess.PIPE if piped else subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=errors,
        )
    except FileNotFoundError:
        if not cwd.is_dir():
            raise Refusal(f"The folder {plain(str(cwd), 200)} is not there any more.") from None
        raise Refusal(f"{program.name} is not on the PATH; {program.absent}.") from None
    clock = threading.Timer(program.seconds, process.kill)
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


def _reason(program: Program, verb: str, cwd: Path, code: int, errors: bytes) -> str:
    where = plain(str(cwd), 200)
    if code < 0:
        return (
            f"'{program.name} {verb}' in {where} did not end within {program.seconds:.0f} seconds and was stopped; try "
            "it by hand there."
        )
    said = plain(errors.decode("utf-8", "replace"), 300) or f"exit code {code}"
    return (
        f"'{program.name} {verb}' failed in {where}: {said.rstrip('.')}; '{program.name} status' there may say more."
    )
