"""Call the command line as a shell would, and keep what it said."""

from __future__ import annotations

import contextlib
import io
import json
from dataclasses import dataclass
from typing import Any

from console.__main__ import main


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
    """``leverframe WORDS``, in this process."""
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        code = main([str(word) for word in words])
    return Told(code, out.getvalue(), err.getvalue())
