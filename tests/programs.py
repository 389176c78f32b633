"""Programs of the machine as tests want them: small scripts in a folder of their own on the search path."""

from __future__ import annotations

import os
from pathlib import Path

import pytest


class Programs:
    """A folder that stands first on the search path."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        folder.mkdir()
        self.folder, self._monkeypatch = folder, monkeypatch
        monkeypatch.setenv("PATH", f"{folder}{os.pathsep}{os.environ['PATH']}")

    def says(self, name: str, words: str) -> Path:
        """``name`` answers whatever it is asked with ``words``."""
        return self.does(name, f"cat <<'END'\n{words}\nEND")

    def does(self, name: str, script: str) -> Path:
        path = self.folder / name
        path.unlink(missing_ok=True)
        path.write_text(f"#!/bin/sh\n{script}\n")
        path.chmod(0o755)
        return path

    def only_these(self) -> None:
        """Nothing else is on the search path, but for what a script needs."""
        self._monkeypatch.setenv("PATH", str(self.folder))
