"""What of a manifest a version is judged by, and measured by while it is live: written for the processes that do it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from engine.vocabulary.gates import GateRule

if TYPE_CHECKING:
    from engine.projects.manifest.records import Manifest


@dataclass(frozen=True)
class Rules:
    """``holdout``: in seconds, where it is the newest part; ``waivers``: the reason for each, by the gate's name."""

    target: str
    metrics: tuple[str, ...]
    task: str | None = None
    positive: str | None = None
    segments: tuple[str, ...] = ()
    known_before: tuple[str, ...] = ()
    holdout: float | None = None
    gates: tuple[GateRule, ...] = ()
    waivers: Mapping[str, str] = field(default_factory=dict)

    @property
    def each_metric(self) -> list[str]:
        """Without repetition; the first is the key metric."""
        return list(dict.fromkeys(self.metrics))


def rules_of(manifest: Manifest) -> Rules:
    said = manifest.validation
    return Rules(
        target=manifest.data.target,
        metrics=tuple(said.metrics),
        task=said.task,
        positive=said.positive,
        segments=tuple(said.segments),
        known_before=tuple(said.known_before),
        holdout=said.holdout.total_seconds() if not isinstance(said.holdout, float) else None,
        gates=tuple(manifest.gates),
        waivers={waiver.gate: waiver.reason for waiver in manifest.waivers},
    )
