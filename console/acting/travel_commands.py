"""What can be done by key about versions that travel: bundles, other workspaces, exports, whose keys are trusted."""

from __future__ import annotations

import time
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from console.acting.commands import Result, Tell
from console.queries.written_path import path_of
from console.text import bundle_lines, export_lines
from engine.errors import Conflict
from engine.release.records import ProofStep
from engine.text import plain

if TYPE_CHECKING:
    from console.text.lines import Tone
    from engine.api import Engine


@dataclass(frozen=True)
class WriteBundle:
    label: str
    file: str
    data: bool
    wheels: bool

    @property
    def doing(self) -> str:
        return f"{self.label} is being bundled"

    def carry_out(self, engine: Engine, tell: Tell) -> Result:
        made = engine.bundle(self.label, path_of(self.file), data=self.data, wheels=self.wheels)
        return Result(bundle_lines.written(made), notes=bundle_lines.absences(made.absent))


@dataclass(frozen=True)
class Send:
    label: str
    host: str
    data: bool
    wheels: bool

    @property
    def doing(self) -> str:
        return f"{self.label} is being sent to {plain(self.host, 80)} and proven there"

    def carry_out(self, engine: Engine, tell: Tell) -> Result:
        sent = engine.send(self.label, self.host, data=self.data, wheels=self.wheels)
        said = f"{sent.label} is sent to {plain(sent.host, 80)}. There: {sent.sentence}"
        return Result(said, notes=("W on it shows where it is by now.",))


@dataclass(frozen=True)
class TakeIn:
    """``digest``: of the bundle that was shown; another one that lies there by now is not taken in."""

    file: str
    digest: str
    data: str
    despite: str

    @property
    def doing(self) -> str:
        return f"{plain(Path(self.file).name, 80)} is being verified and proven"

    def carry_out(self, engine: Engine, tell: Tell) -> Result:
        source, data = path_of(self.file), path_of(self.data) if self.data else None
        if engine.look_into(source).digest != self.digest:
            raise Conflict(
                f"{plain(str(source), 200)} is another bundle than the one that you looked into; nothing was changed, "
                "look into it again."
            )
        if self.despite:
            found = engine.take_in_despite(source, self.despite, data=data, on_step=tell)
        else:
            found = engine.take_in(source, data=data, on_step=tell)
        origin = (f"It is {found.origin.sentence}.",) if found.origin is not None else ()
        tone: Tone = "ok" if found.label is not None and found.waits else "watch"
        return Result(found.sentence, tone, notes=(*origin, *found.notes), found=found.label)


@dataclass(frozen=True)
class AskElsewhere:
    """Without ``hosts`` those are asked that it was sent to from here."""

    label: str
    hosts: tuple[str, ...]

    @property
    def doing(self) -> str:
        return f"other workspaces are being asked where {self.label} is"

    def carry_out(self, engine: Engine, tell: Tell) -> Result:
        stages = engine.where_else(self.label, self.hosts)
        silent = sum(each.why is not None for each in stages)
        asked = "1 workspace was" if len(stages) == 1 else f"{len(stages)} workspaces were"
        unsaid = f"; {silent} did not say" if silent else ""
        tone: Tone = "watch" if silent else "ok"
        return Result(f"{asked} asked where {self.label} is{unsaid}.", tone, found=stages)


@dataclass(frozen=True)
class WriteExport:
    label: str
    kind: str
    dialect: str
    folder: str
    used_by: str
    force: bool
    reason: str

    @property
    def doing(self) -> str:
        return f"{self.label} is being exported and compared"

    def carry_out(self, engine: Engine, tell: Tell) -> Result:
        began = time.monotonic()
        made = engine.export(
            self.label, self.kind, path_of(self.folder), dialect=self.dialect, force=self.force, reason=self.reason,
            used_by=self.used_by, tell=lambda doing: tell(ProofStep(doing, time.monotonic() - began)),
        )  # fmt: skip
        said = f"{made.label} is exported to {export_lines.target(made)}: {plain(made.folder, 1000)}"
        tone: Tone = "ok" if made.parity.holds else "failing"
        return Result(f"{said}. {made.parity.sentence}.", tone, reading=partial(export_lines.export_lines, made))


@dataclass(frozen=True)
class Trust:
    name: str
    key: str
    reason: str

    @property
    def doing(self) -> str:
        return f"the key of {plain(self.name, 40)} is being trusted"

    def carry_out(self, engine: Engine, tell: Tell) -> Result:
        added = engine.trust(self.name, self.key, self.reason)
        return Result(f"What {added.fingerprint} signs is taken in from now on, as from {added.name}.")


@dataclass(frozen=True)
class Distrust:
    name: str
    reason: str

    @property
    def doing(self) -> str:
        return f"the key of {self.name} is being trusted no more"

    def carry_out(self, engine: Engine, tell: Tell) -> Result:
        engine.distrust(self.name, self.reason)
        return Result(f"Nothing from {self.name} is taken in any more; what came from there stays as it is.")
