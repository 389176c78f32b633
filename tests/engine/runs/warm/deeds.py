"""What tests have a forked process of the engine's own do: ``main`` is its entry, the file's first word says what."""

from __future__ import annotations

import json
import os
import random
import resource
import signal
import subprocess
import sys
import time
from pathlib import Path


def tell(path: Path) -> None:
    """All that this process is and was given, for one that was started afresh to be held against."""
    import numpy

    marks, open_here = (b"LEVERFRAME_RUN=", b"LEVERFRAME_STEP_TOKEN="), os.listdir("/proc/self/fd")[:-1]
    drawn = [random.random(), float(numpy.random.random())]
    environ = dict(os.environ)
    shown = Path("/proc/self/environ").read_bytes().split(b"\0")
    status = dict(line.split(":", 1) for line in Path("/proc/self/status").read_text().splitlines())
    alike = {
        "environment": {name: value for name, value in environ.items() if name != "LEVERFRAME_STEP_TOKEN"},
        "mark": sorted(each.decode()[:22] for each in shown if each.startswith(marks)),
        "word": __name__ in Path("/proc/self/cmdline").read_text() or __name__ == "__main__",
        "descriptors": sorted(os.readlink(f"/proc/self/fd/{fd}").partition(":")[0] for fd in open_here),
        "cwd": os.getcwd(),
        "leads a session": os.getsid(0) == os.getpid(),
        "handlers": [str(signal.getsignal(number)) for number in (signal.SIGPIPE, signal.SIGINT, signal.SIGCHLD)],
        "status": {name: status[name].strip() for name in ("SigIgn", "SigBlk", "SigCgt", "Umask", "Groups", "Threads")},
        "limits": [resource.getrlimit(each) for each in (resource.RLIMIT_CORE, resource.RLIMIT_FSIZE)],
        "oom": Path("/proc/self/oom_score_adj").read_text(),
        "nice": os.nice(0),
        "order of a set": list({"a", "b", "c", "d", "e"}),
        "zone": time.tzname,
        "writes bytecode": sys.dont_write_bytecode,
    }  # fmt: skip
    path.write_text(json.dumps({"alike": alike, "drawn": drawn, "pandas": "pandas" in sys.modules}))


def run_away(path: Path) -> None:
    sleeper = f"import os, time; open({str(path)!r}, 'a').write(f'{{os.getpid()}} '); time.sleep(60)"
    subprocess.Popen([sys.executable, "-c", sleeper], start_new_session=True)
    if os.fork() == 0:
        os.setsid()
        if os.fork() == 0:
            os.execve(sys.executable, [sys.executable, "-c", sleeper], {})
        os._exit(0)
    with path.open("a") as file:
        file.write(f"{os.getpid()} ")
    time.sleep(60)


def main(path: Path) -> int:
    what = path.read_text().strip()
    path.write_text("")
    if what == "tell":
        tell(path)
    elif what == "run away":
        run_away(path)
    elif what == "sleep":
        time.sleep(60)
    elif what == "swell":
        held = bytearray(1 << 30)
        time.sleep(60)
        return len(held)
    elif what == "flood":
        for _ in range(20_000):
            print("x" * 99)
    elif what == "fail":
        raise RuntimeError("it was asked to fail")
    return 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
