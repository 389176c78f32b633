"""A real browser without a screen, driven through its own debugging pipe: no library, no download, no port.

Any Chromium or Chrome that the machine has; ``BROWSER`` in the environment names another.
"""

from __future__ import annotations

import base64
import fcntl
import json
import os
import select
import shutil
import subprocess
import time
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

# No sandbox: it does not start as root. The rest keeps it from asking anybody but the page's own server.
SWITCHES = (
    "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync", "--remote-debugging-pipe",
)  # fmt: skip
NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
LEFT = -32000  # the error of an order that came while one page gave way to the next


def found() -> str | None:
    """The browser of this machine, if it has one."""
    return os.environ.get("BROWSER") or next((path for path in map(shutil.which, NAMES) if path), None)


class BetweenPages(AssertionError):
    """What was asked of a page that is being left: nothing can be said of the next one yet."""


class Browser:
    """One browser with one page. ``problems`` collects what a person would see in its console."""

    def __init__(self, program: str, folder: Path) -> None:
        to_it, from_it = os.pipe(), os.pipe()
        theirs = [fcntl.fcntl(end, fcntl.F_DUPFD, 10) for end in (to_it[0], from_it[1])]

        def on_three_and_four() -> None:
            os.dup2(theirs[0], 3)
            os.dup2(theirs[1], 4)

        # It is killed and leaves what it kept for a while; in a test's own folder a socket's name would be too long.
        self._kept = TemporaryDirectory(prefix="leverframe-browser-", ignore_cleanup_errors=True)
        self._process = subprocess.Popen(
            [program, *SWITCHES, f"--user-data-dir={folder}", "about:blank"],
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
            pass_fds=(3, 4), preexec_fn=on_three_and_four, env={**os.environ, "TMPDIR": self._kept.name},
        )  # fmt: skip
        for end in (*theirs, to_it[0], from_it[1]):
            os.close(end)
        self._write, self._read = to_it[1], from_it[0]
        self._left, self._number, self._session = b"", 0, ""
        self.problems: list[str] = []
        targets = self.ask("Target.getTargets")["targetInfos"]
        page = next(each for each in targets if each["type"] == "page")["targetId"]
        self._session = self.ask("Target.attachToTarget", targetId=page, flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Log", "Network"):
            self.ask(f"{domain}.enable")

    def ask(self, method: str, **given: Any) -> Any:
        """One order, and what came of it."""
        self._number += 1
        order = {"id": self._number, "method": method, "params": given}
        if self._session:
            order["sessionId"] = self._session
        os.write(self._write, json.dumps(order).encode() + b"\0")
        while (said := self._next(60)).get("id") != self._number:
            self._note(said)
        if "error" in said:
            left = said["error"]["code"] == LEFT
            raise (BetweenPages if left else AssertionError)(f"{method}: {said['error']}")
        return said["result"]

    def _next(self, seconds: float) -> dict[str, Any]:
        until = time.monotonic() + seconds
        while b"\0" not in self._left:
            if not select.select([self._read], [], [], max(0.0, until - time.monotonic()))[0]:
                raise AssertionError(f"The browser said nothing for {seconds:g} s.")
            more = os.read(self._read, 1 << 20)
            assert more, "The browser has ended."
            self._left += more
        said, _, self._left = self._left.partition(b"\0")
        found: dict[str, Any] = json.loads(said)
        return found

    def _note(self, said: dict[str, Any]) -> None:
        if said.get("method") == "Log.entryAdded":
            self.problems.append(said["params"]["entry"]["text"])
        elif said.get("method") == "Runtime.exceptionThrown":
            self.problems.append(said["params"]["exceptionDetails"]["text"])

    def size(self, width: int, height: int, *, dark: bool = False) -> None:
        """How wide and high the window is, on what kind of device, by day or by night."""
        phone = width < 600
        self.ask("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=phone)
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        self.ask("Emulation.setEmulatedMedia", features=[scheme])

    def go(self, address: str) -> None:
        """Open a page, all of it."""
        self.ask("Page.navigate", url=address)
        self.wait("document.readyState === 'complete' && location.href !== 'about:blank'")

    def run(self, script: str) -> Any:
        """What a line of script says, as a person could type it into the page's console."""
        answer = self.ask("Runtime.evaluate", expression=script, awaitPromise=True, returnByValue=True)
        return answer["result"].get("value")

    def wait(self, script: str, seconds: float = 60) -> None:
        """Until a line of script is true."""
        until = time.monotonic() + seconds
        while not self._is_true(script):
            assert time.monotonic() < until, f"It never came true: {script}"
            time.sleep(0.05)

    def _is_true(self, script: str) -> bool:
        try:
            return bool(self.run(script))
        except BetweenPages:
            return False

    def picture(self, file: Path) -> None:
        """The whole page, also what lies below the window."""
        shot = self.ask("Page.captureScreenshot", captureBeyondViewport=True)
        file.write_bytes(base64.b64decode(shot["data"]))

    def close(self) -> None:
        self._process.kill()
        self._process.wait()
        os.close(self._write)
        os.close(self._read)
        self._kept.cleanup()
