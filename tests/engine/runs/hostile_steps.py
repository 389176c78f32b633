"""What a hostile step tries and what an honest one needs, an expression each, and the program that tries them."""

from __future__ import annotations

# Each line is one attempt; what it returns is what it got.
HOSTILE = {
    "read the ledger": "open(LEDGER).read()",
    "write the ledger": "open(LEDGER, 'a').write('x')",
    "open and empty the ledger": "open(LEDGER, 'w')",
    "empty the ledger": "os.truncate(LEDGER, 0)",
    "delete the ledger": "os.unlink(LEDGER)",
    "put another in its place": "os.rename(LEDGER, OUT + '/taken')",
    "put one of its own there": "(open(OUT + '/forged', 'w').close(), os.rename(OUT + '/forged', LEDGER))",
    "a second name for the ledger": "os.link(LEDGER, OUT + '/second')",
    "a link and then the ledger": "(os.symlink(LEDGER, OUT + '/link'), open(OUT + '/link').read())",
    "a link to the folder": "(os.symlink(HOME, OUT + '/up'), os.listdir(OUT + '/up/live'))",
    "the ledger by /proc": "open('/proc/self/root' + LEDGER).read()",
    "the ledger by a way around": "open(OUT + '/../../../../ledger.db').read()",
    "list the workspace": "os.listdir(HOME)",
    "list the live folder": "os.listdir(HOME + '/live')",
    "delete the live folder": "shutil.rmtree(HOME + '/live')",
    "write the live folder": "open(HOME + '/live/model', 'w')",
    "make a folder in the workspace": "os.mkdir(HOME + '/mine')",
    "write an object": "open(HOME + '/objects/ab', 'w')",
    "write into its environment": "open(ENVIRONMENT + '/evil.pth', 'w')",
    "write its input": "open(INPUT + '/data.csv', 'w')",
    "read another step's input": "os.listdir(HOME + '/runs/1/other')",
    "an account's own folder": "os.listdir(os.path.expanduser('~' + __import__('pwd').getpwuid(os.getuid())[0]))",
    "the passwords": "open('/etc/shadow').read()",
    "the machine's temporary folder": "open('/tmp/leverframe-was-here', 'w')",
    "another process's environment": "open(f'/proc/{ENGINE}/environ').read()",
    "its watcher's environment": "open(f'/proc/{os.getppid()}/environ').read()",
    "another process's memory": "open(f'/proc/{ENGINE}/mem', 'rb')",
    "another process's words": "open(f'/proc/{ENGINE}/cmdline').read()",
    "trace another process": "call(101 if X86 else 117, 16, ENGINE, 0, 0)",
    "read another's memory": "peek(ENGINE)",
    "signal another": "os.kill(ENGINE, 0)",
    "end another": "os.kill(ENGINE, signal.SIGUSR1)",
    "end its watcher": "os.kill(os.getppid(), signal.SIGUSR1)",
    "end another by handle": "signal.pidfd_send_signal(os.pidfd_open(ENGINE), signal.SIGUSR1)",
    "limit another": "resource.prlimit(ENGINE, resource.RLIMIT_CPU, (100, 100))",
    "rank another": "os.setpriority(os.PRIO_PROCESS, ENGINE, 19)",
    "rank everybody": "os.setpriority(os.PRIO_USER, 0, 19)",
    "change modes": "(os.chmod(LEDGER, 0o777), os.stat(LEDGER).st_mode & 0o777 == 0o777 or refuse())",
    "change times": "(os.utime(LEDGER, (1, 1)), os.stat(LEDGER).st_mtime == 1 or refuse())",
    "a program that runs as its owner": "setuid(OUT + '/sh') or refuse()",
    "flags of a file": "flagged(INPUT + '/given')",
    "attributes": "os.setxattr(LEDGER, 'user.x', b'1')",
    "a device": "os.mknod(OUT + '/disk', 0o60666, os.makedev(8, 0))",
    "mount": "mount(OUT)",
    "a namespace and then mount": "(call(272 if X86 else 97, 0x10020000), mount(OUT))",
    "a namespace of users": "call(272 if X86 else 97, 0x10000000)",
    "a process with its own users": "call(56 if X86 else 220, 0x10000011, 0, 0, 0, 0) or os._exit(0)",
    "a copy of a folder as a mount": "(call(272 if X86 else 97, 0x10020000), call(428, -100, HOME.encode(), 1))",
    "what happens in a folder": "call(254 if X86 else 27, call(294 if X86 else 26, 0), HOME.encode(), 0xFFF)",
    "what happens in a folder, by the other": "call(300 if X86 else 262, 0x200, 0)",
    "bind another to a processor": "(os.sched_setaffinity(ENGINE, {max(os.sched_getaffinity(0))}), refuse())",
    "keys": "call(250 if X86 else 219, 0, -3, 0)",
    "calls past the filter": "call(425, 8, ctypes.create_string_buffer(256))",
    "an abstract socket": "socket.socket(socket.AF_UNIX).connect('\\0' + ABSTRACT)",
    "become another": "(os.setuid(1), os.getuid() == 1 or refuse()) if os.getuid() == 0 else refuse()",
    "the clock": "time.clock_settime(time.CLOCK_REALTIME, time.time())",
    "TCP": "socket.create_connection(('127.0.0.1', PORT), 2)",
    "to listen": "socket.create_server(('127.0.0.1', 0))",
    "UDP": "socket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto(b'x', ('127.0.0.1', PORT))",
    "ask about the network": "socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 0)",
}  # fmt: skip
HARMLESS = {
    "read its input": "open(INPUT + '/given').read() == 'given' or refuse()",
    "write its output": "open(OUT + '/result', 'w').write('x')",
    "rename in its output": "(touch(OUT + '/a'), os.mkdir(OUT + '/b'), os.rename(OUT + '/a', OUT + '/b/a'))",
    "from temporary to output": "os.rename(touch(tempfile.gettempdir() + '/t'), OUT + '/t')",
    "leave things where it was started": "open('catboost_info', 'w').write('x')",
    "copy with modes": "shutil.copy2(INPUT + '/given', OUT + '/copied')",
    "copy a folder": "shutil.copytree(INPUT, OUT + '/tree')",
    "a temporary folder": "tempfile.mkdtemp()",
    "a home": "open(os.path.expanduser('~/.rc'), 'w').write('x')",
    "nowhere and chance": "(open('/dev/null', 'w').write('x'), open('/dev/urandom', 'rb').read(4))",
    "a shell": "subprocess.run('echo a | cat; ls -la; date; exit 0', shell=True, check=True, capture_output=True)",
    "the machine's numbers": "[open(f'/proc/{name}').read() for name in ('cpuinfo', 'meminfo', 'stat', 'loadavg')]",
    "its own numbers": "open('/proc/self/status').read()",
    "names of hosts": "socket.gethostbyname('localhost')",
    "the zone": "zoneinfo.ZoneInfo('Europe/Berlin')",
    "a pool of processes": "pool('fork')",
    "threads": "list(concurrent.futures.ThreadPoolExecutor(2).map(abs, [-1]))",
    "end a child": "child_ended()",
    "a pair of sockets": "socket.socketpair()",
    "asyncio": "asyncio.run(asyncio.sleep(0, 1))",
    "a lock between processes": "multiprocessing.Lock()",
    "shared memory": "(lambda s: (s.close(), s.unlink()))(shared_memory.SharedMemory(create=True, size=10))",
    "its limits": "resource.setrlimit(resource.RLIMIT_NOFILE, (256, 256))",
    "a database": "sqlite3.connect(OUT + '/x.db').executescript('pragma journal_mode=wal; create table a(b)')",
}  # fmt: skip
PRELUDE = """
import asyncio, concurrent.futures, ctypes, json, multiprocessing, os, platform, resource, shutil, signal, socket
import sqlite3, subprocess, sys, tempfile, time, zoneinfo
from multiprocessing import shared_memory
X86 = platform.machine() == "x86_64"
libc = ctypes.CDLL(None, use_errno=True)
def call(*given):
    found = libc.syscall(*given)
    if found < 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
    return found
def refuse():
    raise PermissionError("it had no effect")
def touch(path):
    open(path, "w").close()
    return path
def setuid(path):
    os.chmod(shutil.copyfile("/bin/sh", path), 0o4755)
    return os.stat(path).st_mode & 0o4000
def mount(path):
    return call(165 if X86 else 40, b"none", path.encode(), b"tmpfs", 0, None)
def peek(pid):
    word = ctypes.create_string_buffer(8)
    parts = (ctypes.c_void_p * 2)(ctypes.addressof(word), 8)
    return call(310 if X86 else 270, pid, parts, ctypes.c_ulong(1), parts, ctypes.c_ulong(1), ctypes.c_ulong(0))
def flagged(path):
    import fcntl
    return fcntl.ioctl(os.open(path, os.O_RDONLY), 0x40086602, (0x40).to_bytes(8, "little"))
def pool(how):
    with multiprocessing.get_context(how).Pool(2) as made:
        return made.map(abs, [-1, -2])
def child_ended():
    child = subprocess.Popen(["sleep", "60"]); child.terminate(); return child.wait()
found = {}
for name, attempt in json.loads(ATTEMPTS).items():
    try:
        eval(attempt)
        found[name] = "allowed"
    except (OSError, ValueError, RuntimeError) as error:
        found[name] = f"{type(error).__name__}: {error}"
print("FOUND", json.dumps(found), flush=True)
"""
