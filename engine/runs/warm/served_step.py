"""A step that a step server may fork: which server that would be, and what to keep for the next time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from engine.runs.steps.step import StepSpec
from engine.runs.warm import step_request
from engine.runs.warm.wanted_server import (
    cache_of,
    keep_loaded,
    loaded_by,
    on_one_disk,
    read_loaded,
    read_secret,
    shadows,
    wanted,
)

if TYPE_CHECKING:
    from engine.runs.steps.launch import Stage

LOADED = "LEVERFRAME_LOADED"


class ServedStep:
    """One step in ``folder``, whose code is there, started by the program ``argv``."""

    def __init__(self, stage: Stage, argv: Sequence[str], folder: Path) -> None:
        self._root = stage.workspace
        self._said = folder / "tmp" / "loaded"
        # What extract loads may depend on whether it is asked for everything.
        step = (*argv[2:], "new" if stage.since else "all")
        self._kept = loaded_by(self._root, step, stage.lock.digest, folder / "code")
        may = not shadows(folder / "code") and on_one_disk(folder, cache_of(self._root))
        loaded = read_loaded(self._kept) if may else ()
        self._wanted = wanted(stage.manifest, stage.environment, stage.lock, loaded)

    def has_server(self) -> bool:
        """Whether one may be asked, so that it need not be started early."""
        return self._wanted is not None and step_request.is_there(self._root, self._wanted)

    def spec(self, asked: StepSpec, *, early: bool) -> StepSpec:
        """``asked``, to be forked where that can be; ``early``: it is started afresh before its input is there."""
        server = None if early or self._wanted is None else (self._root, self._wanted)
        secret = read_secret(self._root) if early and self._wanted is not None else None
        if secret is not None and self._wanted is not None:
            step_request.note(self._root, self._wanted.name(secret), self._wanted)
        return replace(asked, environment={**asked.environment, LOADED: str(self._said)}, server=server)

    def keep(self) -> None:
        """After it went well: what it loaded, where it was started afresh."""
        keep_loaded(self._said, self._kept)
