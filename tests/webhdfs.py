"""A small WebHDFS server: a folder of this machine, read over the REST interface of a Hadoop file system.

It answers what a client needs to find and read files: GETFILESTATUS, LISTSTATUS, GETFILEBLOCKLOCATIONS,
GETHOMEDIRECTORY and OPEN, which sends the client on to another address, as a NameNode sends it to a DataNode. Nothing
of Hadoop is in it: what is tested with it is the client. Names are those of Hadoop's own description of the interface.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any
from urllib.parse import parse_qs, quote, unquote, urlsplit

_PREFIX = "/webhdfs/v1"
_DATANODE = "/datanode"


class WebHdfs(ThreadingHTTPServer):
    """``root`` is its file system. ``asked``: each operation with its path, in order."""

    daemon_threads = True

    def __init__(self, root: Path) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.root = root.resolve()
        self.asked: list[tuple[str, str]] = []

    @property
    def address(self) -> str:
        """``webhdfs://host:port``, as Hadoop's client wants it."""
        return f"webhdfs://127.0.0.1:{self.server_port}"


@contextmanager
def serving(root: Path) -> Iterator[WebHdfs]:
    """A server of ``root`` for as long as the block lasts."""
    with WebHdfs(root) as server:
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: WebHdfs

    def log_message(self, format: str, *args: Any) -> None:
        """A test that wants to know looks at ``asked``."""

    def do_GET(self) -> None:
        parts = urlsplit(self.path)
        asked = {name.lower(): values[0] for name, values in parse_qs(parts.query).items()}
        if parts.path.startswith(_DATANODE):
            return self._content(unquote(parts.path.removeprefix(_DATANODE)), asked)
        path, operation = unquote(parts.path.removeprefix(_PREFIX)) or "/", asked.get("op", "").upper()
        self.server.asked.append((operation, path))
        answer = {
            "GETFILESTATUS": self._status,
            "LISTSTATUS": self._list,
            "GETFILEBLOCKLOCATIONS": self._blocks,
            "OPEN": self._open,
            "GETHOMEDIRECTORY": self._home,
        }.get(operation)
        if answer is None or not parts.path.startswith(_PREFIX):
            return self._failed(400, "UnsupportedOperationException", f"{operation or parts.path} is not supported")
        return answer(path, parts.query)

    def _found(self, path: str) -> Path | None:
        file = (self.server.root / path.lstrip("/")).resolve()
        if file.exists() and file.is_relative_to(self.server.root):
            return file
        self._failed(404, "FileNotFoundException", f"File does not exist: {path}")
        return None

    def _status(self, path: str, query: str) -> None:
        if (file := self._found(path)) is not None:
            self._said({"FileStatus": _about(file, "")})

    def _list(self, path: str, query: str) -> None:
        if (file := self._found(path)) is not None:
            within = sorted(file.iterdir()) if file.is_dir() else []
            found = [_about(each, each.name) for each in within] if file.is_dir() else [_about(file, "")]
            self._said({"FileStatuses": {"FileStatus": found}})

    def _blocks(self, path: str, query: str) -> None:
        """The file in one block, on one machine."""
        if (file := self._found(path)) is not None:
            machine = f"127.0.0.1:{self.server.server_port}"
            block = {
                "hosts": ["127.0.0.1"],
                "names": [machine],
                "topologyPaths": [f"/default-rack/{machine}"],
                "cachedHosts": [],
                "storageTypes": ["DISK"],
                "corrupt": False,
                "offset": 0,
                "length": file.stat().st_size,
            }
            self._said({"BlockLocations": {"BlockLocation": [block]}})

    def _home(self, path: str, query: str) -> None:
        self._said({"Path": "/user/tests"})

    def _open(self, path: str, query: str) -> None:
        """As a NameNode does: whoever wants the bytes is sent to who has them."""
        if self._found(path) is not None:
            self.send_response(307)
            port = self.server.server_port
            self.send_header("Location", f"http://127.0.0.1:{port}{_DATANODE}{quote(path)}?{query}")
            self.send_header("Content-Length", "0")
            self.end_headers()

    def _content(self, path: str, asked: dict[str, str]) -> None:
        if (file := self._found(path)) is None:
            return
        whole = file.read_bytes()
        begin = int(asked.get("offset", 0))
        end = begin + int(asked["length"]) if "length" in asked else len(whole)
        self._answer(200, "application/octet-stream", whole[begin:end])

    def _said(self, document: dict[str, Any]) -> None:
        self._answer(200, "application/json", json.dumps(document).encode())

    def _failed(self, code: int, exception: str, message: str) -> None:
        said = {"exception": exception, "javaClassName": f"java.io.{exception}", "message": message}
        self._answer(code, "application/json", json.dumps({"RemoteException": said}).encode())

    def _answer(self, code: int, kind: str, content: bytes) -> None:
        self.send_response(code)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)


def _about(file: Path, suffix: str) -> dict[str, Any]:
    found = file.stat()
    folder = file.is_dir()
    return {
        "pathSuffix": suffix,
        "type": "DIRECTORY" if folder else "FILE",
        "length": 0 if folder else found.st_size,
        "owner": "tests",
        "group": "tests",
        "permission": "755" if folder else "644",
        "accessTime": int(found.st_atime * 1000),
        "modificationTime": int(found.st_mtime * 1000),
        "blockSize": 0 if folder else 1 << 27,
        "replication": 0 if folder else 1,
        "fileId": found.st_ino,
        "childrenNum": sum(1 for _ in file.iterdir()) if folder else 0,
        "storagePolicy": 0,
    }
