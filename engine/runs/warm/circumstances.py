"""What a process is and was not told: a fork stands in for a fresh start only where this is the same for both.

The code on the disk, the account, masks and limits, the namespaces and the cgroup, and the variables that Python and
the libraries read once, when they start. One digest of it all is compared; where it differs, the start is a fresh one.
"""

from __future__ import annotations

import hashlib
import json
import locale
import os
import resource
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

ENGINE = Path(__file__).resolve().parents[2]
RUN, WARDEN = "run", "warden"
# Read once: by Python, the loader, the allocators; and by the libraries of numbers, with which no run's process counts.
_READ_ONCE = ("PYTHON", "LD_", "GLIBC_", "MALLOC_", "ARROW_")
_OF_NUMBERS = ("OPENBLAS_", "OMP_", "MKL_", "BLIS_", "KMP_", "GOMP_", "NUMEXPR_", "NPY_", "SCIPY_", "SKLEARN_")
# What each process is given by us, the fork server as well; what of it matters is set anew in a fork.
_OURS = ("PYTHONPATH", "PYTHONHASHSEED", "PYTHONDONTWRITEBYTECODE", "PYTHONUNBUFFERED")
_SAID = (
    b"Umask", b"Uid", b"Gid", b"Groups", b"NoNewPrivs", b"Seccomp", b"CapEff", b"CapBnd", b"CapAmb", b"Cpus_allowed",
    b"SigIgn", b"SigBlk",
)  # fmt: skip


def digest(kind: str, environment: Mapping[str, str], code: str, of: Mapping[str, Any]) -> str:
    """Of a process of ``kind`` with ``code`` that is like ``of`` and is to have ``environment``."""
    once = _READ_ONCE if kind == RUN else (*_READ_ONCE, *_OF_NUMBERS)
    read = {name: value for name, value in environment.items() if name.startswith(once) and name not in _OURS}
    said = json.dumps([kind, code, dict(of), read], sort_keys=True)
    return hashlib.sha256(said.encode("utf-8", "surrogatepass")).hexdigest()


def this_process() -> dict[str, Any]:
    """What the system holds of this process and hands on to what it starts."""
    status = dict(line.split(b":", 1) for line in Path("/proc/self/status").read_bytes().splitlines() if b":" in line)
    limits = [number for name, number in sorted(vars(resource).items()) if name.startswith("RLIMIT_")]
    return {
        "python": [sys.executable, sys.version, sys.prefix, sys.flags.utf8_mode, locale.getencoding()],
        "status": {name.decode(): status.get(name, b"").strip().decode() for name in _SAID},
        "limits": [resource.getrlimit(number) for number in limits],
        "group": _contents("/proc/self/cgroup"),
        "oom": _contents("/proc/self/oom_score_adj"),
        "namespaces": [os.readlink(f"/proc/self/ns/{name}") for name in ("mnt", "pid", "net", "user", "ipc", "uts")],
    }


def _contents(path: str) -> str:
    try:
        return Path(path).read_text().strip()
    except OSError:
        return ""


def code() -> str:
    """The engine's code and what is installed beside it, by the times and sizes of files: 3 ms."""
    seen = hashlib.sha256()
    for line in (*_files(str(ENGINE)), *_installed()):
        seen.update(line.encode("utf-8", "surrogateescape"))
    return seen.hexdigest()


def _files(folder: str) -> Iterator[str]:
    with os.scandir(folder) as entries:
        for entry in sorted(entries, key=lambda each: each.name):
            if entry.is_dir(follow_symlinks=False):
                if entry.name != "__pycache__":
                    yield from _files(entry.path)
            elif entry.name.endswith(".py"):
                found = entry.stat()
                yield f"{entry.path} {found.st_mtime_ns} {found.st_size} {found.st_ino}\n"


def _installed() -> Iterator[str]:
    """A package that is put in, taken out or renewed changes the folder that lists them."""
    for folder in sys.path:
        if folder.endswith("-packages"):
            found = os.stat(folder)
            yield f"{folder} {found.st_mtime_ns}\n"
