"""uv, as a process under a time limit, whose errors become one sentence for people.

uv builds packages that exist as source only (pip does too), and starts the environment's Python, which runs what any
package leaves in a .pth file: code that a project chose by a line of its requirements. So uv and all below it are held
by the kernel as a step is, only wider (``held``), and given few variables.
"""

from __future__ import annotations

import contextlib
import os
import re
import signal
import subprocess
import textwrap
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

from engine.environments.held import holding, workspace_around
from engine.errors import Refusal
from engine.storage import temporary
from engine.storage.disk import refused
from engine.text import plain

# LEVERFRAME_RUN goes along so that cancelling a run also finds and ends the uv that it started.
_PASSED = (
    "PATH", "HOME", "LANG", "LC_ALL", "TZ", "TMPDIR", "SSL_CERT_FILE", "SSL_CERT_DIR", "NETRC", "LEVERFRAME_RUN",
    "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY", "http_proxy", "https_proxy", "all_proxy", "no_proxy",
    "XDG_CONFIG_HOME", "XDG_CONFIG_DIRS", "XDG_DATA_HOME",
)  # fmt: skip
# Set by us on every call, or able to make a lock or an environment something else than it says.
_OURS = ("UV_CACHE_DIR", "UV_NO_CACHE", "UV_PYTHON", "UV_SYSTEM_PYTHON", "UV_REQUIRE_HASHES", "UV_NO_VERIFY_HASHES")

_FULL = re.compile(r"no space left on device|os error 28\b|disk quota exceeded|os error 122\b", re.IGNORECASE)
_UNREACHABLE = re.compile(
    r"error sending request|dns error|connect error|connection (?:refused|reset)|timed out|network was disabled"
    r"|network connectivity is disabled|when the network is disabled",
    re.IGNORECASE,
)
# The last line of a traceback; a package that only says what to use instead.
_RAISED = re.compile(r"[A-Za-z_][\w.]*: ")
_TELLING = re.compile(r"deprecated|instead|install|renamed|replaced|moved|\buse\b|requires?\b|supported", re.IGNORECASE)


def uv_environment(environ: Mapping[str, str]) -> dict[str, str]:
    """What uv is given of ``environ``: the machine's own uv settings, proxies and certificates, little else."""
    kept = {name: environ[name] for name in _PASSED if name in environ}
    kept |= {name: value for name, value in environ.items() if name.startswith("UV_") and name not in _OURS}
    return kept | {"UV_PYTHON_DOWNLOADS": "never", "UV_NO_PROGRESS": "1", "NO_COLOR": "1"}


def uv_binary() -> str:
    """The path of uv's program.

    Raises Refusal when it is not installed.
    """
    from uv import find_uv_bin

    try:
        return find_uv_bin()
    except FileNotFoundError:
        raise Refusal("The program uv is missing; install Leverframe again, or run 'pip install uv'.") from None


class UvFailed(Refusal):
    """uv ended with an error; the message is the sentence, ``stderr`` all that it said."""

    def __init__(self, message: str, stderr: str) -> None:
        super().__init__(message)
        self.stderr = stderr


@dataclass(frozen=True)
class Uv:
    """uv with its cache at ``cache``, which lies in the file system of the environments so that files are shared."""

    cache: Path
    environ: Mapping[str, str] = field(default_factory=lambda: uv_environment(os.environ))

    def run(
        self,
        *arguments: str,
        doing: str,
        seconds: float,
        given: str = "",
        held: tuple[int, ...] = (),
        into: Path | None = None,
    ) -> str:
        """Run uv and return its standard output.

        ``held``: file descriptors that uv inherits; a lock among them stays locked while any of uv's processes
        lives, even when the engine is killed. ``into``: the folder that it fills, which is there; beside it it writes
        to its cache only. Raises UvFailed, or Refusal after ``seconds``.
        """
        cache = self.cache.absolute()
        with ExitStack() as stack:
            with refused(f"uv could not be started {doing}"):
                cache.mkdir(parents=True, exist_ok=True)
                # uv leaves locks behind in its temporary folder. Should it outlive us, the folder is still its own.
                folder, lock = stack.enter_context(temporary.held(temporary.UV))
            writes = [cache, folder, *([into] if into else [])]
            before = holding(writes, workspace_around(cache), network=True, modes=True)
            command = [*before, uv_binary(), *arguments]
            process = self._begin(command, cache, folder, (*held, lock))
            try:
                out, err = process.communicate(given, timeout=seconds)
            except subprocess.TimeoutExpired:
                _end(process)
                raise Refusal(
                    f"uv took longer than {seconds:.0f} s {doing} and was stopped; check the network and try again."
                ) from None
            except BaseException:
                _end(process)
                raise
        if process.returncode != 0:
            raise UvFailed(explain(err, doing, process.returncode), err)
        return out

    def _begin(self, command: Sequence[str], cache: Path, folder: Path, held: tuple[int, ...]) -> subprocess.Popen[str]:
        return subprocess.Popen(
            command,
            # Not the caller's folder: a uv.toml or pyproject.toml of a project would choose the registry.
            cwd=cache.parent,
            env={**self.environ, "UV_CACHE_DIR": str(cache), "TMPDIR": str(folder)},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            encoding="utf-8",
            errors="replace",
            pass_fds=held,
            start_new_session=True,
        )


def _end(process: subprocess.Popen[str]) -> None:
    """Kill uv and the builds below it."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.communicate()


def explain(stderr: str, doing: str, code: int = 1) -> str:
    """One sentence out of uv's error output: what happened while ``doing``, and what to do."""
    error, causes = _parts(stderr)
    last = plain(_without_logins((causes or [error or f"exit code {code}"])[-1]), 300).rstrip(".")
    if _FULL.search(stderr):
        return f"The disk is full: uv ran out of room {doing}; free some ('leverframe disk' shows where) and try again."
    if _UNREACHABLE.search(stderr):
        reason = "the network is switched off for uv" if "network" in stderr and "disabled" in stderr else last
        return f"The package registry cannot be reached {doing} ({reason}); check the network and try again."
    if "No solution found" in error:
        return f"The requirements cannot be met: {last}; change the requirements file."
    if "hash mismatch" in stderr.lower():
        package = plain(_without_logins(next((c for c in causes if "ash mismatch" in c), last)), 120)
        return (
            f"The registry gave another file than the one that was locked ({package.split('  ')[0]}); "
            "find out who replaced it before using it."
        )
    if re.search(r"failed to build|build backend", stderr, re.IGNORECASE):
        said = own_words(stderr) or last
        return f"{plain(error, 200).rstrip('.')}: {said}; look for a version of it that has a wheel."
    head = plain(_without_logins(error), 200).rstrip(".") or "uv failed"
    tail = f" ({last})" if causes and last != head else ""
    return f"uv could not go on {doing}: {head}{tail}; run 'leverframe doctor' to see what is wrong with this machine."


def own_words(stderr: str) -> str:
    """What a package that could not be built says itself: its error, or the sentence that it printed instead; "" where
    it says nothing."""
    _, _, printed = stderr.partition("[stderr]")
    printed = printed or stderr.partition("[stdout]")[2]
    block = textwrap.dedent(re.split(r"^(?:hint|error|warning):", printed, maxsplit=1, flags=re.MULTILINE)[0]).strip()
    if not block:
        return ""
    lines = block.splitlines()
    raised = [number for number, line in enumerate(lines) if _RAISED.match(line)]
    if "Traceback (most recent call last)" in block and raised:
        lines = lines[raised[-1] :]
    elif not _TELLING.search(lines[0]):
        lines = lines[-1:]  # A compiler says last what stopped it.
    paragraph = "\n".join(lines).strip().split("\n\n")[0]
    return plain(_without_logins(" ".join(paragraph.split())), 200).strip(" *.")


def _parts(stderr: str) -> tuple[str, list[str]]:
    """uv's ``error:`` line, and its causes from the outer to the inner."""
    error, hint = "", False
    causes: list[str] = []
    for raw in stderr.splitlines():
        line = raw.strip()
        if line.startswith("error:"):
            error, hint = line.removeprefix("error:").strip(), False
            causes = []
        elif line.startswith("cause:"):
            causes.append(line.removeprefix("cause:").strip())
        elif line.startswith(("hint:", "warning:")):
            hint = True
        elif error and causes and not hint and line.startswith(("And ", "we can ", "Because ")):
            causes[-1] += " " + line
    if not error:
        lines = [line.strip() for line in stderr.splitlines() if line.strip()]
        error = lines[-1] if lines else ""
    return error, causes


def _without_logins(text: str) -> str:
    return re.sub(r"://[^/\s@]+@", "://", text)
