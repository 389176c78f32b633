"""Call the command line as a shell would, and keep what it said."""

from __future__ import annotations

import contextlib
import io
import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from console.__main__ import main
from tests.people import proof_of


@dataclass(frozen=True)
class Told:
    """The exit code and both outputs of one command line."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """Standard output as one document; anything beside it is an error."""
        return json.loads(self.out)


def call(*words: object) -> Told:
    """``leverframe WORDS``, in this process, as whom they name with ``--operator`` (or the environment does)."""
    said = [str(word) for word in words]
    given = {name: said[place + 1] for place, name in enumerate(said[:-1]) if name in ("--operator", "--home")}
    name = given.get("--operator") or os.environ.get("LEVERFRAME_OPERATOR")
    proof = proof_of(Path(given["--home"]) if "--home" in given else None, name) if name else None
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        code = main(said, proof=proof)
    return Told(code, out.getvalue(), err.getvalue())
