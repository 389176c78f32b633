"""The warden of one step: a small process that starts it, watches it and leaves nothing of it behind.

Run by ``running.py`` as ``sys.executable -I -S warden.py``; it imports what stands beside it and the standard library,
and little of that, so that it is up in about 15 ms. Standard input: eight bytes of length, the settings (``marshal``:
same interpreter, and no import to wait for), then the lines ``go`` and ``cancel``; its end means that the run's process
is gone. Standard output: a JSON document a line, ``{"progress": ..}`` and at the end ``{"result": ..}``.

Two processes, because either may be killed: the *guard* only waits, the *watcher* below it works. Both are child
subreapers, so an orphan of the step, in whatever session and with whatever environment, becomes a child of the
watcher, or of the guard when the watcher is killed, and is found by parentage. The step itself dies with the watcher
(``PR_SET_PDEATHSIG``). That signal is not used between the run's process and the guard: it is sent when the *thread*
that started a process ends. Both hold the descriptor that they were given (the run's lock) until they end, so that
nobody takes a run for dead that still has processes, or is only about to start one.

Memory is the sum of the resident sizes of the tree. It counts a shared page once for each process, so before a step is
stopped for it the proportional sizes (PSS), which do not, are asked. Files in /dev/shm that nobody maps are not seen.
"""

from __future__ import annotations

import ctypes
import marshal
import os
import resource
import select
import sys
import time
import warnings  # noqa: F401 - os.execvpe loads it, when the step may read nothing of our Python any more

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any  # Loading it costs as much as everything above together.

SIGKILL, SIGSTOP = 9, 19
PR_SET_PDEATHSIG, PR_SET_CHILD_SUBREAPER = 1, 36
READ = 1 << 20
MOST_PROCESSES, MOST_THREADS = 1000, 4096
LEAST_FREE = 32 << 20  # on the disk that a step fills: others write there too
# Nothing fills memory faster than this; the next look comes before the limit can be passed by much.
BYTES_PER_SECOND = 4e9

_libc = ctypes.CDLL(None, use_errno=True)
program: Any = os.execvpe  # or, in a fork that has loaded it, to become it


def prctl(option: int, value: int) -> None:
    """One setting of this process. Raises OSError."""
    if _libc.prctl(option, ctypes.c_ulong(value), ctypes.c_ulong(0), ctypes.c_ulong(0), ctypes.c_ulong(0)) != 0:
        raise OSError(ctypes.get_errno(), "prctl")


def contents(path: str) -> bytes:
    """A file under /proc; empty when the process has gone or is another user's."""
    try:
        with open(path, "rb", buffering=0) as file:
            return file.read()
    except OSError:
        return b""


def send(pid: int, signal: int) -> None:
    """Signal a process that may have ended, or that another user owns (a setuid child): the caller looks again."""
    try:
        os.kill(pid, signal)
    except (ProcessLookupError, PermissionError):
        return


class Tree:
    """The living descendants of this process, found by parentage.

    Who is no descendant never becomes one, so each look reads only the processes that are new since the last.
    """

    def __init__(self) -> None:
        self._root = os.getpid()
        self._ours: set[int] = set()
        self._foreign: set[int] = {self._root}

    def look(self, *, afresh: bool = False, stop: bool = False) -> set[int]:
        if afresh:
            self._ours, self._foreign = set(), {self._root}
        present = {int(name) for name in os.listdir("/proc") if name.isdigit()}
        self._ours &= present
        self._foreign &= present
        parents = {pid: self._parent(pid) for pid in present - self._ours - self._foreign}
        found = True
        while found:
            found = False
            for pid, parent in list(parents.items()):
                if parent == self._root or parent in self._ours:
                    self._ours.add(pid)
                    if stop:
                        send(pid, SIGSTOP)
                    del parents[pid]
                    found = True
        self._foreign |= parents.keys()
        return self._ours

    @staticmethod
    def _parent(pid: int) -> int:
        # The name, in brackets, may itself hold brackets and spaces.
        fields = contents(f"/proc/{pid}/stat").rpartition(b")")[2].split()
        return int(fields[1]) if len(fields) > 1 else -1


def memory_of(pids: set[int], limit: int) -> int:
    """Resident bytes of these processes together; proportional ones where their sum is above ``limit``."""
    total = 0
    for pid in pids:
        pages = contents(f"/proc/{pid}/statm").split()
        if pages:
            total += int(pages[1]) * resource.getpagesize()
    if total <= limit or len(pids) < 2:
        return total
    proportional = 0
    for pid in pids:
        for line in contents(f"/proc/{pid}/smaps_rollup").splitlines():
            if line.startswith(b"Pss:"):
                proportional += int(line.split()[1]) * 1024
    return proportional or total


def seconds_of(pids: set[int]) -> float:
    """Processor time of these processes together, and of those that they have waited for."""
    ticks = 0
    for pid in pids:
        fields = contents(f"/proc/{pid}/stat").rpartition(b")")[2].split()
        ticks += sum(map(int, fields[11:15]))
    return ticks / float(os.sysconf("SC_CLK_TCK"))


def size_of(folder: str, seconds: float = 0.5) -> int:
    """Bytes below ``folder``, on disk or as they would be read (holes too); gives up counting after ``seconds``."""
    total, until, left = 0, time.monotonic() + seconds, [folder]
    while left and time.monotonic() < until:
        try:
            with os.scandir(left.pop()) as entries:
                for entry in entries:
                    if entry.is_dir(follow_symlinks=False):
                        left.append(entry.path)
                    else:
                        found = entry.stat(follow_symlinks=False)
                        total += max(found.st_blocks * 512, found.st_size)
        except OSError:
            continue  # It was removed while we looked.
    return total


def free_beside(folder: str) -> int:
    disk = os.statvfs(folder)
    return disk.f_bavail * disk.f_frsize


def tell(event: dict[str, Any]) -> None:
    """One event to the run's process. Progress that it does not read in time is dropped, the result is not."""
    import json  # Here, because it takes as long to load as all the rest; by now the step is starting.

    data = json.dumps(event).encode() + b"\n"
    poller = select.poll()
    poller.register(1, select.POLLOUT)
    if poller.poll(None if "result" in event else 0):
        try:
            os.write(1, data)  # Below PIPE_BUF: whole or not at all.
        except BrokenPipeError:
            return  # The run's process is gone; standard input says so too.


def end_all(tree: Tree, reaped: Any, seconds: float = 10.0) -> int:
    """Kill and reap every descendant. Returns how many could not be ended (another user's, or stuck in the kernel)."""
    until = time.monotonic() + seconds
    while True:
        # Stopped first, each as it is found, so that none forks while the others are being killed.
        alive = set(tree.look(afresh=True, stop=True))
        while tree.look(stop=True) - alive and time.monotonic() < until:
            alive |= tree.look(stop=True)
        if not alive or time.monotonic() >= until:
            return len(alive)
        for pid in alive:
            send(pid, SIGKILL)
        time.sleep(0.002)
        reap(reaped)


def reap(reaped: Any) -> None:
    """Take leave of every child that has ended, the step's orphans among them."""
    while True:
        try:
            pid, status, usage = os.wait4(-1, os.WNOHANG)
        except ChildProcessError:
            return
        if pid == 0:
            return
        reaped(pid, status, usage)


def sweep(token: str, variable: str) -> None:
    """Kill what carries the step's mark in its environment and yet is no descendant."""
    mark = f"{variable}={token}".encode()
    for name in os.listdir("/proc"):
        if name.isdigit() and mark in contents(f"/proc/{name}/environ").split(b"\0"):
            send(int(name), SIGKILL)


def become(settings: dict[str, Any], watcher: int, stdin: int, output: int, failed: int, ended: int | None) -> None:
    """In the forked child: turn into the step, or write why not to ``failed`` and end.

    With ``ended`` it is the first of a namespace, and it is a child of its own that becomes the step.
    """
    doing = "cwd"
    try:
        prctl(PR_SET_PDEATHSIG, SIGKILL)
        if os.getppid() not in (watcher, 0):  # 0: outside of the namespace
            os._exit(1)
        os.setsid()
        for here, there in ((stdin, 0), (output, 1), (output, 2)):
            os.dup2(here, there)
        restore_signals()
        with open("/proc/self/oom_score_adj", "w") as file:
            file.write("500")  # If the machine runs out of memory, rather the step than the engine.
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        limit(resource.RLIMIT_FSIZE, settings["output_bytes"])
        # Counts every thread of this user on the machine, so it only ends what forks without end; root is exempt.
        limit(resource.RLIMIT_NPROC, int(contents("/proc/loadavg").split()[3].split(b"/")[1]) + MOST_THREADS)
        box, own_proc = settings["containment"], False
        doing = "containment"
        if settings["group"] is not None:
            containment().join_group(settings["group"])
        if ended is not None:
            own_proc = containment().attend(box, ended)
        doing = "cwd"
        os.chdir(settings["cwd"])
        doing = "containment"
        if box is not None:
            containment().enter(box, own_proc=own_proc)
        doing = "program"
        program(settings["argv"][0], settings["argv"], settings["environment"])
    except OSError as error:
        os.write(failed, f"{doing}\n{error.strerror}".encode())
    finally:
        os._exit(127)


def containment() -> Any:
    return beside("containment")


def beside(name: str) -> Any:
    """A module beside this file, where Python does not look by itself when it is isolated (-I)."""
    folder = os.path.dirname(os.path.abspath(__file__))
    sys.path.insert(0, folder)
    try:
        return __import__(name)
    finally:
        sys.path.remove(folder)  # Or this folder's queue.py would stand in for the library's.


def restore_signals() -> None:
    """Python ignores SIGPIPE and SIGXFSZ; what is ignored stays so in the step."""
    import _signal  # type: ignore[import-not-found]  # signal itself loads enum: 4 ms more before the step

    for number in (_signal.SIGPIPE, _signal.SIGXFSZ):
        _signal.signal(number, _signal.SIG_DFL)


def limit(which: int, most: int) -> None:
    hard = resource.getrlimit(which)[1]
    most = most if hard == resource.RLIM_INFINITY else min(most, hard)
    resource.setrlimit(which, (most, most))


def go_first() -> None:
    """Where the system lets us (as root): run before a step that forks without end, which is else starving us out."""
    try:
        os.sched_setscheduler(0, os.SCHED_RR | os.SCHED_RESET_ON_FORK, os.sched_param(1))
    except OSError:
        return  # Not root: then RLIMIT_NPROC holds.


class StepWatcher:
    """Starts the step and holds it to its limits until it has ended."""

    _way_in: Any = staticmethod(os.pipe)

    def __init__(self, settings: dict[str, Any], guard: int) -> None:
        self._settings, self._guard = settings, guard
        printed = beside("step_output")
        self._log = printed.Log(settings["log"], settings["log_bytes"])
        self._progress = printed.Progress()
        self._tree = Tree()
        self._control = b""
        self._silent = False  # Nobody holds the step's output any more.
        self._reap: Any = lambda: reap(self._reaped)
        self._status: int | None = None
        self._reason: str | None = None
        self._error: str | None = None
        self._cpu = self._spent = 0.0
        self._peak = 0
        self._processes = 0
        self._next_look = self._next_size = 0.0
        self._contained = {"landlock": 0, "calls": False, "alone": False, "group": False}
        self._first: int | None = None  # Says how the step ended, where it is not our own child.

    def start(self) -> None:
        go_first()
        read_in, self._go = self._way_in()
        self._output, write_out = os.pipe()
        read_error, write_error = os.pipe()
        stdin = read_in if self._settings["wait"] else os.open("/dev/null", os.O_RDONLY)
        watcher, write_ended, settings = os.getpid(), None, self._settings
        settings["group"] = None
        if settings["containment"] is not None:
            self._contained = containment().held()
            around = containment().delegated(containment().own_group())
            if around is not None:
                limits = {"memory": settings["memory"], "tasks": MOST_THREADS}
                settings["group"] = containment().make_group(around, f"leverframe-{settings['token']}", **limits)
            self._contained["group"] = settings["group"] is not None
            settings["containment"] = containment().furniture(settings["containment"], settings["memory"])
            if containment().seclude():
                self._first, write_ended = os.pipe()
        self._pid = os.fork()
        if self._pid == 0:
            become(self._settings, watcher, stdin, write_out, write_error, write_ended)
        self._begun = time.monotonic()
        self._waiting = bool(self._settings["wait"])
        for fd in {read_in, stdin, write_out, write_error, write_ended} - {None}:
            os.close(fd)
        # An end of file means that exec worked.
        self._error = os.read(read_error, 4096).decode("utf-8", "replace") or None
        os.close(read_error)
        os.set_blocking(self._output, False)
        self._poller = select.poll()
        for watched in (0, self._output, os.pidfd_open(self._pid)):
            self._poller.register(watched, select.POLLIN)

    def watch(self) -> None:
        """Until the step has ended or has to be; then nothing of it is left."""
        while self._goes_on():
            now = time.monotonic()
            self._look(now)
            if not self._goes_on():
                break
            pause = min(self._next_look - now, 0.2)
            for fd, _ in self._poller.poll(max(pause, 0) * 1000):
                if fd == 0:
                    self._obey()
                elif fd == self._output:
                    self._read()
                else:
                    self._reap()
            self._tell_progress()
        ended = time.monotonic()
        if self._reason is None:
            self._look_at_output(float("inf"))  # Once more, at what it left.
        if self._status is None:
            # With the first of a namespace goes what nobody has waited for, and the time that it used.
            self._spent = self._cpu + seconds_of(self._tree.look())
            self._strike()  # At one stroke, which no process of this group can outrun by forking.
        survivors = end_all(self._tree, self._reaped)
        sweep(self._settings["token"], self._settings["variable"])
        if self._settings["group"] is not None:
            containment().end_group(self._settings["group"])
        self._drain()
        self._report(ended, survivors)

    def _strike(self) -> None:
        send(-self._pid, SIGKILL)

    def _goes_on(self) -> bool:
        return self._status is None and self._reason is None

    def _obey(self) -> None:
        data = os.read(0, 4096)
        if not data:
            self._reason = "orphaned"
            self._log.write(b"\n[leverframe: the process of the run is gone, so the step was stopped]\n")
        *lines, self._control = (self._control + data).split(b"\n")
        for line in lines:
            if line == b"cancel":
                self._reason = "cancelled"
            elif line == b"go" and self._waiting:
                self._waiting = False
                self._begun = time.monotonic()
                self._write_line()
                os.close(self._go)

    def _write_line(self) -> None:
        try:
            os.write(self._go, b"\n")
        except BrokenPipeError:
            return  # It does not wait, or has ended; its exit code will tell.

    def _read(self) -> bool:
        try:
            data = os.read(self._output, READ)
        except BlockingIOError:
            return False
        if not data:
            if not self._silent:
                self._poller.unregister(self._output)
            self._silent = True
            return False
        self._progress.read(data)
        self._log.write(data)
        return True

    def _drain(self) -> None:
        until = time.monotonic() + 1.0
        while time.monotonic() < until and self._read():
            continue
        self._progress.read(b"\n")
        self._tell_progress(last=True)
        self._log.flush(last=True)

    def _tell_progress(self, *, last: bool = False) -> None:
        due = self._progress.due(last=last)
        if due is not None:
            tell({"progress": due[0], "text": due[1]})

    def _look(self, now: float) -> None:
        """What the clock asks for: the limits, the orphans, the guard."""
        settings = self._settings
        if not self._waiting and now - self._begun > settings["seconds"]:
            self._reason = "time"
        if now < self._next_look:
            return
        self._reap()
        pids = self._tree.look()
        if len(pids) > MOST_PROCESSES:
            self._reason = "processes"  # First: to weigh that many takes long.
            return
        if self._first is not None:
            pids = pids - {self._pid}  # The first of the namespace is ours.
        used = memory_of(pids, settings["memory"])
        if used > self._peak:
            self._peak, self._processes = used, len(pids)
        if used > settings["memory"]:
            self._reason = "memory"
        elif os.getppid() != self._guard:
            self._reason = "unguarded"
        self._look_at_output(now)
        self._log.flush()
        room = (settings["memory"] - used) / BYTES_PER_SECOND
        pause = min(max(room, 0.02), 0.05 if now - self._begun < 2 else 0.2)
        # A machine with very many processes is not to be busied by looking at them.
        self._next_look = now + max(pause, min(20 * (time.monotonic() - now), 0.5))

    def _look_at_output(self, now: float) -> None:
        folder, box = self._settings["output"], self._settings["containment"]
        if folder and now >= self._next_size and os.path.isdir(folder):
            if size_of(folder) > self._settings["output_bytes"]:
                self._reason = "output"
            elif free_beside(folder) < LEAST_FREE < sum(map(size_of, box["write"] if box else [folder])):
                self._reason = "disk"
            self._next_size = now + max(1.0, 20 * (time.monotonic() - now))

    def _reaped(self, pid: int, status: int, usage: Any) -> None:
        self._cpu += usage.ru_utime + usage.ru_stime
        if pid == self._pid:
            said = os.read(self._first, 5) if self._first is not None else b""
            self._contained["alone"] = said[:1] == b"\1"
            self._status = int.from_bytes(said[1:], "big") if said[1:] else status
            # True here, as this process is small: the kernel's number begins at the size of who forked.
            self._peak = max(self._peak, usage.ru_maxrss * 1024)

    def _report(self, ended: float, survivors: int) -> None:
        result = {
            "reason": "start" if self._error else self._reason,
            "error": self._error,
            "exit": None if self._status is None or self._error else os.waitstatus_to_exitcode(self._status),
            "seconds": 0.0 if self._waiting else ended - self._begun,
            "cpu": max(self._cpu, self._spent),
            "peak": self._peak,
            "processes": self._processes,
            "survivors": survivors,
            "contained": self._contained,
        }
        tell({"result": result})


def settings_from(fd: int) -> dict[str, Any]:
    """What ``step.py`` sends first."""

    def exactly(count: int) -> bytes:
        data = b""
        while len(data) < count:
            more = os.read(fd, count - len(data))
            if not more:
                sys.exit(2)
            data += more
        return data

    return marshal.loads(exactly(int.from_bytes(exactly(8), "big")))  # type: ignore[no-any-return]


def main() -> None:
    settings = settings_from(0)
    if settings["held"] is not None:
        os.set_inheritable(settings["held"], False)  # The step is not to hold it.
    prctl(PR_SET_CHILD_SUBREAPER, 1)
    guard = os.getpid()
    pid = os.fork()
    if pid == 0:
        prctl(PR_SET_CHILD_SUBREAPER, 1)
        watcher = StepWatcher(settings, guard)
        watcher.start()
        watcher.watch()
        return
    os.close(0)
    status = os.waitpid(pid, 0)[1]
    end_all(Tree(), lambda *_: None)
    if status:
        sweep(settings["token"], settings["variable"])
    sys.exit(1 if status else 0)


if __name__ == "__main__":
    main()
