"""Fetch files from a registry: a process of its own, because whoever answers is a stranger.

Run by ``fetching.py`` as ``sys.executable -I -S wheel_fetcher.py``, held by the kernel before it begins. It imports the
standard library only. Standard input: one line of JSON, ``{"files": [{"url", "name", "login", "own"}], "into", ...}``;
when that is closed, whoever asked is gone, and so is this. Standard output: a line of JSON for each file as it is
there, ``{"file": its place in the list, "digest"}`` or with ``why`` there is none; ``full``: the disk is.
"""

from __future__ import annotations

import base64
import errno
import hashlib
import json
import os
import resource
import stat
import sys
import threading
import urllib.error
import urllib.request
from concurrent.futures import ThreadPoolExecutor, as_completed
from http.client import HTTPException
from urllib.parse import unquote, urlsplit

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import IO, Any

AT_ONCE, PIECE, WAIT_SECONDS = 4, 1 << 20, 30.0
_FULL = (errno.ENOSPC, errno.EDQUOT)


def opener() -> urllib.request.OpenerDirector:
    """What speaks HTTP and nothing else, wherever an answer leads to."""
    made = urllib.request.OpenerDirector()
    for handler in (
        urllib.request.ProxyHandler(), urllib.request.HTTPHandler(), urllib.request.HTTPSHandler(),
        urllib.request.HTTPRedirectHandler(), urllib.request.HTTPDefaultErrorHandler(),
        urllib.request.HTTPErrorProcessor(), urllib.request.UnknownHandler(),
    ):  # fmt: skip
        made.add_handler(handler)
    return made


def opened(asked: dict[str, Any]) -> IO[bytes]:
    """Raises OSError, HTTPException."""
    parts = urlsplit(asked["url"])
    if parts.scheme == "file":
        # What lies in uv's cache was laid there by whatever a package runs when it is built: no link is followed.
        flags = os.O_RDONLY | os.O_NONBLOCK | (os.O_NOFOLLOW if asked["own"] else 0)
        descriptor = os.open(unquote(parts.path), flags)
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            os.close(descriptor)
            raise OSError(errno.EINVAL, "it is no file")
        return os.fdopen(descriptor, "rb")
    if parts.scheme not in ("http", "https"):
        raise OSError(errno.EINVAL, "it is not at an address of http")
    request = urllib.request.Request(asked["url"])
    if asked["login"] is not None:
        # Not where an answer leads to: that may be another machine.
        request.add_unredirected_header("Authorization", "Basic " + base64.b64encode(asked["login"].encode()).decode())
    found: IO[bytes] = opener().open(request, timeout=WAIT_SECONDS)
    return found


def copied(asked: dict[str, Any], job: dict[str, Any]) -> str:
    """Write what is there to the file of that name; its digest. Raises OSError, HTTPException."""
    found, size = hashlib.sha256(), 0
    target = os.path.join(job["into"], asked["name"])
    with opened(asked) as source, open(target, "xb") as file:
        while piece := source.read(PIECE):
            size += len(piece)
            if size > job["largest"]:
                raise OSError(errno.EFBIG, "it is larger than any package")
            room = os.fstatvfs(file.fileno())
            if room.f_bavail * room.f_frsize < job["leave_free"] + len(piece):
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            found.update(piece)
            file.write(piece)
    return found.hexdigest()


def fetched(place: int, job: dict[str, Any]) -> dict[str, Any]:
    """What is said of one file."""
    asked = job["files"][place]
    try:
        return {"file": place, "digest": copied(asked, job)}
    except urllib.error.HTTPError as error:  # Its words may hold an address, and that a login.
        return {"file": place, "why": f"HTTP {error.code}"}
    except (OSError, HTTPException, ValueError, MemoryError) as error:
        said = error.reason if isinstance(error, urllib.error.URLError) else error
        number = said.errno if isinstance(said, OSError) else None
        words = said.strerror if isinstance(said, OSError) and said.strerror else said
        return {"file": place, "why": str(words)[:300] or type(error).__name__, "full": number in _FULL}


def leave_with_whoever_asked() -> None:
    """Wait for the end of what they write, in a thread of its own."""
    sys.stdin.buffer.read()
    os._exit(1)


def main() -> None:
    job = json.loads(sys.stdin.buffer.readline())
    # Threads and libraries reserve some hundred megabytes that they never touch.
    resource.setrlimit(resource.RLIMIT_AS, (job["memory"], job["memory"]))
    resource.setrlimit(resource.RLIMIT_FSIZE, (job["largest"], job["largest"]))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    threading.Thread(target=leave_with_whoever_asked, daemon=True).start()
    with ThreadPoolExecutor(AT_ONCE) as pool:
        for done in as_completed([pool.submit(fetched, place, job) for place in range(len(job["files"]))]):
            sys.stdout.write(json.dumps(done.result()) + "\n")
            sys.stdout.flush()
    sys.stdout.flush()
    os._exit(0)  # Its thread waits for an end that may come later.


if __name__ == "__main__":
    main()
