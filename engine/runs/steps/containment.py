"""What holds a step: the kernel refuses it files, processes and connections that are not its own.

Stand-alone: the warden loads it, here and on a worker of a cluster, and ``enter`` is called in the step's own process
just before it becomes the program. What is refused stays refused in every process that it starts.

Four parts, none of which needs a package, or root where the system is not strict. *Landlock* (Linux 5.13; more with
each ABI) refuses every file but
those of ``rules``, and from ABI 6 on signals and abstract sockets to whoever is not held with it; it refuses ptrace and
all that goes by it, other processes' environments among it. A *filter of system calls* refuses what Landlock has no
word for: modes and times of files by their path (they are taken for done, since every copy of a file asks for it),
limits and ranks of other processes, keys of the account, System V's shared memory, io_uring (which passes filters by),
and with ``network`` off every socket but those of Unix. A *namespace* of its own, where the system gives one, has a
/proc that shows the step's own processes (psutil, and through it joblib, want one), a /dev/shm of its own, and nothing
in the places where agents and managers of services listen, whom Landlock lets everybody ask. And a step of *root* keeps
no capability but to read and write files whoever owns them, which Landlock then narrows.

What is asked for is a dict, because ``marshal`` carries it: ``read`` and ``write`` are paths, ``own`` may be read
though it lies in what must stay shut (``apart``), ``environment`` is a virtual one, ``network`` whether there is any.
"""

from __future__ import annotations

import ctypes
import os
import resource
import stat
import struct
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from typing import Any

_libc = ctypes.CDLL(None, use_errno=True)

EXECUTE, WRITE_FILE, READ_FILE, READ_DIR, REMOVE_DIR, REMOVE_FILE, MAKE_CHAR, MAKE_DIR = (1 << n for n in range(8))
MAKE_REG, MAKE_SOCK, MAKE_FIFO, MAKE_BLOCK, MAKE_SYM, REFER, TRUNCATE, IOCTL_DEV = (1 << n for n in range(8, 16))
LOOK = EXECUTE | READ_FILE | READ_DIR
WORK = (
    LOOK | WRITE_FILE | REMOVE_DIR | REMOVE_FILE | MAKE_DIR | MAKE_REG | MAKE_SOCK | MAKE_FIFO | MAKE_SYM | REFER
    | TRUNCATE
)  # fmt: skip
DEVICE = READ_FILE | WRITE_FILE | IOCTL_DEV
# Semaphores and shared memory have names that cannot be guessed; without READ_DIR nobody reads those of others.
SHARED = READ_FILE | WRITE_FILE | MAKE_REG | REMOVE_FILE | TRUNCATE
_OF_FILES = EXECUTE | WRITE_FILE | READ_FILE | TRUNCATE | IOCTL_DEV
# What each ABI of Landlock brought, as the highest right that it knows.
_KNOWN = {1: MAKE_SYM, 2: REFER, 3: TRUNCATE, 4: TRUNCATE}

SYSTEM = (
    "/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32", "/opt", "/nix/store", "/gnu/store", "/snap",
    # Of /etc what libraries look up; not shadow, not the private keys, not what services are told.
    *(f"/etc/{name}" for name in (
        "ld.so.cache", "ld.so.conf", "ld.so.conf.d", "ld.so.preload", "localtime", "timezone", "passwd", "group",
        "nsswitch.conf", "hosts", "host.conf", "resolv.conf", "gai.conf", "services", "protocols", "networks",
        "os-release", "lsb-release", "debian_version", "machine-id", "locale.alias", "locale.conf", "default/locale",
        "mime.types", "magic", "inputrc", "ssl/certs", "ssl/openssl.cnf", "ssl/cert.pem", "pki/tls/certs",
        "pki/tls/cert.pem",
        "pki/tls/openssl.cnf", "pki/ca-trust/extracted", "ca-certificates", "crypto-policies", "fonts", "alternatives",
        "R", "java", "odbc.ini", "odbcinst.ini", "freetds", "krb5.conf", "krb5.conf.d", "OpenCL", "libibverbs.d",
        "bash.bashrc", "perl", "libnl-3",
    )),
    # Debian's Java keeps its settings there; not those of its remote management, which may hold passwords.
    *(f"/etc/java-{version}-openjdk/{name}" for version in (8, 11, 17, 21, 25) for name in (
        "security", "jfr", "jvm-amd64.cfg", "jvm-aarch64.cfg", "accessibility.properties", "logging.properties",
        "net.properties", "sound.properties",
    )),
    "/run/systemd/resolve", "/var/cache/fontconfig", "/var/lib/fonts",
    # Of the machine, not of anybody's process.
    "/proc/cpuinfo", "/proc/meminfo", "/proc/stat", "/proc/loadavg", "/proc/uptime", "/proc/version",
    "/proc/filesystems",
    "/proc/sys/kernel", "/proc/sys/vm", "/proc/sys/fs", "/proc/driver/nvidia", "/sys/devices/system/cpu",
    "/sys/devices/system/node", "/sys/kernel/mm/transparent_hugepage", "/sys/module/nvidia", "/sys/bus/pci/devices",
    "/sys/fs/cgroup/cpu.max", "/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/cpu/cpu.cfs_quota_us",
    "/sys/fs/cgroup/cpu/cpu.cfs_period_us", "/sys/fs/cgroup/memory/memory.limit_in_bytes",
)  # fmt: skip
# Agents, terminals, managers of services and of containers: all that would do something for this account when asked.
WHERE_OTHERS_LISTEN = (
    "/run/user", "/tmp", "/var/tmp", "/run/dbus/system_bus_socket", "/run/systemd/private", "/run/docker.sock",
    "/run/podman", "/run/containerd", "/run/crio", "/run/libvirt", "/run/screen", "/run/tmux",
)  # fmt: skip
# Whom libraries ask for names of accounts and machines, and whoever keeps the log.
_MAY_BE_ASKED = ("/run/nscd", "/var/lib/sss/pipes", "/run/systemd/userdb", "/run/systemd/journal", "/dev/log")
_NAMES_OF_MACHINES = "/run/systemd/resolve"  # which may ask another machine for them
_GROUPS = ("/sys/fs/cgroup", "/sys/fs/cgroup/unified")
CLONE_NEWNS, CLONE_NEWUSER, CLONE_NEWPID = 0x20000, 0x10000000, 0x20000000
MS_NOSUID, MS_NODEV, MS_NOEXEC, MS_BIND, MS_REC, MS_PRIVATE = 2, 4, 8, 4096, 16384, 1 << 18
_HANDED_ON = (
    "Umask", "Uid", "Gid", "Groups", "NoNewPrivs", "Seccomp", "CapEff", "CapBnd", "Cpus_allowed", "SigBlk", "SigIgn",
)  # fmt: skip
_DEVICES = ("null", "zero", "full", "random", "urandom")
_ACCELERATORS = ("nvidia", "dri", "kfd", "accel", "infiniband")


def abi() -> int:
    """The version of Landlock that this kernel has and lets us use; 0 without it."""
    return max(0, int(_libc.syscall(444, None, 0, 1)))


def held() -> dict[str, Any]:
    """What holds a step here: Landlock's version, whether calls are filtered, whether a cgroup is delegated to us.

    Whether it gets a namespace (``alone``) is seen by trying.
    """
    calls = os.uname().machine in CALLS
    return {"landlock": abi(), "calls": calls, "alone": False, "group": delegated(own_group()) is not None}


def likeness() -> list[str]:
    """What the system hands on from this process to a step, whoever starts it, and no step is given otherwise: account,
    masks, signals that are ignored or held back, processors, limits, namespaces, cgroup."""
    with open("/proc/self/status") as file:
        said = sorted(line.strip() for line in file if line.split(":")[0] in _HANDED_ON)
    limits = [resource.getrlimit(number) for name, number in sorted(vars(resource).items()) if name[:7] == "RLIMIT_"]
    spaces = [os.readlink(f"/proc/self/ns/{name}") for name in ("mnt", "pid", "net", "user", "ipc", "uts")]
    return [*said, str(limits), *spaces, own_group()]


def own_group() -> str:
    """The folder of this process's own cgroup (version 2); '' where there is none."""
    try:
        with open("/proc/self/cgroup") as file:
            path = next((line[3:].strip() for line in file if line.startswith("0::")), "")
    except OSError:
        return ""
    mounted = next((each for each in _GROUPS if os.path.exists(f"{each}/cgroup.controllers")), "")
    return os.path.normpath(mounted + path) if mounted and path.strip("/") else ""


def delegated(own: str) -> str | None:
    """The cgroup beside whose child ``own`` others may be made, and in which limits may be set; None where none is.

    systemd gives one to a service with ``Delegate=`` and ``DelegateSubgroup=``: the service's group is its account's,
    and its processes are in a group below, since a group with limits for its children holds no process itself.
    """
    around = os.path.dirname(own)
    try:
        with open(f"{around}/cgroup.controllers") as file:
            known = file.read().split()
        ours = os.stat(around).st_uid == os.geteuid() if os.geteuid() else _is_marked(around)
    except OSError:
        return None
    return around if own and ours and {"pids", "memory"} <= set(known) else None


def _is_marked(path: str) -> bool:
    """Root may write everywhere; systemd marks what it leaves to others."""
    for name in ("trusted.delegate", "user.delegate"):
        try:
            if os.getxattr(path, name) == b"1":
                return True
        except OSError:
            continue
    return False


def make_group(around: str, name: str, *, memory: int, tasks: int) -> str | None:
    """A cgroup with these limits; None where the system refuses it, then the watcher's own looking has to do."""
    path = f"{around}/{name}"
    try:
        _say(f"{around}/cgroup.subtree_control", "+pids +memory")
        os.mkdir(path)
        _say(f"{path}/pids.max", str(tasks))
        # A little more than what the watcher stops a step for, which says so; this stops what is quicker than it looks.
        _say(f"{path}/memory.max", str(memory + memory // 8))
    except OSError:
        end_group(path)
        return None
    return path


def join_group(path: str) -> None:
    """Go into a cgroup, and whatever this process starts with it. Raises OSError."""
    _say(f"{path}/cgroup.procs", "0")


def end_group(path: str) -> None:
    """Take a cgroup away, in which nothing may be left but what is being killed."""
    for said in ("kill", ""):
        try:
            if said:
                _say(f"{path}/cgroup.kill", "1")
            else:
                os.rmdir(path)
        except OSError:
            continue


def _say(path: str, text: str) -> None:
    with open(path, "w") as file:
        file.write(text)


def seclude() -> bool:
    """See to it that the next process that this one starts is the first of a namespace. False where that is refused.

    An account that is not root gets it by a namespace of users, into which this process goes itself.
    """
    if os.geteuid() == 0:
        return bool(_libc.unshare(CLONE_NEWPID) == 0)
    # A process of its own tries it: some systems let it in and then refuse it its own name, and there is no way back.
    trial = os.fork()
    if trial == 0:
        _exit_by(_with_users_of_its_own)
    if os.waitpid(trial, 0)[1] != 0:
        return False
    _with_users_of_its_own()
    return True


def _with_users_of_its_own() -> None:
    user, group = os.geteuid(), os.getegid()
    if _libc.unshare(CLONE_NEWPID | CLONE_NEWUSER) != 0:
        raise OSError(ctypes.get_errno(), "unshare")
    for name, said in (("setgroups", "deny"), ("uid_map", f"{user} {user} 1"), ("gid_map", f"{group} {group} 1")):
        with open(f"/proc/self/{name}", "w") as file:
            file.write(said)


def _exit_by(work: Callable[[], None]) -> None:
    try:
        work()
    except OSError:
        os._exit(1)
    finally:
        os._exit(0)


def attend(box: dict[str, Any], ended: int) -> bool:
    """In the first process of a namespace: furnish it, start the one that becomes the step, and return in that one.

    This process stays, takes leave of orphans, and ends all that is left of the step before it ends itself. Returns
    whether /proc is the namespace's own. It writes that to ``ended`` (a byte), and how the step ended (four bytes).
    """
    own = _furnished(box)
    os.write(ended, bytes([own]))
    step = os.fork()
    if step == 0:
        os.close(ended)
        return own
    os.dup2(ended, 3)
    os.closerange(0, 3)
    os.closerange(4, 1 << 16)
    while True:
        pid, status = os.waitpid(-1, 0)
        if pid == step:
            os.write(3, status.to_bytes(4, "big"))
            _end_the_others()
            os._exit(0)


def _end_the_others() -> None:
    """The kernel would end them with this process, but only what this one has waited for counts as time used."""
    try:
        os.kill(-1, 9)
        while True:
            os.waitpid(-1, 0)
    except OSError:
        return  # There is none left.


def furniture(box: dict[str, Any], memory: int) -> dict[str, Any]:
    """``box`` and what its namespace is furnished by; before there are users of its own, by whose names the owners of
    sockets are told no more."""
    return {**box, "hidden": listeners(box), "memory": memory}


def listeners(box: dict[str, Any], table: str = "/proc/net/unix") -> list[str]:
    """The sockets with a path where somebody listens who acts as this account or as root: agents, managers, servers.

    Landlock lets everybody connect to a path. Those of other accounts (databases) ask who one is, and what they have is
    data; without network they are listed too. What the step may read by the manifest it may also ask.
    """
    try:
        with open(table, errors="surrogateescape") as file:
            lines = file.read().splitlines()[1:]
    except OSError:
        return []
    paths = {fields[7] for fields in (line.split(None, 7) for line in lines) if len(fields) > 7}
    may = [*_MAY_BE_ASKED, *([_NAMES_OF_MACHINES] if box["network"] else []), *box["read"]]
    asked, found = [os.path.realpath(each) for each in may], []
    for path in sorted(path for path in paths if path.startswith("/")):
        real = os.path.realpath(path)
        try:
            owner = os.stat(real).st_uid
        except OSError:
            continue
        if (owner in (0, os.geteuid()) or not box["network"]) and not any(
            f"{real}/".startswith(f"{each}/") for each in asked
        ):
            found.append(real)
    return found


def _furnished(box: dict[str, Any]) -> bool:
    if _libc.unshare(CLONE_NEWNS) != 0 or not _mount(None, "/", None, MS_REC | MS_PRIVATE):
        return False
    for path in box["hidden"]:
        _mount("/dev/null", path, None, MS_BIND)
    for path in filter(os.path.isdir, box.get("emptied", ())):
        if not _mount("tmpfs", path, "tmpfs", MS_NOSUID | MS_NODEV, "size=4k,mode=555"):
            return False
    real = [os.path.realpath(path) for path in _needed(box)]
    for place in WHERE_OTHERS_LISTEN:
        if os.path.isdir(place) and not any(f"{path}/".startswith(place + "/") for path in real):
            _mount("tmpfs", place, "tmpfs", MS_NOSUID | MS_NODEV)
        elif os.path.exists(place) and not os.path.isdir(place):
            _mount("/dev/null", place, None, MS_BIND)
    _mount("tmpfs", "/dev/shm", "tmpfs", MS_NOSUID | MS_NODEV, f"size={box['memory']}")
    return _mount("proc", "/proc", "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC)


def _needed(box: dict[str, Any]) -> list[str]:
    return [*box["write"], *box["own"], *box["read"], box["environment"], *interpreter(box["environment"])]


def _mount(what: str | None, where: str, kind: str | None, flags: int, options: str | None = None) -> bool:
    given = [None if text is None else os.fsencode(text) for text in (what, os.path.realpath(where), kind, options)]
    return bool(_libc.mount(*given[:3], ctypes.c_ulong(flags), given[3]) == 0)


def enter(box: dict[str, Any], *, own_proc: bool) -> None:
    """Hold this process from here on, and whatever it starts. Raises OSError when what the kernel has cannot be used.

    In a process of one thread: each thread is held by itself.
    """
    _prctl(38, 1)  # PR_SET_NO_NEW_PRIVS: setuid programs give nothing; without it neither of the others is allowed
    version = abi()
    if version:
        _landlock(version, list(rules(box, own_proc=own_proc)), network=box["network"])
    if os.geteuid() == 0:
        _drop_capabilities()
    if os.uname().machine in CALLS:
        _filter(program(os.uname().machine, network=box["network"], modes=box.get("modes", False)))


def narrow(opened: list[tuple[str, int]], *, network: bool) -> None:
    """Hold this process, which is held already, to no more than ``opened`` of what it may reach, and shut it and the
    process that forked it to each other. Raises OSError."""
    version = abi()
    if not version:
        raise OSError(ENOSYS, "the kernel has no Landlock")
    _landlock(version, opened, network=network)


def rules(box: dict[str, Any], *, own_proc: bool) -> Iterator[tuple[str, int]]:
    """Every path that is opened to the step, each with what it may do there; what is not there is left out."""
    for path in box["write"]:
        yield path, WORK
    shut = [os.path.realpath(path) for path in box["apart"]]
    for path in (*SYSTEM, *interpreter(box["environment"]), *box["read"]):
        for part in without(os.path.realpath(path), shut):
            yield part, LOOK
    # Without a /proc of its own: the entry of the step itself, as it is the one that opens it. Its children see none.
    yield "/proc" if own_proc else "/proc/self", READ_FILE | READ_DIR
    # The step's own, which lies in what is shut.
    for path in (box["environment"], *box["own"]):
        yield path, LOOK
    for name in _DEVICES:
        yield f"/dev/{name}", DEVICE
    for name in _listed("/dev"):
        if name.startswith(_ACCELERATORS):
            yield f"/dev/{name}", DEVICE | READ_DIR
    yield "/dev/shm", SHARED | (MAKE_DIR | REMOVE_DIR | READ_DIR if own_proc else 0)


def interpreter(environment: str) -> list[str]:
    """Where the Python behind a virtual environment keeps what it needs; not all that lies beside it."""
    prefix = os.path.dirname(os.path.dirname(os.path.realpath(os.path.join(environment, "bin", "python"))))
    return [os.path.join(prefix, name) for name in ("bin", "lib", "lib64", "libexec", "include", "share", "ssl", "etc")]


def without(path: str, shut: Iterable[str]) -> Iterator[str]:
    """``path``, or where something ``shut`` lies in it, all in it that is not on the way there."""
    around = [each for each in shut if each == path or each.startswith(path.rstrip("/") + "/")]
    inside = any(path.startswith(each.rstrip("/") + "/") for each in shut)
    if inside or path in around:
        return
    if not around:
        yield path
        return
    for name in _listed(path):
        entry = os.path.join(path, name)
        if os.path.islink(entry):
            # What is opened is what it leads to: nothing, where that is shut, or where something shut lies in it.
            entry = os.path.realpath(entry)
            if any(f"{each}/".startswith(f"{entry.rstrip('/')}/") for each in shut):
                continue
        yield from without(entry, shut)


def _listed(path: str) -> list[str]:
    try:
        return sorted(os.listdir(path))
    except OSError:
        return []


def _landlock(version: int, opened: list[tuple[str, int]], *, network: bool) -> None:
    most = _KNOWN.get(version, IOCTL_DEV)
    every = most * 2 - 1
    tcp = 0 if network or version < 4 else 3  # to bind and to connect, with no rule that allows either
    scoped = 3 if version >= 6 else 0  # abstract sockets, signals
    asked = struct.pack("=QQQ", every, tcp, scoped)[: 24 if version >= 6 else 16 if version >= 4 else 8]
    ruleset = _call(444, asked, len(asked), 0)
    for path, rights in opened:
        try:
            place = os.open(path, os.O_PATH | os.O_CLOEXEC)
        except OSError:
            continue  # Not on this machine; what must be there fails the step with its own words.
        allowed = rights & every
        if not stat.S_ISDIR(os.fstat(place).st_mode):
            allowed &= _OF_FILES
        _call(445, ruleset, 1, struct.pack("=Qi", allowed, place), 0)
        os.close(place)
    _call(446, ruleset, 0)
    os.close(ruleset)


def _drop_capabilities() -> None:
    """Leave a step of root nothing but to read and write files whoever owns them (CAP_DAC_OVERRIDE, _READ_SEARCH)."""
    kept = 0b110
    for capability in range(64):
        if not kept >> capability & 1 and _libc.prctl(24, ctypes.c_ulong(capability), 0, 0, 0) != 0:
            break  # Beyond the last that this kernel knows, or not ours to drop: then it is not ours to have either.
    _libc.prctl(47, 4, 0, 0, 0)  # no ambient ones
    header = struct.pack("=Ii", 0x20080522, 0)
    number = {"x86_64": 126, "aarch64": 91}.get(os.uname().machine)
    if number is not None:
        held = struct.unpack("=6I", _capabilities(header, number))
        now = [held[0] & kept, held[1] & kept, 0, 0, 0, 0]
        _call(number, header, struct.pack("=6I", *now))


def _capabilities(header: bytes, number: int) -> bytes:
    found = ctypes.create_string_buffer(24)
    _call(number - 1, header, found)  # capget is the one before capset
    return found.raw


# The filter. Numbers of calls by machine; where the two differ in what they have, the other has None.

AUDIT_ARCH = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}
ALLOW, REFUSE = 0x7FFF0000, 0x00050000
EPERM, EACCES, ENOSYS, EOPNOTSUPP = 1, 13, 38, 95
_TABLE: tuple[tuple[str, int | None, int | None, int], ...] = (
    # Taken for done: a file of a step has the mode that it was made with.
    ("chmod", 90, None, 0), ("fchmod", 91, 52, 0), ("fchmodat", 268, 53, 0), ("fchmodat2", 452, 452, 0),
    ("chown", 92, None, 0), ("fchown", 93, 55, 0), ("lchown", 94, None, 0), ("fchownat", 260, 54, 0),
    ("utime", 132, None, 0), ("utimes", 235, None, 0), ("futimesat", 261, None, 0), ("utimensat", 280, 88, 0),
    ("setxattr", 188, 5, EOPNOTSUPP), ("lsetxattr", 189, 6, EOPNOTSUPP), ("fsetxattr", 190, 7, EOPNOTSUPP),
    ("removexattr", 197, 14, EOPNOTSUPP), ("lremovexattr", 198, 15, EOPNOTSUPP), ("fremovexattr", 199, 16, EOPNOTSUPP),
    ("setxattrat", 463, 463, EOPNOTSUPP), ("removexattrat", 466, 466, EOPNOTSUPP), ("file_setattr", 469, 469, EPERM),
    # Past every filter, or to what is of the account as a whole.
    ("io_uring_setup", 425, 425, ENOSYS), ("add_key", 248, 217, EPERM), ("request_key", 249, 218, EPERM),
    ("keyctl", 250, 219, EPERM), ("bpf", 321, 280, EPERM), ("perf_event_open", 298, 241, EPERM),
    ("shmget", 29, 194, ENOSYS), ("shmat", 30, 196, ENOSYS), ("shmctl", 31, 195, ENOSYS), ("semget", 64, 190, ENOSYS),
    ("semop", 65, 193, ENOSYS), ("semctl", 66, 191, ENOSYS), ("semtimedop", 220, 192, ENOSYS),
    ("msgget", 68, 186, ENOSYS), ("msgsnd", 69, 189, ENOSYS), ("msgrcv", 70, 188, ENOSYS), ("msgctl", 71, 187, ENOSYS),
    ("mq_open", 240, 180, ENOSYS), ("mq_unlink", 241, 181, ENOSYS),
    # What tells of other folders by their path, which Landlock does not look at: who reads and writes what there.
    ("inotify_init", 253, None, ENOSYS), ("inotify_init1", 294, 26, ENOSYS), ("fanotify_init", 300, 262, EPERM),
    # Namespaces of its own, in which it would be root, and what is done there: the kernel's most attacked side.
    ("unshare", 272, 97, EPERM), ("setns", 308, 268, EPERM), ("clone3", 435, 435, ENOSYS), ("mount", 165, 40, EPERM),
    ("umount2", 166, 39, EPERM), ("pivot_root", 155, 41, EPERM), ("chroot", 161, 51, EPERM),
    ("open_tree", 428, 428, EPERM), ("move_mount", 429, 429, EPERM), ("fsopen", 430, 430, EPERM),
    ("fspick", 433, 433, EPERM), ("mount_setattr", 442, 442, EPERM), ("open_tree_attr", 467, 467, EPERM),
    ("open_by_handle_at", 304, 265, EPERM), ("userfaultfd", 323, 282, EPERM),
)  # fmt: skip
CALLS = {
    "x86_64": {name: (number, error) for name, number, _, error in _TABLE if number is not None},
    "aarch64": {name: (number, error) for name, _, number, error in _TABLE if number is not None},
}
# Calls that are refused unless their arguments say that it is about the caller: (call, x86_64, aarch64, arguments).
_OF_ITSELF = (
    ("sched_setparam", 142, 118, (0,)), ("sched_setscheduler", 144, 119, (0,)), ("sched_setattr", 314, 274, (0,)),
)  # fmt: skip
# CLONE_NEW* of clone's flags, whose lowest byte is the signal of the child's end: time, mounts, cgroup, names, users…
_NEW_NAMESPACES = 0x7E020000
_LOAD, _EQUAL, _AT_LEAST, _ANY_OF, _RETURN = 0x20, 0x15, 0x35, 0x45, 0x06


def program(machine: str, *, network: bool, modes: bool = False) -> list[tuple[int, int, int, int]]:
    """The filter for ``machine``, one instruction an entry: code, jump if true, jump if false, value. Pure."""
    second = machine == "aarch64"
    done = [(_LOAD, 0, 0, 4), (_EQUAL, 1, 0, AUDIT_ARCH[machine]), (_RETURN, 0, 0, REFUSE | ENOSYS), (_LOAD, 0, 0, 0)]
    if not second:
        done += [(_AT_LEAST, 0, 1, 0x40000000), (_RETURN, 0, 0, REFUSE | ENOSYS)]  # x32 has numbers of its own
    for number, error in CALLS[machine].values():
        if modes and not error:
            continue
        done += [(_EQUAL, 0, 1, number), (_RETURN, 0, 0, REFUSE | error)]
    for _, number, other, arguments in _OF_ITSELF:
        done += _unless(other if second else number, [(_low(each), 0) for each in arguments], EPERM)
    # setpriority and ioprio_set name what kind of thing they are about first: 0 and 1 are one process.
    done += _unless(140 if second else 141, [(_low(0), 0), (_low(1), 0)], EPERM)
    done += _unless(30 if second else 251, [(_low(0), 1), (_low(1), 0)], EPERM)
    # To which processors another is bound: taken for done, since libraries bind threads of theirs by number.
    done += _unless(122 if second else 203, [(_low(0), 0)], 0)
    done += _attributes(29 if second else 16)
    done += _limits(261 if second else 302)
    done += [(_EQUAL, 0, 4, 220 if second else 56), (_LOAD, 0, 0, _low(0)), (_ANY_OF, 0, 1, _NEW_NAMESPACES)]
    done += [(_RETURN, 0, 0, REFUSE | EPERM), (_RETURN, 0, 0, ALLOW)]
    if not network:
        done += _unless(198 if second else 41, [(_low(0), 1)], EACCES)  # AF_UNIX
        done += _unless(199 if second else 53, [(_low(0), 1)], EACCES)  # a pair of them
    return [*done, (_RETURN, 0, 0, ALLOW)]


def _low(argument: int) -> int:
    return 16 + 8 * argument


def _unless(number: int, wanted: list[tuple[int, int]], error: int) -> list[tuple[int, int, int, int]]:
    """Refuse the call ``number`` unless every word of its arguments, by place, has the value beside it."""
    checks: list[tuple[int, int, int, int]] = []
    for left, (place, value) in enumerate(reversed(wanted)):
        # To the refusal: over the checks that follow, and the return that allows.
        checks = [(_LOAD, 0, 0, place), (_EQUAL, 0, 2 * left + 1, value), *checks]
    block = [*checks, (_RETURN, 0, 0, ALLOW), (_RETURN, 0, 0, REFUSE | error)]
    return [(_EQUAL, 0, len(block), number), *block]


def _attributes(number: int) -> list[tuple[int, int, int, int]]:
    """What ioctl can change of a file that is open to be read only: its flags, its project, whether it is sealed."""
    return [
        (_EQUAL, 0, 6, number), (_LOAD, 0, 0, _low(1)),
        (_EQUAL, 2, 0, 0x40086602), (_EQUAL, 1, 0, 0x401C5820), (_EQUAL, 0, 1, 0x40806685),
        (_RETURN, 0, 0, REFUSE | EOPNOTSUPP), (_RETURN, 0, 0, ALLOW),
    ]  # fmt: skip


def _limits(number: int) -> list[tuple[int, int, int, int]]:
    """prlimit64 may ask about any process, and set limits of the caller only."""
    block = [
        (_LOAD, 0, 0, _low(0)), (_EQUAL, 4, 0, 0),
        (_LOAD, 0, 0, _low(2)), (_EQUAL, 0, 3, 0), (_LOAD, 0, 0, _low(2) + 4), (_EQUAL, 0, 1, 0),
        (_RETURN, 0, 0, ALLOW), (_RETURN, 0, 0, REFUSE | EPERM),
    ]  # fmt: skip
    return [(_EQUAL, 0, len(block), number), *block]


def _filter(instructions: list[tuple[int, int, int, int]]) -> None:
    code = ctypes.create_string_buffer(b"".join(struct.pack("=HBBI", *each) for each in instructions))
    filtered = struct.pack("@HP", len(instructions), ctypes.addressof(code))
    # Not slowed down against what a filter was once thought to call for (SPEC_ALLOW); older kernels know prctl only.
    held = ctypes.create_string_buffer(filtered)
    if _libc.syscall({"x86_64": 317, "aarch64": 277}[os.uname().machine], 1, 4, held) != 0:
        _prctl(22, 2, ctypes.addressof(held))


def _prctl(option: int, value: int, more: int = 0) -> None:
    if _libc.prctl(option, ctypes.c_ulong(value), ctypes.c_ulong(more), ctypes.c_ulong(0), ctypes.c_ulong(0)) != 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))


def _call(number: int, *arguments: Any) -> int:
    given = [ctypes.c_long(each) if isinstance(each, int) else each for each in arguments]
    found = int(_libc.syscall(ctypes.c_long(number), *given))
    if found < 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
    return found


def what_holds_here() -> dict[str, Any]:
    """``held``, and whether a step gets a namespace with a /proc of its own, by trying it: for a process that ends."""
    found, alone = held(), False
    if seclude():
        first = os.fork()
        if first == 0:
            made = _libc.unshare(CLONE_NEWNS) == 0 and _mount(None, "/", None, MS_REC | MS_PRIVATE)
            os._exit(0 if made and _mount("proc", "/proc", "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC) else 1)
        alone = os.waitpid(first, 0)[1] == 0
    return {**found, "alone": alone}


def _main(arguments: list[str]) -> None:
    """Say what holds a step here; or, with a box as JSON and a command, become that command, held."""
    import json
    import signal

    if not arguments:
        print(json.dumps(what_holds_here()))
        return
    try:
        if abi() != 1:  # The first lets nobody link or rename from folder to folder, which who installs packages must.
            enter(json.loads(arguments[0]), own_proc=False)
    except OSError as error:
        sys.exit(f"error: this system would not hold it ({error})")
    signal.signal(signal.SIGPIPE, signal.SIG_DFL)  # Python ignores it, and what is ignored stays so.
    os.execv(arguments[1], arguments[1:])


if __name__ == "__main__":
    _main(sys.argv[1:])
