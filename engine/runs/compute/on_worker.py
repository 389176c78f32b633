"""A step as the guest of a Dask worker. What is defined here travels to the worker as it stands.

Stand-alone: a worker needs Dask and the Python of its scheduler, nothing of Leverframe. It never runs the project's
code in its own process either: it starts the warden, as a run's process does here, which starts the step, holds it to
its limits and leaves nothing of it behind, also when the worker is killed.

``stay`` is the task: it keeps a thread of the worker taken for as long as the guest is there, so that Dask counts it.
All else is asked through ``ask``, past the tasks. Who asks is thereby heard of: a guest that nobody has asked for so
long, or whose task nobody wants any more, is shown out, and its folder with it.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import json
import marshal
import os
import select
import shutil
import stat
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from typing import Any

BATCH = 4 << 20
MOST_FILES = 100_000
_END = 64 << 10  # bytes of either end of a log whose middle was cut
Pieces = list[tuple[str, bytes]]


def stay(token: str, memory: int, silence: float) -> None:
    """Be host to a guest until it leaves, is not wanted any more or was not asked for anything for ``silence`` s."""
    from distributed import get_worker

    worker = get_worker()
    key = worker.get_current_task()
    guest = Guest(worker.local_directory, memory)
    guests = worker.__dict__.setdefault("leverframe_guests", {})
    guests[token] = guest
    try:
        while not guest.left.wait(0.5) and time.monotonic() - guest.heard < silence:
            task = worker.state.tasks.get(key)
            if task is None or task.state in ("cancelled", "resumed"):
                break  # Dask does not stop what runs; it only no longer waits for it.
    finally:
        del guests[token]
        guest.close()


async def ask(token: str, verb: str, *given: Any, dask_worker: Any = None) -> Any:
    """Have the guest do something; None when it is not here."""
    guests = getattr(dask_worker, "leverframe_guests", {})
    guest = guests.get(token)
    if guest is None:
        return None
    guest.heard = time.monotonic()
    if verb == "admitted":
        return guest.admitted(list(guests.values()), *given)
    if verb in ("watch", "answered"):
        return await getattr(guest, verb)(*given)
    return getattr(guest, verb)(*given)


class Guest:
    """One step on this worker, in a folder of its own below the worker's."""

    def __init__(self, home: str, memory: int) -> None:
        self.root = tempfile.mkdtemp(prefix="leverframe-", dir=home)
        self.memory = memory
        self.heard = time.monotonic()
        self.left = threading.Event()
        self._warden: subprocess.Popen[bytes] | None = None
        self._ended: dict[str, Any] | None = None
        self._progress = ""
        self._log_file: int | None = None
        self._cut = False
        self._taking: Iterator[Pieces] | None = None
        self._talk: Talk | None = None
        self._given = bytearray()

    def admitted(self, guests: list[Any], limit: int) -> bool:
        """Whether there is memory for it beside those that came before; Dask counts only the worker's own."""
        before = guests[: guests.index(self)]
        return not before or not limit or sum(guest.memory for guest in before) + self.memory <= limit

    def put(self, pieces: Pieces) -> bool:
        """Write what it brings along."""
        put(self.root, pieces)
        return True

    def begin(self, order: dict[str, Any]) -> dict[str, str]:
        """Start the step. The answer holds ``refused`` when it cannot be started here, else ``where`` it runs."""
        for name in ("code", "input", "output", "tmp"):
            os.makedirs(self._path(name), exist_ok=True)
        other = _not_as_ordered(self.root, order.get("kit"))
        if other:
            return {"refused": f"did not get {other} as it was sent"}
        stays = order.get("stays")
        environment = sys.prefix if stays == "compiled" else _environment(order["environment"])
        if not os.path.exists(os.path.join(environment, "bin", "python")):
            return {"refused": f"has no environment {environment} that is whole"}
        different = stays != "compiled" and _difference(environment, order["picture"])
        if different:
            return {"refused": f"has another environment {environment} than the one that was built ({different})"}
        try:
            settings = self._settings(order, environment)
            if stays:
                self._stays(settings, order)
            self._start(settings)
        except OSError as error:  # Not raised: Dask would write what was ordered, secrets too, into its worker's log.
            return {"refused": f"could not start it ({error.strerror or error})"}
        return {"where": f"{os.uname().nodename}, process {os.getpid()}"}

    def _start(self, settings: dict[str, Any]) -> None:
        with open(self._path("warden.said"), "wb") as said:
            self._warden = subprocess.Popen(
                [sys.executable, "-I", "-S", self._path("warden.py")],
                stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=said,
                env={"PATH": os.defpath, "LC_ALL": "C.UTF-8"}, cwd="/", start_new_session=True,
            )  # fmt: skip
        threading.Thread(target=self._listen, daemon=True).start()
        assert self._warden.stdin is not None
        data = marshal.dumps(settings)
        self._warden.stdin.write(len(data).to_bytes(8, "big") + data)
        self._warden.stdin.flush()

    def _stays(self, settings: dict[str, Any], order: dict[str, Any]) -> None:
        """Have it be a scorer that stays and is asked through pipes, see warm_scorer.py."""
        pipes = (self._path("input/requests"), self._path("output/answers"))
        self._talk = Talk(*pipes, lambda: self._ended is not None)
        settings["environment"] |= dict(zip(("LEVERFRAME_REQUESTS", "LEVERFRAME_ANSWERS"), pipes, strict=True))
        if order["stays"] == "process":
            named = [order["callable"]] if order["callable"] else []
            settings["argv"] = [settings["argv"][0], self._path("warm_scorer.py"), order["step"], *named]
            beside = ["warm_scorer.py", "onnx_model.py"]
        else:
            settings["argv"] = [sys.executable, "-P", "-s", "-m", order["module"], self._path("code/compiled")]
            settings["environment"]["PYTHONPATH"] = self._path("code")
            beside = []
        if settings["containment"] is not None:
            settings["containment"]["own"] += [self._path(name) for name in beside]
            if order["stays"] == "compiled":
                settings["containment"]["read"] = [path for path in sys.path if path.startswith("/")]
        self._talk.receive()

    def give(self, data: bytes) -> bool:
        """A piece of what the scorer is asked next."""
        self._given += data
        return True

    def score(self, head: bytes, digest: str) -> bool:
        """Ask it what was given, whose SHA-256 is ``digest``; False where that is not what came."""
        given, self._given = bytes(self._given), bytearray()
        if self._talk is None or hashlib.sha256(given).hexdigest() != digest:
            return False
        self._talk.ask(head, given)
        return True

    async def answered(self) -> dict[str, Any]:
        """What it said, once it is there, or after two seconds ``{}``: ``head``, ``size`` and ``digest`` of what
        ``piece`` has, or ``gone`` with its last words."""
        assert self._talk is not None
        for _ in range(200):
            if self._talk.said is not None:
                head, body = self._talk.said
                return {"head": head, "size": len(body), "digest": hashlib.sha256(body).hexdigest()}
            if self._talk.gone:
                return {"gone": self._last_words()}
            await asyncio.sleep(0.01)
        return {}

    def piece(self, start: int) -> bytes:
        """Some of what it said, from the byte ``start`` on."""
        assert self._talk is not None and self._talk.said is not None
        return self._talk.said[1][start : start + BATCH]

    def _last_words(self) -> str:
        ended = self._ended or {}
        reason = ended.get("reason") or ended.get("lost") or f"exit code {ended.get('exit')}"
        try:
            with open(self._path("step.log"), "rb") as file:
                lines = file.read()[-_END:].decode("utf-8", "replace").split("\n")
        except OSError:
            lines = []
        return f"{next((line for line in reversed(lines) if line.strip()), 'without a word')[:300]} ({reason})"

    def _settings(self, order: dict[str, Any], environment: str) -> dict[str, Any]:
        """What the warden is told, see warden.py."""
        runner = [os.path.join(environment, "bin", "python"), self._path("python_runner.py"), order["step"]]
        own = {name: os.environ[name] for name in ("HOME", "USER", "LOGNAME", "TMPDIR") if name in os.environ}
        held = order["containment"]
        if held is not None:
            own |= dict.fromkeys(("HOME", "TMPDIR", "JOBLIB_TEMP_FOLDER"), self._path("tmp"))
            held = {
                "read": held["read"],
                "own": [self._path(name) for name in ("input", "python_runner.py", "column_types.py")],
                "environment": environment,
                "write": [self._path(name) for name in ("output", "tmp", "code")],
                "apart": [os.path.dirname(self.root), *held["apart"]],
                "network": held["network"],
            }
        token = os.urandom(16).hex()
        variables = {
            **own,
            **order["variables"],
            "LEVERFRAME_INPUT": self._path("input"),
            "LEVERFRAME_OUTPUT": self._path("output"),
            "VIRTUAL_ENV": environment,
            "PATH": os.path.join(environment, "bin") + os.pathsep + os.environ.get("PATH", os.defpath),
            "LEVERFRAME_STEP_TOKEN": token,
        }
        return {
            "argv": order["command"] or runner + ([order["callable"]] if order["callable"] else []),
            "cwd": self._path("code"),
            "environment": variables,
            "held": None,
            "containment": held,
            "log": self._path("step.log"),
            **{name: order[name] for name in ("seconds", "memory", "log_bytes", "output_bytes")},
            "output": self._path("output"),
            "wait": False,
            "variable": "LEVERFRAME_STEP_TOKEN",
            "token": token,
        }

    def _path(self, name: str) -> str:
        return os.path.join(self.root, name)

    def _listen(self) -> None:
        assert self._warden is not None and self._warden.stdout is not None
        result = None
        for line in self._warden.stdout:
            event = json.loads(line)
            result = event.get("result", result)
            if "progress" in event:
                self._progress = f"::progress {event['progress']} {event['text']}\n"
        if result is None:
            with open(self._path("warden.said"), errors="replace") as file:
                result = {"lost": file.read()[-500:]}
        self._ended = result

    async def watch(self, seen: int) -> dict[str, Any]:
        """What is new: bytes of its ``log`` from ``seen`` on, and how it ``ended`` when all of that was told.

        The answer comes when there is something to say, or after two seconds.
        """
        for _ in range(10):
            ended = self._ended
            news = self._news(seen, ended is not None)
            if news["log"] or ended is not None:
                return {**news, "ended": None if news["log"] else ended}
            await asyncio.sleep(0.2)
        return {"log": b"", "seen": seen, "ended": None}

    def _news(self, seen: int, last: bool) -> dict[str, Any]:
        """The warden writes a log that grows too long anew, without its middle; from then on its end is told last."""
        try:
            descriptor = os.open(self._path("step.log"), os.O_RDONLY)
        except FileNotFoundError:
            return {"log": b"", "seen": seen}
        try:
            status = os.fstat(descriptor)
            if self._log_file not in (None, status.st_ino):
                self._cut = True
            self._log_file = status.st_ino
            if not self._cut:
                data = os.pread(descriptor, 256 << 10, seen)
                return {"log": data, "seen": seen + len(data)}
            if last and seen >= 0:
                # It may have been cut before anybody asked: what it began with is still its beginning.
                begin = os.pread(descriptor, max(0, _END - seen), seen)
                data = begin + b"\n[leverframe: the middle of the log was cut]\n"
                data += os.pread(descriptor, _END, max(0, status.st_size - _END))
                return {"log": data, "seen": -1}
            progress, self._progress = self._progress, ""
            return {"log": b"" if last else progress.encode(), "seen": seen}
        finally:
            os.close(descriptor)

    def take(self) -> Pieces:
        """The next part of what the step left; empty after the last."""
        if self._taking is None:
            self._taking = batches(self._path("output"), "")
        return next(self._taking, [])

    def leave(self) -> bool:
        """It has all that it came for."""
        self.left.set()
        return True

    def close(self) -> None:
        """End the step, if it is still there, and take its folder away."""
        if self._warden is not None:
            assert self._warden.stdin is not None
            # The warden ends everything when it hears no more of us. It may have ended itself.
            with contextlib.suppress(BrokenPipeError):
                self._warden.stdin.close()
            try:
                self._warden.wait(30)
            except subprocess.TimeoutExpired:
                self._warden.kill()
                self._warden.wait()
        if self._talk is not None:
            self._talk.close()
        try:
            shutil.rmtree(self.root)
        except (OSError, RecursionError):  # Whatever the guest made of it: these go down by handles, as deep as it is.
            for command in (("chmod", "-R", "u+rwX"), ("rm", "-rf")):
                subprocess.run([*command, "--", self.root], stdin=subprocess.DEVNULL, capture_output=True, check=False)


class Talk:
    """What goes to a scorer that stays and what comes back, through two named pipes; each way a JSON object and bytes,
    each with its length before it. A thread waits for it, for whoever asks here must not."""

    def __init__(self, asks: str, answers: str, over: Any) -> None:
        for pipe in (asks, answers):
            os.mkfifo(pipe, 0o600)
        # Both ends of the one, so that nothing waits for the scorer to open it.
        self._asks = os.open(asks, os.O_RDWR | os.O_NONBLOCK | os.O_CLOEXEC)
        self._answers = os.open(answers, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        self._over, self._closed, self._thread = over, False, threading.Thread()
        self.said: tuple[bytes, bytes] | None = None
        self.gone = False

    def ask(self, head: bytes, body: bytes) -> None:
        """Send it, and have its answer put into ``said``."""
        self.said = None
        asked = b"".join((len(head).to_bytes(8, "big"), head, len(body).to_bytes(8, "big"), body))
        self.receive(asked)

    def receive(self, asked: bytes = b"") -> None:
        self._thread = threading.Thread(target=self._through, args=(asked,), daemon=True)
        self._thread.start()

    def _through(self, asked: bytes) -> None:
        try:
            data = memoryview(asked)
            while data:
                self._wait(self._asks, select.POLLOUT)
                data = data[os.write(self._asks, data) :]
            if asked:
                self._exactly(1)  # It has read it.
            head = self._exactly(int.from_bytes(self._exactly(8), "big"))
            self.said = head, self._exactly(int.from_bytes(self._exactly(8), "big"))
        except (EOFError, OSError, MemoryError, OverflowError):
            self.gone = True

    def _exactly(self, count: int) -> bytes:
        parts = []
        while count:
            self._wait(self._answers, select.POLLIN)
            try:
                part = os.read(self._answers, min(count, 1 << 20))
            except BlockingIOError:
                continue
            if not part:  # It has not opened it yet, or has ended.
                if self._over() or self._closed:
                    raise EOFError
                time.sleep(0.01)
                continue
            parts.append(part)
            count -= len(part)
        return b"".join(parts)

    def _wait(self, pipe: int, event: int) -> None:
        poller = select.poll()
        poller.register(pipe, event)
        while not poller.poll(200):
            if self._over() or self._closed:
                raise EOFError

    def close(self) -> None:
        self._closed = True
        if self._thread.ident is not None:
            self._thread.join(5)
        os.close(self._asks)
        os.close(self._answers)


def _not_as_ordered(root: str, kit: Any) -> str:
    """The first file of the ``kit`` (SHA-256 of each by its name) that is not there as it was sent, or one too many
    beside its code; "" when there is none, or nothing was said of it."""
    if kit is None:
        return ""
    for name, digest in sorted(kit.items()):
        try:
            with open(os.path.join(root, *name.split("/")), "rb") as file:
                if hashlib.file_digest(file, "sha256").hexdigest() != digest:
                    return str(name)
        except OSError:
            return str(name)
    there = {name for folder in ("code", "input") for _, name in _files(os.path.join(root, folder), f"{folder}/")}
    return min(there - kit.keys(), default="")


def _environment(path: str) -> str:
    """The environment of the lock as this machine sees it: at the same path, or where the worker was told."""
    folder = os.environ.get("LEVERFRAME_ENVIRONMENTS")
    return os.path.join(folder, os.path.basename(path)) if folder else path


def _difference(environment: str, picture: str) -> str:
    """The first thing in the environment that is not as in its picture; "" when there is none.

    ``picture``: the digest of that. Names, kinds, sizes and where links lead; who sent us here has read the files,
    and here they may come over a network.
    """
    ours = ("leverframe.json", "leverframe.picture")
    try:
        with open(os.path.join(environment, ours[1]), "rb") as file:
            content = file.read()
        if hashlib.sha256(content).hexdigest() != picture:
            return "its picture is another"
        pictured = json.loads(content)["entries"]
        there = dict(_seen(environment, ""))
    except OSError as error:
        return f"{error.filename}: {error.strerror}"
    for name in sorted((pictured.keys() | there.keys()) - set(ours)):
        expected = pictured.get(name, "nothing")
        if there.get(name) != (expected if expected.startswith("link ") else " ".join(expected.split(" ")[:2])):
            return str(name)
    return ""


def _seen(root: str, below: str) -> Iterator[tuple[str, str]]:
    """Every name below ``root`` with what is there, as a picture says it but for the digests of files."""
    with os.scandir(os.path.join(root, below)) as entries:
        for each in entries:
            name, found = below + each.name, each.stat(follow_symlinks=False)
            if stat.S_ISDIR(found.st_mode):
                yield name, "folder"
                yield from _seen(root, f"{name}/")
            elif stat.S_ISLNK(found.st_mode):
                yield name, f"link {os.readlink(each.path)}"
            elif stat.S_ISREG(found.st_mode):
                special = found.st_mode & (stat.S_ISUID | stat.S_ISGID | stat.S_IXUSR)
                yield name, f"{f'program-{special:o}' if special else 'file'} {found.st_size}"
            else:
                yield name, "special"


def batches(folder: str, prefix: str) -> Iterator[Pieces]:
    """The files below ``folder`` as pieces, named from ``prefix`` on, in lists of about 4 MiB.

    Raises ValueError at what is no plain file: a link's target would not come along.
    """
    held, room = list[tuple[str, bytes]](), BATCH
    for path, name in _files(folder, prefix):
        with open(os.open(path, os.O_RDONLY | os.O_NOFOLLOW), "rb") as file:
            first = True
            while (data := file.read(room)) or first:
                held.append((name, data))
                first, room = False, room - len(data) - 500  # a name costs something too
                if room <= 0:
                    yield held
                    held, room = [], BATCH
    if held:
        yield held


def _files(folder: str, prefix: str) -> Iterator[tuple[str, str]]:
    with os.scandir(folder) as entries:
        found = sorted(entries, key=lambda entry: entry.name)
    for entry in found:
        name = f"{prefix}{entry.name}"
        if entry.is_dir(follow_symlinks=False):
            yield from _files(entry.path, f"{name}/")
        elif entry.is_file(follow_symlinks=False):
            yield entry.path, name
        else:
            raise ValueError(f"'{name}' is a link or no file at all; a step must leave plain files")


def put(folder: str, pieces: Pieces) -> None:
    """Append each piece to its file below ``folder``. Raises ValueError at a name that would lead out of it."""
    for name, data in pieces:
        parts = name.split("/")
        if "\0" in name or any(part in ("", ".", "..") for part in parts):
            raise ValueError(f"{name[:100]!r} is no name of a file below a folder")
        path = os.path.join(folder, *parts)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_NOFOLLOW
        with open(os.open(path, flags, 0o600), "ab") as file:
            file.write(data)
