"""The warden of a step server: it starts an interpreter that has loaded its libraries, and watches the steps it forks.

Run by the engine as ``sys.executable -I -S server_warden.py``; it imports warden.py beside it, of which it is a kind:
guard and watcher, the same limits, the same result. Standard input: the settings, as a warden's; its end means that the
engine is gone, and then so is this, after the step that it has in hand. It listens on a socket. Who asks there shows
the key, before anything else is read, and says what its steps are to be like; where that is not so, or a step is in
hand, the connection is closed at once. Else it is answered ``+``, sends its streams and the descriptor that is to be
held, and speaks as with a warden.

One step at a time. What it works with is moved into the one folder where the server may write (``work``), and back when
it has ended; a fork narrows itself to its own. Between two steps every process is killed but the server's own two, and
what was left in /dev/shm is taken away. At any doubt all of it ends, and whoever asks next starts a step afresh. When
this watcher itself is killed, its namespace ends with it some milliseconds after the descriptor it held is closed.
"""

from __future__ import annotations

import hmac
import json
import os
import select
import socket
import struct
import sys
import time

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    import warden  # type: ignore[import-not-found]
else:
    sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
    import warden

    del sys.path[0]

THERE, BEGIN = b"+", b"!"
LANDLOCK = 6  # the first that keeps signals from each other
STREAMS = 4  # standard input, output and error output of a warden, and what it is to hold
MOVED = ("code", "input", "output", "tmp")
MOST_STEPS = 500
MOST = 1 << 22
LOAD_SECONDS, IDLE_SECONDS, PATIENCE_SECONDS = 120.0, 3600.0, 5.0
FORK_SECONDS = 60.0  # on a machine that is busy beyond measure; the step's own time does not run yet
UNFIT = 5  # as step_server.py ends when what it was to load cannot be forked
TOLD = os.path.exists(f"/proc/self/task/{os.getpid()}/children")
SHM = "/proc/%d/root/dev/shm"


def packets() -> tuple[int, int]:
    """The two ends of a socket that keeps what is sent apart."""
    theirs, ours = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    for end in (theirs, ours):
        end.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, MOST)
    return theirs.detach(), ours.detach()


class Sparing(warden.Tree):  # type: ignore[misc]
    """The living processes of the server's namespace but its own two, of which every other is a descendant.

    ``first``: of the namespace, which inherits orphans. It is looked at last: who became its child meanwhile is seen.
    """

    def __init__(self, first: int, spared: set[int]) -> None:
        super().__init__()
        self._first, self._spared = first, spared

    def look(self, *, afresh: bool = False, stop: bool = False) -> set[int]:
        # Where the system tells of children, two files say that there are none; the whole of /proc costs 2 ms.
        found: set[int] = self._below() if TOLD else super().look(afresh=afresh) - self._spared
        if stop:
            for pid in found:
                warden.send(pid, warden.SIGSTOP)
        return found

    def _below(self) -> set[int]:
        found: set[int] = set()
        left = [self._first, *(self._spared - {self._first})]
        while left:
            folder = f"/proc/{left.pop()}/task"
            for thread in listed(folder):
                children = set(map(int, warden.contents(f"{folder}/{thread}/children").split()))
                left += children - found - self._spared
                found |= children - self._spared
        return found


class Server(warden.StepWatcher):  # type: ignore[misc]
    """The interpreter that forks."""

    _way_in = staticmethod(packets)

    def load(self) -> bool:
        """Start it and have it load its modules. False where nothing is to be forked from it."""
        self.start()
        if self._error is not None or self._contained["landlock"] < LANDLOCK or not self._contained["calls"]:
            return self._unfit(self._error or "this system does not hold steps from each other")
        self.channel = socket.socket(fileno=self._go)
        self.channel.send(json.dumps({"modules": self._settings["modules"]}).encode())
        self._poller.register(self.channel, select.POLLIN)
        until = time.monotonic() + LOAD_SECONDS
        while time.monotonic() < until and self._goes_on():
            self._look(time.monotonic())
            for fd, _ in self._poller.poll(50):
                if fd == self.channel.fileno():
                    return self._is_ready(self.channel.recv(MOST))
                self.attend(fd)
        return self._unfit(self._reason or "it ended, or took too long")

    def _unfit(self, why: str) -> bool:
        """False; the engine reads the reason in the log of this process."""
        self._read()
        print(why, file=sys.stderr, flush=True)
        return False

    def _is_ready(self, said: bytes) -> bool:
        self.own = set(warden.Tree().look(afresh=True))
        # The first of its namespace and the server itself; that it has one of its own is what the first has said.
        alone = self._first is not None and os.read(self._first, 1) == b"\1"
        if not said:
            return self._unfit("it ended while it loaded the libraries")
        if (why := json.loads(said)["unfit"]) is not None:
            return self._unfit(" ".join(str(why).split())[:300])
        if not alone:
            return self._unfit("it has no namespace of its own")
        if len(self.own) != 2:
            return self._unfit("loading the libraries started other processes")
        self._contained["alone"] = True
        self._settings["covered"] = covered(self._pid)
        if os.listdir(SHM % self._pid):
            return self._unfit("loading the libraries left something in shared memory")
        return True

    def attend(self, fd: int) -> None:
        """What the system says of ``fd``: there is output, it has ended, or nobody wants it any more."""
        if fd == self._output:
            self._read()
        elif fd == 0:
            self._reason = "orphaned"
        else:
            warden.reap(self._reaped)

    def shm_is_clear(self) -> bool:
        """Take away what a step left in shared memory. False where that cannot be done."""
        try:
            place = os.open(SHM % self._pid, os.O_RDONLY | os.O_DIRECTORY)
            try:
                for name in os.listdir(place):
                    os.unlink(name, dir_fd=place)
            finally:
                os.close(place)
        except OSError:
            return False
        return True

    def is_whole(self) -> bool:
        """Whether it is as it was when it was ready."""
        alone = self._guard == os.getppid() and not Sparing(self._pid, self.own).look(afresh=True)
        return self._goes_on() and alone and self.shm_is_clear()

    def serve(self) -> None:
        """Until the engine is gone, nobody asks any more, or anything is not as it should be."""
        listener = listening(self._settings)
        self._poller.register(listener, select.POLLIN)
        self.steps, self.asked = 0, time.monotonic()
        while self._goes_on() and self.steps < MOST_STEPS and time.monotonic() - self.asked < IDLE_SECONDS:
            self._log.flush()
            for fd, _ in self._poller.poll(IDLE_SECONDS * 1000):
                if fd == listener.fileno():
                    if not self._answer(listener):
                        return
                elif fd == self.channel.fileno():
                    return  # It says something unasked, or nothing ever again.
                else:
                    self.attend(fd)

    def _answer(self, listener: socket.socket) -> bool:
        """Have a step run for whoever asks. False where the server is no more to be used after it."""
        streams: list[int] = []
        connection, _ = listener.accept()
        if not self.is_whole():
            connection.close()
            return False
        with connection:
            try:
                connection.settimeout(PATIENCE_SECONDS)
                nicer = admitted(connection, self._settings)
                if nicer is None:
                    return True
                connection.sendall(THERE)
                os.utime(f"{self._settings['place']}/{self._settings['name']}.socket")
                said, streams, _, _ = socket.recv_fds(connection, 1, STREAMS)
            except (OSError, ValueError, KeyError, TypeError, RecursionError):
                return True
        if said != BEGIN or len(streams) != STREAMS:
            for fd in streams:
                os.close(fd)
            return True
        self.steps, self.asked = self.steps + 1, time.monotonic()
        lifeline = os.dup(0)
        for number, fd in enumerate(streams[:3]):
            os.dup2(fd, number, inheritable=False)
            os.close(fd)
        try:
            Forked(self, warden.settings_from(0), listener, nicer).run()
        except SystemExit:  # Whoever asked was gone before it had said for what.
            pass
        finally:
            os.dup2(lifeline, 0, inheritable=False)
            os.close(lifeline)
            nothing = os.open("/dev/null", os.O_RDWR)
            whole = self.is_whole()
            os.close(streams[3])
            for number in (1, 2):  # Now whoever waits sees the end of what it was told, and the lock is free.
                os.dup2(nothing, number, inheritable=False)
            os.close(nothing)
        return whole


class Forked(warden.StepWatcher):  # type: ignore[misc]
    """One step, forked by the server and watched like any other."""

    _status: int | None
    _reason: str | None
    _cpu: float
    _peak: int

    def __init__(self, server: Server, settings: dict[str, Any], listener: socket.socket, nicer: int) -> None:
        self._folder, self._place = os.path.dirname(settings["log"]), f"{server._settings['work']}/{settings['token']}"
        super().__init__(moved(settings, self._folder, self._place), server._guard)
        self._server, self._listener, self._nicer = server, listener, nicer
        self._tree = Sparing(server._pid, server.own)
        self._reap = self._hear
        self._contained = dict(server._contained)
        self._pid, self._output = 0, os.open("/dev/null", os.O_RDONLY)

    def run(self) -> None:
        """From what it was sent to the result; by then nothing of it is left but its files, where they were."""
        self._begun, self._waiting, self._settings["group"] = time.monotonic(), False, None
        try:
            self._move(self._folder, self._place)
            self._fork()
        except OSError as error:
            self._server._reason = "lost"  # It may yet fork what nobody waits for any more.
            self._error = f"cwd\n{error.strerror or error}"
            self._report(time.monotonic(), warden.end_all(self._tree, lambda *_: None))
        else:
            self.watch()
        finally:
            self._log.close()
            os.close(self._output)

    def _fork(self) -> None:
        settings, box = self._settings, self._settings["containment"]
        held_back, self._go = os.pipe()
        os.close(self._output)
        self._output, write_out = os.pipe()
        order = {
            "arguments": settings["argv"][2:],
            "cwd": settings["cwd"],
            "environment": settings["environment"],
            "opened": list(warden.containment().rules(box, own_proc=True)),
            "network": box["network"],
            "nicer": self._nicer,
        }
        what = os.memfd_create("step")
        with open(what, "wb", closefd=False) as file:
            file.write(json.dumps(order).encode())
        socket.send_fds(self._server.channel, [b"{}"], [what, held_back, write_out])
        for fd in (what, held_back, write_out):
            os.close(fd)
        os.set_blocking(self._output, False)
        self._poller = select.poll()
        for watched in (0, self._output, self._server.channel, self._listener):
            self._poller.register(watched, select.POLLIN)
        self._pid = self._found()
        around = warden.containment().delegated(warden.containment().own_group())
        if around is not None:
            limits = {"memory": settings["memory"], "tasks": warden.MOST_THREADS}
            name = f"leverframe-{settings['token']}"
            settings["group"] = warden.containment().make_group(around, name, **limits)
            if settings["group"] is not None:
                with open(f"{settings['group']}/cgroup.procs", "w") as file:
                    file.write(str(self._pid))
        self._begun = time.monotonic()
        self._write_line()
        os.close(self._go)

    def _found(self) -> int:
        """The process that was forked. Raises OSError where there is none."""
        until, channel = time.monotonic() + FORK_SECONDS, self._server.channel
        while time.monotonic() < until:
            for pid in self._tree.look():
                return int(pid)
            if select.select([channel], [], [], 0.0005)[0]:
                break  # The server has ended, or what it forked has.
        raise OSError(0, "the process that was to fork it did not")

    def _hear(self) -> None:
        """What the server says of the step's end; who else asks meanwhile is told no."""
        self._listener.setblocking(False)
        self._server.channel.setblocking(False)
        try:
            self._take(self._server.channel.recv(MOST))
        except BlockingIOError:
            pass
        finally:
            self._server.channel.setblocking(True)
        try:
            self._listener.accept()[0].close()
        except BlockingIOError:
            pass
        finally:
            self._listener.setblocking(True)

    def _take(self, said: bytes) -> None:
        if self._status is not None:
            return
        if not said:
            self._reason = self._reason or "unguarded"
            return
        told = json.loads(said)
        self._status = int(told["status"])
        self._cpu, self._peak = float(told["cpu"]), max(self._peak, int(told["peak"]))

    def _has_ended(self) -> bool:
        return self._status is not None or self._reason == "unguarded"

    def _drain(self) -> None:
        """By now it has been killed, if it had not ended; how, only the server can say."""
        until = time.monotonic() + PATIENCE_SECONDS
        while self._pid and not self._has_ended() and time.monotonic() < until:
            select.select([self._server.channel], [], [], 0.05)
            self._hear()
        super()._drain()

    def _strike(self) -> None:
        super()._strike()
        if self._reason == "processes":
            warden.send(self._server._pid, warden.SIGKILL)  # With it all in its namespace ends, however fast it forks.

    def _report(self, ended: float, survivors: int) -> None:
        try:
            self._move(self._place, self._folder)
            self._say_where()
        except OSError:
            self._error, self._reason = "cwd\nits files could not be moved back", "start"
        super()._report(ended, survivors)

    def _say_where(self) -> None:
        """Let the log name the step's files as where they are."""
        path, new = self._settings["log"], f"{self._settings['log']}.new"
        with open(path, "rb") as log:
            said = log.read()
        if os.fsencode(self._place) in said:
            with open(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as log:
                log.write(said.replace(os.fsencode(self._place), os.fsencode(self._folder)))
            os.rename(new, path)

    def _move(self, here: str, there: str) -> None:
        if here == self._folder:
            os.mkdir(there, 0o700)
        for part in MOVED:
            if os.path.lexists(f"{here}/{part}"):
                os.rename(f"{here}/{part}", f"{there}/{part}")
        if here == self._place:
            os.rmdir(here)


def listed(folder: str) -> list[str]:
    try:
        return os.listdir(folder)
    except OSError:
        return []  # Of a process that has ended.


def moved(settings: dict[str, Any], folder: str, place: str) -> dict[str, Any]:
    """``settings`` with every path in ``folder`` in ``place`` instead, but for the log, which stays. Pure."""

    def there(text: str) -> str:
        return place + text[len(folder) :] if text == folder or text.startswith(f"{folder}/") else text

    box = settings["containment"]
    return {
        **settings,
        "cwd": there(settings["cwd"]),
        "output": there(settings["output"]),
        "environment": {name: there(value) for name, value in settings["environment"].items()},
        "containment": {**box, **{kind: [there(path) for path in box[kind]] for kind in ("own", "write")}},
    }


def admitted(connection: socket.socket, settings: Mapping[str, Any]) -> int | None:
    """By how much a step of who asks is to step back; None where none is for them: who does not know the key, is not
    like the engine that had this started, or knows of listeners that are not hidden here."""
    told = connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, struct.calcsize("3i"))
    if struct.unpack("3i", told)[1] != os.geteuid():
        return None
    until, key = time.monotonic() + PATIENCE_SECONDS, settings["key"].encode()
    if not hmac.compare_digest(exactly(connection, len(key), until), key):
        return None
    asked = json.loads(exactly(connection, int.from_bytes(exactly(connection, 8, until), "big"), until))
    later = set(asked["listeners"]) - set(settings["containment"]["hidden"])
    alike = asked["likeness"] == settings["likeness"] and all(path.startswith(settings["covered"]) for path in later)
    nicer = int(asked["nice"]) - os.nice(0)
    return nicer if alike and nicer >= 0 else None


def covered(pid: int) -> tuple[str, ...]:
    """Folders that are others in the namespace of ``pid``, so that who begins to listen there is not met in it."""
    found = []
    for place in map(os.path.realpath, warden.containment().WHERE_OTHERS_LISTEN):
        try:
            outside, inside = os.stat(place), os.stat(f"/proc/{pid}/root{place}")
        except OSError:
            continue
        if os.path.isdir(place) and outside.st_dev != inside.st_dev:
            found.append(f"{place}/")
    return tuple(found)


def exactly(connection: socket.socket, count: int, until: float) -> bytes:
    """Raises OSError or ValueError where that many bytes do not come by then."""
    if count > MOST:
        raise ValueError("too long")
    data = b""
    while len(data) < count:
        connection.settimeout(max(until - time.monotonic(), 0.001))
        more = connection.recv(count - len(data))
        if not more:
            raise ValueError("cut short")
        data += more
    connection.settimeout(PATIENCE_SECONDS)
    return data


def listening(settings: Mapping[str, Any]) -> socket.socket:
    """The socket, under its name from the moment on when it can be asked. A path in full may be too long for one."""
    folder = os.open(settings["place"], os.O_RDONLY | os.O_DIRECTORY)
    listener, new = socket.socket(socket.AF_UNIX), f"{settings['name']}.new"
    mask = os.umask(0o177)
    try:
        listener.bind(f"/proc/self/fd/{folder}/{new}")
    finally:
        os.umask(mask)
    listener.listen(16)
    # What keeps it compares the environment once more, and then gives it the name by which it is asked.
    os.rename(new, f"{settings['name']}.loaded", src_dir_fd=folder, dst_dir_fd=folder)
    os.close(folder)
    return listener


def take_away(settings: Mapping[str, Any]) -> None:
    for ending in ("loaded", "socket"):
        try:
            os.unlink(f"{settings['place']}/{settings['name']}.{ending}")
        except OSError:
            continue  # It has the other name, or the engine has taken it away.


def main() -> None:
    settings = warden.settings_from(0)
    os.set_inheritable(settings["held"], False)  # It says that the folder of its steps is in use.
    settings["likeness"] = warden.containment().likeness()
    warden.prctl(warden.PR_SET_CHILD_SUBREAPER, 1)
    guard = os.getpid()
    pid = os.fork()
    if pid == 0:
        warden.prctl(warden.PR_SET_CHILD_SUBREAPER, 1)
        server = Server(settings, guard)
        if not server.load():
            os._exit(UNFIT)
        try:
            server.serve()
        finally:
            take_away(settings)
            warden.end_all(warden.Tree(), lambda *_: None)
        os._exit(0)
    os.close(0)
    status = os.waitpid(pid, 0)[1]
    warden.end_all(warden.Tree(), lambda *_: None)
    if status:
        warden.sweep(settings["token"], settings["variable"])
    sys.exit(UNFIT if status else 0)


if __name__ == "__main__":
    main()
