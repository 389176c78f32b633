"""Programs of the machine that a project needs by name: which version is there, and which package brings one that is
missing.

They are recorded and compared, never rebuilt: they are the machine's. One that was upgraded within what the project
asks for goes on to be used, for whatever it changes a proof finds; beyond that it is a difference.
"""

from __future__ import annotations

import hashlib
import os
import re
import select
import shutil
import signal
import subprocess
import time
from collections.abc import Iterable, Mapping
from contextlib import suppress
from functools import lru_cache
from pathlib import Path

from engine.environments.held import holding
from engine.environments.records import Program
from engine.errors import Refusal
from engine.text import plain

NAME = r"[A-Za-z0-9][A-Za-z0-9._+-]{0,59}"
_SECONDS, _MOST = 30.0, 65536
_CONTENT = "content-"  # then a digest: what tells no version
# Behind the word where it is said: Spark names addresses before. Else with a dot where there is one: bzip2 has a number
# in its name.
_VERSIONS = (
    re.compile(rb"\bversion \"?v?(\d+(?:\.\d+)+(?:[-_+][0-9A-Za-z.]+)?)", re.IGNORECASE),
    re.compile(rb"(?<![\w.])v?(\d+(?:\.\d+)+(?:[-_+][0-9A-Za-z.]+)?)"),
    re.compile(rb"(?<![\w.])v?(\d+)(?![\w.])"),
)
# How one is asked for its version, where --version is not its word for that.
_ASKED = {"java": "-version", "javac": "-version", "spark-submit": "--version", "ssh": "-V"}
# The package of Debian and its kin that brings a program whose package is not called like it.
_PACKAGES = {
    "R": "r-base-core",
    "Rscript": "r-base-core",
    "java": "default-jre-headless",
    "javac": "default-jdk-headless",
    "jar": "default-jdk-headless",
    "psql": "postgresql-client",
    "sqlite3": "sqlite3",
    "node": "nodejs",
    "docker": "docker.io",
    "svn": "subversion",
    "julia": "julia",
    "awk": "gawk",
}
# What no package of Debian brings.
_ELSEWHERE = {
    "spark-submit": "unpack Apache Spark and put its bin folder on PATH, or 'pip install pyspark' brings it",
}


def version_of(name: str) -> str | None:
    """The version of the program ``name`` on this machine's search path; None where there is none.

    What says no version of its own is told by its content. Costs a start of the program the first time.
    """
    found = shutil.which(name)
    if found is None:
        return None
    real = os.path.realpath(found)
    try:
        marks = os.stat(real)
    except OSError:
        return None
    return _asked(name, found, real, (marks.st_size, marks.st_mtime_ns, marks.st_ino))


def here(wanted: Mapping[str, str]) -> tuple[Program, ...]:
    """The programs of this machine by name and the version asked for. Raises Refusal that names every one that is
    missing or of another version, and what brings it."""
    if missing := lacking(wanted):
        raise Refusal(f"{'; '.join(missing)}.")
    return tuple(Program(name, version_of(name) or "", asked) for name, asked in sorted(wanted.items()))


def lacking(wanted: Mapping[str, str]) -> tuple[str, ...]:
    """Which of the programs are not here as they are asked for, each with what brings it, in words."""
    return tuple(said for name, asked in sorted(wanted.items()) if (said := _why_not(name, asked)) is not None)


def _why_not(name: str, asked: str) -> str | None:
    version = version_of(name)
    if version is None:
        return f"The program {plain(name, 60)} is not on this machine; {brings(name)}"
    if matches(asked, version):
        return None
    if version.startswith(_CONTENT):
        return (
            f"{plain(name, 60)} on this machine tells no version, and the project asks for {plain(asked, 40)}; "
            f'install one that does, or ask for any with {plain(name, 60)} = "" in [environment] programs of '
            "leverframe.toml"
        )
    return (
        f"{plain(name, 60)} is {version} on this machine, and the project asks for {plain(asked, 40)}; "
        "install that one, or change it in [environment] of leverframe.toml"
    )


def brings(name: str) -> str:
    """What to do where the program is missing."""
    if name in _ELSEWHERE:
        return _ELSEWHERE[name]
    return f"on Debian and its kin 'apt-get install {_PACKAGES.get(name, name)}' brings it"


def matches(asked: str, version: str) -> bool:
    """Whether ``version`` is what was asked for: ``17`` means any 17.x, never 1.7 or 170; "" means any. Pure."""
    return not asked or version == asked or version.startswith((f"{asked}.", f"{asked}-", f"{asked}+"))


def differences(programs: Iterable[Program]) -> tuple[str, ...]:
    """Which of the recorded programs are not here any more as the project asks for them, each in words."""
    found = []
    for each in programs:
        now = version_of(each.name)
        if now is None:
            found.append(f"the program {each.name} {each.version} is not on this machine ({brings(each.name)})")
        elif not matches(each.wanted, now):
            found.append(f"{each.name} is {now} here now, it was {each.version}, and {each.wanted} is asked for")
    return tuple(found)


def as_now(program: Program) -> str:
    """The program with what it was, and what it is here now where that is another: for who asks what does not come
    back."""
    now = version_of(program.name)
    said = f"{program.name}, which is the machine's: {program.version}"
    if now is None:
        return f"{said} then, gone now"
    return said if now == program.version else f"{said} then, {now} now"


@lru_cache(maxsize=64)
def _asked(name: str, path: str, real: str, marks: tuple[int, int, int]) -> str:
    """What the program says of itself, asked once for each that stands there: ``marks`` change with it."""
    # Spark would ask the network for its own address, which is refused here, and say no more.
    given = {"SPARK_LOCAL_IP": "127.0.0.1"}
    said = said_by([*holding([], None, network=False), path, _ASKED.get(name, "--version")], _SECONDS, given)
    for form in _VERSIONS:
        if (found := form.search(said)) is not None:
            return found[1].decode("ascii")[:60]
    with open(real, "rb") as file:
        return f"{_CONTENT}{hashlib.file_digest(file, 'sha256').hexdigest()[:12]}"


def said_by(command: list[str], seconds: float, variables: Mapping[str, str] | None = None) -> bytes:
    """What a command of the machine prints on both of its outputs, at most 64 kB; b"" where it fails, takes longer or
    prints without end."""
    given = {"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C", "HOME": "/nonexistent", **(variables or {})}
    try:
        process = subprocess.Popen(
            command,
            cwd="/",
            env=given,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    except OSError:
        return b""
    said, until = b"", time.monotonic() + seconds
    with process:
        assert process.stdout is not None
        try:
            while len(said) < _MOST and (left := until - time.monotonic()) > 0:
                if select.select([process.stdout], [], [], left)[0]:
                    piece = os.read(process.stdout.fileno(), _MOST)
                    if not piece:
                        return said if process.wait(max(0.1, left)) == 0 else b""
                    said += piece
        except subprocess.TimeoutExpired:
            pass
        finally:
            if process.poll() is None:
                with suppress(ProcessLookupError):
                    os.killpg(process.pid, signal.SIGKILL)
    return b""


def home_of(name: str) -> Path | None:
    """The folder above the ``bin`` that the program really lies in, such as Java's home; None where it is missing."""
    found = shutil.which(name)
    return Path(os.path.realpath(found)).parents[1] if found else None
