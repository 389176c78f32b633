"""A plugin for pytest that writes down which lines of the watched files each test runs, and how long it takes.

Own, because it is needed here alone and sixty lines are less than a dependency. Lines that run when a module is
imported belong to no test and are not among them.
"""

from __future__ import annotations

import json
import sys
import threading
import time
from collections.abc import Callable, Generator
from pathlib import Path
from types import FrameType
from typing import Any

import pytest

Traced = Callable[[FrameType, str, Any], Any]


class Lines:
    """Files are named as ``root`` sees them. Threads of this process are followed, other processes are not."""

    def __init__(self, root: Path, files: list[str], target: Path) -> None:
        self._names = {str(root / file): file for file in files}
        self._target = target
        self._here: set[tuple[str, int]] = set()
        self._tests: dict[str, dict[str, Any]] = {}

    def _called(self, frame: FrameType, event: str, argument: Any) -> Traced | None:
        return self._stepped if frame.f_code.co_filename in self._names else None

    def _stepped(self, frame: FrameType, event: str, argument: Any) -> Traced:
        self._here.add((frame.f_code.co_filename, frame.f_lineno))
        return self._stepped

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> Generator[None, object, object]:
        self._here = set()
        began = time.monotonic()
        threading.settrace(self._called)
        sys.settrace(self._called)
        try:
            return (yield)
        finally:
            sys.settrace(None)
            threading.settrace(None)  # type: ignore[arg-type]
            lines: dict[str, list[int]] = {}
            for path, line in sorted(self._here):
                lines.setdefault(self._names[path], []).append(line)
            self._tests[item.nodeid] = {"seconds": round(time.monotonic() - began, 3), "lines": lines}

    @pytest.hookimpl
    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """A test that fails by itself can kill nothing."""
        if report.failed:
            self._tests.setdefault(report.nodeid, {})["failed"] = True

    @pytest.hookimpl
    def pytest_sessionfinish(self) -> None:
        told = {name: test for name, test in self._tests.items() if "lines" in test}
        self._target.write_text(json.dumps(told))
