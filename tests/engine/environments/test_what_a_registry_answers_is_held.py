"""Files are fetched by a process of its own: whatever a registry answers, or a package left in uv's cache, gets no
further than it."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import tarfile
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from engine.environments.python import fetching, wheel_fetcher
from engine.environments.python.fetching import fetch
from engine.environments.python.lock import Lock, hashes_of
from engine.environments.python.uv_process import Uv, uv_environment
from engine.environments.records import FetchedFiles
from engine.runs.steps import containment
from tests.engine.environments.test_kept_files import BACKEND

if TYPE_CHECKING:
    from conftest import Place

APPLE = "apple-2.0-py3-none-any.whl"
Answer = Callable[[BaseHTTPRequestHandler], None]


class Registry:
    """A registry on this machine, which gives uv what it promised, and whoever fetches later what ``answer`` says."""

    def __init__(self, wheels: Path) -> None:
        self.wheels, self.answer = wheels, self.give
        self.asked, self.over = list[tuple[str, str | None]](), threading.Event()
        registry = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                if self.path == "/":
                    links = (f'<a href="/{each.name}">{each.name}</a>' for each in registry.wheels.iterdir())
                    registry.send(self, "".join(links).encode(), "text/html")
                elif self.headers["User-Agent"].startswith("uv/"):
                    registry.give(self)
                else:
                    registry.asked.append((self.path, self.headers["Authorization"]))
                    registry.answer(self)

            do_HEAD = do_GET

            def log_message(self, format: str, *args: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.address = f"http://127.0.0.1:{self.server.server_port}/"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def give(self, handler: BaseHTTPRequestHandler) -> None:
        self.send(handler, (self.wheels / Path(handler.path).name).read_bytes(), "application/zip")

    @staticmethod
    def send(handler: BaseHTTPRequestHandler, content: bytes, kind: str) -> None:
        handler.send_response(200)
        handler.send_header("Content-Type", kind)
        handler.send_header("Content-Length", str(len(content)))
        handler.end_headers()
        if handler.command != "HEAD":
            handler.wfile.write(content)

    def drip(self, handler: BaseHTTPRequestHandler) -> None:
        """A byte now and then, for longer than any end that is set here."""
        handler.send_response(200)
        handler.end_headers()
        with suppress(OSError):
            for _ in range(500):
                if self.over.wait(0.05):
                    return
                handler.wfile.write(b"x")

    def pour(self, handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(200)
        handler.end_headers()
        with suppress(OSError):
            while not self.over.is_set():
                handler.wfile.write(b"x" * 65536)


@pytest.fixture
def registry(place: Place, monkeypatch: pytest.MonkeyPatch) -> Iterator[Registry]:
    made = Registry(place.wheels)
    monkeypatch.setenv("UV_NO_INDEX", "1")
    monkeypatch.setenv("UV_FIND_LINKS", made.address)
    yield made
    made.over.set()
    made.server.shutdown()
    made.server.server_close()


def fetched(place: Place, lock: Lock) -> FetchedFiles:
    into = place.root / "fetched"
    shutil.rmtree(into, ignore_errors=True)
    into.mkdir()
    return fetch(lock, Uv(place.cache / "uv", uv_environment(fetching.os.environ)), into, {})


def test_a_file_comes_as_it_was_locked_and_the_login_goes_where_it_belongs(
    place: Place, registry: Registry, monkeypatch: pytest.MonkeyPatch
) -> None:
    logins = place.root / "netrc"
    logins.write_text("machine 127.0.0.1 login ada password secret\n")
    monkeypatch.setenv("NETRC", str(logins))
    lock = place.lock("apple")

    def elsewhere(handler: BaseHTTPRequestHandler) -> None:
        if handler.path.startswith("/moved/"):
            registry.give(handler)
        else:
            handler.send_response(302)
            handler.send_header("Location", f"{registry.address.replace('127.0.0.1', 'localhost')}moved/{APPLE}")
            handler.end_headers()

    registry.answer = elsewhere
    found = fetched(place, lock)
    assert found.lacking is None and [each.name for each in found.files] == [APPLE]
    assert found.files[0].path is not None
    assert found.files[0].path.read_bytes() == (place.wheels / APPLE).read_bytes()
    assert registry.asked == [(f"/{APPLE}", "Basic YWRhOnNlY3JldA=="), (f"/moved/{APPLE}", None)]


@pytest.mark.parametrize(("to", "said"), [("file://", "(HTTP 302)"), ("ftp://127.0.0.1:1", "unknown url type: ftp")])
def test_an_answer_leads_to_nothing_but_http(place: Place, registry: Registry, to: str, said: str) -> None:
    lock = place.lock("apple")

    def within(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(302)
        handler.send_header("Location", f"{to}{place.wheels / APPLE}")
        handler.end_headers()

    registry.answer = within
    found = fetched(place, lock)
    assert found.files == () and found.lacking is not None
    assert found.lacking.startswith(f"{APPLE} could not be fetched (") and said in found.lacking


@pytest.mark.parametrize(
    ("limit", "value", "answer", "said"),
    [
        ("LARGEST", 1 << 20, "pour", "it is larger than any package"),
        ("SECONDS", 2.0, "drip", "it took longer than 2 s, or was ended"),
    ],
)
def test_an_answer_without_end_comes_to_one(
    place: Place, registry: Registry, monkeypatch: pytest.MonkeyPatch, limit: str, value: float, answer: str, said: str
) -> None:
    lock = place.lock("apple", "pear")
    monkeypatch.setattr(fetching, limit, value)
    registry.answer = lambda handler: (getattr(registry, answer) if "apple" in handler.path else registry.give)(handler)
    found = fetched(place, lock)
    assert found.lacking is not None and f"{APPLE} could not be fetched ({said})" in found.lacking
    if limit == "LARGEST":
        assert [each.package for each in found.files] == ["pear"], "the others are fetched all the same"


def test_with_no_room_left_nothing_more_is_written(
    place: Place, registry: Registry, monkeypatch: pytest.MonkeyPatch
) -> None:
    lock = place.lock("apple")
    monkeypatch.setattr(fetching, "LEAVE_FREE", 1 << 60)
    with pytest.raises(fetching.Refusal, match=rf"^{APPLE} could not be kept: the disk is full; free some space"):
        fetched(place, lock)


@pytest.mark.skipif(containment.abi() < 2, reason="this kernel cannot hold what moves files")
def test_what_leads_into_the_workspace_is_not_read(
    place: Place, registry: Registry, monkeypatch: pytest.MonkeyPatch
) -> None:
    lock = place.lock("apple")
    (digest,) = hashes_of(lock.text)["apple"]
    for folder, lacking in ((place.wheels, None), (place.root / "secret", "Permission denied")):
        if folder != place.wheels:
            shutil.copytree(place.wheels, folder)
        told = f"[[packages]]\nname = 'apple'\n[[packages.wheels]]\nurl = 'file://{folder / APPLE}'\n"
        told += f"hashes = {{ sha256 = '{digest}' }}\n"
        monkeypatch.setattr(Uv, "run", lambda *_, told=told, **more: told)
        said = f"{APPLE} could not be fetched ({lacking})" if lacking else None
        assert fetched(place, lock).lacking == said


def test_a_link_that_a_package_left_in_uvs_cache_is_not_followed(place: Place, registry: Registry) -> None:
    source = place.root / "wildsloe-1.0"
    source.mkdir()
    (source / "backend.py").write_text(BACKEND)
    (source / "pyproject.toml").write_text(
        '[build-system]\nrequires = []\nbuild-backend = "backend"\nbackend-path = ["."]\n'
        '[project]\nname = "wildsloe"\nversion = "1.0"\n'
    )
    (source / "PKG-INFO").write_text("Metadata-Version: 2.1\nName: wildsloe\nVersion: 1.0\n")
    with tarfile.open(place.wheels / "wildsloe-1.0.tar.gz", "w:gz") as archive:
        archive.add(source, "wildsloe-1.0")
    lock = place.lock("wildsloe")
    left = place.cache / "uv" / "sdists-v9" / "x" / "wildsloe-1.0-py3-none-any.whl"
    left.parent.mkdir(parents=True, exist_ok=True)
    secret = place.root.with_name(f"{place.root.name}-secret")
    secret.write_text("a key of the account")
    left.symlink_to(secret)
    found = fetched(place, lock)
    assert found.files == () and found.lacking is not None
    assert found.lacking.startswith("wildsloe-1.0-py3-none-any.whl could not be fetched (")


def test_it_has_limits_and_is_gone_with_whoever_asked(place: Place, registry: Registry) -> None:
    registry.answer, begun = registry.drip, threading.Event()

    def drip(handler: BaseHTTPRequestHandler) -> None:
        begun.set()
        registry.drip(handler)

    registry.answer = drip
    file = {"url": f"{registry.address}{APPLE}", "name": APPLE, "login": None, "own": False}
    job = {"files": [file], "into": str(place.root), "memory": 512 << 20, "largest": 1 << 20, "leave_free": 0}
    process = subprocess.Popen(
        [sys.executable, "-I", "-S", wheel_fetcher.__file__], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    assert process.stdin is not None
    process.stdin.write(json.dumps(job).encode() + b"\n")
    process.stdin.flush()
    assert begun.wait(30) and process.poll() is None
    limits = Path(f"/proc/{process.pid}/limits").read_text()
    held = {" ".join(line.split()[1:-3]): line.split()[-3] for line in limits.splitlines()[1:]}
    assert (held["address space"], held["file size"]) == (str(512 << 20), str(1 << 20))
    process.communicate()
    assert process.returncode == 1
